"""The proof of a report: rendered twice, its cells added again, and compared with the API.

XLSX daily cells ──add──▶ totals ══ cached totals ══ by-node cells ══ figures of the API
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from metering.units import BOOK_UNITS
from reports.details import Details
from reports.formats import render
from reports.model import Line, MonthReport
from reports.seal import from_json, to_json
from reports.table import Table

Figures = Callable[[str, str], int | None]
"""Amount [book units] of (node, item) in the report's month, got by another way."""


@dataclass
class Check:
    """What was compared, and what did not agree."""

    identical: dict[str, bool] = field(default_factory=dict)
    """Per format whether a second rendering, from the sealed JSON, has the same bytes."""
    cells: int = 0
    """Cells of the workbook that were added."""
    sums: int = 0
    """Totals compared with the sum of their cells."""
    figures: int = 0
    """Figures compared with the other source."""
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.differences and self.figures > 0 and all(self.identical.values())

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "passed": self.passed}


def check_report(report: MonthReport, language: str, figures: Figures) -> Check:
    """Render, read the workbook back, add its cells again, compare with `figures`."""
    check = Check()
    again = from_json(to_json(report))
    files = {name: render(report, language, name) for name in ("pdf", "xlsx", "csv", "json")}
    for name, data in files.items():
        check.identical[name] = render(again, language, name) == data
    book = _cells(files["xlsx"])
    tables = Details(report, language)
    daily = _check_daily(check, report, book[tables.t("daily")], tables.daily())
    _check_nodes(check, report, book[tables.t("nodes")], daily)
    _check_tariffs(check, report, book[tables.t("tariff")])
    for line in report.lines:
        check.figures += 1
        other = figures(line.node, line.item)
        if other != line.amount:
            _differs(check, line, "the other source", other)
    return check


def _cells(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """Cached values of every sheet, row by row."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def _amount(cell: Any, unit: str) -> int | None:
    """A cell back in book units: doubles hold them to the last digit."""
    if cell is None:
        return None
    return round(Decimal(repr(float(cell))) * BOOK_UNITS[unit].per_canonical)


def _check_daily(
    check: Check, report: MonthReport, rows: list[tuple[Any, ...]], table: Table
) -> dict[tuple[str, str], int | None]:
    """Add every column of days; compare with the cached total and the month's figure."""
    first = 4
    days = (report.last - report.first).days + 1
    sums: dict[tuple[str, str], int | None] = {}
    for place, column in enumerate(table.columns[1:], start=1):
        node, item = column.heading.rsplit("(", 1)[1].split(")")[0].split("/")
        line = next(one for one in report.lines if (one.node, one.item) == (node, item))
        parts = [_amount(row[place], line.unit) for row in rows[first : first + days]]
        known = [part for part in parts if part is not None]
        check.cells += len(known)
        check.sums += 1
        sums[node, item] = sum(known) if known else None
        if _amount(rows[first + days][place], line.unit) != sums[node, item]:
            _differs(check, line, "the cached total", rows[first + days][place])
        if sums[node, item] != line.amount:
            _differs(check, line, "the sum of its days", sums[node, item])
    return sums


def _check_nodes(
    check: Check,
    report: MonthReport,
    rows: list[tuple[Any, ...]],
    daily: dict[tuple[str, str], int | None],
) -> None:
    for line, row in zip(report.lines, rows[4:], strict=False):
        check.cells += 1
        shown = _amount(row[5], line.unit)
        if (row[0], row[2]) != (line.node, line.item) or shown != line.amount:
            _differs(check, line, "its cell", row[5])
        if shown != daily.get((line.node, line.item), shown):
            _differs(check, line, "its column of days", daily[line.node, line.item])


def _check_tariffs(check: Check, report: MonthReport, rows: list[tuple[Any, ...]]) -> None:
    """Energy of all periods is the category's energy; their money is its cost."""
    total = None
    totals = []
    for row in rows[4:]:
        if len(row) > 1 and isinstance(row[1], (int, float)):
            total = row
        elif total is not None:
            totals.append(total)
            total = None
    if total is not None:
        totals.append(total)
    items = list(dict.fromkeys(one.item for one in report.periods))
    for item, row in zip(items, totals, strict=True):
        line = next(x for x in report.lines_of(report.institution) if x.item == item)
        parts = [one for one in report.periods if one.item == item]
        check.cells += 2 * len(parts)
        check.sums += 2
        if _amount(row[1], line.unit) != line.amount:
            _differs(check, line, "the energy of its tariff periods", row[1])
        money = sum((one.cost for one in parts if one.cost is not None), Decimal(0))
        if line.cost is not None and (
            money != line.cost or abs(Decimal(repr(float(row[2] or 0))) - money) > CENT
        ):
            _differs(check, line, "the money of its tariff periods", row[2])


CENT = Decimal("0.000001")


def _differs(check: Check, line: Line, what: str, other: object) -> None:
    check.differences.append(
        f"{line.node}/{line.item}: {line.amount} {line.book_unit}, but {what} says {other}"
    )
