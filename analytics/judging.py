"""What each hour should have been, by the version that judges it.

    version 1          ├─ its past, by cross-fitting ─┤─────────▶
    version 2                                                 ├──────────▶
    hours      ────────────────────────────────────────────────────────────
    judged by   version 1 │ its past                  │ version 1│ version 2

A version with a past begins anew: the ones before it judge nothing any more. What a later version
is silent about, the one before it answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.bins import HourCalendar
from analytics.fitting import Rung
from analytics.groups import Bools, Floats, Ints
from analytics.stored import Version, joined, knots_of
from metering.localtime import day_number


@dataclass(frozen=True, eq=False)
class Judged:
    """Hours of several meters, (meters, hours) each."""

    expected: Floats
    """[kWh/h]; NaN where no version says anything."""
    sigma: Floats
    """Spread of the residual in each hour [kW]."""
    load: Floats
    """Typical power in office hours [kW]; NaN where unknown."""
    checked: Bools
    """Meters that have a version, (meters,)."""
    by: tuple[tuple[Version, ...], ...]
    """The versions of each meter that still judge, oldest first."""

    def rests_on(self, least: Sequence[int], clock: HourCalendar) -> Bools:
        """Hours that a version of so many days of history judges, by meter, (meters, hours)."""
        found = np.zeros(self.expected.shape, dtype=np.bool_)
        for row, (own, days) in enumerate(zip(self.by, least, strict=True)):
            for place, version in enumerate(own):
                since = _from(version, clock) if place else np.full(clock.day.size, True)
                found[row, since] = version.facts.days >= days
        return found

    def version(self, row: int, day: int) -> Version | None:
        """The version that judges a local day (days since 1970-01-01) of a meter; None if none."""
        own = self.by[row]
        begun = [one for one in own if day_number(one.facts.day) <= day]
        return begun[-1] if begun else next(iter(own), None)


def judged(
    versions: Sequence[Sequence[Version]], clock: HourCalendar, temperature: Floats, hours_us: Ints
) -> Judged:
    """Judge hours by the versions of each meter, oldest first; `temperature` [C] is (hours,)."""
    by = tuple(standing(one) for one in versions)
    shape = (len(by), hours_us.size)
    result = Judged(
        expected=np.full(shape, np.nan),
        sigma=np.zeros(shape),
        load=np.full(shape, np.nan),
        checked=np.array([any(_judges(v) for v in one) for one in by], dtype=np.bool_),
        by=by,
    )
    told = _predicted(by, clock, temperature)
    for row, own in enumerate(by):
        for place, version in enumerate(own):
            since = np.full(hours_us.size, True) if place == 0 else _from(version, clock)
            expected, sigma = told[row, place]
            known = since & (np.isfinite(expected) if place else True)
            result.expected[row, known] = expected[known]
            result.sigma[row, since] = sigma[since]
            if place == 0 or np.isfinite(version.baseline.load[0]):
                result.load[row, since] = version.baseline.load[0]
        if own:
            here, there = _both(hours_us, own[0].past_us)
            result.expected[row, here] = own[0].past[there]
            bounds = own[-1].known_habit.bounds
            result.expected[[row]] = bounds.believable(result.expected[[row]])
    return result


def _both(hours_us: Ints, other_us: Ints) -> tuple[Ints, Ints]:
    """Places of the hours that are in both, in the one and in the other; both rise."""
    if not other_us.size:
        return other_us, other_us
    there = np.minimum(np.searchsorted(other_us, hours_us), other_us.size - 1)
    here = np.flatnonzero(other_us[there] == hours_us)
    return here, there[here]


def standing(versions: Sequence[Version]) -> tuple[Version, ...]:
    """The versions since the last one that begins anew."""
    anew = [place for place, one in enumerate(versions) if one.past_us.size]
    return tuple(versions[anew[-1] if anew else 0 :])


def _judges(version: Version) -> bool:
    return bool(version.baseline.rungs[0] >= Rung.COMPACT)


def _from(version: Version, clock: HourCalendar) -> Bools:
    return np.asarray(clock.day >= day_number(version.facts.day))


def _predicted(
    by: Sequence[Sequence[Version]], clock: HourCalendar, temperature: Floats
) -> Mapping[tuple[int, int], tuple[Floats, Floats]]:
    """(meter, place) -> expected and sigma of all hours; meters that share knots at once."""
    alike: dict[tuple[bytes, ...], list[tuple[int, int]]] = {}
    for row, own in enumerate(by):
        for place, version in enumerate(own):
            alike.setdefault(knots_of(version.baseline), []).append((row, place))
    told = {}
    for places in alike.values():
        together = joined([by[row][place].baseline for row, place in places])
        expected = together.predict(clock, temperature)
        sigma = together.sigma(clock, temperature)
        told.update({one: (expected[n], sigma[n]) for n, one in enumerate(places)})
    return told
