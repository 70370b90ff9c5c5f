"""The meaning of each rule of the grammar, from the leaves up."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from lark import Token, Transformer

from api.influxql.pattern import Pattern
from api.influxql.pattern import read as read_pattern
from api.influxql.tree import (
    AGGREGATES,
    Aggregate,
    Both,
    Column,
    Condition,
    Expression,
    Filter,
    Formula,
    Number,
    Select,
    Selected,
    Show,
    Statement,
    TagIs,
    TagMatches,
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
_MOST_LIMIT = 100_000


class _Written(str):
    """An instant as text: its zone is known only at the statement's end."""


Instant = int | _Written
_Leaf = tuple[str, str, Instant]
"""A comparison of time: (time, operator, instant)."""


class Reader(Transformer[Token, Any]):
    """Tree of the parser to statements; `now()` is the given instant [us]."""

    def __init__(self, now_us: int) -> None:
        super().__init__()
        self._now_us = now_us

    def start(self, parts: list[Any]) -> list[Statement]:
        return [part for part in parts if isinstance(part, Select | Show)]

    def name(self, parts: list[Token]) -> str:
        text = str(parts[0])
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text

    # --- SELECT ------------------------------------------------------------------------------

    def reference(self, parts: list[str]) -> Column:
        return Column(parts[0])

    def number(self, parts: list[Token]) -> Number:
        return Number(float(parts[0]))

    def call(self, parts: list[Any]) -> Aggregate:
        function = str(parts[0]).lower()
        if function not in AGGREGATES:
            raise _refused("this function is not supported", parts[0], f"{', '.join(AGGREGATES)}")
        return Aggregate(function, parts[1])

    def sum(self, parts: list[Any]) -> Expression:
        return _formula(parts)

    def product(self, parts: list[Any]) -> Expression:
        return _formula(parts)

    def column(self, parts: list[Any]) -> Selected:
        expression = parts[0]
        return Selected(expression, parts[1] if len(parts) > 1 else _default_name(expression))

    def columns(self, parts: list[Selected]) -> tuple[Selected, ...]:
        if len(parts) > 60:
            raise _refused("more than 60 columns", len(parts), "select fewer")
        return tuple(_distinct(parts))

    def source(self, parts: list[str]) -> tuple[str, str]:
        return ("source", parts[-1])

    def from_(self, parts: list[Any]) -> Any:
        return parts[0]

    def group_time(self, parts: list[Token]) -> tuple[str, int]:
        if str(parts[0]).lower() != "time":
            raise _refused("only time() groups by a duration", parts[0], "GROUP BY time(1h)")
        length = _duration_us(parts[1])
        if length < 1_000_000:
            raise _refused("an interval below a second", parts[1], "time(15m) or wider")
        return ("interval", length)

    def group_tag(self, parts: list[str]) -> tuple[str, str]:
        return ("tag", parts[0])

    def fill(self, parts: list[Token]) -> tuple[str, str]:
        word = str(parts[0]).lower()
        if word not in ("null", "none"):
            fix = "fill(null) or fill(none): what is missing stays missing, it is never made up"
            raise _refused("this fill is not supported", word, fix)
        return ("fill", word)

    def group(self, parts: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
        return ("group", parts)

    def order(self, parts: list[Token]) -> tuple[str, bool]:
        if str(parts[0]).lower() != "time":
            raise _refused("only time orders", parts[0], "ORDER BY time, ascending or DESC")
        return ("descending", len(parts) > 1 and parts[1].type == "DESC")

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        if not str(parts[0]).isdigit() or not 1 <= int(parts[0]) <= _MOST_LIMIT:
            raise _refused("this limit is not supported", parts[0], f"1 to {_MOST_LIMIT}")
        return ("limit", int(parts[0]))

    def zone(self, parts: list[Token]) -> tuple[str, str]:
        name = _text(parts[0])
        zone_of(name)
        return ("zone", name)

    def select(self, parts: list[Any]) -> Select:
        columns, (_, measurement), *rest = parts
        said = dict(rest)
        group = said.get("group", [])
        intervals = [value for kind, value in group if kind == "interval"]
        if len(intervals) > 1:
            raise _refused("time() stands twice in GROUP BY", measurement, "once")
        zone = said.get("zone", "UTC")
        return Select(
            columns,
            measurement,
            _filter(said.get("where"), zone),
            intervals[0] if intervals else None,
            tuple(dict.fromkeys(value for kind, value in group if kind == "tag")),
            next((value for kind, value in group if kind == "fill"), "null"),
            said.get("descending", False),
            said.get("limit"),
            zone,
        )

    # --- SHOW --------------------------------------------------------------------------------

    def on(self, parts: list[str]) -> tuple[str, str]:
        return ("on", parts[0])

    def with_measurement(self, parts: list[Any]) -> tuple[str, Any]:
        return ("with", _keys_or_pattern(parts))

    def with_key(self, parts: list[Any]) -> tuple[str, Any]:
        return ("with", _keys_or_pattern(parts))

    def show_databases(self, parts: list[Any]) -> Show:
        return _show("databases", parts)

    def show_policies(self, parts: list[Any]) -> Show:
        return _show("policies", parts)

    def show_measurements(self, parts: list[Any]) -> Show:
        return _show("measurements", parts)

    def show_tag_keys(self, parts: list[Any]) -> Show:
        return _show("tag_keys", parts)

    def show_tag_values(self, parts: list[Any]) -> Show:
        return _show("tag_values", parts)

    def show_field_keys(self, parts: list[Any]) -> Show:
        return _show("field_keys", parts)

    # --- WHERE -------------------------------------------------------------------------------

    def now(self, parts: list[Token]) -> int:
        if str(parts[0]).lower() != "now":
            raise _refused("this function is not supported here", parts[0], "now()")
        return self._now_us

    def nanoseconds(self, parts: list[Token]) -> int:
        return int(float(parts[0])) // 1000 if "." in parts[0] else int(parts[0]) // 1000

    def since_epoch(self, parts: list[Token]) -> int:
        return _duration_us(parts[0])

    def text(self, parts: list[Token]) -> _Written:
        return _Written(_text(parts[0]))

    def value(self, parts: list[Any]) -> Instant:
        first, *shifts = parts
        if not shifts:
            return cast("Instant", first)
        if isinstance(first, _Written):
            raise _refused("only now() and numbers can be shifted", first, "now() - 7d")
        for sign, length in zip(shifts[::2], shifts[1::2], strict=True):
            first += _duration_us(length) * (1 if sign.type == "PLUS" else -1)
        return cast("int", first)

    def compares(self, parts: list[Any]) -> Condition | _Leaf:
        name, operator, value = parts
        if name.lower() == "time":
            if operator.type == "UNEQUAL":
                raise _refused("time cannot be unequal", operator, "time >= ... AND time < ...")
            return ("time", str(operator), value)
        if operator.type not in ("EQUAL", "UNEQUAL") or not isinstance(value, _Written):
            fix = f"\"{name}\" = 'text'; fields cannot be compared, only tags and time"
            raise _refused("this comparison is not supported", f"{name} {operator}", fix)
        return TagIs(name, str(value), operator.type == "UNEQUAL")

    def matches(self, parts: list[Any]) -> TagMatches:
        name, operator, source = parts
        pattern = read_pattern(str(source)[1:-1])
        return TagMatches(name, pattern, operator.type == "UNMATCH")

    def all(self, parts: list[Any]) -> list[Any]:
        """Parts that all hold, as a flat list, with comparisons of time among them."""
        return [one for part in parts for one in (part if isinstance(part, list) else [part])]

    def any(self, parts: list[Any]) -> Condition:
        return _joined([_condition(part) for part in parts], any_=True)

    def where(self, parts: list[Any]) -> tuple[str, list[Any]]:
        return ("where", parts[0] if isinstance(parts[0], list) else [parts[0]])


setattr(Reader, "from", Reader.from_)  # the grammar's rule has a name that Python keeps


def _formula(parts: list[Any]) -> Expression:
    left: Expression = parts[0]
    for sign, right in zip(parts[1::2], parts[2::2], strict=True):
        depth = 1 + max(getattr(left, "depth", 0), getattr(right, "depth", 0))
        if depth > DEEPEST:
            raise _refused("a formula that deep is not supported", depth, f"up to {DEEPEST} steps")
        left = Formula(str(sign), left, right, depth)
    return left


def _default_name(expression: Expression) -> str:
    """As InfluxDB names columns: the function, the field, or both of a formula."""
    match expression:
        case Aggregate(function, _):
            return function
        case Column(name):
            return name
        case Formula(_, left, right, _):
            return f"{_default_name(left)}_{_default_name(right)}".strip("_")
    return ""


def _distinct(columns: list[Selected]) -> list[Selected]:
    seen: dict[str, int] = {"time": 1}
    found = []
    for column in columns:
        count = seen.get(column.name, 0)
        seen[column.name] = count + 1
        name = f"{column.name}_{count}" if count else column.name
        found.append(Selected(column.expression, name))
    return found


def _filter(parts: list[Any] | None, zone: str) -> Filter:
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
    return Filter(_joined(tags, any_=False) if tags else None, start, end)


def _instant(value: Instant, zone: str) -> int:
    if not isinstance(value, _Written):
        return value
    try:
        at = datetime.fromisoformat(value)
        return to_us(at if at.tzinfo else at.replace(tzinfo=zone_of(zone)).astimezone(UTC))
    except (ValueError, OverflowError):
        fix = "'2026-11-24T08:15:00Z', now() - 7d, or 1764000000000ms"
        raise _refused("not an instant", value, fix) from None


def _condition(part: Any) -> Condition:
    if isinstance(part, list):
        return _joined([_condition(one) for one in part], any_=False)
    if isinstance(part, tuple):
        fix = "join it to the other conditions by AND, outside of OR"
        raise _refused("time inside OR is not supported", part[1], fix)
    return cast("Condition", part)


def _joined(parts: list[Condition], *, any_: bool) -> Condition:
    if len(parts) == 1:
        return parts[0]
    depth = 1 + max(part.depth if isinstance(part, Both) else 0 for part in parts)
    if depth > DEEPEST:
        raise _refused("conditions that deep are not supported", depth, f"up to {DEEPEST} levels")
    return Both(tuple(parts), any_, depth)


def _show(what: str, parts: list[Any]) -> Show:
    said = dict(parts)
    named = said.get("with")
    return Show(
        cast("Any", what),
        said.get("source"),
        named if isinstance(named, Pattern) else None,
        named if isinstance(named, tuple) else (),
        _filter(said.get("where"), "UTC"),
        said.get("limit"),
    )


def _keys_or_pattern(parts: list[Any]) -> Pattern | tuple[str, ...]:
    last = parts[-1]
    if isinstance(last, Token) and last.type == "REGEX":
        return read_pattern(str(last)[1:-1])
    return tuple(str(part) for part in parts if not isinstance(part, Token))


def _duration_us(token: Token) -> int:
    match = re.fullmatch(r"(\d+)(\D+)", str(token))
    if match is None:
        raise _refused("not a duration", token, "e.g. 15m, 1h, 1d")
    return int(match[1]) * _UNITS_NS[match[2]] // 1000


def _text(token: Token) -> str:
    return re.sub(r"\\(.)", r"\1", str(token)[1:-1])


def _refused(problem: str, value: object, fix: str) -> InvalidInput:
    shown = str(value) if isinstance(value, Token | str) else value
    return InvalidInput(problem, field="q", value=shown, fix=fix)
