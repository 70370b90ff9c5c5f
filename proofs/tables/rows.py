"""The matrix of tables of which each row says one thing: bills and hand readings, in a row, a
column, or several rows each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from metering.tables.bill_parts import BILL_PARTS
from metering.tables.bill_words import BILL_ROWS
from metering.tables.hand_words import HAND_ROWS
from metering.tables.said_rows import RowForm
from proofs.tables import written

BILLS: Final = replace(BILL_ROWS, parts=BILL_PARTS)


@dataclass(frozen=True)
class RowCase:
    """A file with the rows that it must come to, as plain texts by our words."""

    name: str
    form: RowForm
    data: bytes
    rows: tuple[tuple[int, Mapping[str, str]], ...] = ()
    units: frozenset[str] | set[str] = frozenset()
    refused: tuple[tuple[int, str], ...] = ()
    """(row, column) of each that must be refused."""
    error: str = ""
    """What the whole file must be answered with: the field that the error names."""
    ambiguous: bool = False
    file: str = "a.csv"


def row_cases() -> list[RowCase]:
    """Every case of this part."""
    return [*_hand_rows(), *_hand_columns(), *_bills(), *_parts()]


def _csv(name: str, form: RowForm, table: written.Rows, **outcome: Any) -> RowCase:
    return RowCase(name, form, written.delimited(table), **outcome)


def _reading(meter: str, value: str, day: str = "2026-10-01", **more: str) -> dict[str, str]:
    return {"meter": meter, "value": value, "time": day, **more}


def _hand_rows() -> Iterator[RowCase]:
    head = ["仪表", "抄表时间", "读数(kWh)"]
    rows = [head, ["总表", "2026年10月1日 8时", "1,234.5"], ["总表", "2026-10-02 08:00", "x"]]
    said = ((2, _reading("总表", "1234.5", "2026-10-01T08:00:00")),)
    refused = ((3, "读数(kWh)"),)
    yield _csv("readings: a row each", HAND_ROWS, rows, rows=said, units={"kWh"}, refused=refused)
    tens = [["仪表", "日期", "读数(万kWh)"], ["总表", "2026-10-01", "1.5"]]
    kept = ((2, _reading("总表", "1.5")),)
    yield _csv("readings: ten thousands", HAND_ROWS, tens, rows=kept, units={"万kWh"})


def _hand_columns() -> Iterator[RowCase]:
    wide = [["日期", "A(kWh)", "B"], ["2026-10-01", "100", "7"], ["2026-11-01", "", "8,5"]]
    said = (
        (2, _reading("A", "100", unit="kWh")),
        (2, _reading("B", "7")),
        (3, _reading("B", "8.5", "2026-11-01")),
    )
    yield _csv("readings: a column each", HAND_ROWS, wide, rows=said)
    called = [["日期", "总表(kWh)", "水表(m3)"], ["2026-10-01", "100", "7"]]
    of_called = (
        (2, _reading("总表", "100", unit="kWh")),
        (2, _reading("水表", "7", unit="m3")),
    )
    yield _csv("readings: meters called as columns are", HAND_ROWS, called, rows=of_called)
    titled = [["十月抄表", "", ""], ["日期", "A", "B"], ["", "kWh", ""], *wide[1:]]
    moved = tuple((row + 2, one) for row, one in said)
    yield _csv("readings: a column each, titles and units", HAND_ROWS, titled, rows=moved)
    typed: list[list[Any]] = [["日期", "A(kWh)", "B"], [date(2026, 10, 1), 100, 7]]
    typed.append([datetime(2026, 11, 1), None, 8.5])
    data = written.workbook(typed)
    yield RowCase("readings: a column each, typed", HAND_ROWS, data, said, file="a.xlsx")
    shared = [["月份", "备注", "A", "抄表人"], ["2026年9月", "估", "30", "王"]]
    month = {"month": "2026-09", "read_by": "王", "note": "估", "meter": "A", "value": "30"}
    yield _csv("readings: a column each, by months", HAND_ROWS, shared, rows=((2, month),))
    bad = [*wide[:2], ["合计", "1", "2"], ["2026-12-01", "a", "9"], ["2026-12-02", "9"]]
    refused = ((3, "日期"), (3, "日期"), (4, "A(kWh)"), (5, "C"))
    kept = (*said[:2], (4, _reading("B", "9", "2026-12-01")))
    yield _csv("readings: cells and rows refused", HAND_ROWS, bad, rows=kept, refused=refused)
    twice = [["日期", "A", "A"], ["2026-10-01", "1", "2"]]
    yield _csv("readings: two columns of one meter", HAND_ROWS, twice, error="column")
    american = [["日期", "A"], ["10/01/2026", "1"]]
    yield _csv("readings: two days", HAND_ROWS, american, error="column", ambiguous=True)
    thousand = [["日期", "A", "B"], ["2026-10-01", "1,234", ""]]
    yield _csv("readings: two numbers", HAND_ROWS, thousand, error="column", ambiguous=True)
    none = [["日期", "序号"], ["2026-10-01", "1"]]
    yield _csv("readings: of no meter", HAND_ROWS, none, error="column")


def _bills() -> Iterator[RowCase]:
    rows = [["户号", "电费年月", "峰电费", "电费合计"], ["0031", "202610", "3", "1,000.00元"]]
    said = {"account": "0031", "month": "2026-10", "peak.amount": "3", "total": "1000.00"}
    yield _csv("bills: a row each", BILLS, rows, rows=((2, said),))
    more = [["户号", "电费年月", "项目", "电费"], ["0031", "202610", "一号楼", "3"]]
    alone = {"account": "0031", "month": "2026-10", "total": "3"}
    yield _csv("bills: a column that names no part", BILLS, more, rows=((2, alone),))


def _parts() -> Iterator[RowCase]:
    head = ["户号", "电费年月", "时段", "电量(kWh)", "电价", "电费"]
    bill = [
        ["31", "2026-10", "峰", "400", "1.2", "480"],
        ["31", "2026-10", "平", "100", "0.9", "90"],
        ["31", "2026-10", "谷", "500", "0.6", "300"],
    ]
    lines = {
        **{"account": "31", "month": "2026-10"},
        **{"peak.quantity": "400", "peak.price": "1.2", "peak.amount": "480"},
        **{"flat.quantity": "100", "flat.price": "0.9", "flat.amount": "90"},
        **{"valley.quantity": "500", "valley.price": "0.6", "valley.amount": "300"},
    }
    summed = ((2, {**lines, "total": "870", "quantity": "1000"}),)
    yield _csv("bills: periods that sum", BILLS, [head, *bill], rows=summed, units={"kWh"})
    blank = [bill[0], *[["", "", *row[2:]] for row in bill[1:]]]
    yield _csv("bills: periods, merged cells", BILLS, [head, *blank], rows=summed, units={"kWh"})
    whole = [*bill, ["31", "2026-10", "合计", "1000", "", "865.5"]]
    told = ((2, {**lines, "total": "865.5", "passed": "1000"}),)
    yield _csv("bills: periods and a total", BILLS, [head, *whole], rows=told, units={"kWh"})
    beside = [[*head, "电费合计"], *[[*row, "865.5"] for row in bill]]
    kept = ((2, {**lines, "total": "865.5", "quantity": "1000"}),)
    yield _csv("bills: periods beside a total", BILLS, beside, rows=kept, units={"kWh"})
    charges = [["户号", "电费年月", "项目", "金额"]]
    charges += [
        ["31", "2026-10", name, "10"] for name in ("基本电费", "力调电费", "附加费", "税额")
    ]
    of_charges = {
        **{"account": "31", "month": "2026-10", "demand.amount": "10", "power_factor.amount": "10"},
        **{"surcharge.amount": "10", "vat.amount": "10", "total": "40"},
    }
    yield _csv("bills: charges", BILLS, charges, rows=((2, of_charges),))
    thousands = [[*head[:5], "电费(万元)"], *bill]
    unsaid = {word: value for word, value in summed[0][1].items() if "amount" not in word}
    del unsaid["total"]
    yield _csv("bills: ten thousands of yuan", BILLS, thousands, rows=((2, unsaid),), units={"kWh"})
    twice = [*bill, [*bill[0][:3], "1", "1", "1"]]
    yield _csv("bills: a period twice", BILLS, [head, *twice], refused=((2, "电量(kWh)"),))
    odd = [*bill, ["31", "2026-10", "夜", "1", "1", "1"]]
    yield _csv("bills: a part of nobody", BILLS, [head, *odd], refused=((2, "时段"),))
    word = [*bill[:2], ["31", "2026-10", "谷", "五百", "0.6", "300"]]
    refused = ((4, "电量(kWh)"), (2, "电量(kWh)"))
    yield _csv("bills: a part that cannot be read", BILLS, [head, *word], refused=refused)
    other = [*bill, ["32", "2026-10", "峰", "1", "1", "7"]]
    two = (*summed, (5, _of_other()))
    yield _csv("bills: two of periods", BILLS, [head, *other], rows=two, units={"kWh"})


def _of_other() -> dict[str, str]:
    said = {"account": "32", "month": "2026-10", "peak.quantity": "1", "peak.price": "1"}
    return {**said, "peak.amount": "7", "total": "7", "quantity": "1"}
