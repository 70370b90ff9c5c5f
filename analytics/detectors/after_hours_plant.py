"""After-hours plant: equipment that runs through the night of a working day.

A night belongs to the day on which it begins. It is flagged when its mean residual passes
both limits, after what the day itself already ran too high is taken off: a step that lasts
around the clock is another load, not a schedule that is broken.

Two flagged nights within five working nights make a finding, and the next one within five
belongs to it too; weekends and holidays between them do not count, since a broken schedule
is not mended by a holiday. Nights of rest days join in, unless that day is a weekend run,
which counts them itself; at least one night must follow a working day.
"""

import numpy as np

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, DayMeans, Input, Site, from_days, working_days
from analytics.detectors.weekend_run import flagged_rest_days
from analytics.groups import Bools, Ints, median

NAME = "after_hours_plant"


def _nights(site: Site) -> list[Candidate]:
    night = DayMeans.of(site.residual, site.clock, site.clock.night)
    office = DayMeans.of(site.residual, site.clock, site.clock.daytime)
    excess = night.means - np.maximum(np.nan_to_num(office.means), 0.0)
    with np.errstate(invalid="ignore"):
        high = excess > site.threshold(night.days)
    _, weekend = flagged_rest_days(site)
    high &= ~weekend & _has_schedule(site)[:, None]
    working = working_days(site.clock, night.days)
    count = np.cumsum(working, dtype=np.int64)
    standing = site.flagged() & ~site.clock.daytime
    found = []
    for meter in np.flatnonzero(high.any(axis=1)).tolist():
        for run in _runs(_places(high[meter]), count, site.limits.night_window - 1):
            if run.size >= site.limits.nights and working[run].any():
                nights = night.days[run].tolist()
                found.append(from_days(site, NAME, meter, nights, standing))
    return [candidate for candidate in found if candidate is not None]


def _runs(flagged: Ints, working_nights: Ints, reach: int) -> list[Ints]:
    """Cut the flagged nights wherever the next is more than `reach` working nights later."""
    apart = np.diff(working_nights[flagged]) > reach
    return np.split(flagged, np.flatnonzero(apart) + 1)


def _places(flags: Bools) -> Ints:
    return np.flatnonzero(flags).astype(np.int64)


def _has_schedule(site: Site) -> Bools:
    """Meters that run clearly less in the night than in office hours."""
    rest = median(site.expected[:, site.clock.night])
    with np.errstate(invalid="ignore"):
        return np.asarray(rest < site.limits.schedule_share * site.last_load)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_nights,
    quantity=Quantity.WASTE,
    causes=("bms_override",),
    action="restore_schedule",
)
