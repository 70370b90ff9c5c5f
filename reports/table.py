"""The report as tables: what an XLSX file and a CSV file hold, in one language.

Amounts are whole book units until the last moment, so a file's numbers are exact decimals of
the unit in the heading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from metering.items import parent, whole
from metering.localtime import from_us, zone_of
from metering.tables import csv_text
from metering.units import BOOK_UNITS
from reports.model import FORMAT_1, Difference, MoneyLine, MonthReport, ReportLine, Spent
from reports.words import check_language
from texts import code_of, text, word

Cell = str | int | Decimal | date | None
UNITS = {"m3": "m³"}


@dataclass(frozen=True)
class TableColumn:
    """A column: its heading with the unit, and how its numbers are shown."""

    heading: str
    kind: str = "text"
    """text, energy, money, number, percent or date."""
    total: bool = False
    """Whether the table's total row sums it."""


@dataclass(frozen=True)
class ReportTable:
    """A table with one header row."""

    key: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def totalled(self) -> bool:
        """Whether a last row adds its columns up."""
        return bool(self.rows) and any(column.total for column in self.columns)


def exact(amount: int | None, unit: str) -> Decimal | None:
    """Book units as an exact decimal of the unit."""
    return None if amount is None else Decimal(amount) / BOOK_UNITS[unit].per_canonical


def local_time(time_us: int, zone: str) -> str:
    """Local date and time to the minute."""
    return f"{from_us(time_us).astimezone(zone_of(zone)):%Y-%m-%d %H:%M}"


def own_name(thing: object, language: str) -> str:
    """The name of a place or meter in the language."""
    return str(getattr(thing, f"name_{code_of(language)}"))


def shown(unit: str) -> str:
    """A unit as people write it, such as m³ for m3."""
    return UNITS.get(unit, unit)


class Tables:
    """Makes the tables of a report."""

    def __init__(self, report: MonthReport, language: str) -> None:
        self.report, self.language = report, check_language(language)
        self.places = {place.code: own_name(place, language) for place in report.places}
        self.meters = {meter.code: own_name(meter, language) for meter in report.meters}

    def t(self, key: str) -> str:
        """The report's own text of a key, in the table's language."""
        return text(f"report.{key}", self.language)

    def item(self, code: str) -> str:
        """An item's name, in the table's language."""
        return word("item", code, self.language)

    def difference(self, code: str) -> str:
        """What the difference of a total is called."""
        return self.t("difference_of") % self.item(code)

    def rows_of(self, node: str) -> list[ReportLine | Difference]:
        """The node's lines, the difference of each total after its last sub-item."""
        rows: list[ReportLine | Difference] = [
            *self.report.lines_of(node),
            *self.report.differences_of(node),
        ]
        return sorted(rows, key=_place)

    def item_cells(self, row: ReportLine | Difference) -> tuple[str, str]:
        """(code, name) of a line's item, or of a difference with its mark."""
        if isinstance(row, Difference):
            return f"{row.item} {self.t('difference')}", self.difference(row.item)
        return row.item, self.item(row.item)

    def nodes(self) -> ReportTable:
        """Every line and difference: one node and item a row."""
        t = self.t
        columns = (
            TableColumn(t("code")),
            TableColumn(t("node")),
            TableColumn(t("item_code")),
            TableColumn(t("item")),
            TableColumn(t("unit")),
            TableColumn(t("this_month"), "energy"),
            TableColumn(t("last_month"), "energy"),
            TableColumn(t("change_last_month"), "percent"),
            TableColumn(t("last_year"), "energy"),
            TableColumn(t("change_last_year"), "percent"),
            *self.money_columns(),
            TableColumn(t("unpriced_energy"), "energy"),
            TableColumn("kgCO₂", "number"),
            TableColumn("kgce", "number"),
            *(TableColumn(t(share), "percent") for share in SHARES),
            TableColumn(t("silent_meters")),
        )
        rows = [row for place in self.report.places for row in self.rows_of(place.code)]
        return ReportTable("nodes", t("nodes"), columns, tuple(map(self._row, rows)))

    def currencies(self) -> tuple[str, ...]:
        """All currencies of the report, sorted."""
        spent: list[Spent] = [
            *self.report.lines,
            *self.report.differences,
            *self.report.totals,
        ]
        return tuple(sorted({money.currency for one in spent for money in one.money}))

    def money_columns(self, *, total: bool = False) -> list[TableColumn]:
        """Cost, least and most in each currency; one that says nothing where there is none."""
        return [
            TableColumn(f"{self.t(key)} [{currency}]", "money", total=total and key == "cost")
            for currency in self.currencies() or (NONE,)
            for key in ("cost", "cost_low", "cost_high")
        ]

    def money_cells(self, spent: Spent) -> list[Cell]:
        """The cells of `money_columns`: empty where some of the energy has no price."""
        found = {money.currency: money for money in spent.told}
        cells: list[Cell] = []
        for currency in self.currencies() or (NONE,):
            one = found.get(currency)
            cells += (None, None, None) if one is None else (one.amount, one.low, one.high)
        return cells

    def _row(self, row: ReportLine | Difference) -> tuple[Cell, ...]:
        compared: tuple[Cell, ...] = (None, None, None, None)
        quality: tuple[Cell, ...] = (None, None, None, None, "")
        if isinstance(row, ReportLine):
            compared = (
                exact(row.last_month.amount, row.unit),
                row.last_month.change,
                exact(row.last_year.amount, row.unit),
                row.last_year.change,
            )
            quality = (*as_fractions(row.shares), ", ".join(row.silent))
        return (
            row.node,
            self.places[row.node],
            *self.item_cells(row),
            shown(row.unit),
            exact(row.amount, row.unit),
            *compared,
            *self.money_cells(row),
            exact(row.unpriced, row.unit) if row.unpriced else None,
            row.kgco2,
            row.kgce,
            *quality,
        )

    def daily(self) -> ReportTable:
        """A day a row; the institution's items and differences, and every other node's whole
        categories."""
        wanted = self.daily_rows()
        columns = (
            TableColumn(self.t("day"), "date"),
            *(TableColumn(self._series(row), "energy", total=True) for row in wanted),
        )
        days = [
            date.fromordinal(self.report.first.toordinal() + place)
            for place in range((self.report.last - self.report.first).days + 1)
        ]
        rows = tuple(
            (day, *(exact(row.daily[place], row.unit) for row in wanted))
            for place, day in enumerate(days)
        )
        return ReportTable("daily", self.t("daily"), columns, rows)

    def daily_rows(self) -> list[ReportLine | Difference]:
        """What stands in the columns of the daily table, in order."""
        own = self.rows_of(self.report.institution)
        return own + [
            row
            for place in self.report.places
            if place.code != self.report.institution
            for row in self.report.lines_of(place.code)
            if row.item == whole(row.item)
        ]

    def _series(self, row: ReportLine | Difference) -> str:
        place, (code, name_) = self.places[row.node], self.item_cells(row)
        return f"{place} · {name_} ({row.node}/{code}) [{shown(row.unit)}]"

    def sub_items(self) -> list[ReportTable]:
        """One table for every category of the institution that has sub-items: these and the
        difference, adding up to the category. None for format 1, which knew no difference."""
        own = self.report.lines_of(self.report.institution)
        parted = {parent(line.item) for line in own}
        if self.report.format == FORMAT_1:
            return []
        return [
            self._sub_items(line)
            for line in own
            if line.item in parted and line.item == whole(line.item)
        ]

    def sub_item_rows(self, category: str) -> list[ReportLine | Difference]:
        """The institution's sub-items of a category and what is in none of them."""
        return [
            row
            for row in self.rows_of(self.report.institution)
            if (isinstance(row, ReportLine) and parent(row.item) == category)
            or (isinstance(row, Difference) and row.item == category)
        ]

    def _sub_items(self, total: ReportLine) -> ReportTable:
        rows = self.sub_item_rows(total.item)
        priced = all(row.all_priced for row in (total, *rows))
        columns = (
            TableColumn(f"{self.t('item_code')} ({self.item(total.item)})"),
            TableColumn(self.t("item")),
            TableColumn(
                f"{self.t('energy')} [{shown(total.unit)}]",
                "energy",
                total=total.amount is not None,
            ),
            *self.money_columns(total=priced),
        )
        cells = tuple(
            (*self.item_cells(row), exact(row.amount, row.unit), *self.money_cells(row))
            for row in rows
        )
        return ReportTable(f"sub_items {total.item}", self.t("sub_items_of"), columns, cells)

    def costs(self) -> ReportTable:
        """A row for every line, difference and sum, and currency: with bounds and shares."""
        t = self.t
        columns = (
            TableColumn(t("code")),
            TableColumn(t("node")),
            TableColumn(t("item_code")),
            TableColumn(t("item")),
            TableColumn(t("currency")),
            TableColumn(t("cost"), "money"),
            TableColumn(t("cost_low"), "money"),
            TableColumn(t("cost_high"), "money"),
            *(TableColumn(t(share), "percent") for share in SHARES),
            TableColumn(t("unpriced_energy"), "energy"),
            TableColumn(t("unit")),
        )
        rows: list[tuple[Cell, ...]] = []
        for place in self.report.places:
            for row in self.rows_of(place.code):
                unpriced = exact(row.unpriced, row.unit) if row.unpriced else None
                rest = (unpriced, shown(row.unit) if row.unpriced else "")
                named = (place.code, self.places[place.code], *self.item_cells(row))
                rows += [(*named, *_money(one), *rest) for one in row.money]
            total = self.report.total(place.code)
            named = (place.code, self.places[place.code], "", t("total"))
            rest = (None, "" if total.all_priced else t("note_partly"))
            rows += [(*named, *_money(one), *rest) for one in total.money]
        return ReportTable("costs", t("costs"), columns, tuple(rows))

    def tariffs(self) -> list[ReportTable]:
        """One table of tariff periods for every category that has energy, a column of money for
        each currency."""
        found = []
        for item in dict.fromkeys(line.item for line in self.report.periods):
            lines = [line for line in self.report.periods if line.item == item]
            currencies = sorted({line.currency for line in lines} - {""}) or [NONE]
            unit = lines[0].unit
            columns = (
                TableColumn(f"{self.t('period')} ({self.item(item)})"),
                TableColumn(f"{self.t('energy')} [{shown(unit)}]", "energy", total=True),
                *(
                    TableColumn(f"{self.t('cost')} [{one}]", "money", total=True)
                    for one in currencies
                ),
            )
            rows = tuple(
                (
                    word("period", line.period, self.language)
                    if line.period
                    else self.t("unpriced"),
                    exact(line.amount, unit),
                    *(line.cost if line.currency == one else None for one in currencies),
                )
                for line in lines
            )
            found.append(ReportTable(f"tariff {item}", self.t("tariff"), columns, rows))
        return found

    def ratios(self) -> ReportTable:
        """A ratio of a data centre a row, with its energies, cover, category and boundary."""
        t = self.t
        columns = (
            TableColumn(t("code")),
            TableColumn(t("datacentre")),
            TableColumn(t("ratio")),
            TableColumn(t("value"), "number"),
            TableColumn(f"{t('above')} [kWh]", "energy"),
            TableColumn(f"{t('below')} [kWh]", "energy"),
            TableColumn(t("cover"), "percent"),
            TableColumn(t("it_category"), "number"),
            TableColumn(t("boundary")),
        )
        rows = tuple(
            (
                one.node,
                own_name(one, self.language),
                word("ratio", one.ratio, self.language),
                one.value,
                exact(one.above, one.unit),
                exact(one.below, one.unit),
                Decimal(one.cover) / 10_000,
                one.category,
                one.boundary,
            )
            for one in self.report.ratios
        )
        return ReportTable("ratios", t("ratios"), columns, rows)


def _place(row: ReportLine | Difference) -> str:
    """Sorts items by their codes, and a difference after all that its total covers."""
    stem = row.item[:2] if row.item == whole(row.item) else row.item.rstrip("0")
    return f"{stem}~" if isinstance(row, Difference) else stem


def _money(one: MoneyLine) -> tuple[Cell, ...]:
    shares: Sequence[Cell] = as_fractions(one.shares) if one.shares else (None,) * 4
    return (one.currency, one.amount, one.low, one.high, *shares)


def as_fractions(shares: Sequence[int]) -> tuple[Decimal, ...]:
    """Shares [1/10,000] as parts of one."""
    return tuple(Decimal(share) / 10_000 for share in shares)


NONE = "–"
"""Stands for a currency where nothing has a price."""
SHARES = ("measured", "apportioned", "estimated", "missing")


def to_csv(tables: Sequence[ReportTable]) -> bytes:
    """Tables as CSV with a byte order mark, so that spreadsheets read Chinese; an empty line
    between tables, unknown cells empty."""
    rows: list[Iterable[Cell]] = []
    for place, table in enumerate(tables):
        if place:
            rows.append([])
        rows.append([column.heading for column in table.columns])
        rows.extend(map(_plain, row) for row in table.rows)
    return csv_text(rows, "\r\n").encode("utf-8-sig")


def _plain(cell: Cell) -> Cell:
    return f"{cell:f}" if isinstance(cell, Decimal) else cell
