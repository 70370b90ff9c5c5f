"""Bills as a workbook: a sheet for each, its lines, its total as a formula, and how it came about.

The same bills give the same bytes: the date of creation is the end of the last one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from figures.bills import BillLine
from reports.bills import BilledPlace, cos_phi, demand_moment, line_label, source_said
from reports.table import shown
from reports.xlsx import FONT
from texts import code_of, text, word

LOOKS: Final = {
    "text": {},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "number": {"num_format": "#,##0.00####"},
    "price": {"num_format": "#,##0.00########"},
    "money": {"num_format": "#,##0.00"},
}
COLUMNS: Final = (
    *(("line", 30), ("taken_of", 18), ("from", 11), ("to", 11), ("quantity", 14)),
    *(("unit", 8), ("price", 12), ("cost", 14), ("currency", 9), ("status", 16), ("source", 30)),
)
AMOUNT: Final = [name for name, _ in COLUMNS].index("cost")
_NO_NAME: Final = re.compile(r"[\[\]:*?/\\']")
"""What the name of a sheet may not hold."""
LONGEST: Final = 31

Value = str | Decimal | date | None


def bills_xlsx(told: Sequence[BilledPlace], language: str) -> bytes:
    """The workbook's bytes in `zh-CN` or `en`."""
    return _BillBook(told, code_of(language)).bytes()


class _BillBook:
    def __init__(self, told: Sequence[BilledPlace], language: str) -> None:
        self.told, self.language = told, language
        self.out = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self.out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        last = max((one.bill.after for one in told), default=date(2000, 1, 1))
        self.book.set_properties({"created": datetime.combine(last, time())})
        self.looks = {name: self._look(look) for name, look in LOOKS.items()}
        self.head = self._look({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.title = self._look({"bold": True, "font_size": 14})
        self.total = self._look({"bold": True, "top": 1, "num_format": "#,##0.00"})
        self.mark = self._look({"font_color": "#9C2F1F"})

    def bytes(self) -> bytes:
        named: set[str] = set()
        for place, one in enumerate(self.told, start=1):
            name = _NO_NAME.sub("-", one.name if one.bill.account is None else _account(one))
            if name[:LONGEST].lower() in named:
                name = f"{place} {name}"
            named.add(name[:LONGEST].lower())
            self._sheet(self.book.add_worksheet(name[:LONGEST]), one)
        self.book.close()
        return self.out.getvalue()

    def t(self, key: str) -> str:
        return text(f"report.{key}", self.language)

    def _look(self, look: dict[str, Any]) -> Any:
        return self.book.add_format({**FONT, **look})

    def _sheet(self, sheet: Any, one: BilledPlace) -> None:
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for place, (_, width) in enumerate(COLUMNS):
            sheet.set_column(place, place, width)
        sheet.write_string(
            0,
            0,
            f"{one.name} · {one.bill.first} – {one.bill.after - timedelta(days=1)}",
            self.title,
        )
        row = 1
        if account := one.bill.account:
            told = (account.supplier, account.account, account.voltage, account.customer_class)
            sheet.write_string(row, 0, " · ".join(part for part in told if part))
            row += 1
        if lacks := [word("bill_lack", lack, self.language) for lack in one.bill.lacks]:
            sheet.write_string(row, 0, "; ".join(lacks), self.mark)
        row = self._lines(sheet, row + 2, one)
        self._facts(sheet, row + 1, one)

    def _lines(self, sheet: Any, row: int, one: BilledPlace) -> int:
        """Write lines and total from a row on; returns the row after them."""
        titles = (
            *(self.t("line"), self.t("taken_of"), self.t("from"), self.t("to")),
            *(self.t("quantity"), self.t("unit"), self.t("price"), self.t("cost")),
            *(self.t("currency"), self.t("status"), self.t("source")),
        )
        for place, told in enumerate(titles):
            sheet.write_string(row, place, told, self.head)
        first = row + 1
        row = first
        for line in one.bill.lines:
            self._line(sheet, row, line)
            row += 1
        sheet.write_string(row, 0, self.t("total"), self.total)
        if one.bill.total is not None:
            letter = xlsxwriter.utility.xl_col_to_name(AMOUNT)
            formula = f"=SUM({letter}{first + 1}:{letter}{row})"
            sheet.write_formula(row, AMOUNT, formula, self.total, float(one.bill.total))
            sheet.write_string(row, AMOUNT + 1, one.bill.currency, self.total)
        whole = self.t("complete") if one.bill.complete else self.t("note_partly")
        sheet.write_string(row, AMOUNT + 2, whole, self.total)
        return row + 1

    def _line(self, sheet: Any, row: int, line: BillLine) -> None:
        source = source_said(line.source, line.grade, self.language)
        cells: tuple[tuple[str, Value], ...] = (
            ("text", line_label(line, self.language)),
            ("text", word("bill_line", line.kind, self.language)),
            ("date", line.first),
            ("date", line.after - timedelta(days=1)),
            ("number", line.quantity),
            ("text", shown(line.unit)),
            ("price", line.price),
            ("money", line.amount),
            ("text", line.currency),
            ("text", self.t("complete") if line.complete else self.t("note_partly")),
            ("text", " · ".join(part for part in (source, line.grade) if part)),
        )
        for place, (look, value) in enumerate(cells):
            self._cell(sheet, row, place, look, value)

    def _cell(self, sheet: Any, row: int, place: int, look: str, value: Value) -> None:
        if value is None:
            sheet.write_blank(row, place, None, self.looks[look])
        elif isinstance(value, Decimal):
            sheet.write_number(row, place, float(value), self.looks[look])
        elif isinstance(value, str):
            sheet.write_string(row, place, value, self.looks[look])
        else:
            sheet.write_datetime(row, place, datetime.combine(value, time()), self.looks[look])

    def _facts(self, sheet: Any, row: int, one: BilledPlace) -> None:
        """The demand, the power factor's arithmetic, and what other lines hold already."""
        bill = one.bill
        facts: list[tuple[str, Value, str]] = []
        if bill.demand is not None:
            window = word("bill_window", bill.demand.window, self.language)
            facts.append((self.t("demand"), bill.demand.power, f"kW · {window}"))
            facts.append((self.t("demand_at"), demand_moment(one), one.zone))
            facts.append((word("bill_demand", bill.demand.taken, self.language), None, ""))
        if factor := bill.factor:
            facts += [
                (self.t("active"), factor.active, "kWh"),
                (self.t("reactive"), factor.reactive, "kvarh"),
                (self.t("power_factor"), cos_phi(factor.hundredths), factor.standard),
                (self.t("adjustment"), factor.percent, "%"),
                (self.t("adjusted"), factor.base, bill.currency),
            ]
        facts += [
            (f"{self.t('held')}: {line_label(line, self.language)}", line.amount, line.currency)
            for line in bill.within
        ]
        for place, (name, value, unit) in enumerate(facts, start=row):
            sheet.write_string(place, 0, name)
            self._cell(sheet, place, 4, "number", value)
            sheet.write_string(place, 5, unit)


def _account(one: BilledPlace) -> str:
    return "" if one.bill.account is None else one.bill.account.account
