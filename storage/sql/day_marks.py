"""Marks of the day on SQL: rows that a look at a site puts in the place of those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, insert, or_, select, true

from metering.day_mark import DayMark, MarkPlace
from metering.localtime import day_number, day_of_number
from storage.sql.engine import Row, reading, writing
from storage.sql.schema import DAY_MARK

_MARK = DAY_MARK.c
_OF_STORE = ("site", "beyond")
_ORDER = (_MARK.beyond.desc(), _MARK.meter, _MARK.start_us)


def replace_marks(engine: Engine, site: str, marks: Sequence[DayMark]) -> None:
    """Those of a site; where nothing changes nothing is written, and no writer waits."""
    own = _MARK.site == site
    rows = [_columns(site, one) for one in marks]
    with reading(engine) as con:
        before = [dict(row._mapping) for row in con.execute(select(DAY_MARK).where(own))]
    if _by_key(before) == _by_key(rows):
        return
    with writing(engine) as con:
        con.execute(delete(DAY_MARK).where(own))
        if rows:
            _without_others(con, rows)
            con.execute(insert(DAY_MARK), rows)


def listed(
    con: Connection, of_scope: Sequence[Any], after: MarkPlace | None, limit: int
) -> list[DayMark]:
    """Marks for which all of `of_scope` holds, in their order, behind a place of it."""
    statement = select(DAY_MARK).where(*of_scope, true() if after is None else _behind(after))
    return [_mark(row) for row in con.execute(statement.order_by(*_ORDER).limit(limit))]


def _without_others(con: Connection, rows: Sequence[Row]) -> None:
    """A meter may have been moved here from another site, whose last look told of it."""
    for row in rows:
        same = and_(_MARK.meter == row["meter"], _MARK.start_us == row["start_us"])
        con.execute(delete(DAY_MARK).where(same))


def _behind(place: MarkPlace) -> Any:
    beyond, meter, start_us = -place[0], place[1], place[2]
    later = or_(_MARK.meter > meter, and_(_MARK.meter == meter, _MARK.start_us > start_us))
    return or_(_MARK.beyond < beyond, and_(_MARK.beyond == beyond, later))


def _by_key(rows: Sequence[Row]) -> dict[tuple[str, int], Row]:
    """By meter and start; which books a mark rests on makes no other mark."""
    return {(row["meter"], row["start_us"]): {**row, "revision": 0} for row in rows}


def _columns(site: str, mark: DayMark) -> Row:
    facts = {**asdict(mark), "day": day_number(mark.day)}
    return {**facts, "site": site, "beyond": mark.beyond}


def _mark(row: Any) -> DayMark:
    facts = {name: value for name, value in row._mapping.items() if name not in _OF_STORE}
    return DayMark(**{**facts, "day": day_of_number(facts["day"])})
