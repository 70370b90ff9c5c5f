"""Deliveries of gateways in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from metering.delivery import Arrived, DeliveryState, Gap, GapState, Receipt, advance
from metering.ports import DeliveryReader, Resending
from storage.intake_rules import ENDED_KEPT, ReceiptKey, check_room, receipts_by_key


class MemoryDeliveries(DeliveryReader, Resending):
    """What an IntakeStore knows of deliveries."""

    def __init__(self, lock: threading.RLock) -> None:
        self._delivery_lock = lock
        self._states: dict[str, DeliveryState] = {}
        self._gaps: dict[int, Gap] = {}
        self._last_gap = 0
        self._receipts: dict[ReceiptKey, Receipt] = {}

    def delivery_states(self, gateways: frozenset[str] | None) -> dict[str, DeliveryState]:
        with self._delivery_lock:
            return {g: s for g, s in self._states.items() if gateways is None or g in gateways}

    def receipts(
        self, gateway: str, *, before: int | None = None, limit: int = 100
    ) -> list[Receipt]:
        with self._delivery_lock:
            found = [
                one
                for one in self._receipts.values()
                if one.gateway == gateway and (before is None or one.day < before)
            ]
        return sorted(found, key=lambda one: (-one.day, one.writer_no))[:limit]

    def gaps(
        self,
        gateway: str,
        *,
        state: GapState | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[Gap]:
        with self._delivery_lock:
            found = [
                gap
                for id, gap in sorted(self._gaps.items(), reverse=True)
                if gap.gateway == gateway
                and state in (None, gap.state)
                and (before_id is None or id < before_id)
            ]
        return found[:limit]

    def open_gaps(self) -> dict[str, int]:
        with self._delivery_lock:
            gaps = self._gaps.values()
            return Counter(g.gateway for g in gaps if g.state == "open" and g.kind != "hand")

    def want(self, gap: Gap) -> Gap:
        with self._delivery_lock:
            waiting = self._open(gap.gateway)
            check_room(gap, sum(one.kind == "hand" for one in waiting))
            return self._keep(gap)

    def asked(self, since_us: int, writers: Sequence[int], limit: int = 1_000) -> list[Gap]:
        with self._delivery_lock:
            found = [
                gap
                for gap in self._gaps.values()
                if gap.state == "open" and gap.asked_us >= since_us and self._by(gap, writers)
            ]
        return sorted(found, key=lambda gap: (gap.asked_us, gap.id))[:limit]

    def due(
        self, now_us: int, quiet_us: int, writers: Sequence[int], limit: int = 100
    ) -> list[Gap]:
        with self._delivery_lock:
            found = [
                gap
                for gap in self._gaps.values()
                if gap.state == "open"
                and gap.next_us <= now_us
                and (gap.kind == "hand" or gap.changed_us <= now_us - quiet_us)
                and self._by(gap, writers)
                and not self._is_away(gap.gateway)
            ]
        return sorted(found, key=lambda gap: (gap.next_us, gap.id))[:limit]

    def _by(self, gap: Gap, writers: Sequence[int]) -> bool:
        state = self._states.get(gap.gateway)
        return state is not None and state.writer_no in writers

    def _is_away(self, gateway: str) -> bool:
        """Whether its last connection is known to have ended."""
        raise NotImplementedError

    def settle(self, gap: Gap, known: Gap) -> bool:
        with self._delivery_lock:
            if self._gaps.get(known.id) != known:
                return False
            self._gaps[known.id] = replace(gap, id=known.id)
            return True

    def _note_arrivals(self, arrived: Sequence[Arrived]) -> None:
        """What a batch brought."""
        for one in arrived:
            known = self._states.get(one.gateway, DeliveryState(one.gateway))
            state, changed = advance(known, self._open(one.gateway), one)
            self._states[one.gateway] = state
            for gap in changed:
                self._keep(gap)
            if changed:
                self._forget_oldest(one.gateway)
        for key, sum_ in receipts_by_key(one for a in arrived for one in a.receipts).items():
            before = self._receipts.get(key)
            self._receipts[key] = sum_ if before is None else before + sum_

    def _clear_receipts(self) -> None:
        self._receipts.clear()

    def _open(self, gateway: str) -> list[Gap]:
        return [g for g in self._gaps.values() if g.gateway == gateway and g.state == "open"]

    def _keep(self, gap: Gap) -> Gap:
        if not gap.id:
            self._last_gap += 1
            gap = replace(gap, id=self._last_gap)
        self._gaps[gap.id] = gap
        return gap

    def _forget_oldest(self, gateway: str) -> None:
        over = [id for id, g in self._gaps.items() if g.gateway == gateway and g.state != "open"]
        for id in sorted(over, reverse=True)[ENDED_KEPT:]:
            del self._gaps[id]
