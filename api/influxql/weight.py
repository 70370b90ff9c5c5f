"""What a statement costs, before anything of the books is read: series times days, and how finely.

It is told in units of about 10 us. Nothing is refused by it; it decides who answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from api.influxql.engine.check import Asked, asked, measurement
from api.influxql.engine.times import DAY_US, FIRST_US
from api.influxql.language.parse import parse
from api.influxql.language.tree import Both, Condition, Select, Statement, TagIs
from api.influxql.tables.measurements import MEASUREMENTS
from api.influxql.tables.money import MONEY
from api.reach import Reach
from metering.registry import NodeType

SHORT: Final = 1000
"""Names, and what has few rows however long the range."""
BY_DAY: Final = 4
BY_HOUR: Final = 40
MONEY_BY_HOUR: Final = 220
"""A day of one series: whole, by the hour or finer, and priced by the hour."""
_ITEMS_OF_A_NODE: Final = 8
_PER_DAY: Final[Mapping[str, int]] = {"datacentre": 600, "readings": 300}
_FEW: Final = frozenset(("findings", "gateways"))
_HOURLY = frozenset(("hour", "hours"))


def weight(text: str, now_us: int, reach: Reach) -> int:
    """The cost of all statements of a text. InvalidInput as their answer would be."""
    return sum(_weight(one, now_us, reach) for one in parse(text, now_us))


def _weight(statement: Statement, now_us: int, reach: Reach) -> int:
    if not isinstance(statement, Select):
        return SHORT
    question = asked(statement, measurement(MEASUREMENTS, statement.measurement))
    if statement.measurement in _FEW:
        return SHORT
    start = max(FIRST_US, statement.filter.start_us or FIRST_US)
    end = now_us if statement.filter.end_us is None else min(statement.filter.end_us, now_us)
    days = max(0, end - start) // DAY_US + 1
    return days * _series(statement, reach) * _fineness(statement, question)


def _fineness(statement: Select, question: Asked) -> int:
    if statement.measurement in _PER_DAY:
        return _PER_DAY[statement.measurement]
    priced = bool((question.whole | question.fine) & MONEY.keys())
    shorter = statement.interval_us is not None and statement.interval_us < DAY_US
    if shorter or question.fine or question.labels & _HOURLY or not question.aggregates:
        return MONEY_BY_HOUR if priced else BY_HOUR
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
