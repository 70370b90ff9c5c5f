"""Order and life of cases: the same law in every adapter."""

from __future__ import annotations

from dataclasses import replace

from metering.errors import NotFound
from metering.finding import Case, CaseState, Finding

UNPRICED = -1.0
"""Sorts cases without a cost after all that have one; so it does those in several currencies,
which cannot be compared."""
PLATFORM = "platform"
"""Who closes cases whose evidence is refuted."""
LONGEST_NUMBER = 15
"""Digits of a case number; what is longer is a name from before cases had numbers."""


def price(finding: Finding) -> float:
    """The cost as a number to sort by."""
    return UNPRICED if finding.cost is None else float(finding.cost)


def rank(case: Case) -> tuple[float, float, int]:
    """Costliest first, then largest, then by number; ascending."""
    return (-price(case.evidence), -case.evidence.waste, case.number)


def grown(case: Case, finding: Finding) -> Case:
    """The case as its newest finding tells it; one that stands no more is left as it is."""
    return replace(case, evidence=finding) if case.stands else case


def closed(case: Case, cause: str, now_us: int) -> Case:
    """The case closed by the platform; one that stands no more is left as it is."""
    if not case.stands:
        return case
    return replace(
        case,
        state=CaseState.CLOSED,
        state_by=PLATFORM,
        state_note="",
        state_us=now_us,
        closed=cause,
    )


def number_of(id: str) -> int | None:
    """The number that a text is; None where it can only be an earlier name."""
    plain = id.isascii() and id.isdecimal() and len(id) <= LONGEST_NUMBER
    return int(id) if plain else None


def no_such_case(id: str) -> NotFound:
    """The error of an unknown case."""
    return NotFound("no such finding", field="id", value=id, fix="list the findings")
