"""The report as tables: what an XLSX file and a CSV file hold, in one language.

Amounts are whole book units until the last moment, so a file's numbers are exact decimals of
the unit in the heading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from metering.items import name, whole
from metering.localtime import from_us, zone_of
from metering.units import BOOK_UNITS
from reports.model import Line, MonthReport
from reports.texts import check_language, text, word

Cell = str | int | Decimal | date | None
UNITS = {"m3": "m³"}


@dataclass(frozen=True)
class Column:
    """A column: its heading with the unit, and how its numbers are shown."""

    heading: str
    kind: str = "text"
    """text, energy, money, number, percent or date."""
    total: bool = False
    """Whether the table's total row sums it."""


@dataclass(frozen=True)
class Table:
    """A table with one header row."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def totalled(self) -> bool:
        return bool(self.rows) and any(column.total for column in self.columns)


def exact(amount: int | None, unit: str) -> Decimal | None:
    """Book units as an exact decimal of the unit."""
    return None if amount is None else Decimal(amount) / BOOK_UNITS[unit].per_canonical


def local_time(time_us: int, zone: str) -> str:
    """Local date and time to the minute."""
    return f"{from_us(time_us).astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


def own_name(thing: object, language: str) -> str:
    """The name of a place or meter in the language."""
    return str(getattr(thing, "name_zh" if language.startswith("zh") else "name_en"))


def shown(unit: str) -> str:
    return UNITS.get(unit, unit)


class Tables:
    """Makes the tables of a report."""

    def __init__(self, report: MonthReport, language: str) -> None:
        self.report, self.language = report, check_language(language)
        self.places = {place.code: own_name(place, language) for place in report.places}
        self.meters = {meter.code: own_name(meter, language) for meter in report.meters}

    def t(self, key: str) -> str:
        return text(key, self.language)

    def item(self, code: str) -> str:
        return name(code, self.language)

    def nodes(self) -> Table:
        """Every line: one node and item a row."""
        t = self.t
        columns = (
            Column(t("code")),
            Column(t("node")),
            Column(t("item_code")),
            Column(t("item")),
            Column(t("unit")),
            Column(t("this_month"), "energy"),
            Column(t("last_month"), "energy"),
            Column(t("change_last_month"), "percent"),
            Column(t("last_year"), "energy"),
            Column(t("change_last_year"), "percent"),
            Column(f"{t('cost')} [{self._currencies()}]", "money"),
            Column("kgCO₂", "number"),
            Column("kgce", "number"),
            *(Column(t(share), "percent") for share in SHARES),
            Column(t("silent_meters")),
        )
        return Table("nodes", t("nodes"), columns, tuple(map(self._line, self.report.lines)))

    def _currencies(self) -> str:
        return ", ".join(sorted({line.currency for line in self.report.lines} - {""})) or "–"

    def _line(self, line: Line) -> tuple[Cell, ...]:
        return (
            line.node,
            self.places[line.node],
            line.item,
            self.item(line.item),
            shown(line.unit),
            exact(line.amount, line.unit),
            exact(line.last_month.amount, line.unit),
            line.last_month.change,
            exact(line.last_year.amount, line.unit),
            line.last_year.change,
            line.cost,
            line.kgco2,
            line.kgce,
            *(Decimal(share) / 10_000 for share in line.shares),
            ", ".join(line.silent),
        )

    def daily(self) -> Table:
        """A day a row; the institution's items, and every other node's whole categories."""
        wanted = [
            line
            for line in self.report.lines
            if line.node == self.report.institution or line.item == whole(line.item)
        ]
        columns = (
            Column(self.t("day"), "date"),
            *(Column(self._series(line), "energy", total=True) for line in wanted),
        )
        days = [
            date.fromordinal(self.report.first.toordinal() + place)
            for place in range((self.report.last - self.report.first).days + 1)
        ]
        rows = tuple(
            (day, *(exact(line.daily[place], line.unit) for line in wanted))
            for place, day in enumerate(days)
        )
        return Table("daily", self.t("daily"), columns, rows)

    def _series(self, line: Line) -> str:
        place = self.places[line.node]
        return f"{place} · {self.item(line.item)} ({line.node}/{line.item}) [{shown(line.unit)}]"

    def tariffs(self) -> list[Table]:
        """One table of tariff periods for every category that has energy."""
        found = []
        for item in dict.fromkeys(line.item for line in self.report.periods):
            lines = [line for line in self.report.periods if line.item == item]
            currency = next((line.currency for line in lines if line.currency), "–")
            unit = lines[0].unit
            columns = (
                Column(f"{self.t('period')} ({self.item(item)})"),
                Column(f"{self.t('energy')} [{shown(unit)}]", "energy", total=True),
                Column(f"{self.t('cost')} [{currency}]", "money", total=True),
            )
            rows = tuple(
                (
                    word("period", line.period, self.language)
                    if line.period
                    else self.t("unpriced"),
                    exact(line.amount, unit),
                    line.cost,
                )
                for line in lines
            )
            found.append(Table(f"tariff {item}", self.t("tariff"), columns, rows))
        return found


SHARES = ("measured", "apportioned", "estimated", "missing")


def to_csv(tables: Sequence[Table]) -> bytes:
    """Tables as CSV with a byte order mark, so that spreadsheets read Chinese; an empty line
    between tables, unknown cells empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for place, table in enumerate(tables):
        if place:
            writer.writerow([])
        writer.writerow([column.heading for column in table.columns])
        writer.writerows([[_plain(cell) for cell in row] for row in table.rows])
    return out.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else _harmless(str(cell))


def _harmless(cell: str) -> str:
    """Text that a spreadsheet would take for a formula, quoted so that it does not."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell
