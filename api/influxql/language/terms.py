"""Parts of statements: durations, instants, formulas and conditions."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from lark import Token

from api.influxql.language.functions import COUNT_DISTINCT
from api.influxql.language.tree import (
    Aggregate,
    Both,
    Column,
    Condition,
    Expression,
    Filter,
    Formula,
    Selected,
    Transform,
)
from metering.errors import InvalidInput
from metering.localtime import to_us, zone_of

DEEPEST = 16
_UNITS_NS = {
    "ns": 1,
    "u": 1_000,
    "µ": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 7 * 86_400_000_000_000,
}


class Written(str):
    """A text, perhaps an instant: its zone is known only at the statement's end."""

    shift_us: int = 0
    """By how much the instant is shifted."""


class Plain(str):
    """A number as it is written: of a field, or an instant in ns since 1970."""


Instant = int | Written | Plain
Leaf = tuple[str, str, Instant]
"""A comparison of time: (time, operator, instant)."""


def formula_of(parts: list[Any]) -> Expression:
    """A chain of operators, from the left; InvalidInput where it is too deep."""
    left: Expression = parts[0]
    for sign, right in zip(parts[1::2], parts[2::2], strict=True):
        depth = 1 + max(getattr(left, "depth", 0), getattr(right, "depth", 0))
        if depth > DEEPEST:
            raise refused("a formula that deep is not supported", depth, f"up to {DEEPEST} steps")
        left = Formula(str(sign), left, right, depth)
    return left


def default_name(expression: Expression) -> str:
    """As InfluxDB names columns: the function, the field, or both of a formula."""
    match expression:
        case Aggregate(function=function):
            return "count" if function == COUNT_DISTINCT else function
        case Transform(function=function):
            return function
        case Column(name=name):
            return name
        case Formula(_, left, right, _):
            return f"{default_name(left)}_{default_name(right)}".strip("_")
    return ""


def distinct(columns: list[Selected]) -> list[Selected]:
    """Columns with a number behind a name that was taken, as InfluxDB writes them."""
    seen: dict[str, int] = {"time": 1}
    found = []
    for column in columns:
        count = seen.get(column.name, 0)
        seen[column.name] = count + 1
        name = f"{column.name}_{count}" if count else column.name
        found.append(Selected(column.expression, name))
    return found


def filter_of(parts: list[Any] | None, zone: str) -> Filter:
    """Times that bound the statement, and what is left of its conditions."""
    start: int | None = None
    end: int | None = None
    tags: list[Condition] = []
    for part in parts or []:
        if not isinstance(part, tuple):
            tags.append(part)
            continue
        _, operator, value = part
        at = _instant(value, zone)
        if operator in (">", ">=", "="):
            lower = at + 1 if operator == ">" else at
            start = lower if start is None else max(start, lower)
        if operator in ("<", "<=", "="):
            upper = at if operator == "<" else at + 1
            end = upper if end is None else min(end, upper)
    return Filter(joined(tags, any_=False) if tags else None, start, end)


def _instant(value: Instant, zone: str) -> int:
    if isinstance(value, Plain):
        return int(float(value)) // 1000 if "." in value else int(value) // 1000
    if not isinstance(value, Written):
        return value
    try:
        at = datetime.fromisoformat(value)
        told = to_us(at if at.tzinfo else at.replace(tzinfo=zone_of(zone)).astimezone(UTC))
        return told + value.shift_us
    except (ValueError, OverflowError):
        fix = "'2026-11-24T08:15:00Z', now() - 7d, or 1764000000000ms"
        raise refused("not an instant", value, fix) from None


def condition_of(part: Any) -> Condition:
    """A part of OR; InvalidInput where it holds a comparison of time."""
    if isinstance(part, list):
        return joined([condition_of(one) for one in part], any_=False)
    if isinstance(part, tuple):
        fix = "join it to the other conditions by AND, outside of OR"
        raise refused("time inside OR is not supported", part[1], fix)
    return cast("Condition", part)


def joined(parts: list[Condition], *, any_: bool) -> Condition:
    """Several conditions as one; InvalidInput where they are too deep."""
    if len(parts) == 1:
        return parts[0]
    depth = 1 + max(part.depth if isinstance(part, Both) else 0 for part in parts)
    if depth > DEEPEST:
        raise refused("conditions that deep are not supported", depth, f"up to {DEEPEST} levels")
    return Both(tuple(parts), any_, depth)


def duration_us(token: Token) -> int:
    """Length of a duration such as 15m or 1h30m [us]."""
    parts = re.findall(r"(\d+)(ns|ms|\D)", str(token))
    return sum(int(number) * _UNITS_NS[unit] for number, unit in parts) // 1000


def unquoted(token: Token) -> str:
    """The text between its quotes."""
    return re.sub(r"\\(.)", r"\1", str(token)[1:-1])


def refused(problem: str, value: object, fix: str) -> InvalidInput:
    """The error of a statement that cannot be answered."""
    shown = str(value) if isinstance(value, Token | str) else value
    return InvalidInput(problem, field="q", value=shown, fix=fix)
