"""The proof of a report: rendered twice, its cells added again, and compared with the API.

XLSX   daily cells ──add──▶ totals ══ by-node cells ══ figures of the API
       sub-items + difference ──add──▶ the category, in energy and in every currency
       tariff periods ──add──▶ the category, in energy and in every currency
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from metering.items import parent, whole
from metering.units import BOOK_UNITS
from reports.changes import changes
from reports.details import Details
from reports.formats import render
from reports.model import Difference, MonthReport, ReportLine, Spent
from reports.seal import from_json, to_json
from reports.table import Cell, ReportTable

Figures = Callable[[str, str], int | None]
"""Amount [book units] of (node, item) in the report's month, got by another way."""
Costs = Callable[[str, str], Decimal | None]
"""Its cost, got so; None where it has none in one currency."""
Row = tuple[Any, ...]
NEAR = Decimal("1e-15")
"""How far a cell may lie from its decimal, of its size: a workbook holds 16 digits."""


@dataclass
class Check:
    """What was compared, and what did not agree."""

    identical: dict[str, bool] = field(default_factory=dict)
    """Per format whether a second rendering, from the sealed JSON, has the same bytes."""
    cells: int = 0
    """Cells of the workbook that were compared or added."""
    sums: int = 0
    """Totals compared with the sum of their cells."""
    bounds: int = 0
    """Sums of money compared with what they are at least and at most."""
    figures: int = 0
    """Figures compared with the other source."""
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Something was compared, nothing differs, and every format came out the same twice."""
        return not self.differences and self.figures > 0 and all(self.identical.values())

    def as_json(self) -> dict[str, Any]:
        """All it found, with `passed`."""
        return {**asdict(self), "passed": self.passed}

    def same(self, told: object, wanted: object, what: str) -> None:
        """Note where two things differ."""
        if told != wanted:
            self.differences.append(f"{what}: {wanted}, but it says {told}")

    def total(self, told: object, wanted: object, what: str) -> None:
        """The same of a total."""
        self.sums += 1
        self.same(told, wanted, what)


def check_report(
    report: MonthReport, language: str, figures: Figures, costs: Costs | None = None
) -> Check:
    """Render, read the workbook back, add its cells again, compare with `figures` and `costs`."""
    check = Check()
    again = from_json(to_json(report))
    files = {name: render(report, language, name) for name in ("pdf", "xlsx", "csv", "json")}
    for name, data in files.items():
        check.identical[name] = render(again, language, name) == data
    check_money(check, report)
    check_workbook(check, report, language, files["xlsx"])
    for line in report.lines:
        check.figures += 1
        check.same(figures(line.node, line.item), line.amount, f"{_name(line)}, the other source")
        if costs is not None:
            check.same(costs(line.node, line.item), line.cost, f"{_name(line)}, the other cost")
    return check


def check_money(check: Check, report: MonthReport) -> None:
    """Every sum lies within its bounds; periods, sub-items and categories add up by currency."""
    for spent in (*report.lines, *report.differences, *report.totals):
        for one in spent.money:
            check.bounds += 1
            if one.low is None or one.high is None or not one.low <= one.amount <= one.high:
                check.differences.append(
                    f"{_name(spent)}: {one.amount} {one.currency} is not within"
                    f" {one.low} and {one.high}"
                )
    for total in report.totals:
        lines = [one for one in report.lines_of(total.node) if one.item == whole(one.item)]
        check.total(_by_currency(lines), _by_currency([total]), f"{total.node}, its categories")
    for line in report.lines_of(report.institution):
        if line.item == whole(line.item):
            periods = [one for one in report.periods if one.item == line.item]
            paid = _added((one.currency, one.cost) for one in periods if one.cost is not None)
            check.total(paid, _by_currency([line]), f"{_name(line)}, its tariff periods")


def check_workbook(check: Check, report: MonthReport, language: str, data: bytes) -> None:
    """Compare every cell of the workbook with the report, and add those that have a total."""
    tables = Details(report, language)
    book = _cells(data)
    sheets = {
        "summary": [tables.summary(), tables.indicators()]
        + ([tables.ratios()] if report.ratios else []),
        "nodes": [tables.nodes()],
        "daily": [tables.daily()],
        "costs": [tables.costs()],
        "tariff": tables.tariffs(),
        "findings": [tables.findings()],
        "quality": [tables.events(), tables.restatements()],
        "provenance": [tables.provenance(), tables.factors(), tables.prices()],
    }
    if report.issue > 1:
        sheets["changes"] = [tables.issue(), changes(report, language)]
    if parted := tables.sub_items():
        sheets["sub_items_of"] = parted
    for key, expected in sheets.items():
        sheet = book[tables.t(key)]
        row = FIRST
        for table in expected:
            row = _check_table(check, sheet, row + (len(expected) > 1), table) + 2
    _check_daily(check, tables)
    _check_sub_items(check, report)


FIRST = 3
"""Rows above the first table of a sheet."""


def _cells(data: bytes) -> dict[str, list[Row]]:
    """Cached values of every sheet, row by row."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def _check_table(check: Check, sheet: list[Row], row: int, table: ReportTable) -> int:
    """Compare a table that begins at a row; returns the row after it."""
    for place, cells in enumerate(table.rows, start=row + 1):
        for column, cell in enumerate(cells):
            check.cells += 1
            told = sheet[place][column] if place < len(sheet) else None
            if not _fits(told, cell):
                heading = table.columns[column].heading
                check.same(told, cell, f"{table.title}, {cells[0]}, {heading}")
    last = row + 1 + len(table.rows)
    if not table.totalled:
        return last
    for column, head in enumerate(table.columns):
        parts = [cells[column] for cells in table.rows]
        known = [cell for cell in parts if isinstance(cell, (Decimal, int))]
        if head.total and known:
            shown = [value[column] for value in sheet[row + 1 : last]]
            _check_total(check, shown, known, sheet[last][column], f"{table.title}, {head.heading}")
    return last + 1


def _check_total(
    check: Check, shown: Sequence[Any], known: Sequence[Decimal | int], told: Any, what: str
) -> None:
    """The cached total is what the shown cells add up to, and what the decimals do."""
    wanted = _sum(map(Decimal, known))
    room = NEAR * _sum(abs(Decimal(one)) for one in known)
    added = _sum(Decimal(repr(cell)) for cell in shown if isinstance(cell, (int, float)))
    cached = Decimal(repr(told)) if isinstance(told, (int, float)) else Decimal("NaN")
    for one in (cached, added):
        check.total(abs(one - wanted) <= room, True, f"{what}, {one} for the total {wanted}")


def _fits(told: Any, cell: Cell) -> bool:
    if cell is None or cell == "":
        return told is None or told == ""
    if isinstance(cell, (Decimal, int)):
        number = isinstance(told, (int, float))
        return number and abs(Decimal(repr(told)) - cell) <= NEAR * abs(Decimal(cell))
    return bool(told == cell) if isinstance(cell, str) else told is not None and told.date() == cell


def _check_daily(check: Check, tables: Details) -> None:
    """The days of every column add up to the month's figure."""
    cells = tables.daily().rows
    for place, row in enumerate(tables.daily_rows(), start=1):
        known = [_amount(days[place], row) for days in cells if days[place] is not None]
        check.total(sum(known) if known else None, row.amount, f"{_name(row)}, its days")


def _check_sub_items(check: Check, report: MonthReport) -> None:
    """Sub-items and the difference add up to their total: energy, and money by currency."""
    for total in report.lines:
        own = [x for x in report.lines_of(total.node) if parent(x.item) == total.item]
        rows: list[ReportLine | Difference] = [*own]
        rows += [x for x in report.differences_of(total.node) if x.item == total.item]
        if not own:
            continue
        if total.amount is not None:
            energy = sum(row.amount for row in rows if row.amount is not None)
            check.total(energy, total.amount, f"{_name(total)}, its sub-items")
        paid, money = _by_currency(rows), _by_currency([total])
        check.total(paid, money, f"{_name(total)}, the money of its sub-items")


def _amount(cell: Cell, row: ReportLine | Difference) -> int:
    """A cell back in book units."""
    assert isinstance(cell, Decimal)
    return int(cell * BOOK_UNITS[row.unit].per_canonical)


def _by_currency(rows: Iterable[Spent]) -> dict[str, Decimal]:
    return _added((one.currency, one.amount) for row in rows for one in row.money)


def _added(sums: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Sums by currency, exactly; those that come to nothing are left out."""
    found: dict[str, Decimal] = {}
    for currency, amount in sums:
        found[currency] = _sum([found.get(currency, Decimal(0)), amount])
    return {currency: amount for currency, amount in sorted(found.items()) if amount}


def _sum(parts: Iterable[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = 80
        return sum(parts, Decimal(0))


def _name(row: Spent) -> str:
    code = f"{getattr(row, 'node', '')}/{getattr(row, 'item', 'total')}"
    return f"{code} difference" if isinstance(row, Difference) else code
