"""How a history is written, as far as somebody said it; what is empty is detected, or asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metering.errors import InvalidInput
from metering.localtime import DAY_MIN, MINUTE_US, zone_of
from metering.tables import TimeForm
from metering.units import unit

SHAPES: Final = ("long", "wide", "times", "days")
"""A row a reading; a column a meter; a column a time; a row a day and a column an hour."""
DAY_US: Final = DAY_MIN * MINUTE_US


@dataclass(frozen=True)
class HistoryForm:
    """What was said of a history. Headings are as they stand in the file, or our words for them."""

    zone: str
    """Of times without an offset: an IANA name, or a fixed offset such as +08:00."""
    shape: str = ""
    time: str = ""
    """Heading of the times, or of the days where a clock stands beside."""
    meter: str = ""
    """Heading of what names the series."""
    values: tuple[str, ...] = ()
    """Headings of values; of a wide table, of the series to take: all, where empty."""
    date: str = ""
    """One of `metering.tables.stamps.FORMS`."""
    decimal: str = ""
    unit: str = ""
    """What the values become; of those that say no unit, what they are."""
    label: str = "start"
    interval_min: int | None = None

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if self.date:
            TimeForm(self.date)
        if self.unit:
            unit(self.unit)
        for field, value, known in (
            ("shape", self.shape, ("", *SHAPES)),
            ("decimal", self.decimal, ("", ".", ",")),
            ("label", self.label, ("start", "end")),
        ):
            if value not in known:
                raise InvalidInput(
                    "unknown",
                    field=field,
                    value=value,
                    fix=f"one of {', '.join(known).lstrip(', ')}",
                )
        if self.label == "end" and not self.interval_min:
            raise InvalidInput(
                "a label at the end needs the interval's length",
                field="interval",
                fix="say its minutes, such as 60",
            )

    @property
    def wall_shift_us(self) -> int:
        """What to take off the time on the wall: whole days, which are not of one length."""
        length = (self.interval_min or 0) * MINUTE_US
        return length if self.label == "end" and length >= DAY_US else 0

    @property
    def utc_shift_us(self) -> int:
        """What to take off the instant to get the interval's start."""
        length = (self.interval_min or 0) * MINUTE_US
        return length if self.label == "end" and length < DAY_US else 0
