"""Cases and their findings in memory."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Sequence
from dataclasses import replace

from metering.alerting import Opening, opening_of
from metering.case_life import CaseDeed, CaseEvent, applied, event_of, is_snoozed, looked_at
from metering.case_worth import order_of
from metering.day_mark import DayMark, MarkPlace, marks_in_order, place_of_mark
from metering.finding import Case, Changes, Finding
from metering.ports import FindingStore
from storage.case_rules import is_known, no_such_case, number_of


class MemoryFindings(FindingStore):
    """A FindingStore in dicts."""

    def __init__(self) -> None:
        self._cases: dict[int, Case] = {}
        self._openings: dict[int, Opening] = {}
        self._told: dict[int, dict[int, Finding]] = {}
        """Number -> day -> finding."""
        self._events: dict[int, builtins.list[CaseEvent]] = {}
        self._marks: dict[str, Sequence[DayMark]] = {}
        """By site; a meter's hours are marked once, also where it was moved to another site."""
        self._lock = threading.RLock()

    def record(self, changes: Changes, *, now_us: int) -> None:
        with self._lock:
            for case in changes.opened:
                number = len(self._cases) + 1
                self._cases[number] = replace(case, number=number)
                self._openings[number] = opening_of(case, number)
                self._tell(number, case.evidence)
            for number in changes.numbers:
                before = self._cases[number]
                self._cases[number], done = looked_at(before, changes, now_us)
                self._events[number] = [*self._events.get(number, ()), *done]
                if self._cases[number].evidence is not before.evidence:
                    self._tell(number, self._cases[number].evidence)

    def _tell(self, number: int, finding: Finding) -> None:
        self._told.setdefault(number, {})[finding.day.toordinal()] = finding

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
        with self._lock:
            beyond = None if after is None else order_of(self.get(after), now_us)
            found = [
                one
                for one in self._cases.values()
                if (institutions is None or one.evidence.institution in institutions)
                and (nodes is None or one.evidence.node in nodes)
                and state in (None, one.state)
                and pattern in (None, one.evidence.pattern)
                and (between_us is None or _overlaps(one.evidence, between_us))
                and (snoozed is None or is_snoozed(one, now_us) == snoozed)
                and (numbers is None or one.number in numbers)
                and (changed_us is None or max(one.opened_us, one.state_us) >= changed_us)
                and (wastes is None or (one.evidence.waste > 0) == wastes)
                and (beyond is None or order_of(one, now_us) > beyond)
            ]
        return sorted(found, key=lambda one: order_of(one, now_us))[:limit]

    def known(self, institution: str, since_us: int) -> builtins.list[Case]:
        with self._lock:
            return [
                one
                for one in self._cases.values()
                if one.evidence.institution == institution and is_known(one, since_us)
            ]

    def mark(self, site: str, marks: Sequence[DayMark]) -> None:
        with self._lock:
            here = {(one.meter, one.start_us) for one in marks}
            others = {
                name: [one for one in own if (one.meter, one.start_us) not in here]
                for name, own in self._marks.items()
            }
            self._marks = {**others, site: marks}

    def day_marks(
        self,
        institutions: frozenset[str] | None,
        *,
        now_us: int,
        nodes: frozenset[str] | None = None,
        after: MarkPlace | None = None,
        limit: int = 100,
    ) -> builtins.list[DayMark]:
        with self._lock:
            found = [
                one
                for own in self._marks.values()
                for one in own
                if one.until_us > now_us
                and (institutions is None or one.institution in institutions)
                and (nodes is None or one.node in nodes)
                and (after is None or place_of_mark(one) > after)
            ]
        return marks_in_order(found)[:limit]

    def openings(self, institutions: frozenset[str]) -> builtins.list[Opening]:
        with self._lock:
            now = {
                number: replace(one, institution=evidence.institution, node=evidence.node)
                for number, one in self._openings.items()
                for evidence in (self._cases[number].evidence,)
            }
        return [one for one in now.values() if one.institution in institutions]

    def get(self, id: str) -> Case:
        with self._lock:
            number = number_of(id)
            if number in self._cases:
                return self._cases[number]
            for case in self._cases.values():
                if case.legacy_id == id != "":
                    return case
            raise no_such_case(id)

    def history(self, number: int) -> builtins.list[Finding]:
        with self._lock:
            return [one for _, one in sorted(self._told.get(number, {}).items())]

    def events(self, number: int) -> builtins.list[CaseEvent]:
        with self._lock:
            return builtins.list(self._events.get(number, ()))

    def act(self, id: str, deed: CaseDeed, *, by: str, now_us: int) -> Case:
        with self._lock:
            case = self.get(id)
            event = event_of(case, deed, by, now_us)
            if event is not None:
                self._cases[case.number] = applied(case, event)
                self._events.setdefault(case.number, []).append(event)
            return self._cases[case.number]


def _overlaps(finding: Finding, between_us: tuple[int, int]) -> bool:
    return finding.start_us < between_us[1] and finding.end_us > between_us[0]
