"""Versions of baselines on SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, func, insert, select

from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion, check_turn
from metering.localtime import day_number, day_of_number
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import BASELINE, BASELINE_PROGRESS, BASELINE_REQUEST

_KEY = ["meter", "number"]
_DAYS = ("day", "first_day", "last_day", "from_day")
"""Columns that hold days since 1970-01-01."""
_FACTS = [column for column in BASELINE.c if column.name != "model"]
_AT_ONCE = 500
"""Meters in one statement."""


class SqlBaselines:
    """A BaselineStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, versions: Sequence[BaselineVersion]) -> None:
        if not versions:
            return
        with writing(self._engine) as con:
            last = {one.meter: one for one in _last(con, [one.meter for one in versions])}
            for one in versions:
                check_turn(one, last.get(one.meter))
            upsert(con, BASELINE, [_columns(one) for one in versions], _KEY)

    def versions(self, meters: Collection[str], *, models: bool = True) -> list[BaselineVersion]:
        columns = list(BASELINE.c) if models else _FACTS
        with reading(self._engine) as con:
            return [
                _version(row)
                for some in _parts(meters)
                for row in con.execute(
                    select(*columns)
                    .where(BASELINE.c.meter.in_(some))
                    .order_by(BASELINE.c.meter, BASELINE.c.number)
                )
            ]

    def ask(self, request: BaselineRequest) -> BaselineRequest:
        with writing(self._engine) as con:
            columns = _columns(request)
            del columns["number"]
            made = con.execute(insert(BASELINE_REQUEST).values(columns)).inserted_primary_key
        assert made is not None
        return replace(request, number=made[0])

    def requests(self, meters: Collection[str]) -> list[BaselineRequest]:
        found = self._rows(BASELINE_REQUEST, BASELINE_REQUEST.c.number, meters)
        return sorted((BaselineRequest(**one) for one in found), key=lambda one: one.number)

    def note(self, progress: Sequence[BaselineProgress]) -> None:
        with writing(self._engine) as con:
            upsert(con, BASELINE_PROGRESS, [_columns(one) for one in progress], ["meter"])

    def progress(self, meters: Collection[str]) -> list[BaselineProgress]:
        found = self._rows(BASELINE_PROGRESS, BASELINE_PROGRESS.c.meter, meters)
        return [BaselineProgress(**one) for one in found]

    def _rows(self, table: Table, order: Column[Any], meters: Collection[str]) -> list[Row]:
        with reading(self._engine) as con:
            return [
                _values(row)
                for some in _parts(meters)
                for row in con.execute(select(table).where(table.c.meter.in_(some)).order_by(order))
            ]


def _last(con: Connection, meters: Collection[str]) -> Iterator[BaselineVersion]:
    """The last version of each meter, without its model."""
    for some in _parts(meters):
        last = (
            select(BASELINE.c.meter, func.max(BASELINE.c.number).label("number"))
            .where(BASELINE.c.meter.in_(some))
            .group_by(BASELINE.c.meter)
            .subquery()
        )
        same = (BASELINE.c.meter == last.c.meter) & (BASELINE.c.number == last.c.number)
        for row in con.execute(select(*_FACTS).join(last, same)):
            yield _version(row)


def _parts(meters: Collection[str]) -> Iterator[list[str]]:
    """The meters, sorted, so many that one statement takes them."""
    wanted = sorted(set(meters))
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def _columns(one: BaselineVersion | BaselineRequest | BaselineProgress) -> Row:
    return {n: day_number(v) if n in _DAYS else v for n, v in vars(one).items()}


def _values(row: Any) -> Row:
    return {n: day_of_number(v) if n in _DAYS else v for n, v in row._mapping.items()}


def _version(row: Any) -> BaselineVersion:
    values = _values(row)
    return BaselineVersion(**{**values, "model": bytes(values.get("model", b""))})
