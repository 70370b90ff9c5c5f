"""What putting a case right has saved: the hours after it, by the version that its evidence names.

    evidence hours ─▶ kinds of hour (of a working day or not, hour of the day) that bear it
                        │
    before   waste of the evidence, over all days that have such hours from its first to its last
    after    measured - expected in such hours, day by day, from the day after it was put right on
    saved    before - after, +- t * sqrt(spread of before^2 + variance of after / m)

The spread of before is that of its days, or of the evidence where these are too few; m =
n (1 - rho) / (1 + rho) of the n days, rho their correlation from one to the next; t is the 95th
percentile of Student's distribution for so many days. The version is frozen and made before the
case was found, so it has learned nothing of what came after.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from analytics.crossfit import History
from analytics.detectors import FAULTS
from analytics.evidence import only
from analytics.groups import Bools, Floats, Ints
from analytics.judging import judged
from analytics.learning import Scene
from analytics.pricing import Z90, persistence
from analytics.stored import unpacked
from metering.baseline import BaselineVersion
from metering.evidence import hours_of
from metering.finding import Case, CaseState, Finding
from metering.localtime import day_number, day_of_number, local_day
from metering.saving import LEAST_DAYS_AFTER, LEAST_KNOWN, Saving, SavingVerdict
from metering.units import BOOK_UNITS

LEAST_DAYS: Final = 4
"""Days of its kind after it: weekends are few."""
BEARS: Final = 0.25
"""Of the most that a kind of hour takes or gives back, what one that bears the waste does."""
HALF: Final = 0.5
"""Share of the waste of which the saving must fall short beyond doubt, to say that it did not
work."""


def savings(scene: Scene) -> dict[int, Saving]:
    """Number -> what was measured, of the site's cases that were put right 14 days ago or more."""
    found = {}
    for case in scene.memory.cases:
        if case.state is CaseState.FIXED and case.evidence.meter in scene.codes:
            saving = _saving(scene, case)
            if saving is not None:
                found[case.number] = saving
    return found


def _saving(scene: Scene, case: Case) -> Saving | None:
    """None before 14 days have passed, for what wastes nothing, and where its version or its hours
    are not known any more."""
    told, history = case.evidence, scene.history
    first = day_number(local_day(max(case.fixed_us, told.end_us - 1), scene.zone)) + 1
    last = day_number(scene.today) - 1
    version = _version(scene, told)
    if last - first + 1 < LEAST_DAYS_AFTER or told.pattern in FAULTS or version is None:
        return None
    since_us = max(case.relapsed_us, int(history.hours_us[0]))
    seen = only(told, frozenset(at for at in told.hours_us if since_us <= at < told.end_us))
    if seen is not None:
        seen = only(seen, _bearing(history, seen))
    if seen is None or seen.waste <= 0:
        return None
    alike = _alike(history, seen)
    after = alike & (history.clock.day >= first)
    inside = alike & (history.hours_us >= seen.hours_us[0]) & (history.hours_us < seen.end_us)
    row = scene.codes.index(told.meter)
    drift = float(told.detail.get("drift", 0.0))
    residual = history.energy[row] - _expected(scene, row, version) - drift
    days = _days(residual, history.clock.day, after)
    known = float(np.isfinite(residual[after]).mean()) if after.any() else 0.0
    saving = Saving(
        verdict=SavingVerdict.NOT_YET,
        first_day=day_of_number(first),
        last_day=day_of_number(last),
        days=int(np.isfinite(days).sum()),
        known=known,
    )
    if known < LEAST_KNOWN or saving.days < LEAST_DAYS:
        return saving
    told_days = _days(_evidence(history, seen), history.clock.day, inside)
    return _told(saving, seen, told_days, days)


def _version(scene: Scene, told: Finding) -> BaselineVersion | None:
    own = [one for one in scene.memory.versions if one.meter == told.meter]
    return next((one for one in own if one.name == told.baseline_version), None)


def _expected(scene: Scene, row: int, version: BaselineVersion) -> Floats:
    """What the version expects of each hour of its meter [kWh/h], (hours,); NaN where it says
    nothing."""
    history = scene.history
    by = judged([[unpacked(version)]], history.clock, history.temperature, history.hours_us)
    return np.asarray(scene.bounded(by.expected, [row])[0])


def _alike(history: History, told: Finding) -> Bools:
    """Hours of the kinds of the evidence, (hours,)."""
    kinds = _kinds(history)
    evidence = np.isin(history.hours_us, told.hours_us)
    return np.asarray(np.isin(kinds, kinds[evidence]))


def _kinds(history: History) -> Ints:
    return history.clock.hour + 24 * history.clock.working


def _bearing(history: History, told: Finding) -> frozenset[int]:
    """Starts of the evidence hours of the kinds that bear it: the others know nothing of it, and
    what they vary by would drown the saving."""
    waste = {one.start_us: one.waste for one in hours_of(told)}
    starts = np.array(sorted(waste), dtype=np.int64)
    place = np.searchsorted(history.hours_us, starts)
    there = place < history.hours_us.size
    there[there] &= history.hours_us[place[there]] == starts[there]
    starts, kinds = starts[there], _kinds(history)[place[there]]
    labels, own = np.unique(kinds, return_inverse=True)
    means = np.zeros(labels.size)
    np.add.at(means, own, [waste[at] for at in starts.tolist()])
    means /= np.maximum(np.bincount(own, minlength=labels.size), 1)
    bears = np.abs(means) >= BEARS * np.abs(means).max(initial=0.0)
    return frozenset(starts[bears[own]].tolist())


def _days(
    residual: Floats, day: np.ndarray[tuple[int], np.dtype[np.int64]], hours: Bools
) -> Floats:
    """Excess of each day that has such hours [unit], its unknown hours as its known ones; NaN where
    fewer than half are known."""
    labels = np.unique(day[hours])
    found = np.full(labels.size, np.nan)
    for place, one in enumerate(labels):
        own = residual[hours & (day == one)]
        known = own[np.isfinite(own)]
        if known.size * 2 >= own.size:
            found[place] = known.mean() * own.size
    return found


def _evidence(history: History, told: Finding) -> Floats:
    """What each hour of the evidence wasted [canonical unit], (hours,); NaN elsewhere."""
    waste = np.full(history.hours_us.size, np.nan)
    per = BOOK_UNITS[told.unit].per_canonical
    for one in hours_of(told):
        place = int(np.searchsorted(history.hours_us, one.start_us))
        if place < waste.size and history.hours_us[place] == one.start_us:
            waste[place] = one.waste / per
    return waste


def _told(saving: Saving, told: Finding, days_before: Floats, after: Floats) -> Saving:
    known = after[np.isfinite(after)]
    before = told.waste / days_before.size
    saved = before - float(known.mean())
    of_after, effective = _of_mean(after)
    of_before = ((told.waste_high - told.waste_low) / 2 / Z90 / days_before.size) ** 2
    if np.isfinite(days_before).sum() >= LEAST_DAYS:
        of_before = min(of_before, _of_mean(days_before)[0])
    half = t95(max(effective - 1, 1.0)) * float(np.sqrt(of_after + of_before))
    total = saved * known.size
    money = _money(told, total)
    return replace(
        saving,
        verdict=verdict_of(before, saved - half, saved + half),
        before=before,
        saved=saved,
        saved_low=saved - half,
        saved_high=saved + half,
        total=total,
        money=money,
        currency=told.currency if money else "",
    )


def _of_mean(days: Floats) -> tuple[float, float]:
    """(variance of the mean of days, for how many days they count), NaN left out."""
    known, rho = days[np.isfinite(days)], persistence(days)
    effective = known.size * (1 - rho) / (1 + rho)
    return float(known.var(ddof=1)) / effective, effective


def verdict_of(before: float, low: float, high: float) -> SavingVerdict:
    """What the 90 % interval of the saving a day says, against the waste before [same unit]."""
    if low > 0:
        return SavingVerdict.VERIFIED
    return SavingVerdict.DID_NOT_WORK if high < HALF * before else SavingVerdict.NOT_YET


def _money(told: Finding, total: float) -> str:
    """The total at what the waste cost; '' where that had no one price."""
    if told.cost is None or told.waste <= 0:
        return ""
    cents = Decimal("0.01")
    return str((told.cost * Decimal(total) / Decimal(told.waste)).quantize(cents))


def t95(freedom: float) -> float:
    """95th percentile of Student's distribution, by its expansion about the normal one [1]: within
    5 % of it at one degree of freedom, within 0.5 % from two on.

    [1] Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5
    """
    z = 1.6449
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160
    terms = (first, second, third, fourth)
    return z + sum(term / freedom**n for n, term in enumerate(terms, 1))
