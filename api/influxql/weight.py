"""What a statement costs, before anything of the books is read: series times days, and how finely.

It is told in units of about 10 us. Nothing is refused by it; it decides who answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from api.influxql.engine.check import Asked, asked, spelled, tables_of
from api.influxql.engine.nested import narrowed
from api.influxql.engine.times import DAY_US, FIRST_US
from api.influxql.language.parse import parse
from api.influxql.language.tree import Both, Condition, Select, Statement, TagIs
from api.influxql.tables.columns import FINE, WHOLE
from api.influxql.tables.measurements import MEASUREMENTS
from api.influxql.tables.money import MONEY
from api.reach import Reach
from metering.errors import InvalidInput
from metering.items import whole
from metering.registry import NodeType

SHORT: Final = 1000
"""Names, and what has few rows however long the range."""
BY_DAY: Final = 4
BY_HOUR: Final = 40
MONEY_BY_HOUR: Final = 220
"""A day of one series that is told by itself: whole, by the hour or finer, priced by the hour."""
COLUMN, COLUMN_BY_HOUR, COLUMN_PRICED = 0.3, 0.8, 3
"""Likewise of one that is told together with others."""
_SERIES: Final = 4
"""A series, however many days."""
_ITEMS_OF_A_NODE: Final = 8
_PER_DAY: Final[Mapping[str, int]] = {"datacentre": 600, "readings": 300}
_FEW: Final = frozenset(("findings", "cases", "restatements", "gateways"))
_BY_DAY: Final = frozenset(("energy_day", "energy_week", "energy_month", "indicators"))
_TOGETHER: Final = frozenset(("energy", "meters"))
AS_OF: Final = "as_of_"
"""Begins the name of a database that is a moment of the books."""
_HOURLY = frozenset(("hour", "hours"))


def weight(text: str, now_us: int, reach: Reach, database: str = "") -> int:
    """The cost of all statements of a text, asked of a database. InvalidInput as their answer would
    be."""
    return sum(_weight(one, now_us, reach, database) for one in parse(text, now_us))


def _weight(statement: Statement, now_us: int, reach: Reach, database: str) -> int:
    if not isinstance(statement, Select):
        return SHORT
    if statement.inner is not None:
        return _weight(narrowed(statement), now_us, reach, database)
    names = tables_of(statement, MEASUREMENTS)
    if len(names) != 1:
        parts = [replace(statement, measurement=name, chosen=()) for name in names]
        return sum(_part(one, now_us, reach, database) for one in parts)
    return _told(replace(statement, measurement=names[0]), now_us, reach, database)


def _part(statement: Select, now_us: int, reach: Reach, database: str) -> int:
    """Of one measurement among several, of which some may lack what is asked."""
    try:
        return _told(statement, now_us, reach, database)
    except InvalidInput:
        return 0


def _told(statement: Select, now_us: int, reach: Reach, database: str) -> int:
    table = MEASUREMENTS[statement.measurement]
    question = asked(spelled(statement, table), table)
    if statement.measurement in _FEW:
        return SHORT
    start = max(FIRST_US, statement.filter.start_us or FIRST_US)
    end = now_us if statement.filter.end_us is None else min(statement.filter.end_us, now_us)
    days, series = max(0, end - start) // DAY_US + 1, _series(statement, reach)
    apart = AS_OF in (statement.database[: len(AS_OF)], database[: len(AS_OF)])
    together = not apart and _together(statement, question, reach)
    return round(series * (_SERIES + days * _fineness(statement, question, together=together)))


def _together(statement: Select, question: Asked, reach: Reach) -> bool:
    """Whether series are told as columns, as far as the registry says: places hold meters of one
    step, and are reached for all time."""
    if (
        not question.grids
        or not question.aggregates
        or "currency" in statement.tags
        or reach.scope.dated
    ):
        return False
    if not (question.whole <= WHOLE and question.fine <= FINE):
        return False
    if statement.measurement not in _TOGETHER:
        return False
    return statement.measurement == "meters" or not _mixed(reach)


def _mixed(reach: Reach) -> bool:
    """Whether meters of one category are read at several steps."""
    found = reach.listed.get("mixed")
    if found is None:
        steps = {(whole(one.item), one.step_min) for one in reach.meters.values()}
        found = reach.listed["mixed"] = len({item for item, _ in steps}) < len(steps)
    return bool(found)


def _fineness(statement: Select, question: Asked, *, together: bool) -> float:
    if statement.measurement in _PER_DAY:
        return _PER_DAY[statement.measurement]
    priced = bool((question.whole | question.fine) & MONEY.keys())
    shorter = statement.interval_us is not None and statement.interval_us < DAY_US
    if together and priced:
        return COLUMN_PRICED
    if statement.measurement in _BY_DAY:
        return BY_HOUR if priced else BY_DAY
    if shorter or question.fine or question.labels & _HOURLY or not question.aggregates:
        if together:
            return COLUMN_BY_HOUR
        return MONEY_BY_HOUR if priced else BY_HOUR
    if together:
        return COLUMN
    return BY_HOUR if priced else BY_DAY


def _series(statement: Select, reach: Reach) -> int:
    """No fewer than there are, as far as registry and conditions say."""
    named = {one.tag for one in _needed(statement.filter.tags)}
    if statement.measurement == "meters":
        return 1 if "meter" in named else max(1, len(reach.meters))
    if statement.measurement == "readings":
        return 1 if "point" in named else max(1, len(reach.points))
    if statement.measurement == "datacentre":
        known = reach.registry.nodes
        inside = (code for code in reach.scope.nodes if code in known)
        centres = sum(known[code].type is NodeType.DATACENTRE for code in inside)
        return 1 if "node" in named else max(1, centres)
    nodes = 1 if "node" in named else max(1, len(reach.scope.nodes))
    return nodes * (1 if "item" in named else _ITEMS_OF_A_NODE)


def _needed(condition: Condition | None) -> Iterator[TagIs]:
    """Comparisons without which the condition does not hold."""
    if isinstance(condition, Both):
        for part in () if condition.any else condition.parts:
            yield from _needed(part)
    elif isinstance(condition, TagIs) and not condition.negated:
        yield condition
