"""Which new cases are told at once, and which wait for the digest of their week.

    openings of an account, in order ─┬─ meter faults                        told, on no account
                                      ├─ fewer told in 365 days than allowed told
                                      ├─ dear for sure                       told
                                      └─ others                              wait

What decides is what was known when a case was opened, of it and of those before it, so that later
cases and later evidence never take back what was told. A case that waits and goes on is told once
its evidence makes it dear for sure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from metering.case_worth import YEAR_US, RankBy, by_the_year, runs, total_of
from metering.finding import Case, CaseState, Finding

DEARER_THAN: Final = 0.9
"""Share of what was told than which something is dearer that never waits."""


class WhyTold(StrEnum):
    """Why a case is told at once, or that it waits."""

    BUDGET = "budget"
    """The account had room."""
    DEAR = "dear"
    FAULT = "fault"
    SAID = "said"
    """Somebody has said something of it, or it came back."""
    DIGEST = "digest"
    """It waits."""


@dataclass(frozen=True)
class Sure:
    """What a year of a case costs for sure: by the lower end of its waste, times the confidence."""

    by: RankBy
    unit: str
    a_year: float


@dataclass(frozen=True)
class Opening:
    """What was known of a case when it was opened; never changed."""

    number: int
    institution: str
    node: str
    at_us: int
    sure: Sure


@dataclass(frozen=True)
class AlertTerms:
    """What an account allows, each at an instant [us]."""

    allowed: Callable[[int], int]
    """How many new cases in the 365 days until then."""
    dear: Callable[[int], float | None]
    """What costs as much a year never waits; None: what is dearer than nine in ten."""


@dataclass(frozen=True)
class AlertAccount:
    """What was told of a place."""

    terms: AlertTerms
    told: Mapping[int, WhyTold]
    """By number of the case, as it was decided when it was opened."""
    alerts: tuple[tuple[int, Sure], ...]
    """(instant, worth) of those that count, in order."""

    def lately(self, at_us: int) -> list[Sure]:
        """What was told in the 365 days until an instant."""
        return [sure for at, sure in self.alerts if at_us - YEAR_US < at <= at_us]


def sure_of(finding: Finding, now_us: int) -> Sure:
    """What a year of it costs for sure, at an instant; nothing for a meter fault."""
    by, unit, total = total_of(finding)
    if by is RankBy.FAULT:
        return Sure(by, unit, 0.0)
    low = min(1.0, max(0.0, finding.waste_low / finding.waste))
    return Sure(by, unit, by_the_year(total * low * finding.confidence, finding, now_us))


def opening_of(case: Case, number: int) -> Opening:
    """What is known of a case that is opened now, under the number that it is given."""
    found = case.evidence
    sure = sure_of(found, found.found_us)
    return Opening(number, found.institution, found.node, case.opened_us, sure)


def account_of(openings: Iterable[Opening], terms: AlertTerms) -> AlertAccount:
    """The account of a place after all of its openings, whatever their order; of those of one look
    the dearest come first."""
    told: dict[int, WhyTold] = {}
    alerts: list[tuple[int, Sure]] = []
    lately: deque[tuple[int, Sure]] = deque()
    for one in sorted(openings, key=_order):
        while lately and lately[0][0] <= one.at_us - YEAR_US:
            lately.popleft()
        if one.sure.by is RankBy.FAULT:
            told[one.number] = WhyTold.FAULT
        elif len(lately) < terms.allowed(one.at_us):
            told[one.number] = WhyTold.BUDGET
        elif is_dear(one.sure, [sure for _, sure in lately], terms.dear(one.at_us)):
            told[one.number] = WhyTold.DEAR
        else:
            told[one.number] = WhyTold.DIGEST
        if told[one.number] in (WhyTold.BUDGET, WhyTold.DEAR):
            alerts.append((one.at_us, one.sure))
            lately.append(alerts[-1])
    return AlertAccount(terms, told, tuple(alerts))


def _order(one: Opening) -> tuple[int, int, float, int]:
    return one.at_us, one.sure.by, -one.sure.a_year, one.number


def is_dear(sure: Sure, told: Iterable[Sure], dear: float | None) -> bool:
    """Whether something is dear for sure: from an amount of money on, else where it is dearer than
    nine in ten of what was told and is worth the same. Nothing is dearer than nothing."""
    if dear is not None and sure.by is RankBy.COST:
        return sure.a_year >= dear
    like = [one.a_year for one in told if (one.by, one.unit) == (sure.by, sure.unit)]
    below = sum(one < sure.a_year for one in like)
    return bool(like) and below >= DEARER_THAN * len(like)


def told_of(case: Case, account: AlertAccount, now_us: int) -> WhyTold:
    """Why a case is told at an instant, or that it waits."""
    if case.state is not CaseState.OPEN or case.state_us:
        return WhyTold.SAID
    told = account.told.get(case.number, WhyTold.BUDGET)  # one that moves meanwhile is told
    if told is not WhyTold.DIGEST:
        return told
    if not runs(case, now_us):
        return told  # it costs nothing a year any more
    sure, dear = sure_of(case.evidence, now_us), account.terms.dear(now_us)
    return WhyTold.DEAR if is_dear(sure, account.lately(now_us), dear) else told
