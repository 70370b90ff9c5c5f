"""What gateways said that later messages are read by, and edge nodes, in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace

from metering.edge_node import EdgeNode, NodeArrivals, advance, forgotten, is_due
from metering.remembered import Remembered


class MemoryRemembered:
    """What an IntakeStore knows of what gateways said, and of edge nodes."""

    def __init__(self, lock: threading.RLock) -> None:
        self._said_lock = lock
        self._said: dict[tuple[str, str, int, int], Remembered] = {}
        self._nodes: dict[tuple[str, str], EdgeNode] = {}

    def remembered(self, gateway: str) -> list[Remembered]:
        """As the port says."""
        with self._said_lock:
            own = [one for one in self._said.values() if one.gateway == gateway]
        return sorted(own, key=lambda one: (one.place, one.key))

    def edge_nodes(self, gateways: frozenset[str] | None) -> list[EdgeNode]:
        """As the port says."""
        with self._said_lock:
            found = sorted(self._nodes.items())
        return [one for _, one in found if gateways is None or one.gateway in gateways]

    def asked_nodes(
        self, since_us: int, writers: Sequence[int], limit: int = 1_000
    ) -> list[EdgeNode]:
        """As the port says."""
        found = [
            one
            for one in self.edge_nodes(None)
            if one.asked_us >= since_us and one.wants and one.writer_no in writers
        ]
        return sorted(found, key=lambda one: one.asked_us)[:limit]

    def due_nodes(self, now_us: int, writers: Sequence[int], limit: int = 100) -> list[EdgeNode]:
        """As the port says."""
        found = [
            one for one in self.edge_nodes(None) if is_due(one, now_us) and one.writer_no in writers
        ]
        return sorted(found, key=lambda one: one.next_us)[:limit]

    def settle_node(self, node: EdgeNode, known: EdgeNode) -> bool:
        """As the port says."""
        key = node.gateway, node.node
        with self._said_lock:
            now = self._nodes.get(key)
            if now is None or (now.wants, now.tries) != (known.wants, known.tries):
                return False
            self._nodes[key] = replace(
                now, tries=node.tries, asked_us=node.asked_us, next_us=node.next_us
            )
            return True

    def forget_remembered(self, segments: Collection[int]) -> None:
        """As the port says."""
        with self._said_lock:
            self._said = {k: one for k, one in self._said.items() if one.segment not in segments}
            self._nodes.clear()

    def _remember(self, said: Sequence[Remembered], outlived: Sequence[Remembered]) -> None:
        """What a batch brought."""
        self._said |= {one.identity: one for one in said}
        for one in outlived:
            self._said.pop(one.identity, None)

    def _note_nodes(self, arrived: Sequence[NodeArrivals]) -> None:
        """What a batch brought of edge nodes."""
        for one in arrived:
            key = one.gateway, one.node
            self._nodes[key] = advance(self._nodes.get(key, EdgeNode(*key)), one)
        for gateway in sorted({one.gateway for one in arrived}):
            own = [one for one in self._nodes.values() if one.gateway == gateway]
            for name in forgotten(own):
                del self._nodes[gateway, name]
