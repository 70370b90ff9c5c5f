"""Cases of a scope: to find them, and what was told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.caller import Caller
from api.reach import Outside
from api.usecases.alerts import told_of_each
from figures import counted
from metering.alerting import WhyTold
from metering.evidence import net_money
from metering.finding import BesideMeter, Case, Finding, Sums
from metering.localtime import HOUR_US
from metering.nesting import Nesting

PAGE = 500
"""Cases read at a time where all are needed."""


def _may_see(caller: Caller, found: Finding) -> bool:
    """Whether a finding lies in the caller's scope: its node does, all of its time."""
    return caller.reach.scope.whole or caller.reach.reaches(
        found.node, found.start_us, found.end_us
    )


def case_of(caller: Caller, id: str) -> Case:
    """The case of a number, or of the name it had before, if it lies in the scope."""
    found = caller.platform.findings.get(id)
    if not _may_see(caller, found.evidence):
        # in the words of a number that there is not: nobody counts the cases of others
        raise Outside("no such finding", field="id", value=id, fix="list the findings")
    return found


def told(caller: Caller, case: Case) -> list[Finding]:
    """The findings by which a case was told, oldest first, as far as they lie in the scope: one of
    before a move may speak of another's days."""
    history = caller.platform.findings.history(case.number)
    return [one for one in history if _may_see(caller, one)]


@dataclass(frozen=True)
class BesideSeen:
    """What a caller may know of the mediums beside a case."""

    meters: tuple[BesideMeter, ...]
    net: Sums
    """The money of all with that of the case; empty where any is not known, or not the caller's."""


def beside_in(caller: Caller, found: Finding) -> BesideSeen:
    """The mediums beside a finding, as far as their meters lie in the scope all of its time."""
    meters = caller.reach.meters
    seen = tuple(
        one
        for one in found.beside
        if one.meter in meters
        and (
            caller.reach.scope.whole
            or caller.reach.reaches(
                meters[one.meter].node,
                one.hours[0].start_us,
                one.hours[-1].start_us + HOUR_US,
            )
        )
    )
    return BesideSeen(seen, net_money(found) if len(seen) == len(found.beside) else ())


@dataclass(frozen=True)
class CasesWanted:
    """Which cases of a scope are asked for; None: whatever they are."""

    state: str | None = None
    pattern: str | None = None
    between_us: tuple[int, int] | None = None
    """Those that overlap [start, end)."""
    snoozed: bool | None = None
    """Those that are put off now, or that are not."""
    wastes: bool | None = None
    """Those that waste, or meter faults."""
    numbers: frozenset[int] | None = None
    """Those that are called so."""
    told: bool | None = None
    """Those that are told at once, or that wait for a digest."""
    under: str | None = None
    """Those of what the scope holds of a node's subtree."""
    changed_us: int | None = None
    """Those that were opened or given another state from an instant on."""


EVERY = CasesWanted()


def find(
    caller: Caller,
    wanted: CasesWanted = EVERY,
    *,
    after: str | None = None,
    limit: int = 100,
    now_us: int | None = None,
) -> list[Case]:
    """Cases of the scope in their order at an instant, which is now where none is given; the pages
    of one list ask for the instant of its first."""
    at_us = caller.platform.now_us() if now_us is None else now_us
    found: list[Case] = []
    while len(found) < limit:
        page = _page(caller, wanted, after, limit, at_us)
        seen = [case for case in page if _may_see(caller, case.evidence)]
        found += seen if wanted.told is None else _told(caller, seen, wanted.told, at_us)
        if len(page) < limit:
            break
        after = page[-1].id
    return found[:limit]


def _told(caller: Caller, cases: Sequence[Case], wanted: bool, now_us: int) -> list[Case]:
    why = told_of_each(caller, cases, now_us)
    return [one for one in cases if (why[one.number] is not WhyTold.DIGEST) is wanted]


def _page(
    caller: Caller, wanted: CasesWanted, after: str | None, limit: int, now_us: int
) -> list[Case]:
    scope = caller.reach.scope
    nodes = None if scope.whole else scope.nodes
    if wanted.under is not None:
        nodes = caller.reach.registry.subtree(wanted.under) & scope.nodes
    return caller.platform.findings.list(
        None if scope.whole or scope.dated else frozenset(caller.reach.institutions),
        nodes=nodes,
        state=wanted.state,
        pattern=wanted.pattern,
        between_us=wanted.between_us,
        snoozed=wanted.snoozed,
        wastes=wanted.wastes,
        numbers=wanted.numbers,
        changed_us=wanted.changed_us,
        now_us=now_us,
        after=after,
        limit=limit,
    )


def find_all(caller: Caller, wanted: CasesWanted = EVERY) -> list[Case]:
    """All of them, however many: for sums, which must not end with a page."""
    found: list[Case] = []
    now_us = caller.platform.now_us()
    while True:
        after = found[-1].id if found else None
        page = find(caller, wanted, after=after, limit=PAGE, now_us=now_us)
        found += page
        if len(page) < PAGE:
            return found


def parts_of(caller: Caller, cases: Sequence[Case]) -> dict[int, int]:
    """Number -> number of the case of an outer meter that it is a part of, among all of the
    scope."""
    if not cases:
        return {}
    told = [one.evidence for one in cases]
    span = (min(one.start_us for one in told), max(one.end_us for one in told))
    around = find_all(caller, CasesWanted(between_us=span))
    found = counted(around, Nesting(caller.reach.registry).outer)
    return {one.case.number: one.part_of for one in found if one.part_of is not None}
