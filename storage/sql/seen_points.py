"""Points that nobody registered, on SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from metering.joining import Described, SeenPoint, Sighting, forgotten, noted
from metering.reading import Kind
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import SEEN_POINT

_KEYS = ("gateway", "point")
_CHUNK = 500
_SEEN = SEEN_POINT.c


class SqlSeenPoints:
    """What an IntakeStore knows of points that nobody registered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seen_points(self, gateway: str) -> list[SeenPoint]:
        """As the port says."""
        with reading(self._engine) as con:
            return sorted(_all_of(con, gateway), key=lambda one: one.point)

    def dismiss(self, gateway: str, points: Sequence[str], *, by: str, now_us: int) -> list[str]:
        """As the port says."""
        with writing(self._engine) as con:
            known = _held(con, gateway, sorted(set(points)))
            decided = [replace(one, dismissed_us=now_us, dismissed_by=by) for one in known]
            upsert(con, SEEN_POINT, [_row(one) for one in decided], _KEYS)
            _forget(con, gateway)
        return sorted(one.point for one in decided)


def note_sightings(con: Connection, sightings: Sequence[Sighting]) -> None:
    """What a batch brought, inside its transaction; the points' rows are held."""
    for gateway in sorted({one.gateway for one in sightings}):
        own = {one.point: one for one in sightings if one.gateway == gateway}
        known = {one.point: one for one in _held(con, gateway, sorted(own))}
        now = [noted(known.get(name, SeenPoint(gateway, name)), own[name]) for name in sorted(own)]
        upsert(con, SEEN_POINT, [_row(one) for one in now], _KEYS)
        if len(known) < len(own):
            _forget(con, gateway)


def empty_seen_points(con: Connection) -> None:
    """Before all messages are read again: what was dismissed stays, without what came of it."""
    con.execute(delete(SEEN_POINT).where(_SEEN.dismissed_us == 0))
    kept = [_seen(row).emptied() for row in con.execute(select(SEEN_POINT))]
    upsert(con, SEEN_POINT, [_row(one) for one in kept], _KEYS)


def _all_of(con: Connection, gateway: str) -> list[SeenPoint]:
    return [_seen(row) for row in con.execute(select(SEEN_POINT).where(_SEEN.gateway == gateway))]


def _held(con: Connection, gateway: str, names: Sequence[str]) -> list[SeenPoint]:
    found = []
    for start in range(0, len(names), _CHUNK):
        same = (_SEEN.gateway == gateway, _SEEN.point.in_(names[start : start + _CHUNK]))
        chosen = select(SEEN_POINT).where(*same).order_by(_SEEN.point).with_for_update()
        found += [_seen(row) for row in con.execute(chosen)]
    return found


def _forget(con: Connection, gateway: str) -> None:
    """What is more than is kept of a gateway."""
    columns = (_SEEN.point, _SEEN.last_us, _SEEN.dismissed_us)
    rows = con.execute(select(*columns).where(_SEEN.gateway == gateway))
    more = forgotten(
        SeenPoint(gateway, row.point, last_us=row.last_us, dismissed_us=row.dismissed_us)
        for row in rows
    )
    for start in range(0, len(more), _CHUNK):
        chosen = _SEEN.point.in_(more[start : start + _CHUNK])
        con.execute(delete(SEEN_POINT).where(_SEEN.gateway == gateway, chosen))


def _row(one: SeenPoint) -> Row:
    lists = {"values": [list(value) for value in one.values], "units": list(one.units)}
    described = None
    if one.described is not None:
        described = {**vars(one.described), "path": list(one.described.path)}
    return {**vars(one), **lists, "kinds": list(one.kinds), "described": described}


def _seen(row: Any) -> SeenPoint:
    found = dict(row._mapping)
    told = found["described"]
    if told is not None:
        kind = None if told["kind"] is None else Kind(told["kind"])
        told = Described(**{**told, "kind": kind, "path": tuple(told["path"])})
    return SeenPoint(
        **{
            **found,
            "values": tuple((time, value, unit) for time, value, unit in found["values"]),
            "units": tuple(found["units"]),
            "kinds": tuple(Kind(one) for one in found["kinds"]),
            "described": told,
        }
    )
