"""Points that gateways send and nobody registered: what is kept of them until somebody decides.

    readings of an unknown point  ─▶ Sighting, of one batch  ─▶ noted ─▶ SeenPoint
    a gateway's self-description  ─▶ Described  ────────────────┘

Their readings wait as dead letters; what is kept here is what a person needs to register the point.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import TypeVar

from metering.reading import Kind

MOST_SEEN = 1_000
"""Points of one gateway that are kept, and as many that were dismissed; of more, those heard of
last longest ago are forgotten."""
KEPT_VALUES = 32
"""Latest values of a point."""
_KEPT_UNITS, _STEPS_NEEDED, _TOLD = 4, 2, 8

T = TypeVar("T")
SentValue = tuple[int, float, str]
"""(time [us UTC], value, unit as sent or '')."""


@dataclass(frozen=True)
class Described:
    """What a gateway says of one of its points."""

    point: str
    """The name that readings of it come under; '' where `topic` and `path` tell that."""
    name: str = ""
    """In people's words."""
    unit: str = ""
    """As sent; '' where it does not say."""
    kind: Kind | None = None
    quantity: str = ""
    """What it measures, in a word of its own: energy, temperature ..."""
    topic: str = ""
    """Where its values are published."""
    path: tuple[str, ...] = ()
    """The way to its value in the JSON that is published there; empty where that is the value."""


@dataclass(frozen=True)
class Sighting:
    """What one batch of messages brought of a point that nobody registered."""

    gateway: str
    point: str
    first_us: int
    """Arrival of the first message of it [us UTC]."""
    last_us: int
    values: tuple[SentValue, ...] = ()
    """By time, one of each, in the order of the journal where they are of one time."""
    kinds: tuple[Kind, ...] = ()
    """As sent, each once."""
    described: Described | None = None


@dataclass(frozen=True)
class SeenPoint:
    """A point that nobody registered, as far as it is known."""

    gateway: str
    point: str
    first_us: int = 0
    """Arrival of what was heard of it first [us UTC]."""
    last_us: int = 0
    seen: int = 0
    """Readings of it; 0 where it was only described."""
    rises: int = 0
    """How often a value was above the one before it in time, as far as they came in order."""
    falls: int = 0
    values: tuple[SentValue, ...] = ()
    """The latest by time, `KEPT_VALUES` at most."""
    units: tuple[str, ...] = ()
    """Those that were sent, each once, the latest last; `_KEPT_UNITS` at most."""
    kinds: tuple[Kind, ...] = ()
    described: Described | None = None
    dismissed_us: int = 0
    """When somebody said that it is not wanted; 0 where nobody did."""
    dismissed_by: str = ""

    @property
    def latest(self) -> tuple[SentValue, ...]:
        """The values that people are told."""
        return self.values[-_TOLD:]

    @property
    def step_us(self) -> int | None:
        """The usual distance of its values in time [us]: the median of the latest; None where
        there are too few."""
        times = [time for time, _, _ in self.values]
        apart = [b - a for a, b in pairwise(times) if b > a]
        return round(median(apart)) if len(apart) >= _STEPS_NEEDED else None

    def emptied(self) -> SeenPoint:
        """The same as if nothing had come of it, for a rebuild: what was decided stands."""
        return SeenPoint(
            self.gateway,
            self.point,
            dismissed_us=self.dismissed_us,
            dismissed_by=self.dismissed_by,
        )


def noted(known: SeenPoint, more: Sighting) -> SeenPoint:
    """What is known of a point with what a batch brought. Values older than the latest known one
    count, and do not tell whether it rises."""
    chain = [*known.values[-1:], *(one for one in more.values if _newer(one, known))]
    moves = [b[1] - a[1] for a, b in pairwise(chain)]
    values = sorted((*known.values, *more.values), key=lambda one: one[0])[-KEPT_VALUES:]
    return replace(
        known,
        first_us=min(known.first_us, more.first_us) if known.first_us else more.first_us,
        last_us=max(known.last_us, more.last_us),
        seen=known.seen + len(more.values),
        rises=known.rises + sum(move > 0 for move in moves),
        falls=known.falls + sum(move < 0 for move in moves),
        values=tuple(values),
        units=_each_once((*known.units, *(one[2] for one in more.values if one[2])))[-_KEPT_UNITS:],
        kinds=_each_once((*known.kinds, *more.kinds)),
        described=more.described or known.described,
    )


def _newer(one: SentValue, known: SeenPoint) -> bool:
    return not known.values or one[0] > known.values[-1][0]


def _each_once(found: Iterable[T]) -> tuple[T, ...]:
    """Each once, where it stood last."""
    kept: dict[T, None] = {}
    for one in found:
        kept.pop(one, None)
        kept[one] = None
    return tuple(kept)


def forgotten(seen: Iterable[SeenPoint]) -> list[str]:
    """Points of one gateway that are more than are kept, by name: of those that were dismissed, and
    of the others, the ones heard of last longest ago."""
    found: list[str] = []
    by_age = sorted(seen, key=lambda one: (one.last_us, one.point), reverse=True)
    for dismissed in (False, True):
        own = [one.point for one in by_age if bool(one.dismissed_us) is dismissed]
        found += own[MOST_SEEN:]
    return found
