"""The meaning of each rule of the grammar, from the leaves up."""

from __future__ import annotations

import re
from typing import Any, cast

from lark import Token, Transformer

from api.influxql.language.pattern import Pattern
from api.influxql.language.pattern import read as read_pattern
from api.influxql.language.terms import (
    Instant,
    Leaf,
    Written,
    condition_of,
    default_name,
    distinct,
    duration_us,
    filter_of,
    formula_of,
    joined,
    refused,
    unquoted,
)
from api.influxql.language.tree import (
    AGGREGATES,
    Aggregate,
    Column,
    Condition,
    Expression,
    Number,
    Select,
    Selected,
    Show,
    Statement,
    TagIs,
    TagMatches,
)
from metering.localtime import zone_of

MOST_LIMIT = 100_000


class Reader(Transformer[Token, Any]):
    """Tree of the parser to statements; `now()` is the given instant [us]."""

    def __init__(self, now_us: int) -> None:
        super().__init__()
        self._now_us = now_us

    def start(self, parts: list[Any]) -> list[Statement]:
        """All statements of a request, in order."""
        return [part for part in parts if isinstance(part, Select | Show)]

    def name(self, parts: list[Token]) -> str:
        """A name, without its quotes."""
        text = str(parts[0])
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text

    # --- SELECT ------------------------------------------------------------------------------

    def reference(self, parts: list[str]) -> Column:
        """A field or tag that is named."""
        return Column(parts[0])

    def number(self, parts: list[Token]) -> Number:
        """A constant, as a double."""
        return Number(float(parts[0]))

    def call(self, parts: list[Any]) -> Aggregate:
        """An aggregate of a field; InvalidInput for a function that is none of `AGGREGATES`."""
        function = str(parts[0]).lower()
        if function not in AGGREGATES:
            raise refused("this function is not supported", parts[0], f"{', '.join(AGGREGATES)}")
        return Aggregate(function, parts[1])

    def sum(self, parts: list[Any]) -> Expression:
        """Terms with + and -, from left to right."""
        return formula_of(parts)

    def product(self, parts: list[Any]) -> Expression:
        """Factors with * and /, from left to right."""
        return formula_of(parts)

    def column(self, parts: list[Any]) -> Selected:
        """One column, with the name it is asked to have or that InfluxDB would give it."""
        expression = parts[0]
        return Selected(expression, parts[1] if len(parts) > 1 else default_name(expression))

    def columns(self, parts: list[Selected]) -> tuple[Selected, ...]:
        """All columns, each under a name of its own; InvalidInput for more than 60."""
        if len(parts) > 60:
            raise refused("more than 60 columns", len(parts), "select fewer")
        return tuple(distinct(parts))

    def source(self, parts: list[str]) -> tuple[str, tuple[str, str]]:
        """(database, measurement); a database before it may name a moment, '' where none stands."""
        return ("source", (parts[0] if len(parts) > 1 else "", parts[-1]))

    def from_(self, parts: list[Any]) -> Any:
        """FROM as SHOW has it."""
        return parts[0]

    def group_time(self, parts: list[Token]) -> tuple[str, int]:
        """Width of the buckets [us]; InvalidInput below a second."""
        if str(parts[0]).lower() != "time":
            raise refused("only time() groups by a duration", parts[0], "GROUP BY time(1h)")
        length = duration_us(parts[1])
        if length < 1_000_000:
            raise refused("an interval below a second", parts[1], "time(15m) or wider")
        return ("interval", length)

    def group_tag(self, parts: list[str]) -> tuple[str, str]:
        """A tag to group by."""
        return ("tag", parts[0])

    def fill(self, parts: list[Token]) -> tuple[str, str]:
        """null or none: InvalidInput for all that would make up what is missing."""
        word = str(parts[0]).lower()
        if word not in ("null", "none"):
            fix = "fill(null) or fill(none): what is missing stays missing, it is never made up"
            raise refused("this fill is not supported", word, fix)
        return ("fill", word)

    def group(self, parts: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
        """GROUP BY with all that stands in it."""
        return ("group", parts)

    def order(self, parts: list[Token]) -> tuple[str, bool]:
        """Whether the newest stands first; InvalidInput where anything but time is to order."""
        if str(parts[0]).lower() != "time":
            raise refused("only time orders", parts[0], "ORDER BY time, ascending or DESC")
        return ("descending", len(parts) > 1 and parts[1].type == "DESC")

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        """How many rows a series has at the most; InvalidInput where nobody could want so many."""
        if not str(parts[0]).isdigit() or not 1 <= int(parts[0]) <= MOST_LIMIT:
            raise refused("this limit is not supported", parts[0], f"1 to {MOST_LIMIT}")
        return ("limit", int(parts[0]))

    def zone(self, parts: list[Token]) -> tuple[str, str]:
        """The time zone of the buckets; InvalidInput for one that does not exist."""
        name = unquoted(parts[0])
        zone_of(name)
        return ("zone", name)

    def select(self, parts: list[Any]) -> Select:
        """A whole SELECT; what it leaves out is as InfluxDB has it, and the zone is UTC."""
        columns, (_, (database, measurement)), *rest = parts
        said = dict(rest)
        group = said.get("group", [])
        intervals = [value for kind, value in group if kind == "interval"]
        if len(intervals) > 1:
            raise refused("time() stands twice in GROUP BY", measurement, "once")
        zone = said.get("zone", "UTC")
        return Select(
            columns,
            measurement,
            filter_of(said.get("where"), zone),
            intervals[0] if intervals else None,
            tuple(dict.fromkeys(value for kind, value in group if kind == "tag")),
            next((value for kind, value in group if kind == "fill"), "null"),
            said.get("descending", False),
            said.get("limit"),
            zone,
            database,
        )

    # --- SHOW --------------------------------------------------------------------------------

    def on(self, parts: list[str]) -> tuple[str, str]:
        """The database of a SHOW, which is always the same."""
        return ("on", parts[0])

    def with_measurement(self, parts: list[Any]) -> tuple[str, Any]:
        """Which measurements a SHOW asks for, by name or pattern."""
        return ("with", _keys_or_pattern(parts))

    def with_key(self, parts: list[Any]) -> tuple[str, Any]:
        """Which tag keys a SHOW asks for, by name or pattern."""
        return ("with", _keys_or_pattern(parts))

    def show_databases(self, parts: list[Any]) -> Show:
        """A question for the databases, of which there is one."""
        return _show("databases", parts)

    def show_policies(self, parts: list[Any]) -> Show:
        """A question for the retention policies, of which there is one."""
        return _show("policies", parts)

    def show_measurements(self, parts: list[Any]) -> Show:
        """A question for the measurements, all or those it names."""
        return _show("measurements", parts)

    def show_tag_keys(self, parts: list[Any]) -> Show:
        """A question for the tags of measurements."""
        return _show("tag_keys", parts)

    def show_tag_values(self, parts: list[Any]) -> Show:
        """A question for the values that tags have within the scope."""
        return _show("tag_values", parts)

    def show_field_keys(self, parts: list[Any]) -> Show:
        """A question for the fields of measurements and their types."""
        return _show("field_keys", parts)

    # --- WHERE -------------------------------------------------------------------------------

    def now(self, parts: list[Token]) -> int:
        """The instant the request was taken in [us], the same in all of its statements."""
        if str(parts[0]).lower() != "now":
            raise refused("this function is not supported here", parts[0], "now()")
        return self._now_us

    def nanoseconds(self, parts: list[Token]) -> int:
        """A bare number of ns since 1970, as an instant [us]."""
        return int(float(parts[0])) // 1000 if "." in parts[0] else int(parts[0]) // 1000

    def since_epoch(self, parts: list[Token]) -> int:
        """A number with a unit since 1970, as an instant [us]."""
        return duration_us(parts[0])

    def text(self, parts: list[Token]) -> Written:
        """A text without its quotes."""
        return Written(unquoted(parts[0]))

    def value(self, parts: list[Any]) -> Instant:
        """An instant [us], shifted by the durations behind it; or a text as it stands."""
        first, *shifts = parts
        if not shifts:
            return cast("Instant", first)
        if isinstance(first, Written):
            raise refused("only now() and numbers can be shifted", first, "now() - 7d")
        for sign, length in zip(shifts[::2], shifts[1::2], strict=True):
            first += duration_us(length) * (1 if sign.type == "PLUS" else -1)
        return cast("int", first)

    def compares(self, parts: list[Any]) -> Condition | Leaf:
        """A condition on time, or on a tag; fields cannot be compared."""
        name, operator, value = parts
        if name.lower() == "time":
            if operator.type == "UNEQUAL":
                raise refused("time cannot be unequal", operator, "time >= ... AND time < ...")
            return ("time", str(operator), value)
        if operator.type not in ("EQUAL", "UNEQUAL") or not isinstance(value, Written):
            fix = f"\"{name}\" = 'text'; fields cannot be compared, only tags and time"
            raise refused("this comparison is not supported", f"{name} {operator}", fix)
        return TagIs(name, str(value), operator.type == "UNEQUAL")

    def matches(self, parts: list[Any]) -> TagMatches:
        """A condition on a tag, by a pattern that is read here and never run as one of others'."""
        name, operator, source = parts
        pattern = read_pattern(str(source)[1:-1])
        return TagMatches(name, pattern, operator.type == "UNMATCH")

    def all(self, parts: list[Any]) -> list[Any]:
        """Parts that all hold, as a flat list, with comparisons of time among them."""
        return [one for part in parts for one in (part if isinstance(part, list) else [part])]

    def any(self, parts: list[Any]) -> Condition:
        """Conditions of which one must hold."""
        return joined([condition_of(part) for part in parts], any_=True)

    def where(self, parts: list[Any]) -> tuple[str, list[Any]]:
        """WHERE with all that must hold."""
        return ("where", parts[0] if isinstance(parts[0], list) else [parts[0]])


setattr(Reader, "from", Reader.from_)  # the grammar's rule has a name that Python keeps


def _show(what: str, parts: list[Any]) -> Show:
    said = dict(parts)
    named = said.get("with")
    return Show(
        cast("Any", what),
        said.get("source", ("", None))[1],
        named if isinstance(named, Pattern) else None,
        named if isinstance(named, tuple) else (),
        filter_of(said.get("where"), "UTC"),
        said.get("limit"),
    )


def _keys_or_pattern(parts: list[Any]) -> Pattern | tuple[str, ...]:
    last = parts[-1]
    if isinstance(last, Token) and last.type == "REGEX":
        return read_pattern(str(last)[1:-1])
    return tuple(str(part) for part in parts if not isinstance(part, Token))
