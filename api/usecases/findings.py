"""Cases of a scope: to find them, and what was told of them."""

from __future__ import annotations

from collections.abc import Sequence

from api.caller import Caller
from api.reach import Outside
from figures import counted
from metering.finding import Case, Finding
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
        fix = "list what your key reaches at /v1/findings"
        raise Outside("no such finding in your scope", field="finding", value=id, fix=fix)
    return found


def told(caller: Caller, case: Case) -> list[Finding]:
    """The findings by which a case was told, oldest first, as far as they lie in the scope: one of
    before a move may speak of another's days."""
    history = caller.platform.findings.history(case.number)
    return [one for one in history if _may_see(caller, one)]


def find(
    caller: Caller,
    *,
    state: str | None = None,
    pattern: str | None = None,
    between_us: tuple[int, int] | None = None,
    snoozed: bool | None = None,
    after: str | None = None,
    limit: int = 100,
    under: str | None = None,
) -> list[Case]:
    """Cases of the scope, or of what it holds of one node's subtree, costliest first; only those
    that are put off now, or that are not, where `snoozed` says so."""
    found: list[Case] = []
    while len(found) < limit:
        page = _page(caller, state, pattern, between_us, snoozed, after, limit, under)
        found += [case for case in page if _may_see(caller, case.evidence)]
        if len(page) < limit:
            break
        after = page[-1].id
    return found[:limit]


def _page(
    caller: Caller,
    state: str | None,
    pattern: str | None,
    between_us: tuple[int, int] | None,
    snoozed: bool | None,
    after: str | None,
    limit: int,
    under: str | None,
) -> list[Case]:
    scope = caller.reach.scope
    nodes = None if scope.whole else scope.nodes
    if under is not None:
        nodes = caller.reach.registry.subtree(under) & scope.nodes
    return caller.platform.findings.list(
        None if scope.whole or scope.dated else frozenset(caller.reach.institutions),
        nodes=nodes,
        state=state,
        pattern=pattern,
        between_us=between_us,
        snoozed=None if snoozed is None else (snoozed, caller.platform.now_us()),
        after=after,
        limit=limit,
    )


def find_all(
    caller: Caller,
    *,
    state: str | None = None,
    between_us: tuple[int, int] | None = None,
    snoozed: bool | None = None,
) -> list[Case]:
    """All of them, however many: for sums, which must not end with a page."""
    found: list[Case] = []
    while True:
        after = found[-1].id if found else None
        page = find(
            caller, state=state, between_us=between_us, snoozed=snoozed, after=after, limit=PAGE
        )
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
    around = find_all(caller, between_us=span)
    found = counted(around, Nesting(caller.reach.registry).outer)
    return {one.case.number: one.part_of for one in found if one.part_of is not None}
