"""What each column of a table is: a role, or the values of one point.

time, point, value, unit    a row is one reading
time, E1 [kWh], T1 [C]      a row is one instant of several points
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from collector.decode.message import Refusal
from collector.decode.values import number_of, said_unit

ROLES = {
    **dict.fromkeys(("time", "timestamp", "datetime", "date_time", "ts"), "time"),
    **dict.fromkeys(("date", "day"), "date"),
    **dict.fromkeys(("clock", "time_of_day"), "clock"),
    **dict.fromkeys(("point", "name", "tag", "series", "register", "channel"), "point"),
    **dict.fromkeys(("value", "val", "reading"), "value"),
    **dict.fromkeys(("unit", "units"), "unit"),
    **dict.fromkeys(("device", "meter", "sensor"), "device"),
    **dict.fromkeys(("-", ""), "none"),
}
"""Roles of columns by their lower-cased names."""
MOST_COLUMNS = 1_000
_LONGEST_NAME = 200
_WITH_UNIT = re.compile(r"(?P<name>.+?)\s*(?:\[(?P<a>[^\]]+)\]|\((?P<b>[^)]+)\)|:(?P<c>[^:]+))")


@dataclass(frozen=True)
class CsvColumn:
    """One column."""

    role: str
    """time, date, clock, point, value, unit, device, none; or values, of one point."""
    name: str = ""
    """Of the point whose values it holds."""
    unit: str | None = None


def columns_of(names: Sequence[str]) -> list[CsvColumn]:
    """The columns by their names. Raises Refusal: bad_message where there is no value among them,
    or a number in place of a name, or there are more than 1,000."""
    if len(names) > MOST_COLUMNS:
        raise Refusal(
            "bad_message", f"more than {MOST_COLUMNS} columns", "columns", len(names),
            "send a row for each reading: time, point, value",
        )  # fmt: skip
    columns = [_column(name.strip()[:_LONGEST_NAME]) for name in names]
    roles = [one.role for one in columns]
    if "value" in roles and "point" not in roles:
        columns = [CsvColumn("values", "value") if one.role == "value" else one for one in columns]
        roles = [one.role for one in columns]
    numbers = any(number_of(name) is not None for name in names)
    if numbers or ("values" not in roles and not {"point", "value"} <= set(roles)):
        raise Refusal(
            "bad_message", "no column of values", "columns", list(names)[:20],
            "name the columns in the first line or in the route: columns=time point value unit",
        )  # fmt: skip
    return columns


def _column(name: str) -> CsvColumn:
    role = ROLES.get(name.lower())
    if role is not None:
        return CsvColumn(role)
    match = _WITH_UNIT.fullmatch(name)
    if match is None:
        return CsvColumn("values", name)
    return CsvColumn("values", match["name"], said_unit(match["a"] or match["b"] or match["c"]))
