"""Models of regimes: what a meter takes in warm and in cool spells, and on its types of days.

spells     the slow mean of the temperature, cut where that tells most: medians of each part by kind
           of day and hour. So an intermittent load is on in the one spell and off in the other.
day types  days by their shape (k-means); a day is of the type that days of its kind and of near
           temperature mostly are: medians of that type by hour

Both are tables: they open again without running anything. Each fold of weeks is told by the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from analytics.bins import COMPACT_BINS, COMPACT_OF
from analytics.crossfit import History, folds
from analytics.groups import Bools, Floats, Groups, Ints
from analytics.temperature import bridge, slow_mean

CUTS: Final = np.linspace(0.05, 0.95, 19)
"""Quantiles of the slow mean at which spells may be cut."""
MOST_CUTS: Final = 2
LEAST_HOURS: Final = 4
"""Hours of a spell and a bin from which it has a level of its own."""
TYPES: Final = 4
NEAREST: Final = 9
"""Days by which the type of another one is told."""
DAY_H: Final = 24

Told = Callable[[Floats, Bools], Floats]


def by_spells(history: History) -> Floats:
    """What spells of the other folds of weeks expect of each hour [kWh/h], (meters, hours); NaN
    where nothing was learnt. Without weather there is one spell."""
    clock, slow = history.clock, slow_mean(_air(history))
    bins = COMPACT_OF[clock.weekday] * DAY_H + clock.hour

    def told(energy: Floats, learnt: Bools) -> Floats:
        known = learnt & np.isfinite(slow)
        cuts = _cuts(energy, slow, bins, known)
        return _leveled(energy, np.searchsorted(cuts, slow), bins, known, len(cuts) + 1)

    return _by_folds(history, told)


def by_day_types(history: History, seed: int) -> Floats:
    """Likewise by the types of days; the same bits for a seed."""
    from sklearn.cluster import KMeans

    clock = history.clock
    days, first, place = np.unique(clock.day, return_index=True, return_inverse=True)
    kinds, air = COMPACT_OF[clock.weekday[first]], _air(history)
    mean = Groups.of(place.astype(np.int64), days.size).means(air[None])[0][0]

    def told(energy: Floats, learnt: Bools) -> Floats:
        shapes = np.full((days.size, DAY_H), np.nan)
        shapes[place[learnt], clock.hour[learnt]] = energy[learnt]
        whole = np.flatnonzero(np.isfinite(shapes).all(axis=1) & np.isfinite(mean))
        if whole.size < TYPES * LEAST_HOURS:
            return np.full(energy.shape, np.nan)
        model: Any = KMeans(TYPES, n_init=4, random_state=seed).fit(shapes[whole])
        types = np.asarray(model.labels_)
        usual = np.stack([np.median(shapes[whole[types == one]], axis=0) for one in range(TYPES)])
        of_day = [
            _type(types[alike], np.abs(mean[whole[alike]] - mean[day]))
            for day in range(days.size)
            for alike in (np.flatnonzero(kinds[whole] == kinds[day]),)
        ]
        return np.asarray(usual[np.array(of_day)[place], clock.hour])

    return _by_folds(history, told)


def _air(history: History) -> Floats:
    """Temperature [C]; 0 where no weather is known at all."""
    air = bridge(history.temperature)
    return air if np.isfinite(air).any() else np.zeros(air.shape)


def _by_folds(history: History, told: Told) -> Floats:
    """Each fold of weeks by a model of the hours of the others, meter by meter."""
    fold, result = folds(history.clock), np.full(history.energy.shape, np.nan)
    for row, energy in enumerate(history.energy):
        for one in np.unique(fold).tolist():
            learnt = (fold != one) & np.isfinite(energy)
            if learnt.any():
                result[row, fold == one] = told(energy, learnt)[fold == one]
    return result


def _cuts(energy: Floats, slow: Floats, bins: Ints, known: Bools) -> list[float]:
    """Where spells are cut, rising: one by one, where the hours learnt are missed least."""
    found: list[float] = []
    best = _missed(energy, slow, bins, known, found)
    for _ in range(MOST_CUTS):
        tried = [sorted([*found, one]) for one in np.quantile(slow[known], CUTS).tolist()]
        missed = [_missed(energy, slow, bins, known, one) for one in tried]
        least = int(np.argmin(missed))
        if missed[least] >= best:
            break
        best, found = missed[least], tried[least]
    return found


def _missed(energy: Floats, slow: Floats, bins: Ints, known: Bools, cuts: list[float]) -> float:
    told = _leveled(energy, np.searchsorted(cuts, slow), bins, known, len(cuts) + 1)
    return float(np.nanmean(np.abs(energy - told)[known]))


def _leveled(energy: Floats, spell: Ints, bins: Ints, known: Bools, spells: int) -> Floats:
    """The median of each hour's spell and bin, of its bin where the spell knows too little."""
    own = np.where(known, spell * COMPACT_BINS + bins, -1)
    groups = Groups.of(own, spells * COMPACT_BINS)
    count = groups.sums(known[None].astype(np.float64))[0]
    levels = np.where(count >= LEAST_HOURS, groups.medians(energy[None])[0], np.nan)
    whole = Groups.of(np.where(known, bins, -1), COMPACT_BINS).medians(energy[None])[0]
    told = levels[spell * COMPACT_BINS + bins]
    return np.asarray(np.where(np.isfinite(told), told, whole[bins]))


def _type(types: Ints, away: Floats) -> int:
    """The type that most of the nearest days are of; the first where there are none."""
    near = types[np.argsort(away, kind="stable")[:NEAREST]]
    return int(np.bincount(near, minlength=TYPES).argmax())
