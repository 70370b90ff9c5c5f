"""Findings in memory."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Sequence
from dataclasses import replace

from metering.finding import Finding, FindingState
from storage.finding_rules import no_such_finding, rank, updated


class MemoryFindings:
    """A FindingStore in a dict."""

    def __init__(self) -> None:
        self._findings: dict[str, Finding] = {}
        self._lock = threading.RLock()

    def save(self, findings: Sequence[Finding]) -> None:
        with self._lock:
            for one in findings:
                self._findings[one.id] = updated(self._findings.get(one.id), one)

    def withdraw(self, institution: str, keep: Sequence[str]) -> None:
        kept = set(keep)
        with self._lock:
            gone = [
                one.id
                for one in self._findings.values()
                if one.institution == institution
                and one.state is FindingState.OPEN
                and one.id not in kept
            ]
            for id in gone:
                del self._findings[id]

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
        with self._lock:
            beyond = None if after is None else rank(self.get(after))
            found = [
                one
                for one in self._findings.values()
                if (institutions is None or one.institution in institutions)
                and (nodes is None or one.node in nodes)
                and state in (None, one.state)
                and pattern in (None, one.pattern)
                and (beyond is None or rank(one) > beyond)
            ]
        return sorted(found, key=rank)[:limit]

    def get(self, id: str) -> Finding:
        with self._lock:
            if id not in self._findings:
                raise no_such_finding(id)
            return self._findings[id]

    def set_state(
        self, id: str, state: FindingState, *, by: str, note: str, now_us: int
    ) -> Finding:
        with self._lock:
            self._findings[id] = replace(
                self.get(id), state=state, state_by=by, state_note=note, state_us=now_us
            )
            return self._findings[id]
