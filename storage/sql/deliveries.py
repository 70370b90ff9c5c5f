"""Deliveries of gateways on SQL: how far each is, its gaps, and its receipts by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, true, tuple_, update

from metering.delivery import (
    Arrived,
    ClockDelay,
    DeliveryState,
    Gap,
    GapState,
    Receipt,
    advance,
)
from metering.ports import DeliveryReader, Resending
from storage.intake_rules import ENDED_KEPT, check_room, receipts_by_key
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import DELIVERY, DELIVERY_GAP, GATEWAY_COUNTS, RECEIPT

_CHUNK = 500
_GAP = DELIVERY_GAP.c
_RECEIPT_KEYS = ("gateway", "day", "writer_no")


class SqlDeliveries(DeliveryReader, Resending):
    """What an IntakeStore knows of deliveries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def delivery_states(self, gateways: frozenset[str] | None) -> dict[str, DeliveryState]:
        with reading(self._engine) as con:
            return _states(con, None if gateways is None else sorted(gateways))

    def receipts(
        self, gateway: str, *, before: int | None = None, limit: int = 100
    ) -> list[Receipt]:
        table = RECEIPT.c
        chosen = (
            select(RECEIPT)
            .where(table.gateway == gateway)
            .where(true() if before is None else table.day < before)
            .order_by(table.day.desc(), table.writer_no)
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_receipt(row) for row in con.execute(chosen)]

    def gaps(
        self,
        gateway: str,
        *,
        state: GapState | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[Gap]:
        chosen = (
            select(DELIVERY_GAP)
            .where(_GAP.gateway == gateway)
            .where(true() if state is None else _GAP.state == state)
            .where(true() if before_id is None else _GAP.id < before_id)
            .order_by(_GAP.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_gap(row) for row in con.execute(chosen)]

    def open_gaps(self) -> dict[str, int]:
        counted = (
            select(_GAP.gateway, func.count())
            .where(_GAP.state == "open", _GAP.kind != "hand")
            .group_by(_GAP.gateway)
        )
        with reading(self._engine) as con:
            return {row[0]: row[1] for row in con.execute(counted)}

    def want(self, gap: Gap) -> Gap:
        mine = _GAP.gateway == gap.gateway
        waiting = select(func.count()).where(mine, _GAP.kind == "hand", _GAP.state == "open")
        with writing(self._engine) as con:
            check_room(gap, con.scalar(waiting) or 0)
            id = con.scalar(insert(DELIVERY_GAP).values(_gap_row(gap)).returning(_GAP.id))
            chosen = select(DELIVERY_GAP).where(_GAP.id == id)
            return _gap(con.execute(chosen).one())

    def asked(self, since_us: int, writers: Sequence[int], limit: int = 1_000) -> list[Gap]:
        chosen = (
            select(DELIVERY_GAP)
            .join(DELIVERY, DELIVERY.c.gateway == _GAP.gateway)
            .where(_GAP.asked_us >= since_us, _GAP.state == "open")
            .where(DELIVERY.c.writer_no.in_(list(writers)))
            .order_by(_GAP.asked_us, _GAP.id)
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_gap(row) for row in con.execute(chosen)]

    def due(
        self, now_us: int, quiet_us: int, writers: Sequence[int], limit: int = 100
    ) -> list[Gap]:
        counted = GATEWAY_COUNTS.c
        chosen = (
            select(DELIVERY_GAP)
            .join(DELIVERY, DELIVERY.c.gateway == _GAP.gateway)
            .outerjoin(GATEWAY_COUNTS, counted.gateway == _GAP.gateway)
            .where(_GAP.state == "open", _GAP.next_us <= now_us)
            .where(or_(_GAP.kind == "hand", _GAP.changed_us <= now_us - quiet_us))
            .where(DELIVERY.c.writer_no.in_(list(writers)))
            .where(or_(counted.connected.is_(None), counted.connected.is_(True)))
            .order_by(_GAP.next_us, _GAP.id)
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_gap(row) for row in con.execute(chosen)]

    def settle(self, gap: Gap, known: Gap) -> bool:
        same = [_GAP[name] == value for name, value in vars(known).items()]
        with writing(self._engine) as con:
            done = con.execute(update(DELIVERY_GAP).where(*same).values(_gap_row(gap)))
            return done.rowcount == 1


def note_arrivals(con: Connection, arrived: Sequence[Arrived]) -> None:
    """What a batch brought, inside its transaction; the gateways' rows are held."""
    names = sorted(one.gateway for one in arrived)
    if not names:
        return
    states, gaps = _states(con, names, hold=True), _open(con, names)
    found, changed = [], []
    for one in sorted(arrived, key=lambda one: one.gateway):
        known = states.get(one.gateway, DeliveryState(one.gateway))
        state, now = advance(known, gaps.get(one.gateway, []), one)
        found += [state] if state != known else []
        changed += now
    upsert(con, DELIVERY, [_state_row(one) for one in found], ["gateway"])
    for gap in changed:
        if gap.id:
            con.execute(update(DELIVERY_GAP).where(_GAP.id == gap.id).values(_gap_row(gap)))
    if fresh := [_gap_row(gap) for gap in changed if not gap.id]:
        con.execute(insert(DELIVERY_GAP), fresh)
    for gateway in sorted({gap.gateway for gap in changed}):
        _forget_oldest(con, gateway)
    _add_receipts(con, arrived)


def clear_receipts(con: Connection) -> None:
    """Before all messages are read again."""
    con.execute(delete(RECEIPT))


def _states(
    con: Connection, names: Sequence[str] | None, *, hold: bool = False
) -> dict[str, DeliveryState]:
    found = {}
    for start in range(0, 1 if names is None else len(names), _CHUNK):
        chosen = select(DELIVERY).order_by(DELIVERY.c.gateway)
        if names is not None:
            chosen = chosen.where(DELIVERY.c.gateway.in_(names[start : start + _CHUNK]))
        for row in con.execute(chosen.with_for_update() if hold else chosen):
            lists = {
                "steps": tuple(row.steps),
                "distances_us": tuple(row.distances_us),
                "delays": tuple(ClockDelay(*one) for one in row.delays),
            }
            found[row.gateway] = DeliveryState(**{**row._mapping, **lists})
    return found


def _open(con: Connection, names: Sequence[str]) -> dict[str, list[Gap]]:
    found: dict[str, list[Gap]] = {}
    for start in range(0, len(names), _CHUNK):
        mine = _GAP.gateway.in_(names[start : start + _CHUNK])
        chosen = select(DELIVERY_GAP).where(mine, _GAP.state == "open").order_by(_GAP.id)
        for row in con.execute(chosen.with_for_update()):
            found.setdefault(row.gateway, []).append(_gap(row))
    return found


def _forget_oldest(con: Connection, gateway: str) -> None:
    """Of gaps that are over the latest are kept."""
    over = (_GAP.gateway == gateway, _GAP.state != "open")
    oldest = select(_GAP.id).where(*over).order_by(_GAP.id.desc()).offset(ENDED_KEPT).limit(1)
    id = con.scalar(oldest)
    if id is not None:
        con.execute(delete(DELIVERY_GAP).where(*over, _GAP.id <= id))


def _add_receipts(con: Connection, arrived: Sequence[Arrived]) -> None:
    sums = receipts_by_key(one for a in arrived for one in a.receipts)
    keys, key = sorted(sums), tuple_(*(RECEIPT.c[name] for name in _RECEIPT_KEYS))
    for start in range(0, len(keys), _CHUNK):
        chosen = select(RECEIPT).where(key.in_(keys[start : start + _CHUNK]))
        for row in con.execute(chosen.order_by(*RECEIPT.primary_key).with_for_update()):
            known = _receipt(row)
            same = (known.gateway, known.day, known.writer_no)
            sums[same] = known + sums[same]
    upsert(con, RECEIPT, [_receipt_row(sums[one]) for one in keys], list(_RECEIPT_KEYS))


def _state_row(state: DeliveryState) -> Row:
    lists = {"steps": list(state.steps), "distances_us": list(state.distances_us)}
    delays = [list(vars(one).values()) for one in state.delays]
    return {**vars(state), **lists, "delays": delays}


def _gap_row(gap: Gap) -> Row:
    return {name: value for name, value in vars(gap).items() if name != "id"}


def _gap(row: Any) -> Gap:
    return Gap(**{one.name: getattr(row, one.name) for one in fields(Gap)})


def _receipt_row(one: Receipt) -> Row:
    places = {
        "first_segment": one.first[0],
        "first_offset": one.first[1],
        "last_segment": one.last[0],
        "last_offset": one.last[1],
    }
    return {n: v for n, v in vars(one).items() if n not in ("first", "last")} | places


def _receipt(row: Any) -> Receipt:
    own = {one.name for one in fields(Receipt)} - {"first", "last"}
    return Receipt(
        **{name: getattr(row, name) for name in own},
        first=(row.first_segment, row.first_offset),
        last=(row.last_segment, row.last_offset),
    )
