"""Meters of one calendar, looked at together: what is wrong with them, and since when.

faults of the meter ─▶ their hours out ─▶ days along shapes ─▶ common days out ─▶ segments
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.scan.faults import Fault, faults
from analytics.scan.habit import Habit
from analytics.scan.naming import Likeness, named
from analytics.scan.schedule import Schedule
from analytics.scan.segments import DaySegment, Shaped, segments
from analytics.scan.shapes import LEAST, RELATIVE, SHAPES, Hours, days_by_shape, weights
from analytics.scan.special import common_days
from analytics.scan.steps import STEP_DAYS, STEP_SHAPES, steps

LEAST_Z = 3.5
"""Below it nothing is worth keeping; what is told is decided by a threshold above."""
LEAST_STEP = 3.0
STEP = 1.8
"""What a z of a step counts."""
WEIGHTS = {
    "night": 1.2,
    "late": 1.2,
    "off": 1.2,
    "runs": 0.6,
    "share": 0.6,
    "cool": 0.75,
    "heat": 0.65,
}
"""What a z of a shape counts: nights are steady, days and seasons are not what they were."""
MISSED = 2.2
"""Times what days vary by: by so much more the net waste of stretches was missed, on fleets made up
for it. Their edges and weeks of another level are in it."""
NAME_WEIGHTS = {
    "night": 0.8,
    "early": 0.8,
    "late": 0.5,
    "rest": 0.8,
    "off": 1.25,
    "all": 1.25,
    "creep": 1.5,
    "": 0.5,
}
"""What it counts by its name: the edges of a day are where harmless things happen."""
MOST_SCORE = 100.0
YEAR_H = 8760.0
WORTH, USUAL_WORTH = 0.2, 0.01
"""What is worth a hundredth of a meter's year counts as it stands, what is worth more or less by so
low a power of it."""
WORTH_LEAST, WORTH_MOST = 0.7, 1.5
DRIFT, DRIFT_BELOW = 0.5, 0.3
"""What a z counts of a stretch that is a little more of everything, and how little that is."""
REST, ALL = SHAPES.index("rest"), SHAPES.index("all")


@dataclass(frozen=True, eq=False)
class MeterBlock:
    """Meters that share clock and weather."""

    hours: Hours
    load: Floats
    """[kW], (meters, hours); NaN where unknown."""
    schedule: Schedule
    habit: Habit
    special: Bools
    """(days,)"""
    seasons: Ints
    """Those of the days, (days,), of `SEASONS`."""
    beyond: Bools
    """Hours whose weather the baseline has never seen, (meters, hours)."""
    strict: float = 1.0
    """How large an effect must be, beside the usual."""
    counts: Bools | None = None
    """Meters that speak for themselves, (meters,), where not all do: what a total shows that its
    parts show as well is no second witness."""
    fewest: Mapping[str, int] = field(default_factory=dict)
    """Shape -> days on which it must be seen, where that is not the usual."""
    rests: Bools | None = None
    """Meters that rest for seasons, (meters,), as in `analytics.scan.seasons`; None for no one."""


@dataclass(frozen=True)
class NetNoise:
    """What the sum over all hours of a meter is off by while it is well."""

    sigma: float
    """Of the sum over n hours, divided by the root of n [kW]."""
    tau: float
    """Of the mean over a long time [kW]."""
    heavy: float
    """What a day out of the ordinary adds [kWh]."""

    def of(self, hours: int) -> float:
        """Standard deviation of the sum over so many hours [kWh]."""
        own = math.sqrt(self.sigma**2 * hours + (self.tau * hours) ** 2 + self.heavy**2)
        return MISSED * own


@dataclass(frozen=True)
class DayStretch:
    """Days of a meter that left their expectation."""

    block: int
    meter: int
    """Row in the block."""
    shape: str
    first: int
    """Day of the block."""
    last: int
    score: float
    power: float
    known: int
    name: Likeness
    drift: float
    """[kW], over its hours: by how much the weeks before had left their expectation already, where
    it is held against those; else 0."""
    noise: NetNoise
    rests: bool = False
    """Whether its meter rests for seasons."""


@dataclass(frozen=True)
class Sightings:
    """What was seen of blocks."""

    stretches: tuple[DayStretch, ...]
    faults: tuple[tuple[int, Fault], ...]
    """(block, fault)"""

    def of_rows(self, rows: Sequence[int]) -> Sightings:
        """What was seen of one block of some of the meters, by their rows among all."""
        return Sightings(
            tuple(replace(one, meter=rows[one.meter]) for one in self.stretches),
            tuple((block, replace(one, meter=rows[one.meter])) for block, one in self.faults),
        )


NOTHING_SEEN = Sightings((), ())


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What each meter of a block shows by itself."""

    block: MeterBlock
    faults: tuple[Fault, ...]
    """Meter by meter."""
    hours: Hours
    """Without those of faults."""
    shaped: Shaped
    rest: Floats
    """How far each day of rest stands out, (meters, days); NaN where it does not rest."""

    @classmethod
    def of(cls, block: MeterBlock) -> Glimpse:
        """A meter shows the same whoever is beside it."""
        found = sorted(_faults(block), key=lambda fault: fault.meter)
        hours = _sound(block, found)
        shaped = _shaped(block, hours)
        return cls(block, tuple(found), hours, shaped, _rest_z(shaped))

    def stretches(self, common: Bools, place: int = 0, since: int = 0) -> list[DayStretch]:
        """Those of other days than `common` ones, (days,), from day `since` on, meter by meter;
        `place` is that of the block among others."""
        return _stretches(place, self.block, self.hours, _but(self.shaped, common), since)


def judge(blocks: Sequence[MeterBlock], since: int = 0) -> Sightings:
    """Look at blocks of one calendar, over the same days, from day `since` on."""
    seen = [Glimpse.of(block) for block in blocks]
    common = common_days(np.concatenate([one.rest[_witnesses(one.block)] for one in seen]))
    stretches = [
        stretch for place, one in enumerate(seen) for stretch in one.stretches(common, place, since)
    ]
    found = [(place, fault) for place, one in enumerate(seen) for fault in one.faults]
    return Sightings(tuple(stretches), tuple(found))


def _stretches(
    place: int, block: MeterBlock, hours: Hours, shaped: Shaped, since: int
) -> list[DayStretch]:
    """What left its expectation, and what left the weeks before it; of those that share days the
    surer one."""
    found = [
        _stretch(place, block, hours, _later(one, since))
        for one in segments(_from(shaped, since).above_season, LEAST_Z)
    ]
    found += [
        _stretch(place, block, hours, one, level)
        for one, level in steps(shaped, block.habit.step, since, LEAST_STEP)
    ]
    kept: list[DayStretch] = []
    for one in sorted(found, key=lambda stretch: -stretch.score):
        if not any(_share_days(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda stretch: stretch.meter)


def _share_days(one: DayStretch, other: DayStretch) -> bool:
    return one.meter == other.meter and one.first <= other.last and other.first <= one.last


def _later(one: DaySegment, days: int) -> DaySegment:
    return replace(one, first=one.first + days, last=one.last + days, known=one.known + days)


def _name(block: MeterBlock, hours: Hours, one: DaySegment, level: float) -> tuple[Likeness, float]:
    """What it looks like above what the weeks before were, and what these were off by [kW]."""
    starts = np.append(hours.day_starts, hours.bins.size)
    span = int(starts[one.first]), int(starts[one.last + 1])
    own, schedule = hours.of(one.meter), block.schedule.of(one.meter)
    drift = 0.0
    if level:
        usual = level * dict(weights(own, schedule))[SHAPES[one.shape]]
        own = replace(own, residual=own.residual - usual)
        drift = float(usual[0, slice(*span)].mean())
    return named(own, schedule, block.habit.spread[one.meter], span), drift


def _faults(block: MeterBlock) -> list[Fault]:
    sigma = np.broadcast_to(block.habit.spread.max(axis=1)[:, None], block.load.shape)
    return faults(block.load, block.hours.expected, sigma, block.habit.bounds)


def _sound(block: MeterBlock, found: Sequence[Fault]) -> Hours:
    """The hours without those of faults and beside them, and without what cannot be judged."""
    residual = np.where(block.beyond, np.nan, block.hours.residual)
    for one in found:
        residual[one.meter, max(one.first - 1, 0) : one.end + 1] = np.nan
    return replace(block.hours, residual=residual)


def _shaped(block: MeterBlock, hours: Hours) -> Shaped:
    along, size = days_by_shape(hours, block.schedule, block.special)
    habit = block.habit
    unit = np.where(np.isin(SHAPES, RELATIVE)[:, None], 1.0, habit.level)
    least = np.array([LEAST[name][0] for name in SHAPES])[:, None]
    fewest = np.array([block.fewest.get(name, LEAST[name][1]) for name in SHAPES])[:, None]
    return Shaped(
        along=along,
        size=size,
        sigma=habit.sigma,
        tau=habit.tau,
        heavy=habit.heavy,
        least=block.strict * least * unit,
        season=np.moveaxis(habit.season[block.seasons], 0, 2),
        fewest=np.broadcast_to(fewest, habit.sigma.shape).astype(np.int64),
    )


def _rest_z(shaped: Shaped) -> Floats:
    """How far each day of rest stands out by itself, (meters, days)."""
    size = shaped.size[REST]
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = shaped.sigma[REST][:, None] ** 2 / size + shaped.tau[REST][:, None] ** 2
        return np.where(size > 0, shaped.along[REST] / size / np.sqrt(noise), np.nan)


def _witnesses(block: MeterBlock) -> Bools:
    every = np.ones(block.load.shape[0], dtype=np.bool_)
    return every if block.counts is None else block.counts


def _from(shaped: Shaped, since: int) -> Shaped:
    """From a day on."""
    later = {name: getattr(shaped, name)[..., since:] for name in ("along", "size", "season")}
    return replace(shaped, **later)


def _but(shaped: Shaped, days: Bools) -> Shaped:
    """Without some days, (days,)."""
    return replace(
        shaped,
        along=np.where(days, 0.0, shaped.along),
        size=np.where(days, 0.0, shaped.size),
    )


def _stretch(
    place: int, block: MeterBlock, hours: Hours, one: DaySegment, level: float | None = None
) -> DayStretch:
    """`level`: what the weeks before were, of what left these."""
    name, habit = SHAPES[one.shape], block.habit
    name_of, drift = _name(block, hours, one, level or 0.0)
    worth = worth_of(hours, one, drift, float(habit.level[one.meter]))
    tau = habit.tau / habit.unseen
    noise = (float(part[ALL, one.meter]) for part in (habit.sigma, tau, habit.heavy))
    z = one.z
    if level is not None:
        z, noise = STEP * one.z, (part for part in (0.0, _step(habit, one), 0.0))
    return DayStretch(
        block=place,
        meter=one.meter,
        shape=name,
        first=one.first,
        last=one.last,
        score=score_of(z, name, name_of, worth),
        power=one.power,
        known=one.known,
        name=name_of,
        drift=drift,
        noise=NetNoise(*noise),
        rests=block.rests is not None and bool(block.rests[one.meter]),
    )


def _step(habit: Habit, one: DaySegment) -> float:
    """How far steps of so many days go in all hours alike [kW]."""
    place = min(int(np.searchsorted(STEP_DAYS, one.last - one.first + 1)), len(STEP_DAYS) - 1)
    return float(habit.step[place, STEP_SHAPES.index("all"), one.meter])


def worth_of(hours: Hours, one: DaySegment, drift: float, level: float) -> float:
    """What the hours of a segment took more than expected and more than what the weeks before were
    off by, `drift` [kW], net: as a share of a year at the mean power `level` [kW], 0 where that is
    none. Unknown hours count for nothing."""
    starts = np.append(hours.day_starts, hours.bins.size)
    told = hours.residual[one.meter, starts[one.first] : starts[one.last + 1]]
    net = float(np.nansum(told)) - drift * int(np.isfinite(told).sum())
    return net / (level * YEAR_H) if level > 0 else 0.0


def score_of(z: float, shape: str, name: Likeness, worth: float) -> float:
    """How sure a stretch is that stands out by z along a shape, by what it may be, each by its
    odds, and by what it is worth [share of the meter's year]: of two that are as sure the larger
    one is worth a morning. 100 at most."""
    size: float = max(worth / USUAL_WORTH, 0.0) ** WORTH
    counts = min(max(size, WORTH_LEAST), WORTH_MOST)
    return min(z * WEIGHTS.get(shape, 1.0) * _weight(name) * counts, MOST_SCORE)


def _weight(name: Likeness) -> float:
    """What a z counts by what it may be, each by its odds."""
    odds = dict(name.odds) or {"": 1.0}
    counted = sum(share * _weight_of(shape, name.ratio) for shape, share in odds.items())
    return float(counted / sum(odds.values()))


def _weight_of(shape: str, ratio: float) -> float:
    """What a z counts of what it looks like; a little more of everything is how meters drift from
    year to year."""
    drift = DRIFT if shape == "share" and ratio < DRIFT_BELOW else 1.0
    return NAME_WEIGHTS.get(shape, 1.0) * drift
