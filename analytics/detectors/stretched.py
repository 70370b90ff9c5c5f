"""From stretches of days that stood out to candidates of the pattern they look like.

evidence   every known hour from the first day to two days after the last: what the meter gave
           back meanwhile counts against what it took
score      must reach the threshold; a limit of the site moves it

What the weather makes run is told with more caution. A building that has cooled down takes more for
a day or two; heating that begins earlier the colder it is looks like a clock that is off; and what
such meters vary by is known so poorly that waste counts only where its whole interval does. Of
another meter that rests for seasons, as electric heating does, a day or two are not told either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import USUAL_LIMITS, Candidate, Input, Limits, Site
from analytics.groups import Ints
from analytics.pricing import Z90
from analytics.scan.judge import DayStretch
from metering.items import PURPOSES, purpose
from metering.localtime import HOUR_US

TOLD_SCORE: Final = 6.5
"""Set on fleets made up for it (`docs/detection.md`)."""
AFTER_DAYS: Final = 2
UNEXPLAINED: Final = "unexplained_excess"
MULTIPLIER: Final = "meter_multiplier"
PATTERN_OF: Final = {
    "night": "after_hours_plant",
    "off": "after_hours_plant",
    "rest": "weekend_run",
    "early": "early_start",
    "late": "late_stop",
    "all": "high_base_load",
    "creep": "base_load_creep",
    "cool": "slope_degradation",
    "heat": "slope_degradation",
    "clock": "meter_clock",
    "share": MULTIPLIER,
}
STRETCHED: Final = frozenset({*PATTERN_OF.values(), UNEXPLAINED})
"""Patterns that stretches of days are told as."""
RATIOS: Final = (1.5, 2.0, 3.0, 5.0, 10.0)
"""By which a wrong transformer or a wrong pulse value multiplies readings."""
NEAR_RATIO: Final = 0.08
CARRIED: Final = 0.5
"""Share of what a meter takes more that another must show to be a witness of it."""
OF_METERS: Final = frozenset({"meter_clock", MULTIPLIER})
"""What the meter measures wrongly is no waste."""
RUNNING: Final = 1.25
"""How much surer a stretch must be that ends with the window: a later look sees more of it."""
RUNNING_DAYS: Final = 3
LONG: Final = 1.4
"""How much surer a lasting one of all hours must be, of which the window shows little else: so do
the levels of a meter wander."""
LONG_DAYS: Final = 45
EVEN: Final = frozenset({"all", "creep", ""})
OTHER_USE: Final = 0.6
"""Up to so much more in all hours alike, as long as it goes on, is another use of a building."""
QUIET_DAYS: Final = 21
"""Such a use goes on after holidays and closures of so many days, no longer than it lasted."""
LONE: Final = 2.0
"""Likewise a single day of rest: on one day people come to work."""
LED_DAYS: Final = 3
"""Days on which more was taken of what the weather makes run."""
LED_NAMES: Final = {"meter_clock": "", MULTIPLIER: UNEXPLAINED}
"""What they are not told as, and what instead."""
NIGHTLY: Final = ("night", "early", "late", "off")
"""Shapes whose days are nights."""


def of_stretches(name: str, *, causes: tuple[str, ...], action: str) -> Detector:
    """The detector of the stretches that are told as `name`."""
    return Detector(
        name=name,
        needs=frozenset({Input.BASELINE}),
        candidates=partial(from_stretches, pattern=name),
        quantity=EvidenceUnit.FAULT if name in OF_METERS else EvidenceUnit.WASTE,
        causes=causes,
        action=action,
        purposes=() if name in {*OF_METERS, UNEXPLAINED} else PURPOSES,
    )


def from_stretches(site: Site, pattern: str) -> list[Candidate]:
    """The stretches that look like `pattern`, of meters that are judged."""
    least = TOLD_SCORE * site.limits.sigmas / USUAL_LIMITS.sigmas
    days = int(np.unique(site.clock.day).size)
    judged = [one for one in site.seen.stretches if bool(site.judged[one.meter])]
    used = [one for one in judged if one.score >= least and _is_other_use(one, days)]
    told = [
        one
        for one in judged
        if one.score >= least * _surer(one, days)
        and not any(_is_beside(one, u) for u in used)
        and _long_enough(site, one)
    ]
    found = [_candidate(site, one, told) for one in told if _name(site, one) == pattern]
    return [one for one in found if one is not None]


def _long_enough(site: Site, one: DayStretch) -> bool:
    """What has stood still warms or cools for a day or two when it runs again."""
    return one.last - one.first + 1 >= LED_DAYS or not (one.rests or _is_led(site, one))


def _is_led(site: Site, one: DayStretch) -> bool:
    """Whether the weather makes its meter run."""
    return bool(site.items) and bool(purpose(site.items[one.meter]))


def _name(site: Site, one: DayStretch) -> str:
    return _likeliest(_patterns(site, one))


def _patterns(site: Site, one: DayStretch) -> dict[str, float]:
    """As `_by_pattern`, by all that the site knows."""
    led, carried = _is_led(site, one), _is_carried(site, one)

    def called(shape: str) -> str:
        name = _named(one, shape, led)
        return UNEXPLAINED if name == MULTIPLIER and carried else name

    return _by_pattern(one, called)


def _is_carried(site: Site, one: DayStretch) -> bool:
    """Whether a meter that feeds it shows the same: then it was used, and no factor is wrong."""
    feeders = site.feeders.get(site.codes[one.meter], ())
    first, end = _day(site, one.first), _day(site, one.last + 1)
    own = site.residual[one.meter, first:end]
    for code in feeders:
        if code in site.codes:
            above = site.residual[site.codes.index(code), first:end]
            both = np.isfinite(own) & np.isfinite(above)
            if both.any() and above[both].sum() >= CARRIED * own[both].sum():
                return True
    return False


def told_hours(site: Site, meter: int) -> frozenset[int]:
    """Hours, as rows of the window, of all stretches that are told of a meter."""
    return frozenset(
        hour
        for name in STRETCHED
        for one in from_stretches(site, name)
        if one.meter == meter
        for hour in one.hours.tolist()
    )


def fewest_days(limits: Limits) -> dict[str, int]:
    """Shape -> days on which it must be seen, where a site has limits of its own for them."""
    own: dict[str, int] = {}
    if limits.nights != USUAL_LIMITS.nights:
        own |= dict.fromkeys(NIGHTLY, limits.nights)
    if limits.rest_days != USUAL_LIMITS.rest_days:
        own["rest"] = limits.rest_days
    return own


def pattern_of(stretch: DayStretch, *, led: bool = False) -> str:
    """The pattern that is likeliest by the odds of all that a stretch looks like; '' for none that
    is told of what the weather makes run, `led`."""
    return _likeliest(_by_pattern(stretch, lambda shape: _named(stretch, shape, led)))


def _by_pattern(one: DayStretch, called: Callable[[str], str]) -> dict[str, float]:
    """Odds of each pattern that shapes are `called` by, that of the likeliest shape first."""
    total: dict[str, float] = {called(one.name.shape): 0.0}
    for shape, share in one.name.odds:
        name = called(shape)
        total[name] = total.get(name, 0.0) + share
    return total


def _likeliest(odds: Mapping[str, float]) -> str:
    return max(odds, key=lambda name: odds[name])


def _surer(one: DayStretch, days: int) -> float:
    """Times the usual threshold that a stretch of a window of so many days must reach."""
    length = one.last - one.first + 1
    if one.name.shape in EVEN and length > LONG_DAYS and 2 * length > days:
        return LONG
    if one.shape == "rest" and length == 1:
        return LONE
    return RUNNING if _ends_within(one, days, RUNNING_DAYS) else 1.0


def _is_other_use(one: DayStretch, days: int) -> bool:
    length = one.last - one.first + 1
    goes_on = _ends_within(one, days, min(QUIET_DAYS, length))
    return one.name.shape == "share" and one.name.ratio < OTHER_USE and goes_on


def _is_beside(one: DayStretch, used: DayStretch) -> bool:
    """Whether it is a piece of another use, or that itself."""
    near = one.first - used.last <= QUIET_DAYS and used.first - one.last <= QUIET_DAYS
    return one.meter == used.meter and near


def _ends_within(one: DayStretch, days: int, last: int) -> bool:
    return one.last >= days - last


def _named(stretch: DayStretch, shape: str, led: bool) -> str:
    factor = 1 + stretch.name.ratio
    near = any(abs(factor / ratio - 1) <= NEAR_RATIO for ratio in RATIOS)
    if shape == "share" and not near:
        return UNEXPLAINED
    name = PATTERN_OF.get(shape, UNEXPLAINED)
    return LED_NAMES.get(name, name) if led else name


def _candidate(site: Site, one: DayStretch, told: list[DayStretch]) -> Candidate | None:
    first, end = _day(site, one.first), _day(site, one.last + 1)
    later = [
        _day(site, other.first)
        for other in told
        if other.meter == one.meter and other.first > one.last
    ]
    after = min([_day(site, one.last + 1 + AFTER_DAYS), *later])
    hours: Ints = np.arange(first, after, dtype=np.int64)
    hours = hours[np.isfinite(site.residual[one.meter, hours])]
    if not hours.size:
        return None
    inside = hours[hours < end]
    net = float((site.residual[one.meter, hours] - one.drift).sum())
    name, sigma = _name(site, one), one.noise.of(int(hours.size))
    least = Z90 * sigma if _is_led(site, one) else 0.0
    if net <= least and name not in OF_METERS:
        return None  # it gave back what it took
    return Candidate(
        pattern=name,
        meter=one.meter,
        first_day=int(site.clock.day[first]),
        start_us=int(site.hours_us[first]),
        end_us=int(site.hours_us[end - 1]) + HOUR_US,
        hours=hours,
        days=int(np.unique(site.clock.day[inside]).size) or 1,
        score=one.score,
        odds=_odds(site, one, name),
        drift=one.drift,
        sigma=sigma,
    )


def _odds(site: Site, one: DayStretch, first: str) -> tuple[tuple[str, float], ...]:
    """Patterns by how likely they are, the one it is told as first."""
    total = [(name, share) for name, share in _patterns(site, one).items() if name]
    return tuple(sorted(total, key=lambda pair: (pair[0] != first, -pair[1])))


def _day(site: Site, day: int) -> int:
    """First hour of a day of the window; its end beyond the last one."""
    starts = np.flatnonzero(np.diff(site.clock.day, prepend=site.clock.day[:1] - 1))
    return int(starts[day]) if day < starts.size else int(site.hours_us.size)
