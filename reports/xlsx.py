"""The report as a workbook: numbers as numbers, totals as formulas with their cached values.

The same report gives the same bytes: the date of creation is the end of the month.
"""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from metering.localtime import from_us
from reports.changes import changes
from reports.details import Details
from reports.model import MonthReport
from reports.table import Cell, ReportTable

FORMATS: Final = {
    "energy": {"num_format": "#,##0.000"},
    "money": {"num_format": "#,##0.00"},
    "number": {"num_format": "#,##0.######"},
    "percent": {"num_format": "0.0%"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "text": {},
}
FONT: Final = {"font_name": "Noto Sans SC", "font_size": 10}
WIDTHS: Final = {"energy": 16, "money": 14, "number": 14, "percent": 11, "date": 12, "text": 12}


def to_xlsx(report: MonthReport, language: str) -> bytes:
    """The workbook's bytes in `zh-CN` or `en`."""
    return _Workbook(report, language).bytes()


class _Workbook:
    def __init__(self, report: MonthReport, language: str) -> None:
        self.report, self.tables = report, Details(report, language)
        self.out = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.book.set_properties(
            {
                "title": f"{self.tables.t('title')} {report.month}",
                "subject": self.tables.places[report.institution],
                "comments": f"{self.tables.t('content_hash')}: {report.content_hash}",
                "created": created(report),
            }
        )
        self.formats = {kind: self._format(look) for kind, look in FORMATS.items()}
        self.bold = {
            kind: self._format({**look, "bold": True, "top": 1}) for kind, look in FORMATS.items()
        }
        self.head = self._format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = self._format({"bold": True, "font_size": 14})
        self.mark = self._format({"font_color": "#9C2F1F"})

    def bytes(self) -> bytes:
        tables = self.tables
        ratios = [tables.ratios()] if self.report.ratios else []
        self._sheet("summary", [tables.summary(), tables.indicators(), *ratios])
        self._sheet("nodes", [tables.nodes()])
        self._sheet("daily", [tables.daily()])
        if parted := tables.sub_items():
            self._sheet("sub_items_of", parted)
        self._sheet("costs", [tables.costs()])
        self._sheet("tariff", tables.tariffs())
        self._sheet("findings", [tables.findings()])
        self._sheet("quality", [tables.events(), tables.restatements()])
        self._sheet("provenance", [tables.provenance(), tables.factors(), tables.prices()])
        if self.report.issue > 1:
            told = changes(self.report, tables.language)
            self._sheet("changes", [tables.issue(), told])
        self.book.close()
        return self.out.getvalue()

    def _format(self, look: dict[str, Any]) -> Any:
        return self.book.add_format({**FONT, **look})

    def _sheet(self, key: str, tables: list[ReportTable]) -> None:
        sheet = self.book.add_worksheet(self.tables.t(key))
        place = self.tables.places[self.report.institution]
        sheet.write_string(
            0, 0, f"{place} · {self.report.month} · {self.tables.t(key)}", self.title
        )
        if self.report.provisional:
            sheet.write_string(1, 0, self.tables.status(), self.mark)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{self.report.content_hash[:16]}&R&P/&N")
        row = 3
        for table in tables:
            row = self._table(sheet, row, table, titled=len(tables) > 1) + 2
        if len(tables) == 1:
            sheet.freeze_panes(4, 1)

    def _table(self, sheet: Any, row: int, table: ReportTable, *, titled: bool) -> int:
        """Write a table from a row on; returns the row after it."""
        if titled:
            sheet.write_string(row, 0, table.title, self.title)
            row += 1
        for place, column in enumerate(table.columns):
            sheet.write_string(row, place, column.heading, self.head)
            sheet.set_column(place, place, self._width(table, place))
        first = row + 1
        for row, cells in enumerate(table.rows, start=first):
            for place, cell in enumerate(cells):
                self._cell(sheet, row, place, cell, table.columns[place].kind)
        row = first + len(table.rows)
        return self._totals(sheet, row, first, table) if table.totalled else row

    def _cell(self, sheet: Any, row: int, place: int, cell: Cell, kind: str) -> None:
        look = self.formats[kind]
        if cell is None:
            sheet.write_blank(row, place, None, look)
        elif isinstance(cell, (Decimal, int)):
            sheet.write_number(row, place, float(cell), look)
        elif isinstance(cell, str):
            sheet.write_string(row, place, cell, self.formats["text"])
        else:
            sheet.write_datetime(row, place, datetime(cell.year, cell.month, cell.day), look)

    def _totals(self, sheet: Any, row: int, first: int, table: ReportTable) -> int:
        sheet.write_string(row, 0, self.tables.t("total"), self.bold["text"])
        for place, column in enumerate(table.columns):
            cells = [cells[place] for cells in table.rows]
            known = [cell for cell in cells if isinstance(cell, (Decimal, int))]
            if not column.total or not known:
                continue
            letter = xlsxwriter.utility.xl_col_to_name(place)
            cached = sum(map(Decimal, known), Decimal(0))
            formula = f"=SUM({letter}{first + 1}:{letter}{row})"
            sheet.write_formula(row, place, formula, self.bold[column.kind], float(cached))
        return row + 1

    def _width(self, table: ReportTable, place: int) -> int:
        kind = table.columns[place].kind
        if kind != "text":
            return WIDTHS[kind]
        longest = max((_wide(str(row[place])) for row in table.rows), default=0)
        return min(48, max(WIDTHS[kind], longest + 2))


def created(report: MonthReport) -> datetime:
    """When a rendering says it was made: the end of the month, UTC."""
    return from_us(report.as_of_us or report.end_us).replace(tzinfo=None, microsecond=0)


def _wide(text: str) -> int:
    """Cells a text takes; a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
