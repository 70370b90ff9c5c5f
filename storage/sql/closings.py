"""Closings on SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, true, update

from metering.closing import (
    Closing,
    Signed,
    asked_to_reopen,
    closed_already,
    confirmed_reopened,
    no_such_closing,
)
from metering.ports import ClosingStore
from metering.settlement import SettledItem, SettlementRun, settled_meanwhile
from storage.sql.engine import Row, reading, writing
from storage.sql.schema import CLOSING, SETTLEMENT_RUN
from storage.sql.telling import hold

_OF_A_RUN = (
    *("institution", "period", "number", "first", "through", "revision", "registry_version"),
    *("run_us", "run_by"),
)
_PLAIN = (
    *("institution", "period", "first", "last", "revision", "registry_version"),
    *("rules_version", "factor_set", "tariff_version"),
)


class SqlClosings(ClosingStore):
    """A ClosingStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, closing: Closing) -> Closing:
        table = CLOSING.c
        standing = select(CLOSING).where(
            table.institution == closing.institution,
            table.period == closing.period,
            table.reopened_us.is_(None),
        )
        with writing(self._engine) as con:
            hold(con, closing.institution)
            found = con.execute(standing).first()
            if found is not None:
                raise closed_already(_of_row(found))
            con.execute(insert(CLOSING).values(_columns(closing)))
            return _of_row(con.execute(standing).one())

    def closing(self, number: int) -> Closing | None:
        with reading(self._engine) as con:
            return _closing(con, number)

    def closings(self, institution: str) -> list[Closing]:
        statement = select(CLOSING).where(CLOSING.c.institution == institution)
        with reading(self._engine) as con:
            return [_of_row(row) for row in con.execute(statement.order_by(CLOSING.c.number))]

    def ask(self, number: int, by: Signed) -> Closing:
        return self._changed(number, by, asked_to_reopen)

    def reopen(self, number: int, by: Signed) -> Closing:
        return self._changed(number, by, confirmed_reopened)

    def add_run(self, run: SettlementRun) -> SettlementRun:
        table = SETTLEMENT_RUN.c
        last = select(func.max(table.number)).where(
            table.institution == run.institution, table.period == run.period
        )
        with writing(self._engine) as con:
            hold(con, run.institution)
            if run.number != (con.scalar(last) or 0) + 1:
                raise settled_meanwhile(run)
            values = {name: getattr(run, name) for name in _OF_A_RUN}
            items = [asdict(one) for one in run.items]
            con.execute(insert(SETTLEMENT_RUN).values({**values, "items": items}))
        return run

    def runs(self, institution: str, period: str | None = None) -> list[SettlementRun]:
        table = SETTLEMENT_RUN.c
        wanted = true() if period is None else table.period == period
        statement = select(SETTLEMENT_RUN).where(table.institution == institution, wanted)
        with reading(self._engine) as con:
            return [_run(row) for row in con.execute(statement.order_by(table.id))]

    def _changed(
        self, number: int, by: Signed, change: Callable[[Closing, Signed], Closing]
    ) -> Closing:
        with writing(self._engine) as con:
            found = _closing(con, number, held=True)
            if found is None:
                raise no_such_closing(f"c{number}")
            changed = change(found, by)
            values = {**_signed("asked", changed.asked), **_signed("reopened", changed.reopened)}
            del values["reopened_reason"]
            con.execute(update(CLOSING).where(CLOSING.c.number == number).values(values))
        return changed


def _closing(con: Connection, number: int, *, held: bool = False) -> Closing | None:
    statement = select(CLOSING).where(CLOSING.c.number == number)
    row = con.execute(statement.with_for_update() if held else statement).first()
    return None if row is None else _of_row(row)


def _signed(name: str, one: Signed | None) -> Row:
    fields = {"us": "at_us", "by": "by", "key": "key", "reason": "reason"}
    return {
        f"{name}_{column}": None if one is None else getattr(one, field)
        for column, field in fields.items()
    }


def _columns(closing: Closing) -> Row:
    said = _signed("closed", closing.closed)
    return {
        **{name: getattr(closing, name) for name in _PLAIN},
        "lacking": list(closing.lacking),
        "issues": dict(closing.issues),
        "others": dict(closing.others),
        "reason": said.pop("closed_reason"),
        **said,
    }


def _run(row: Any) -> SettlementRun:
    items = tuple(_item(one) for one in row._mapping["items"])
    return SettlementRun(**{name: getattr(row, name) for name in _OF_A_RUN}, items=items)


def _item(kept: Row) -> SettledItem:
    """A run's item; lists of JSON become tuples, and what earlier runs do not say stays unsaid."""
    return SettledItem(**{name: _frozen(value) for name, value in kept.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _of_row(row: Any) -> Closing:
    asked = reopened = None
    if row.asked_us is not None:
        asked = Signed(row.asked_us, row.asked_by, row.asked_key, row.asked_reason)
    if row.reopened_us is not None:
        reopened = Signed(row.reopened_us, row.reopened_by, row.reopened_key)
    return Closing(
        **{name: getattr(row, name) for name in _PLAIN},
        closed=Signed(row.closed_us, row.closed_by, row.closed_key, row.reason),
        lacking=tuple(row.lacking),
        issues=row.issues,
        others=row.others,
        asked=asked,
        reopened=reopened,
        number=row.number,
    )
