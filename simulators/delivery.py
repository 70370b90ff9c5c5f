"""In which order a gateway delivers the hours of its history, and what it gets wrong.

    created   0 1 2 3 4 5 6 7 8 9 ...          one message an hour
    outage    0 1 ┊6 5 4 3 2┊ 7 8 ...          the newest first, then what was missed
    swapped   0 2 1 3 ...
    late      0 1 3 4 5 2 6 ...
    copy      0 1 2 1' 3 ...                   the same message again, same sequence number
    wrong     0 1 2! 3 4 +2 5 ...              a wrong value, put right under a higher number
    malformed 0 1 x 2 ...                      extra messages

No hour takes part in more than one of them, so every rule can be counted on its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metering.quantity import I64

LONGEST_OUTAGE_H = 30


@dataclass(frozen=True)
class Batch:
    """The readings of one hour. `copy`: delivered before; `again`: repeats the last quarter of
    the hour before; `wrong`: which of the gateway's registers is sent wrong, else -1."""

    hour: int
    seq: int = 0
    copy: bool = False
    again: bool = False
    wrong: int = -1


@dataclass(frozen=True)
class Correction:
    """The right value of what the batch of that hour got wrong."""

    hour: int
    wrong: int
    seq: int = 0


@dataclass(frozen=True)
class Extra:
    """A malformed message: which fault (an index), sent about which hour."""

    hour: int
    fault: int


Post = Batch | Correction | Extra


class _Draws:
    """Hours drawn at random that take part in nothing else yet."""

    def __init__(self, rng: np.random.Generator, hours: int) -> None:
        self.rng = rng
        self._free = np.ones(max(hours, 0), dtype=bool)
        self._free[:2] = False

    def span(self, length: int) -> int | None:
        """First of `length` free hours in a row, now taken; None if none was found."""
        for _ in range(200):
            if len(self._free) <= length + 3:
                return None
            first = int(self.rng.integers(2, len(self._free) - length))
            if self._free[first : first + length].all():
                self._free[first : first + length] = False
                return first
        return None

    def spans(self, count: int, shortest: int, longest: int) -> list[tuple[int, int]]:
        """(first, length) of up to `count` free spans."""
        lengths = [int(n) for n in self.rng.integers(shortest, longest + 1, count)]
        found = [(self.span(length), length) for length in lengths]
        return [(first, length) for first, length in found if first is not None]


def delivery(rng: np.random.Generator, hours: int, registers: int, faults: int) -> list[Post]:
    """Everything the gateway publishes about `hours` hours of history, in order.

    Sequence numbers follow the order of creation from 1; a correction's is above the wrong
    value's and comes later.
    """
    draws = _Draws(rng, hours)
    rank = np.arange(hours, dtype=np.float64)
    _disorder(draws, rank, hours)
    marked = {
        first + 1: Batch(first + 1, again=True) for first, _ in draws.spans(hours // 60, 2, 2)
    }
    corrections: list[tuple[float, Correction]] = []
    for first, length in draws.spans(max(1, hours // 500), 4, 9):
        wrong = int(rng.integers(registers))
        marked[first] = Batch(first, wrong=wrong)
        corrections.append((first + length - 0.6, Correction(first, wrong)))
    batches = [marked.get(hour, Batch(hour)) for hour in range(hours)]
    numbered, corrected = _number(batches, corrections)
    posts: list[tuple[float, Post]] = [(float(rank[b.hour]), b) for b in numbered]
    posts += corrected
    for first, length in draws.spans(hours // 60, 1, 6):
        posts.append((first + length - 0.7, replace(numbered[first], copy=True)))
    posts += _extras(rng, hours, faults)
    posts.sort(key=lambda ranked: ranked[0])
    return [post for _, post in posts]


def _disorder(
    draws: _Draws, rank: np.ndarray[tuple[int], np.dtype[np.float64]], hours: int
) -> None:
    """Outages, swapped and late messages: changes `rank`, the place of each hour."""
    for first, length in draws.spans(-(-hours // 800), 3, LONGEST_OUTAGE_H):
        rank[first : first + length] = rank[first : first + length][::-1].copy()
    for first, _ in draws.spans(hours // 100, 2, 2):
        rank[[first, first + 1]] = rank[[first + 1, first]]
    for first, length in draws.spans(hours // 120, 3, 7):
        rank[first] = first + length - 0.5


def _number(
    batches: list[Batch], corrections: list[tuple[float, Correction]]
) -> tuple[list[Batch], list[tuple[float, Post]]]:
    """Give sequence numbers in the order of creation."""
    at: I64 = np.sort(np.array([int(place) for place, _ in corrections], dtype=np.int64))
    earlier = np.searchsorted(at, np.arange(len(batches)), side="left")
    numbered = [replace(b, seq=1 + b.hour + int(earlier[b.hour])) for b in batches]
    corrected: list[tuple[float, Post]] = []
    for index, (place, one) in enumerate(sorted(corrections, key=lambda ranked: ranked[0])):
        corrected.append((place, replace(one, seq=2 + int(place) + index)))
    return numbered, corrected


def _extras(rng: np.random.Generator, hours: int, faults: int) -> list[tuple[float, Post]]:
    """Malformed messages: each fault at least once where the history is long enough."""
    count = max(min(faults, hours // 4), hours // 70)
    places = rng.choice(hours, size=min(count, hours), replace=False)
    return [(float(h) + 0.1, Extra(int(h), n % faults)) for n, h in enumerate(places)]
