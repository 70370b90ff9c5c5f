"""The meaning of each rule of the grammar, from the leaves up."""

from __future__ import annotations

import re
from typing import Any, cast

from lark import Token, Transformer

from api.influxql.language.calls import LengthGiven, called
from api.influxql.language.pattern import Pattern
from api.influxql.language.pattern import read as read_pattern
from api.influxql.language.terms import (
    Instant,
    Leaf,
    Plain,
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
    Column,
    Condition,
    Expression,
    FieldIs,
    Kind,
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
MOST_NESTED = 3
"""How deep a SELECT may stand in others."""
_FIELD_KINDS = ("field", "float", "integer", "unsigned", "string", "boolean")


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

    def kind(self, parts: list[Token]) -> Kind:
        """What a name is said to be; the types of fields say that it is one."""
        word = str(parts[0])[2:].lower()
        if word in _FIELD_KINDS:
            return "field"
        if word != "tag":
            raise refused("no such kind of name", word, "::tag or ::field")
        return "tag"

    # --- SELECT ------------------------------------------------------------------------------

    def reference(self, parts: list[Any]) -> Column:
        """A field or tag that is named."""
        return Column(*parts)

    def every(self, parts: list[Any]) -> Column:
        """All fields and tags."""
        return Column("*", *parts[1:])

    def number(self, parts: list[Token]) -> Number:
        """A constant, as a double."""
        return Number(float(parts[0]))

    def negative(self, parts: list[Any]) -> Expression:
        """Something below zero."""
        return formula_of([Number(-1.0), Token("STAR", "*"), parts[1]])

    def span(self, parts: list[Token]) -> LengthGiven:
        """A duration that a function takes."""
        return LengthGiven(str(parts[0]), duration_us(parts[0]))

    def call(self, parts: list[Any]) -> Expression:
        """A function of a field, or of a function of one; InvalidInput for one that there is not,
        or that takes something else."""
        return called(str(parts[0]), parts[1:])

    def sum(self, parts: list[Any]) -> Expression:
        """Terms with + and -, from left to right."""
        return formula_of(parts)

    def product(self, parts: list[Any]) -> Expression:
        """Factors with *, / and %, from left to right."""
        return formula_of(parts)

    def column(self, parts: list[Any]) -> Selected:
        """One column, with the name it is asked to have or that InfluxDB would give it."""
        expression = parts[0]
        if isinstance(expression, LengthGiven):
            raise refused("a duration is no column", expression.text, 'a field, such as "value"')
        return Selected(expression, parts[1] if len(parts) > 1 else default_name(expression))

    def columns(self, parts: list[Selected]) -> tuple[Selected, ...]:
        """All columns, each under a name of its own, time apart, which is always told; InvalidInput
        for more than 60."""
        if len(parts) > 60:
            raise refused("more than 60 columns", len(parts), "select fewer")
        asked = [one for one in parts if one.expression != Column("time")]
        return tuple(distinct(asked or parts))

    def measurements(self, parts: list[Token]) -> Pattern:
        """All measurements whose name matches."""
        return read_pattern(str(parts[0])[1:-1])

    def source(self, parts: list[Any]) -> tuple[str, tuple[str, str | Pattern]]:
        """(database, measurement); a database before it may name a moment, '' where none stands."""
        return ("source", (parts[0] if len(parts) > 1 else "", parts[-1]))

    def nested(self, parts: list[Select]) -> tuple[str, Select]:
        """A SELECT to select from."""
        return ("nested", parts[0])

    def origins(self, parts: list[tuple[str, Any]]) -> tuple[str, dict[str, Any]]:
        """What is selected from, as members of a Select. InvalidInput for SELECT beside others, or
        within too many."""
        inner = [value for kind, value in parts if kind == "nested"]
        if inner and len(parts) > 1:
            raise refused("a SELECT in FROM stands alone there", len(parts), "one of them")
        if inner:
            return ("origins", _members_of(inner[0]))
        named = [value for _, value in parts]
        databases = {database for database, _ in named}
        if len(databases) > 1:
            raise refused("two databases in one FROM", ", ".join(sorted(databases)), "one of them")
        chosen = tuple(one for _, one in named)
        alone = isinstance(chosen[0], str) and len(chosen) == 1
        return (
            "origins",
            {
                "measurement": chosen[0] if alone else "",
                "database": databases.pop(),
                "chosen": () if alone else chosen,
            },
        )

    def from_(self, parts: list[Any]) -> Any:
        """FROM as SHOW has it."""
        return ("from", tuple(one for _, (_, one) in parts))

    def shift(self, parts: list[Token]) -> int:
        """By how much buckets begin later [us]."""
        return duration_us(parts[-1]) * (-1 if len(parts) > 1 else 1)

    def group_time(self, parts: list[Any]) -> tuple[str, tuple[int, int]]:
        """Width of the buckets and their offset [us]; InvalidInput below a millisecond."""
        if str(parts[0]).lower() != "time":
            raise refused("only time() groups by a duration", parts[0], "GROUP BY time(1h)")
        length = duration_us(parts[1])
        if length < 1_000:
            raise refused("an interval below a millisecond", parts[1], "time(15m) or wider")
        return ("interval", (length, parts[2] if len(parts) > 2 else 0))

    def group_tag(self, parts: list[Any]) -> tuple[str, str]:
        """A tag to group by; InvalidInput where a field is."""
        if parts[-1] == "field" and len(parts) > 1:
            raise refused("nothing is grouped by a field", parts[0], "a tag, or time(1h)")
        return ("tag", parts[0])

    def fill(self, parts: list[Token]) -> tuple[str, str]:
        """null or none: InvalidInput for all that would make up what is missing."""
        word = "".join(str(part) for part in parts).lower()
        if word not in ("null", "none"):
            fix = "fill(null) or fill(none): what is missing stays missing, it is never made up"
            raise refused("this fill is not supported", word, fix)
        return ("fill", word)

    def group(self, parts: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
        """GROUP BY with all that stands in it."""
        return ("group", parts)

    def order(self, parts: list[Any]) -> tuple[str, bool]:
        """Whether the newest stands first; InvalidInput where anything but time is to order."""
        if str(parts[0]).lower() != "time":
            raise refused("only time orders", parts[0], "ORDER BY time, ascending or DESC")
        return ("descending", len(parts) > 1 and parts[1].type == "DESC")

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        """How many rows a series has at the most; InvalidInput where nobody could want so many."""
        return ("limit", _count(parts[0], least=1))

    def offset(self, parts: list[Token]) -> tuple[str, int]:
        """How many rows of a series are left out before the first."""
        return ("offset", _count(parts[0], least=0))

    def slimit(self, parts: list[Token]) -> tuple[str, int]:
        """How many series there are at the most."""
        return ("series_limit", _count(parts[0], least=1))

    def soffset(self, parts: list[Token]) -> tuple[str, int]:
        """How many series are left out before the first."""
        return ("series_offset", _count(parts[0], least=0))

    def zone(self, parts: list[Token]) -> tuple[str, str]:
        """The time zone of the buckets; InvalidInput for one that does not exist."""
        name = unquoted(parts[0])
        zone_of(name)
        return ("zone", name)

    def select(self, parts: list[Any]) -> Select:
        """A whole SELECT; what it leaves out is as InfluxDB has it, and the zone is UTC."""
        columns, (_, origin), *rest = parts
        said = dict(rest)
        group = said.pop("group", [])
        intervals = [value for kind, value in group if kind == "interval"]
        if len(intervals) > 1:
            raise refused("time() stands twice in GROUP BY", origin["measurement"], "once")
        length, offset = intervals[0] if intervals else (None, 0)
        where = filter_of(said.pop("where", None), said.get("zone", "UTC"))
        return Select(
            columns,
            filter=where,
            interval_us=length,
            offset_us=offset,
            tags=tuple(dict.fromkeys(value for kind, value in group if kind == "tag")),
            fill=next((value for kind, value in group if kind == "fill"), "null"),
            **origin,
            **said,
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

    def plain(self, parts: list[Token]) -> Plain:
        """A number without a unit."""
        return Plain("".join(str(part) for part in parts))

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
        if isinstance(first, Plain):
            raise refused("a number without a unit cannot be shifted", first, "now() - 7d")
        shift = 0
        for sign, length in zip(shifts[::2], shifts[1::2], strict=True):
            shift += duration_us(length) * (1 if sign.type == "PLUS" else -1)
        if isinstance(first, Written):
            first.shift_us = shift
            return first
        return cast("int", first) + shift

    def compares(self, parts: list[Any]) -> Condition | Leaf:
        """A condition on time, on a tag, or on a field that is compared with a number."""
        name, *kinds, operator, value = parts
        if name.lower() == "time":
            if operator.type == "UNEQUAL":
                raise refused("time cannot be unequal", operator, "time >= ... AND time < ...")
            return ("time", str(operator), value)
        if isinstance(value, Plain) and kinds != ["tag"]:
            return FieldIs(name, str(operator).replace("<>", "!="), float(value))
        alike = operator.type in ("EQUAL", "UNEQUAL") and kinds != ["field"]
        if not alike or not isinstance(value, Written) or value.shift_us:
            fix = f'"{name}" = \'text\' of a tag, "{name}" > 5 of a field'
            raise refused("this comparison is not supported", f"{name} {operator}", fix)
        return TagIs(name, str(value), operator.type == "UNEQUAL")

    def matches(self, parts: list[Any]) -> TagMatches:
        """A condition on a tag, by a pattern that is read here and never run as one of others'."""
        name, *kinds, operator, source = parts
        if kinds == ["field"]:
            raise refused("patterns are of tags", name, f'"{name}" > 5, or a tag')
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
    named, negated = said.get("with", ((), False))
    return Show(
        cast("Any", what),
        sources=said.get("from", ()),
        pattern=named if isinstance(named, Pattern) else None,
        keys=named if isinstance(named, tuple) else (),
        negated=negated,
        filter=filter_of(said.get("where"), "UTC"),
        limit=said.get("limit"),
        offset=said.get("offset", 0),
    )


def _keys_or_pattern(parts: list[Any]) -> tuple[Pattern | tuple[str, ...], bool]:
    """What is named, and whether all but that is asked for."""
    last, negated = parts[-1], getattr(parts[0], "type", "") in ("UNEQUAL", "UNMATCH")
    if isinstance(last, Token) and last.type == "REGEX":
        return read_pattern(str(last)[1:-1]), negated
    return tuple(str(part) for part in parts if not isinstance(part, Token)), negated


def _members_of(inner: Select) -> dict[str, Any]:
    """What a SELECT has of the one that it selects from."""
    depth, below = 1, inner
    while below.inner is not None:
        depth, below = depth + 1, below.inner
    if depth >= MOST_NESTED:
        raise refused("SELECT within SELECT so deep", depth + 1, f"up to {MOST_NESTED} levels")
    return {
        "measurement": inner.measurement,
        "database": inner.database,
        "chosen": inner.chosen,
        "inner": inner,
    }


def _count(token: Token, *, least: int) -> int:
    """A whole number of rows or series. InvalidInput for another one."""
    if not str(token).isdigit() or not least <= int(token) <= MOST_LIMIT:
        raise refused("this limit is not supported", token, f"{least} to {MOST_LIMIT}")
    return int(token)
