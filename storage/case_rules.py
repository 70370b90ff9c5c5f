"""Names and life of cases: the same law in every adapter."""

from __future__ import annotations

from metering.errors import NotFound
from metering.finding import RELAPSES_WITHIN_US, TEACHING, Case, Finding

UNPRICED = -1.0
"""The price of cases without a cost; so of those in several currencies, which have no one cost."""
LONGEST_NUMBER = 15
"""Digits of a case number; what is longer is a name from before cases had numbers."""


def price(finding: Finding) -> float:
    """The cost as a number to sort by, where there is one."""
    return UNPRICED if finding.cost is None else float(finding.cost)


def is_known(case: Case, since_us: int) -> bool:
    """Whether a look at hours from an instant on has to know the case."""
    return (
        case.stands
        or case.state in TEACHING
        or case.evidence.end_us > since_us
        or case.fixed_us > max(0, since_us - RELAPSES_WITHIN_US)
    )


def number_of(id: str) -> int | None:
    """The number that a text is; None where it can only be an earlier name."""
    plain = id.isascii() and id.isdecimal() and len(id) <= LONGEST_NUMBER
    return int(id) if plain else None


def no_such_case(id: str) -> NotFound:
    """The error of an unknown case."""
    return NotFound("no such finding", field="id", value=id, fix="list the findings")
