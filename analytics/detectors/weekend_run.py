"""Weekend or holiday run: a plant that works although nobody does.

A rest day is flagged when its mean residual in office hours passes both limits, after what
the last working day already ran too high is taken off (a step of the whole level is not a
weekend run). Rest days on duty include their night.

Flagged days with at most two days between them are one block: a weekend, or a holiday of a
week. A block of two days or more is a finding. A block of one day waits for the next
weekend: single days at most eight days apart join, so that a plant that runs every Saturday
is found once, on its second Saturday. Two whole weekends are two findings.
"""

import numpy as np

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import (
    Candidate,
    DayMeans,
    Input,
    Site,
    chains,
    from_days,
    working_days,
)
from analytics.groups import Bools, Floats, Ints, median

NAME = "weekend_run"
NEXT_WEEKEND = 8


def _rest_days(site: Site) -> list[Candidate]:
    days, flagged = flagged_rest_days(site)
    standing = site.flagged()
    found = []
    for meter in np.flatnonzero(flagged.any(axis=1)).tolist():
        for block in _blocks(days[flagged[meter]].tolist(), site):
            found.append(from_days(site, NAME, meter, block, standing))
    return [candidate for candidate in found if candidate is not None]


def flagged_rest_days(site: Site) -> tuple[Ints, Bools]:
    """The site's duty days, and which of them are a meter's rest days that ran too high."""
    office = DayMeans.of(site.residual, site.clock, site.clock.daytime)
    working = working_days(site.clock, office.days)
    excess = office.means - np.maximum(_last_working(office.means, working), 0.0)
    with np.errstate(invalid="ignore"):
        high = excess > site.threshold(office.days)
    return office.days, high & ~working & _has_rest(site)[:, None]


def _blocks(days: list[int], site: Site) -> list[list[int]]:
    blocks = chains(days, site.limits.merge_days + 1)
    whole = [block for block in blocks if len(block) >= site.limits.rest_days]
    single = [block[0] for block in blocks if len(block) == 1]
    joined = [chain for chain in chains(single, NEXT_WEEKEND) if len(chain) >= 2]
    return sorted(whole + joined)


def _has_rest(site: Site) -> Bools:
    """Meters that run clearly less in office hours of rest days than of working days."""
    rest = median(site.expected[:, site.clock.daytime & ~site.clock.working])
    with np.errstate(invalid="ignore"):
        return np.asarray(rest < site.limits.schedule_share * site.last_load)


def _last_working(means: Floats, working: Bools) -> Floats:
    """Mean residual of the last working day before each day; 0 where none is known."""
    result = np.zeros_like(means)
    last = np.zeros(means.shape[0])
    for day in range(means.shape[1]):
        result[:, day] = last
        if working[day]:
            last = np.where(np.isfinite(means[:, day]), means[:, day], last)
    return result


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_rest_days,
    quantity=Quantity.WASTE,
    causes=("holiday_table_missing",),
    action="add_exception",
)
