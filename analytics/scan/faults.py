"""What a meter itself gets wrong, seen in its hours.

    zero       hours of nothing, of a meter that never rests
    stuck      the same value hour after hour, while it should have changed
    spike      a few hours far beyond anything the meter has ever done
    negative   hours below zero, of a meter that never fed back
    silent     hours without a value

The hours found are taken out before anything is judged: a wrong reading never becomes waste.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints, median

FAULT_KINDS: Final = ("silent", "zero", "negative", "stuck", "spike")
LEAST_HOURS: Final[Mapping[str, int]] = {
    "silent": 3,
    "zero": 3,
    "negative": 1,
    "stuck": 8,
    "spike": 1,
}
MOST_SPIKE_HOURS = 3
SPIKE_SIGMAS = 10.0
SPIKE_OF_MOST = 1.5
"""Times the most that the meter ever took."""
FADING = 0.15
"""Of a spike, what the hours beside it may be off by."""
NEVER = 0.002
"""Of the hours of history: what happened more seldom never happens."""
VARIES = 3.0
"""Spreads by which the middle half of its hours should differ while its value stands still: a plant
that runs through a night stands still too."""


@dataclass(frozen=True)
class Fault:
    """Hours [first, end) in which a meter measured wrongly."""

    meter: int
    kind: str
    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Bounds:
    """What each meter does when it is well, (meters,) each."""

    rests: Bools
    """It takes nothing at times."""
    feeds: Bools
    """It is below zero at times."""
    still: Ints
    """Longest run of equal values that is usual [h]."""
    most: Floats
    """The most it takes in an hour [kW], but for one in a thousand."""

    @classmethod
    def of(cls, load: Floats) -> Bounds:
        """Of a history of load [kW], (meters, hours), NaN where absent."""
        known = np.maximum(np.isfinite(load).sum(axis=1), 1)
        with np.errstate(invalid="ignore"):
            rests = (load == 0).sum(axis=1) > NEVER * known
            feeds = (load < 0).sum(axis=1) > NEVER * known
        most = np.nanquantile(np.where(np.isfinite(load), load, -np.inf), 0.999, axis=1)
        usual = [_usual_run(row) for row in load]
        return cls(rests, feeds, np.array(usual, dtype=np.int64), np.maximum(most, 0.0))

    def believable(self, expected: Floats) -> Floats:
        """What is expected [kWh/h], (meters, hours), without what a meter never does: where it
        never feeds in, nothing below zero. NaN stays."""
        return np.where((expected < 0) & ~self.feeds[:, None], 0.0, expected)

    def rows(self, wanted: Sequence[int]) -> Bounds:
        """Of some of the meters."""
        return Bounds(*(part[list(wanted)] for part in vars(self).values()))

    @classmethod
    def joined(cls, several: Sequence[Bounds]) -> Bounds:
        """Of the meters of several."""
        parts = zip(*(vars(one).values() for one in several), strict=True)
        return cls(*(np.concatenate(one) for one in parts))


def _usual_run(row: Floats) -> int:
    runs = [end - first for first, end in _runs(_equal(row[None, :])[0])]
    return int(np.quantile(runs, 0.98)) + 1 if runs else 0


def faults(load: Floats, expected: Floats, sigma: Floats, bounds: Bounds) -> list[Fault]:
    """All faults of hours (meters, hours): `load` and `expected` [kW], NaN where unknown, `sigma`
    the spread of a sound hour [kW]."""
    with np.errstate(invalid="ignore"):
        residual = load - expected
        high = (residual > SPIKE_SIGMAS * sigma) & (load > SPIKE_OF_MOST * bounds.most[:, None])
        masks: dict[str, Bools] = {
            "silent": np.isnan(load),
            "zero": (load == 0) & ~bounds.rests[:, None],
            "negative": (load < 0) & ~bounds.feeds[:, None],
            "stuck": _equal(load) & (load != 0),
            "spike": high,
        }
    found: list[Fault] = []
    for kind in FAULT_KINDS:
        for meter in np.flatnonzero(masks[kind].any(axis=1)).tolist():
            for first, end in _runs(masks[kind][meter]):
                one = Fault(meter, kind, first, end)
                if _holds(one, residual[meter], expected, sigma, bounds):
                    found.append(one)
    return _caught_up(found, load)


def _caught_up(found: Sequence[Fault], load: Floats) -> list[Fault]:
    """Hours of nothing that a spike makes up for are a register that stood still; a spike beside
    silence makes up for that, and is none."""
    zeros = {(one.meter, one.end): one for one in found if one.kind == "zero"}
    result, taken = [], set()
    for one in found:
        if one.kind != "spike":
            continue
        beside = load[one.meter, [max(one.first - 1, 0), min(one.end, load.shape[1] - 1)]]
        still = zeros.get((one.meter, one.first)) or zeros.get((one.meter, one.first - 1))
        if still is not None:
            taken.add(still)
            result.append(Fault(one.meter, "stuck", still.first, one.end))
        elif np.isfinite(beside).all():
            result.append(one)
    return result + [one for one in found if one.kind != "spike" and one not in taken]


def _holds(one: Fault, residual: Floats, expected: Floats, sigma: Floats, bounds: Bounds) -> bool:
    hours = one.end - one.first
    if hours < LEAST_HOURS[one.kind]:
        return False
    if one.kind == "spike":
        return hours <= MOST_SPIKE_HOURS and _stands_alone(one, residual)
    if one.kind == "stuck":
        wanted = expected[one.meter, one.first : one.end]
        known = wanted[np.isfinite(wanted)]
        spread = float(median(sigma[one.meter, one.first : one.end][None, :])[0])
        low, high = np.percentile(known, [25, 75]) if known.size else (0.0, 0.0)
        moved = float(high - low) > VARIES * spread
        return moved and hours > 2 * bounds.still[one.meter]
    return True


def _stands_alone(one: Fault, residual: Floats) -> bool:
    """Whether the hours next to it know nothing of it: a burst of real use comes and fades, and a
    sum that catches up after silence is none."""
    beside = residual[[max(one.first - 1, 0), min(one.end, residual.size - 1)]]
    peak = float(residual[one.first : one.end].max())
    return bool((np.abs(beside) < FADING * peak).all())


def _equal(load: Floats) -> Bools:
    """Hours that say the same as the one before or after."""
    with np.errstate(invalid="ignore"):
        same = load[:, 1:] == load[:, :-1]
    result = np.zeros(load.shape, dtype=np.bool_)
    result[:, 1:] |= same
    result[:, :-1] |= same
    return result


def _runs(flags: Bools) -> Iterator[tuple[int, int]]:
    """[first, end) of each run of flagged hours."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    yield from zip(
        np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True
    )
