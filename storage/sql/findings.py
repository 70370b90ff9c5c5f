"""Cases and their findings on SQL."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, and_, insert, not_, or_, select, true, update

from metering.alerting import Opening
from metering.case_life import CaseDeed, CaseEvent, applied, event_of, looked_at
from metering.day_mark import DayMark, MarkPlace
from metering.finding import RELAPSES_WITHIN_US, TEACHING, Case, Changes, Finding
from metering.ports import FindingStore
from storage.case_rules import no_such_case, number_of
from storage.sql.case_order import STANDS, beyond, in_order, order_columns
from storage.sql.day_marks import listed, replace_marks
from storage.sql.engine import reading, upsert, writing
from storage.sql.finding_codec import (
    COLUMNS,
    case_columns,
    case_of,
    event_columns,
    event_of_row,
    finding_columns,
    finding_of,
    opening_columns,
    opening_of_row,
)
from storage.sql.schema import CASE_EVENT, DAY_MARK, FINDING, FINDING_CASE

_CASE = FINDING_CASE.c
OF_OPENING = tuple(
    _CASE[name]
    for name in (
        *("number", "institution", "node", "opened_us"),
        *("first_by", "first_unit", "first_sure"),
    )
)
_TOLD = and_(FINDING.c.case_number == _CASE.number, FINDING.c.day == _CASE.told_day)


class SqlFindings(FindingStore):
    """A FindingStore."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, changes: Changes, *, now_us: int) -> None:
        if not changes:
            return
        with writing(self._engine) as con:
            for case in changes.opened:
                _open(con, case)
            for number in changes.numbers:
                before = _get(con, str(number), hold=True)
                after, done = looked_at(before, changes, now_us)
                if after.evidence is not before.evidence:
                    row = finding_columns(number, after.evidence)
                    upsert(con, FINDING, [row], ["case_number", "day"])
                _write(con, after, done)

    def list(
        self,
        institutions: frozenset[str] | None,
        *,
        nodes: frozenset[str] | None = None,
        state: str | None = None,
        pattern: str | None = None,
        between_us: tuple[int, int] | None = None,
        snoozed: bool | None = None,
        wastes: bool | None = None,
        numbers: frozenset[int] | None = None,
        changed_us: int | None = None,
        now_us: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Case]:
        with reading(self._engine) as con:
            statement = (
                select(*COLUMNS)
                .join(FINDING, _TOLD)
                .where(_among(_CASE.institution, institutions), _among(_CASE.node, nodes))
                .where(true() if state is None else _CASE.state == state)
                .where(true() if pattern is None else _CASE.pattern == pattern)
                .where(true() if between_us is None else _overlapping(between_us))
                .where(true() if snoozed is None else _snoozed(snoozed, now_us))
                .where(true() if wastes is None else _wasting(wastes))
                .where(true() if numbers is None else _CASE.number.in_(sorted(numbers)))
                .where(true() if changed_us is None else _changed(changed_us))
                .where(true() if after is None else _beyond(con, after, now_us))
                .order_by(*in_order(now_us))
                .limit(limit)
            )
            return [case_of(row) for row in con.execute(statement)]

    def known(self, institution: str, since_us: int) -> builtins.list[Case]:
        statement = (
            select(*COLUMNS)
            .join(FINDING, _TOLD)
            .where(_CASE.institution == institution, _known(since_us))
            .order_by(_CASE.number)
        )
        with reading(self._engine) as con:
            return [case_of(row) for row in con.execute(statement)]

    def mark(self, site: str, marks: Sequence[DayMark]) -> None:
        replace_marks(self._engine, site, marks)

    def day_marks(
        self,
        institutions: frozenset[str] | None,
        *,
        now_us: int,
        nodes: frozenset[str] | None = None,
        after: MarkPlace | None = None,
        limit: int = 100,
    ) -> builtins.list[DayMark]:
        of_scope = (
            _among(DAY_MARK.c.institution, institutions),
            _among(DAY_MARK.c.node, nodes),
            DAY_MARK.c.until_us > now_us,
        )
        with reading(self._engine) as con:
            return listed(con, of_scope, after, limit)

    def openings(self, institutions: frozenset[str]) -> builtins.list[Opening]:
        statement = select(*OF_OPENING).where(_among(_CASE.institution, institutions))
        with reading(self._engine) as con:
            return [opening_of_row(row) for row in con.execute(statement)]

    def get(self, id: str) -> Case:
        with reading(self._engine) as con:
            return _get(con, id)

    def history(self, number: int) -> builtins.list[Finding]:
        statement = (
            select(*COLUMNS)
            .join(FINDING, FINDING.c.case_number == _CASE.number)
            .where(_CASE.number == number)
            .order_by(FINDING.c.day)
        )
        with reading(self._engine) as con:
            return [finding_of(row) for row in con.execute(statement)]

    def events(self, number: int) -> builtins.list[CaseEvent]:
        statement = (
            select(CASE_EVENT)
            .where(CASE_EVENT.c.case_number == number)
            .order_by(CASE_EVENT.c.number)
        )
        with reading(self._engine) as con:
            return [event_of_row(row) for row in con.execute(statement)]

    def act(self, id: str, deed: CaseDeed, *, by: str, now_us: int) -> Case:
        with writing(self._engine) as con:
            case = _get(con, id, hold=True)
            event = event_of(case, deed, by, now_us)
            if event is not None:
                case = applied(case, event)
                _write(con, case, [event])
            return case


def _open(con: Connection, case: Case) -> None:
    columns = case_columns(case) | opening_columns(case)
    made = con.execute(insert(FINDING_CASE).values(columns))
    assert made.inserted_primary_key is not None
    con.execute(
        insert(FINDING).values(finding_columns(made.inserted_primary_key[0], case.evidence))
    )


def _write(con: Connection, case: Case, done: Sequence[CaseEvent]) -> None:
    """Keep a case that is held, and what was done with it."""
    row = update(FINDING_CASE).where(_CASE.number == case.number)
    con.execute(row.values(case_columns(case)))
    if done:
        con.execute(insert(CASE_EVENT), [event_columns(one) for one in done])


def _get(con: Connection, id: str, *, hold: bool = False) -> Case:
    number = number_of(id)
    ways = [] if number is None else [_CASE.number == number]
    ways += [_CASE.legacy_id == id] if id else []
    for way in ways:
        statement = select(*COLUMNS).join(FINDING, _TOLD).where(way).limit(1)
        row = con.execute(statement.with_for_update(of=FINDING_CASE) if hold else statement).first()
        if row is not None:
            return case_of(row)
    raise no_such_case(id)


def _known(since_us: int) -> Any:
    """As `case_rules.is_known`."""
    return or_(
        STANDS,
        _CASE.state.in_(sorted(map(str, TEACHING))),
        _CASE.last_us > since_us,
        _CASE.fixed_us > max(0, since_us - RELAPSES_WITHIN_US),
    )


def _changed(since_us: int) -> Any:
    return or_(_CASE.opened_us >= since_us, _CASE.state_us >= since_us)


def _snoozed(wanted: bool, now_us: int) -> Any:
    asleep = and_(STANDS, _CASE.snoozed_us > now_us)
    return asleep if wanted else not_(asleep)


def _wasting(wanted: bool) -> Any:
    return _CASE.waste > 0 if wanted else _CASE.waste <= 0


def _among(column: Any, allowed: frozenset[str] | None) -> Any:
    return true() if allowed is None else column.in_(sorted(allowed))


def _overlapping(between_us: tuple[int, int]) -> Any:
    return and_(_CASE.first_us < between_us[1], _CASE.last_us > between_us[0])


def _beyond(con: Connection, id: str, now_us: int) -> Any:
    """Everything that comes after a case in the order of the list."""
    number = _get(con, id).number
    statement = select(*order_columns(now_us)).join(FINDING, _TOLD).where(_CASE.number == number)
    return beyond(con.execute(statement).one(), number, now_us)
