"""What a statement may say, as values: everything the grammar lets through ends as one of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.influxql.language.pattern import Pattern

Kind = Literal["", "tag", "field"]
"""What `::tag` and `::field` say that a name is; '' where nothing does."""


@dataclass(frozen=True)
class Column:
    """A field or tag as it stands; `*` is all of them."""

    name: str
    kind: Kind = ""


@dataclass(frozen=True)
class Aggregate:
    """One number of many rows, or of `top`, `bottom` and `distinct` several; the field may be
    `*`."""

    function: str
    field: str
    argument: float | None = None
    """The number of `percentile`, `top` and `bottom`; the unit of `integral` [us]."""


@dataclass(frozen=True)
class Transform:
    """A number of each row or bucket and those before it."""

    function: str
    of: Column | Aggregate
    argument: float | None = None
    """The window of `moving_average`; the unit of rates and of `elapsed` [us]."""


@dataclass(frozen=True)
class Number:
    """A plain number in a formula."""

    value: float


@dataclass(frozen=True)
class Formula:
    """left + - * / % right"""

    operator: str
    left: Expression
    right: Expression
    depth: int


Expression = Column | Aggregate | Transform | Number | Formula


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
class FieldIs:
    """field > 5"""

    field: str
    operator: str
    value: float


@dataclass(frozen=True)
class Both:
    """Every part holds, or (`any`) at least one."""

    parts: tuple[Condition, ...]
    any: bool
    depth: int


Condition = TagIs | TagMatches | FieldIs | Both


@dataclass(frozen=True)
class Filter:
    """WHERE: tags and fields apart from time. Times are [us]; None where the statement sets no
    bound."""

    tags: Condition | None = None
    start_us: int | None = None
    end_us: int | None = None
    """Not included."""


@dataclass(frozen=True)
class Select:
    """SELECT ... FROM measurement"""

    columns: tuple[Selected, ...]
    measurement: str
    """Of the innermost SELECT; '' where `chosen` names several."""
    filter: Filter = Filter()
    interval_us: int | None = None
    offset_us: int = 0
    """By which buckets begin later."""
    tags: tuple[str, ...] = ()
    """GROUP BY tags, in the order written."""
    fill: Literal["null", "none"] = "null"
    descending: bool = False
    limit: int | None = None
    offset: int = 0
    series_limit: int | None = None
    series_offset: int = 0
    zone: str = "UTC"
    database: str = ""
    """As it stands before the measurement."""
    inner: Select | None = None
    """What is selected from, where that is a SELECT of its own."""
    chosen: tuple[str | Pattern, ...] = ()
    """Measurements, where several are named or a pattern is."""


@dataclass(frozen=True)
class Show:
    """SHOW ...: names, not numbers."""

    what: Literal["databases", "policies", "measurements", "tag_keys", "tag_values", "field_keys"]
    sources: tuple[str | Pattern, ...] = ()
    pattern: Pattern | None = None
    """Of measurement names, or of tag keys."""
    keys: tuple[str, ...] = ()
    negated: bool = False
    """Whether pattern and keys name what is left out."""
    filter: Filter = Filter()
    limit: int | None = None
    offset: int = 0


Statement = Select | Show
