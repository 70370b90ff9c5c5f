"""What a stretch of days looks like most, and how surely.

Each shape explains some of the hours' deviation: the power that fits best takes off

    gain = (sum w r / s^2)^2 / sum (w / s)^2

of the sum of (r / s)^2, with s the spread of an hour of its kind. Hours that follow each other are
alike, so that a day counts as one; the shapes' gains, so thinned, are held against each other as
likelihoods are. What no shape explains is *unexplained*: a wrong story is worse than none.

A level that grows evenly, and a clock that is off, are shapes of more than a day:

    creep   every hour by its day within the stretch       clock   what is expected hours away
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats
from analytics.scan.schedule import EARLY_HOURS, LATE_HOURS, Schedule, edge
from analytics.scan.shapes import DRIVEN, Hours, weights

ALIKE_HOURS = 12.0
"""Hours that count as one."""
LEAST_EXPLAINED = 0.15
"""Of the sum of squares beyond the usual, what a shape must explain to be named."""
CREEP_DAYS = 21
CLOCK_DAYS = 4
"""A clock that is off is so for days; a day or two of other hours are people's."""
SEASON_DAYS, SEASON_SHARE = 14, 0.5
"""A shorter stretch sees hardly more than one weather: what that drives counts for less."""
SHIFTS: Final = (-2, -1, 1, 2)
MISSING = 0.3
"""Of what came with a clock that is off, what must be missing where it left."""
SIMPLE = 0.9
"""A shape of more than a day must beat the others by so much."""


@dataclass(frozen=True)
class Likeness:
    """Shapes by how likely they are, the likeliest first; empty where none explains it."""

    odds: tuple[tuple[str, float], ...]
    """(shape, share of the likelihood), those below a tenth left out."""
    explained: float
    """Of the squares beyond the usual, by the likeliest."""
    ratio: float
    """What was measured over what was expected, less 1, over all hours."""

    @property
    def shape(self) -> str:
        """The likeliest; '' where nothing explains it."""
        return self.odds[0][0] if self.odds else ""


def named(hours: Hours, schedule: Schedule, spread: Floats, span: tuple[int, int]) -> Likeness:
    """Likeness what happened to one meter within hours [first, end) of `span`.

    hours, schedule: of that meter alone. spread: of an hour off, and of an hour on [kW], (2,).
    """
    inside = slice(*span)
    r = hours.residual[0, inside]
    known = np.isfinite(r)
    off = schedule.off[0, hours.bins[inside]]
    sigma = np.where(off, spread[0], spread[1])
    squares = float(np.where(known, (np.nan_to_num(r) / sigma) ** 2, 0.0).sum())
    beyond = max(squares - float(known.sum()), 1e-9)
    gains = {
        name: _gain(r, weight[0, inside], sigma, known) for name, weight in weights(hours, schedule)
    }
    if r.size < SEASON_DAYS * 24:
        gains |= {name: SEASON_SHARE * gains[name] for name in DRIVEN}
    bins = hours.bins[inside]
    for name, most, side in (("early", EARLY_HOURS, -1), ("late", LATE_HOURS, 1)):
        gains[name] = max(
            _gain(r, mask[0, bins] * 1.0, sigma, known)
            for mask in _widening(schedule.runs, most, side)
        )
    gains["creep"] = max(_gain(r, ramp, sigma, known) for ramp in _ramps(r.size))
    if r.size >= CLOCK_DAYS * 24:
        gains["clock"] = SIMPLE * max(
            _moved(r, _away(hours, span, n), sigma, known) for n in SHIFTS
        )
    share = np.nan_to_num(hours.expected[0, inside])
    ratio = _power(r, share, sigma, known)
    best = max(gains.values())
    if best < LEAST_EXPLAINED * beyond or best <= 0:
        return Likeness((), best / beyond, ratio)
    likely = {name: np.exp((gain - best) / 2 / ALIKE_HOURS) for name, gain in gains.items()}
    total = sum(likely.values())
    odds = sorted(((name, float(one / total)) for name, one in likely.items()), key=lambda x: -x[1])
    return Likeness(tuple(one for one in odds if one[1] >= 0.1), best / beyond, ratio)


def _widening(runs: Bools, most: int, side: int) -> Iterator[Bools]:
    """The edges of the day, by one hour more each."""
    wide = np.zeros_like(runs)
    for hours in range(1, most + 1):
        wide = wide | (edge(runs, side * hours) & ~runs)
        yield wide


def _ramps(hours: int) -> list[Floats]:
    """Growths from nothing, and from a third of what was reached; none within three weeks."""
    if hours < CREEP_DAYS * 24:
        return [np.zeros(hours)]
    days = np.arange(hours) / hours
    return [days, days + 1 / 3]


def _power(r: Floats, weight: Floats, sigma: Floats, known: Floats) -> float:
    """The power that fits best."""
    w = np.where(known, weight, 0.0) / sigma
    size = float((w * w).sum())
    return float((w * np.nan_to_num(r) / sigma).sum()) / size if size > 0 else 0.0


def _gain(r: Floats, weight: Floats, sigma: Floats, known: Floats) -> float:
    """Squares taken off by the best power; only power more than nothing counts."""
    w = np.where(known, weight, 0.0) / sigma
    along, size = float((w * np.nan_to_num(r) / sigma).sum()), float((w * w).sum())
    return along**2 / size if size > 0 and along > 0 else 0.0


def _moved(r: Floats, away: Floats, sigma: Floats, known: Floats) -> float:
    """The gain of hours that came from elsewhere: what is too much here is missing there."""
    came, left = (
        _power(r, part, sigma, known) for part in (np.maximum(away, 0), np.minimum(away, 0))
    )
    return _gain(r, away, sigma, known) if left > MISSING * came else 0.0


def _away(hours: Hours, span: tuple[int, int], shift: int) -> Floats:
    """What is expected some hours away, less what is expected."""
    expected = np.nan_to_num(hours.expected[0])
    return np.asarray(np.roll(expected, shift)[slice(*span)] - expected[slice(*span)])
