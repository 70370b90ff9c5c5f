"""What a case costs, what it will cost in a year if it goes on, and which case comes first.

    stands, and seen lately ──▶ runs    what a year of it costs   ─┐
    all others              ──▶ ended   what it has cost in all   ─┴─▶ x confidence = value

    money  ▶  carbon, where there is no one price  ▶  energy, where there is no factor  ▶  faults

Only what is of one kind is compared. A meter fault wastes nothing and stands behind, those of now
first: it has a list of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from metering.finding import Case, Finding
from metering.localtime import HOUR_US

PERSISTS_US: Final = 14 * 24 * HOUR_US
"""What has lasted so long is told by the year; what is younger is spread over this span to rank it,
so that one night is not taken for 365. What was not seen for so long has ended: patterns of the
week show twice in it."""
YEAR_US: Final = 365 * 24 * HOUR_US


class RankBy(IntEnum):
    """What a case is ranked by; the lower comes first."""

    COST = 0
    CARBON = 1
    ENERGY = 2
    FAULT = 3

    @property
    def word(self) -> str:
        """Its name in answers: cost, carbon, energy or fault."""
        return self.name.lower()


@dataclass(frozen=True)
class Rank:
    """What a case is ranked by."""

    by: RankBy
    unit: str
    """A currency, kg, or the unit of the waste; h for a fault."""
    runs: bool
    amount: float
    """A year of it where it runs, else all of it [`unit`]; of a fault how long it lasted."""
    value: float
    """The amount times the confidence; of a fault the amount."""


def runs(case: Case, now_us: int) -> bool:
    """Whether it goes on: it stands, and was seen in the last 14 days."""
    return case.stands and case.evidence.end_us > now_us - PERSISTS_US


def told_by_the_year(case: Case, now_us: int) -> bool:
    """Whether people are told what a year of it costs: it goes on, and has for 14 days. To rank
    it, a year is taken of what is younger as well."""
    told = case.evidence
    return runs(case, now_us) and told.end_us - told.start_us >= PERSISTS_US


def lasted_us(finding: Finding, now_us: int) -> int:
    """Over how long a finding is spread to tell it by the year [us]."""
    return max(now_us - finding.start_us, PERSISTS_US)


def by_the_year(amount: float, finding: Finding, now_us: int) -> float:
    """What a year of it comes to if it goes on as until now, in the unit of the amount."""
    return amount * YEAR_US / lasted_us(finding, now_us)


def rank_of(case: Case, now_us: int) -> Rank:
    """What a case is ranked by at an instant."""
    told, on = case.evidence, runs(case, now_us)
    by, unit, total = total_of(told)
    if by is RankBy.FAULT:
        return Rank(by, unit, on, total, total)
    weighed = total * told.confidence
    if not on:
        return Rank(by, unit, on, total, weighed)
    amount, value = (by_the_year(one, told, now_us) for one in (total, weighed))
    return Rank(by, unit, on, amount, value)


def total_of(told: Finding) -> tuple[RankBy, str, float]:
    """(by what, in which unit, how much in all); the hours that a meter fault lasted."""
    if told.waste <= 0:
        return RankBy.FAULT, "h", (told.end_us - told.start_us) / HOUR_US
    if told.cost is not None:
        return RankBy.COST, told.currency, float(told.cost)
    if told.kgco2 is not None:
        return RankBy.CARBON, "kg", float(told.kgco2)
    return RankBy.ENERGY, told.unit, told.waste


def order_of(case: Case, now_us: int) -> tuple[int, bool, float, int]:
    """Where a case stands in a list, ascending; of equal ones the oldest first."""
    rank = rank_of(case, now_us)
    over = rank.by is RankBy.FAULT and not rank.runs
    return rank.by, over, -rank.value, case.number
