"""What the columns of a table of bills are called, by the grid company and by people.

    户号     电费年月  本次抄表日期  起码  止码  电量      峰电费       电费合计
    account  month     end           from  to    quantity  peak.amount  total

A column of a tariff period is its word and what it says of it: `peak.amount`, `valley.quantity`.
"""

from __future__ import annotations

import re
from typing import Final

from metering.tables.plain import plain
from metering.tables.said_rows import CellKind, RowForm
from metering.tables.unit_words import known_unit

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "account": ("account no", "account number", "户号", "用户编号", "用电户号", "客户编号"),
    "number": ("bill", "bill no", "bill number", "invoice", "账单号", "账单编号", "发票号"),
    "customer_class": ("用电类别", "用户类别"),
    "voltage": ("电压等级",),
    "currency": ("币种",),
    "note": ("备注",),
}
DAYS: Final[dict[str, tuple[str, ...]]] = {
    "start": ("from date", "previous reading date", "上次抄表日期", "上次抄表日", "起始日期"),
    "end": ("reading date", "抄表日期", "本次抄表日期", "本次抄表日", "抄表日"),
    "last": ("last day", "to date", "截止日期", "终止日期", "结束日期"),
}
"""`end` is the day behind the last one, as a reading date is; `last` is the last one."""
MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "month": ("billing month", "电费年月", "账期", "账单月份", "计费月份", "月份"),
}
NUMBERS: Final[dict[str, tuple[str, ...]]] = {
    "quantity": ("billed quantity", "总电量", "合计电量", "计费电量", "总用量"),
    "passed": ("consumption", "电量", "用电量", "抄见电量", "用量", "用水量"),
    "from": ("previous reading", "起码", "起度", "上次示数", "上次表码", "起始示数"),
    "to": ("current reading", "止码", "止度", "本次示数", "本次表码", "终止示数"),
    "multiplier": ("倍率", "综合倍率", "计费倍率"),
    "power_factor": ("功率因数", "实际功率因数"),
    "demand.quantity": ("maximum demand", "最大需量", "计费需量"),
    "capacity.quantity": ("计费容量", "变压器容量"),
}
"""`quantity` is all that is billed; `passed` is by the register, or all where nothing else is."""
MONEY: Final[dict[str, tuple[str, ...]]] = {
    "total": (
        "amount due",
        "total amount",
        "应交电费",
        "应收电费",
        "电费合计",
        "合计金额",
        "应付金额",
        "电费",
        "水费",
    ),
    "demand.amount": ("demand charge", "基本电费", "需量电费"),
    "demand.price": ("需量电价",),
    "capacity.amount": ("capacity charge", "容量电费"),
    "capacity.price": ("容量电价",),
    "power_factor.amount": ("power factor adjustment", "力调电费", "力率电费", "功率因数调整电费"),
    "surcharge.amount": ("surcharge", "附加费", "基金及附加", "代征费", "政府性基金及附加"),
    "vat.amount": ("vat", "增值税", "税额"),
    "credit": ("退补电费", "退费"),
}
YES: Final[dict[str, tuple[str, ...]]] = {"estimated": ("估抄", "是否估抄")}
PERIODS: Final[dict[str, tuple[str, ...]]] = {
    "sharp": ("sharp", "尖", "尖峰", "尖段"),
    "peak": ("peak", "峰", "高峰", "峰段"),
    "flat": ("flat", "平", "平段", "平期"),
    "valley": ("valley", "谷", "低谷", "谷段"),
    "deep_valley": (
        "deep valley",
        "深谷",
    ),
}
OF_PERIODS: Final[dict[str, tuple[str, ...]]] = {
    "quantity": ("", "quantity", "电量", "用电量"),
    "amount": ("amount", "charge", "电费", "金额"),
    "price": ("price", "电价", "单价"),
    "from": ("previous reading", "起码", "起度", "上次示数"),
    "to": ("current reading", "止码", "止度", "本次示数"),
}
YUAN: Final = frozenset(
    {"元", "cny", "rmb", "¥", "人民币", "元/kwh", "元/度", "元/千瓦时", "元/kw"}
)
_BRACKETS = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]{1,16})\s*[)\]]")
_KINDS: Final = {
    CellKind.NAME: NAMES,
    CellKind.DAY: DAYS,
    CellKind.MONTH: MONTHS,
    CellKind.NUMBER: NUMBERS,
    CellKind.MONEY: MONEY,
    CellKind.YES: YES,
}


def _of_periods() -> dict[str, str]:
    return {
        f"{period}{' ' if period.isascii() and said and said.isascii() else ''}{said}": (
            f"{ours}.{measure}"
        )
        for ours, periods in PERIODS.items()
        for period in periods
        for measure, words in OF_PERIODS.items()
        for said in words
    }


_KNOWN: Final = _of_periods() | {
    other.replace("_", " "): ours
    for words in _KINDS.values()
    for ours, others in words.items()
    for other in (ours, *others)
}


def bill_heading(text: str) -> tuple[str, str]:
    """(our word for a heading of a table of bills, or ''; the unit in brackets behind it). A
    heading with a unit that we do not know, such as ten thousand yuan, means nothing."""
    name, unit = plain(text), ""
    if found := _BRACKETS.fullmatch(name):
        name, unit = found[1], found[2]
    word = _KNOWN.get(re.sub(r"[\s_]+", " ", name.lower()), "")
    if not unit:
        return word, ""
    money = word and bill_cell(word) is CellKind.MONEY
    if money:
        return (word, "") if unit.lower() in YUAN else ("", "")
    return (word, known_unit(unit)) if known_unit(unit) else ("", "")


def bill_cell(word: str) -> CellKind:
    """How the cells of a column are read."""
    for kind, words in _KINDS.items():
        if word in words:
            return kind
    return CellKind.MONEY if word.endswith((".amount", ".price")) else CellKind.NUMBER


BILL_ROWS: Final = RowForm(
    bill_heading, bill_cell, (("account",), ("total",), ("month", "end", "last"))
)
