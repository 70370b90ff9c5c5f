"""The order of cases, as `metering.case_worth.order_of`, worked out by the database.

It depends on the instant at which it is asked, so it is no column. Where a page goes on, the key of
its last case is asked of the same database: no engine has to round as another does.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Row, and_, case, cast, or_

from metering.case_worth import PERSISTS_US, YEAR_US, RankBy
from metering.finding import STANDING
from metering.localtime import HOUR_US
from storage.sql.schema import FINDING, FINDING_CASE

_CASE, _TOLD = FINDING_CASE.c, FINDING.c
_DOUBLE: Final = Float(53)
STANDS: Final = _CASE.state.in_(sorted(map(str, STANDING)))


def order_columns(now_us: int) -> tuple[ColumnElement[Any], ...]:
    """(by what, whether a fault is over, value): the first two rise, the value falls. They are
    those of cases joined with what was told of them last."""
    on = and_(STANDS, _CASE.last_us > now_us - PERSISTS_US)
    by = case(
        (_CASE.waste <= 0, int(RankBy.FAULT)),
        (_TOLD.cost.is_not(None), int(RankBy.COST)),
        (_TOLD.kgco2.is_not(None), int(RankBy.CARBON)),
        else_=int(RankBy.ENERGY),
    )
    over = case((_CASE.waste > 0, 0), (on, 0), else_=1)
    total = case(
        (_TOLD.cost.is_not(None), _CASE.price),
        (_TOLD.kgco2.is_not(None), cast(_TOLD.kgco2, _DOUBLE)),
        else_=_CASE.waste,
    )
    weighed = total * _TOLD.confidence
    age = now_us - _CASE.first_us
    lasted = cast(case((age > PERSISTS_US, age), else_=PERSISTS_US), _DOUBLE)
    value = case(
        (_CASE.waste <= 0, cast(_CASE.last_us - _CASE.first_us, _DOUBLE) / float(HOUR_US)),
        (on, weighed * float(YEAR_US) / lasted),
        else_=weighed,
    )
    return by, over, value


def in_order(now_us: int) -> tuple[ColumnElement[Any], ...]:
    """What a list is sorted by."""
    by, over, value = order_columns(now_us)
    return by, over, value.desc(), _CASE.number


def beyond(last: Row[Any], number: int, now_us: int) -> ColumnElement[bool]:
    """Everything that comes after the case of a number, which has these `order_columns`."""
    by, over, value = order_columns(now_us)
    own_by, own_over, own_value = tuple(last)
    after = or_(value < own_value, and_(value == own_value, _CASE.number > number))
    after = or_(over > own_over, and_(over == own_over, after))
    return or_(by > own_by, and_(by == own_by, after))
