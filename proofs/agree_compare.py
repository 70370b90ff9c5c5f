"""What was asked of whom, and whether all told the same.

A *figure* is a question with one right answer; a *way* is a face that must give it. The oracle's
answer is one way more. A way that refuses, or has no answer, disagrees unless it is listed here
with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

LEAST_WAYS, LEAST_FIGURES = 4, 200


@dataclass(frozen=True, order=True)
class AskedFigure:
    """A question."""

    kind: str
    """energy, cost, cost_low, cost_high, kgco2 or ratio."""
    code: str
    item: str
    start: str
    """First local day, or the instant at which an hour begins."""
    end: str
    """The day after the last one, or when the hour ends."""
    name: str = ""
    """difference, or which ratio."""
    currency: str = ""

    def __str__(self) -> str:
        own = " ".join(one for one in (self.name, self.currency) if one)
        return f"{self.kind} {self.code}/{self.item} {self.start}..{self.end} {own}".rstrip()


@dataclass(frozen=True)
class NoAnswer:
    """No answer, and why."""

    reason: str


Told = Fraction | float | NoAnswer
"""A float is what a double can hold: the nearest one to the exact value is right."""
Answers = dict[AskedFigure, Told]


@dataclass(frozen=True)
class Question:
    """A figure with its right answer and the faces that must give it."""

    figure: AskedFigure
    exact: Fraction
    ways: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """A face that is known to refuse some figures, or not to have them."""

    way: str
    reason: str
    kinds: tuple[str, ...] = ()
    """Which kinds; none means all."""
    codes: tuple[str, ...] = ()
    """Of which nodes; none means all."""

    def holds(self, way: str, figure: AskedFigure) -> bool:
        """Whether it excuses that way of telling the figure."""
        return (
            way == self.way
            and (not self.kinds or figure.kind in self.kinds)
            and (not self.codes or figure.code in self.codes)
        )


LISTED: tuple[Listed, ...] = ()


@dataclass
class Comparison:
    """What the comparison found."""

    figures: int = 0
    least_ways: int = 0
    comparisons: int = 0
    disagreeing: list[str] = field(default_factory=list)
    """A line of text for each figure that somebody tells otherwise, or not at all."""
    listed: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    by_way: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Nothing disagrees, and enough was told in enough ways for that to mean something."""
        return (
            not self.disagreeing and self.figures >= LEAST_FIGURES and self.least_ways >= LEAST_WAYS
        )

    def as_json(self) -> dict[str, Any]:
        """`ways` is the least number of ways that a figure was told in."""
        return {
            "figures": self.figures,
            "ways": self.least_ways,
            "disagreeing": len(self.disagreeing),
            "comparisons": self.comparisons,
            "listed": dict(self.listed),
            "by_kind": dict(self.by_kind),
            "by_way": dict(self.by_way),
        }


def compare(
    questions: Iterable[Question],
    told: Mapping[str, Answers],
    listed: Sequence[Listed] = LISTED,
) -> Comparison:
    """Every way's answer to every question against the exact one.

    Money that a way tells in a currency that the figure does not have disagrees as well.
    """
    outcome, asked = Comparison(), list(questions)
    known = {question.figure for question in asked}
    for question in asked:
        outcome.figures += 1
        outcome.by_kind[question.figure.kind] += 1
        ways, wrong = 1, []
        for way in question.ways:
            answer = told.get(way, {}).get(question.figure, NoAnswer("absent"))
            excused = next((one for one in listed if one.holds(way, question.figure)), None)
            if isinstance(answer, NoAnswer) and excused is not None:
                outcome.listed[f"{way}: {excused.reason}"] += 1
                continue
            ways += 1
            outcome.comparisons += 1
            outcome.by_way[way] += 1
            if not _right(answer, question.exact):
                wrong.append(f"{way} {shown(answer)}")
        if wrong:
            told_rightly = f"{question.figure}: {shown(question.exact)}, but "
            outcome.disagreeing.append(told_rightly + ", ".join(wrong))
        outcome.least_ways = min(outcome.least_ways or ways, ways)
    outcome.disagreeing += _beyond(known, asked, told)
    return outcome


def _right(answer: Told, exact: Fraction) -> bool:
    if isinstance(answer, NoAnswer):
        return False
    return answer == float(exact) if isinstance(answer, float) else answer == exact


def _beyond(
    known: set[AskedFigure], asked: Sequence[Question], told: Mapping[str, Answers]
) -> Iterator[str]:
    """Money in currencies that the figure does not have."""
    places = {(f.kind, f.code, f.item, f.start, f.end, f.name) for f in known if f.currency}
    ways = {way for question in asked for way in question.ways}
    for way in sorted(ways & told.keys()):
        for figure, answer in told[way].items():
            place = (figure.kind, figure.code, figure.item, figure.start, figure.end, figure.name)
            if place in places and figure not in known and answer != 0:
                yield f"{figure}: no money in this currency, but {way} {shown(answer)}"


def shown(answer: Told) -> str:
    """An answer for people: exact where that has an end."""
    if isinstance(answer, NoAnswer):
        return answer.reason
    if isinstance(answer, float):
        return repr(answer)
    value = Decimal(answer.numerator) / Decimal(answer.denominator)
    return f"{value:f}"
