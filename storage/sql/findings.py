"""Findings on SQL."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, or_, select, true, update

from metering.finding import Finding, FindingState
from storage.finding_rules import no_such_finding, price, updated
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import FINDING

_CHUNK = 500
_ORDER = (FINDING.c.price.desc(), FINDING.c.waste_kwh.desc(), FINDING.c.id)


class SqlFindings:
    """A FindingStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        with writing(self._engine) as con:
            known = _by_id(con, [one.id for one in findings])
            for one in findings:
                known[one.id] = updated(known.get(one.id), one)
            changed = sorted({one.id for one in findings})
            upsert(con, FINDING, [_columns(known[id]) for id in changed], ["id"])

    def withdraw(self, institution: str, keep: Sequence[str]) -> None:
        opened = (FINDING.c.institution == institution) & (FINDING.c.state == FindingState.OPEN)
        with writing(self._engine) as con:
            present = set(con.scalars(select(FINDING.c.id).where(opened)))
            gone = sorted(present - set(keep))
            for start in range(0, len(gone), _CHUNK):
                con.execute(delete(FINDING).where(FINDING.c.id.in_(gone[start : start + _CHUNK])))

    def list(
        self,
        institutions: frozenset[str] | None,
        *,
        nodes: frozenset[str] | None = None,
        state: str | None = None,
        pattern: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Finding]:
        table = FINDING.c
        with reading(self._engine) as con:
            statement = (
                select(FINDING)
                .where(_among(table.institution, institutions), _among(table.node, nodes))
                .where(true() if state is None else table.state == state)
                .where(true() if pattern is None else table.pattern == pattern)
                .where(true() if after is None else _beyond(_get(con, after)))
                .order_by(*_ORDER)
                .limit(limit)
            )
            return [_finding(row) for row in con.execute(statement)]

    def get(self, id: str) -> Finding:
        with reading(self._engine) as con:
            return _get(con, id)

    def set_state(
        self, id: str, state: FindingState, *, by: str, note: str, now_us: int
    ) -> Finding:
        with writing(self._engine) as con:
            con.execute(
                update(FINDING)
                .where(FINDING.c.id == id)
                .values(state=str(state), state_by=by, state_note=note, state_us=now_us)
            )
            return _get(con, id)


def _get(con: Connection, id: str) -> Finding:
    row = con.execute(select(FINDING).where(FINDING.c.id == id)).first()
    if row is None:
        raise no_such_finding(id)
    return _finding(row)


def _by_id(con: Connection, ids: Sequence[str]) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    wanted = sorted(ids)  # rows are held in one order, so that no two wait for each other
    for start in range(0, len(wanted), _CHUNK):
        chunk = FINDING.c.id.in_(wanted[start : start + _CHUNK])
        statement = select(FINDING).where(chunk).order_by(FINDING.c.id)
        found |= {row.id: _finding(row) for row in con.execute(statement.with_for_update())}
    return found


def _among(column: Any, allowed: frozenset[str] | None) -> Any:
    return true() if allowed is None else column.in_(sorted(allowed))


def _beyond(last: Finding) -> Any:
    """Everything that comes after `last` in the order of `finding_rules.rank`."""
    table = FINDING.c
    cost = price(last)
    return or_(
        table.price < cost,
        and_(table.price == cost, table.waste_kwh < last.waste_kwh),
        and_(table.price == cost, table.waste_kwh == last.waste_kwh, table.id > last.id),
    )


def _columns(finding: Finding) -> Row:
    return {
        **vars(finding),
        "costs": [(currency, str(amount)) for currency, amount in finding.costs],
        "state": str(finding.state),
        "price": price(finding),
    }


def _finding(row: Any) -> Finding:
    values = {field.name: getattr(row, field.name) for field in fields(Finding)}
    values["hours_us"] = tuple(values["hours_us"])
    values["hourly"] = tuple((start, e, m) for start, e, m in values["hourly"])
    values["costs"] = tuple((currency, Decimal(text)) for currency, text in values["costs"])
    values["state"] = FindingState(values["state"])
    return Finding(**values)
