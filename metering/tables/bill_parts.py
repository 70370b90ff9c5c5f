"""Bills of which each row of a table is a part: a period of the tariff, a register, a charge.

    户号   电费年月  时段  电量  单价  电费
    31-1   202610    峰    400   1.2   480    ──▶   account 31-1, month 2026-10, quantity 900,
                     谷    500   0.6   300          peak.quantity 400, peak.amount 480,
                     合计  900         780          valley.quantity 500, ... total 780

Rows that do not name their account go on with the bill of the row above. A bill of which no row
and no column says the total is the sum of its rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Final

from metering.errors import InvalidInput
from metering.tables.bill_words import PERIODS, YUAN, bill_cell, bill_heading
from metering.tables.plain import plain
from metering.tables.said_rows import CellKind, PartForm, RowForm, RowRefused, SaidRow, SaidTable

PART: Final = "part"
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    PART: (
        *("period", "tariff period", "register", "时段", "电价时段", "用电时段", "费率时段"),
        *("费率", "峰谷时段", "示数类型", "表码类型", "项目", "计费项目", "费用项目"),
    ),
    "amount": ("amount", "charge", "电费", "金额", "费用"),
    "price": ("price", "unit price", "电价", "单价"),
}
"""Headings that mean something else, or nothing, where each row is a bill."""
WHOLE: Final = frozenset({"total", "sum", "all", "合计", "总计", "小计", "总", "有功总", "总表"})
"""What stands in place of a part in the row of the whole bill."""
KEY: Final = ("account", "number", "month", "start", "end", "last")
_MEASURES: Final = ("quantity", "price", "amount", "from", "to")
_OURS: Final = {other: ours for ours, others in HEADINGS.items() for other in others}
_BRACKETS: Final = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]{1,16})\s*[)\]]")


def part_of(text: str) -> str:
    """Our word for a part of a bill, such as `peak` or `demand`; 'total' of the row of the whole,
    '' for what is none."""
    name = plain(text).lower()
    if name in WHOLE:
        return "total"
    word, _, measure = bill_heading(text)[0].partition(".")
    return word if measure else ""


def part_heading(text: str) -> tuple[str, str]:
    """(our word for a heading of such a table, or ''; the unit in brackets behind it)."""
    name, unit = plain(text), ""
    if found := _BRACKETS.fullmatch(name):
        name, unit = found[1], found[2]
    own = _OURS.get(re.sub(r"[\s_]+", " ", name.lower()), "")
    if not own:
        return bill_heading(text)
    return (own, "") if not unit or unit.lower() in YUAN else ("", "")


def _part_cell(word: str) -> CellKind:
    if word == PART:
        return CellKind.NAME
    return CellKind.MONEY if word in HEADINGS else bill_cell(word)


@dataclass
class _Parts:
    """The rows of one bill."""

    rows: list[int] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    refused: RowRefused | None = None


def bills_of_parts(table: SaidTable) -> SaidTable:
    """The same with a row for each bill, in the order of their first rows. A bill of which a row
    says what another one says otherwise, or stands beside one that cannot be read, is refused."""
    bills: dict[tuple[str, ...], _Parts] = {}
    of_row: dict[int, _Parts] = {}
    before: SaidRow | None = None
    for row in table.rows:
        if before is not None and "account" not in row.said:
            key = {word: before.said[word] for word in KEY if word in before.said}
            row = replace(row, said={**key, **row.said})  # noqa: PLW2901
        before = row
        of_row[row.row] = bills.setdefault(_key(row), _Parts())
        _add(of_row[row.row], row, table.headings)
    refused = list(table.refused)
    for one in table.refused:
        _break(of_row, one)
    rows = list[SaidRow]()
    for bill in bills.values():
        if bill.refused is not None:
            refused.append(bill.refused)
        else:
            rows.append(SaidRow(bill.rows[0], _summed(bill), bill.units))
    headings = {word: name for bill in bills.values() for word, name in bill.headings.items()}
    together = {bill.rows[0]: bill.rows for bill in bills.values()}
    return replace(
        table,
        rows=tuple(rows),
        refused=tuple(refused),
        headings={**headings, **table.headings},
        mendable=partial(_mendable, table, together),
    )


def _mendable(
    table: SaidTable, together: Mapping[int, Sequence[int]], refused: Sequence[RowRefused]
) -> bytes:
    """All rows of the bills that were refused."""
    return table.mendable(
        [replace(one, row=row) for one in refused for row in together.get(one.row, (one.row,))]
    )


def _key(row: SaidRow) -> tuple[str, ...]:
    return tuple(row.said.get(word, "") for word in KEY)


def _add(bill: _Parts, row: SaidRow, headings: Mapping[str, str]) -> None:
    bill.rows.append(row.row)
    text = row.said.get(PART, "")
    part = part_of(text) if text else "total"
    if not part:
        bill.refused = bill.refused or _refused(bill, headings[PART], text, _UNKNOWN)
    for word, value in row.said.items():
        if word == PART:
            continue
        own = _own(word, part, row.said)
        if bill.said.setdefault(own, value) != value:
            column = headings.get(word, word)
            bill.refused = bill.refused or _refused(bill, column, value, _OTHERWISE)
        bill.headings.setdefault(own, f"{text} {headings.get(word, word)}".strip())
        if word in row.units:
            bill.units.setdefault(own, row.units[word])


def _own(word: str, part: str, said: Mapping[str, str]) -> str:
    """What a word of the row of a part says of the bill; beside what passed the quantity is that of
    the whole."""
    measure = "quantity" if word == "passed" else word
    if measure not in _MEASURES or (word == "quantity" and "passed" in said):
        return word
    if part == "total":
        return "total" if measure == "amount" else word
    return f"{part}.{measure}"


def _summed(bill: _Parts) -> dict[str, str]:
    """What is said of a bill; total and quantity are sums where nobody says them."""
    said = bill.said
    amounts = [Decimal(value) for word, value in said.items() if word.endswith(".amount")]
    quantities = [Decimal(said[word]) for one in PERIODS if (word := f"{one}.quantity") in said]
    units = {bill.units[word] for one in PERIODS if (word := f"{one}.quantity") in bill.units}
    found = dict(said)
    if amounts and "total" not in said:
        found["total"] = f"{sum(amounts):f}"
    if quantities and not {"quantity", "passed"} & said.keys() and len(units) <= 1:
        found["quantity"] = f"{sum(quantities):f}"
        for unit in units:
            bill.units["quantity"] = unit
    return found


def _break(of_row: Mapping[int, _Parts], one: RowRefused) -> None:
    """Refuse the bills to which a row may belong that cannot be read: those of the rows beside."""
    above = max((row for row in of_row if row < one.row), default=None)
    below = min((row for row in of_row if row > one.row), default=None)
    for row in (above, below):
        if row is not None and of_row[row].refused is None:
            bill = of_row[row]
            bill.refused = _refused(bill, one.column, one.value, _beside(one.row))


def _refused(bill: _Parts, column: str, value: str, error: InvalidInput) -> RowRefused:
    return RowRefused(bill.rows[0], column, value, error.message, error.fix or "")


_UNKNOWN: Final = InvalidInput(
    "not a part of a bill that is known here",
    field="part",
    value="",
    fix="a period such as peak or valley, a charge such as demand or vat, or total",
)
_OTHERWISE: Final = InvalidInput(
    "another row of this bill says otherwise",
    field="part",
    value="",
    fix="leave one of them out, or give each bill a number of its own",
)


def _beside(row: int) -> InvalidInput:
    return InvalidInput(
        f"row {row}, which may be a part of this bill, cannot be read",
        field="row",
        value=str(row),
        fix="mend that row, and load all rows of the bill together",
    )


PART_ROWS: Final = RowForm(
    part_heading, _part_cell, (("account",), (PART,), ("month", "end", "last"))
)
BILL_PARTS: Final = PartForm(PART_ROWS, PART, lambda text: bool(part_of(text)), bills_of_parts)
