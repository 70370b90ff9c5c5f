"""What gateways said that later messages are read by, and edge nodes, on SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, true, tuple_, update

from metering.edge_node import HEARD_US, EdgeNode, NodeArrivals, advance, forgotten
from metering.remembered import Remembered
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import EDGE_NODE, REMEMBERED

_CHUNK = 500
_SAID, _NODE = REMEMBERED.c, EDGE_NODE.c
_SAID_KEYS = ("gateway", "key", "segment", "message_offset")
_NODE_KEYS = ("gateway", "node")


class SqlRemembered:
    """What an IntakeStore knows of what gateways said, and of edge nodes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def remembered(self, gateway: str) -> list[Remembered]:
        """As the port says."""
        chosen = select(REMEMBERED).where(_SAID.gateway == gateway)
        with reading(self._engine) as con:
            rows = con.execute(chosen.order_by(_SAID.segment, _SAID.message_offset, _SAID.key))
            return [Remembered(*row) for row in rows]

    def edge_nodes(self, gateways: frozenset[str] | None) -> list[EdgeNode]:
        """As the port says."""
        named = true() if gateways is None else _NODE.gateway.in_(sorted(gateways))
        chosen = select(EDGE_NODE).where(named).order_by(_NODE.gateway, _NODE.node)
        with reading(self._engine) as con:
            return [_node(row) for row in con.execute(chosen)]

    def asked_nodes(
        self, since_us: int, writers: Sequence[int], limit: int = 1_000
    ) -> list[EdgeNode]:
        """As the port says."""
        chosen = (
            select(EDGE_NODE)
            .where(_NODE.asked_us >= since_us, _NODE.wants != "")
            .where(_NODE.writer_no.in_(list(writers)))
            .order_by(_NODE.asked_us, *(_NODE[name] for name in _NODE_KEYS))
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_node(row) for row in con.execute(chosen)]

    def due_nodes(self, now_us: int, writers: Sequence[int], limit: int = 100) -> list[EdgeNode]:
        """As the port says."""
        chosen = (
            select(EDGE_NODE)
            .where(_NODE.wants != "", _NODE.next_us <= now_us)
            .where(_NODE.last_us > now_us - HEARD_US)
            .where(_NODE.writer_no.in_(list(writers)))
            .order_by(_NODE.next_us, *(_NODE[name] for name in _NODE_KEYS))
            .limit(limit)
        )
        with reading(self._engine) as con:
            return [_node(row) for row in con.execute(chosen)]

    def settle_node(self, node: EdgeNode, known: EdgeNode) -> bool:
        """As the port says."""
        same = [_NODE[name] == getattr(known, name) for name in (*_NODE_KEYS, "wants", "tries")]
        now = {name: getattr(node, name) for name in ("tries", "asked_us", "next_us")}
        with writing(self._engine) as con:
            return con.execute(update(EDGE_NODE).where(*same).values(now)).rowcount == 1

    def forget_remembered(self, segments: Collection[int]) -> None:
        """As the port says."""
        chosen = sorted(segments)
        with writing(self._engine) as con:
            for start in range(0, len(chosen), _CHUNK):
                own = _SAID.segment.in_(chosen[start : start + _CHUNK])
                con.execute(delete(REMEMBERED).where(own))
            con.execute(delete(EDGE_NODE))


def remember(con: Connection, said: Sequence[Remembered], outlived: Sequence[Remembered]) -> None:
    """What a batch brought, inside its transaction."""
    upsert(con, REMEMBERED, [_row(one) for one in said], _SAID_KEYS)
    identity = tuple_(*(_SAID[name] for name in _SAID_KEYS))
    gone = [one.identity for one in outlived]
    for start in range(0, len(gone), _CHUNK):
        con.execute(delete(REMEMBERED).where(identity.in_(gone[start : start + _CHUNK])))


def note_nodes(con: Connection, arrived: Sequence[NodeArrivals]) -> None:
    """What a batch brought of edge nodes, inside its transaction; their rows are held."""
    for gateway in sorted({one.gateway for one in arrived}):
        own = {one.node: one for one in arrived if one.gateway == gateway}
        known = _held(con, gateway, sorted(own))
        now = [advance(known.get(name, EdgeNode(gateway, name)), own[name]) for name in sorted(own)]
        upsert(
            con, EDGE_NODE, [{**vars(one), "devices": dict(one.devices)} for one in now], _NODE_KEYS
        )
        if len(known) < len(own):
            _forget(con, gateway)


def _held(con: Connection, gateway: str, names: Sequence[str]) -> dict[str, EdgeNode]:
    found: dict[str, EdgeNode] = {}
    for start in range(0, len(names), _CHUNK):
        same = (_NODE.gateway == gateway, _NODE.node.in_(names[start : start + _CHUNK]))
        chosen = select(EDGE_NODE).where(*same).order_by(_NODE.node).with_for_update()
        found |= {row.node: _node(row) for row in con.execute(chosen)}
    return found


def _forget(con: Connection, gateway: str) -> None:
    """What is more than is kept of a gateway."""
    rows = con.execute(select(_NODE.node, _NODE.last_us).where(_NODE.gateway == gateway))
    more = forgotten(EdgeNode(gateway, row.node, last_us=row.last_us) for row in rows)
    for start in range(0, len(more), _CHUNK):
        chosen = _NODE.node.in_(more[start : start + _CHUNK])
        con.execute(delete(EDGE_NODE).where(_NODE.gateway == gateway, chosen))


def _row(one: Remembered) -> Row:
    return dict(zip((*_SAID_KEYS, "value"), (*one.identity, one.value), strict=True))


def _node(row: Any) -> EdgeNode:
    return EdgeNode(**row._mapping)
