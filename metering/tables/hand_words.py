"""What the columns of a table of hand readings are called.

仪表   抄表时间          读数     单位  抄表人
meter  time              value    unit  read_by

or a column for each meter:

抄表日期    总表(kWh)  空调    抄表人
time        main       plant   read_by
"""

from __future__ import annotations

import re
from typing import Final

from metering.tables.headings import known_heading
from metering.tables.plain import plain
from metering.tables.said_rows import Across, CellKind, RowForm

OWN: Final[dict[str, tuple[str, ...]]] = {
    "meter": ("code", "编码", "仪表编码", "仪表名称", "meter name"),
    "month": ("月份", "用量月份"),
    "start": ("first day", "起始日期", "开始日期"),
    "last": ("last day", "截止日期", "结束日期"),
    "read_by": ("reader", "read by", "抄表人", "抄表员"),
    "note": ("remark", "备注"),
}
"""Beside the headings that every table may have."""
TAKEN: Final = frozenset({"time", "date", "meter", "value", "unit", "point"})
_OURS: Final = {other: ours for ours, others in OWN.items() for other in (ours, *others)}


def hand_heading(text: str) -> tuple[str, str]:
    """(our word for a heading of a table of readings, or ''; the unit in brackets behind it)."""
    small = re.sub(r"[\s_]+", " ", plain(text).lower())
    if small in _OURS:
        return _OURS[small], ""
    word, unit = known_heading(text)
    if word not in TAKEN or (unit and word != "value"):  # a water meter's own column
        return "", ""
    return ("time" if word == "date" else word), unit


def hand_cell(word: str) -> CellKind:
    """How the cells of a column are read."""
    kinds = {
        **{"value": CellKind.NUMBER, "time": CellKind.MOMENT, "month": CellKind.MONTH},
        **{"start": CellKind.DAY, "last": CellKind.DAY},
    }
    return kinds.get(word, CellKind.NAME)


HAND_ROWS: Final = RowForm(
    hand_heading,
    hand_cell,
    (("meter",), ("value",), ("time", "month", "last")),
    Across("meter", "value", "unit"),
)
