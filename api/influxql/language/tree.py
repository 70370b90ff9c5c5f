"""What a statement may say, as values: everything the grammar lets through ends as one of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.influxql.language.pattern import Pattern

AGGREGATES = ("sum", "mean", "min", "max", "first", "last", "count")


@dataclass(frozen=True)
class Column:
    """A field or tag as it stands."""

    name: str


@dataclass(frozen=True)
class Aggregate:
    """One number of many rows."""

    function: str
    field: str


@dataclass(frozen=True)
class Number:
    """A plain number in a formula."""

    value: float


@dataclass(frozen=True)
class Formula:
    """left + - * / right"""

    operator: str
    left: Expression
    right: Expression
    depth: int


Expression = Column | Aggregate | Number | Formula


@dataclass(frozen=True)
class Selected:
    """A column of the answer."""

    expression: Expression
    name: str


@dataclass(frozen=True)
class TagIs:
    """tag = 'text', or tag != 'text'"""

    tag: str
    value: str
    negated: bool = False


@dataclass(frozen=True)
class TagMatches:
    """tag =~ /pattern/, or tag !~ /pattern/"""

    tag: str
    pattern: Pattern
    negated: bool = False


@dataclass(frozen=True)
class Both:
    """Every part holds, or (`any`) at least one."""

    parts: tuple[Condition, ...]
    any: bool
    depth: int


Condition = TagIs | TagMatches | Both


@dataclass(frozen=True)
class Filter:
    """WHERE: tags apart from time. Times are [us]; None where the statement sets no bound."""

    tags: Condition | None = None
    start_us: int | None = None
    end_us: int | None = None
    """Not included."""


@dataclass(frozen=True)
class Select:
    """SELECT ... FROM measurement"""

    columns: tuple[Selected, ...]
    measurement: str
    filter: Filter = Filter()
    interval_us: int | None = None
    tags: tuple[str, ...] = ()
    """GROUP BY tags, in the order written."""
    fill: Literal["null", "none"] = "null"
    descending: bool = False
    limit: int | None = None
    zone: str = "UTC"
    database: str = ""
    """As it stands before the measurement."""


@dataclass(frozen=True)
class Show:
    """SHOW ...: names, not numbers."""

    what: Literal["databases", "policies", "measurements", "tag_keys", "tag_values", "field_keys"]
    measurement: str | None = None
    pattern: Pattern | None = None
    """Of measurement names, or of tag keys."""
    keys: tuple[str, ...] = ()
    filter: Filter = Filter()
    limit: int | None = None


Statement = Select | Show
