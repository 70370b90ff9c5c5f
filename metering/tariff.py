"""Time-of-use tariffs: which price holds in which hour. Rows, never constants.

A tariff is a set of rows; the row for an instant is the one that is valid on the local day,
names its month and kind of day, and holds its minute of the day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from metering.calendar import WorkCalendar
from metering.items import covers
from metering.localtime import from_us, zone_of
from metering.quantity import I64


@dataclass(frozen=True)
class TariffRow:
    """One price: on these months and days, from start to end minute of the local day."""

    tariff: str
    item: str
    months: frozenset[int]
    days: str
    """all, working, rest, or holiday: the statutory holidays alone, before rest and all."""
    start_min: int
    end_min: int
    period: str
    """sharp, peak, flat, valley, deep_valley or any name of the tariff's own."""
    price: Decimal
    """Per canonical unit (kWh, m3, MJ)."""
    currency: str = "CNY"
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    grade: str = ""
    institution: str = ""
    node: str = ""
    meter: str = ""
    """What it is for: an institution, a node with all below it, or one meter; at most one of the
    three. None of them means everybody."""

    def holds(self, local: datetime, working: bool) -> bool:
        """Whether the row prices that local time."""
        day, minute = local.date(), local.hour * 60 + local.minute
        return (
            (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day < self.valid_to)
            and day.month in self.months
            and self.days in ("all", "working" if working else "rest")
            and self.start_min <= minute < self.end_min
        )


@dataclass(frozen=True)
class Tariff:
    """The rows of one institution with the calendar that tells working days."""

    rows: tuple[TariffRow, ...]
    calendar: WorkCalendar

    @classmethod
    def of(cls, rows: Iterable[TariffRow], institution: str, calendar: WorkCalendar) -> Tariff:
        """The institution's own rows and those that name no institution."""
        return cls(tuple(r for r in rows if r.institution in ("", institution)), calendar)

    def row_at(self, time_us: int, zone: str, item: str) -> TariffRow | None:
        """The row for an instant and item; None where the tariff is silent."""
        local = from_us(time_us).astimezone(zone_of(zone))
        working = self.calendar.is_working(local.date())
        for row in self.rows:
            if covers(row.item, item) and row.holds(local, working):
                return row
        return None

    def rows_at(self, starts_us: I64, zone: str, item: str) -> list[TariffRow | None]:
        """The row of every slot start, in order."""
        return [self.row_at(int(start), zone, item) for start in starts_us]
