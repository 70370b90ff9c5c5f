"""What the detectors of free cooling share: a chiller runs though the wet bulb would do.

Its waste is what it took in these hours beyond what it took on the days on which it rested. Fans
and pumps take some of that when it rests; what hangs on other meters is not known here.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.priced import priced
from analytics.detectors.site import Candidate, Site
from analytics.free_cooling import ChillerDays, missed, running
from analytics.groups import Bools, Ints
from analytics.pricing import Z90
from analytics.robust import MAD_TO_SIGMA

EVEN = 0.5


def chillers_missed(
    site: Site,
    pattern: str,
    chillers: frozenset[str],
    looked: Bools,
    *,
    margin: float,
    least_hours: int,
    cause: str,
    also: str = "",
) -> list[Candidate]:
    """A candidate for each run of missed days of each chiller; hours (hours,) that are `looked`
    at, of which a day needs `least_hours`. `also` is what
    else it may be, as likely."""
    found = []
    for row, code in enumerate(site.codes):
        if code in chillers:
            power = site.measured[row]
            days = ChillerDays.of(site.clock.day, site.wet_bulb, power, looked, least_hours)
            runs, rested = missed(days, margin)
            for run, changeover in runs:
                before = days.days[rested & (days.days < days.days[run[0]])]
                base, spread = _at_rest(site, row, looked, before)
                hours = looked & running(power) & np.isin(site.clock.day, days.days[run])
                hours &= site.wet_bulb <= changeover - margin
                found.append(
                    priced(
                        site,
                        pattern,
                        row,
                        np.where(hours, power - base, np.nan),
                        cause=cause,
                        detail={
                            **({"also": also, "odds": EVEN} if also else {}),
                            "wet_bulb_c": round(float(days.wet[run].mean()), 1),
                            "changeover_c": round(changeover, 1),
                        },
                        half=Z90 * spread * int(hours.sum()) / float(np.sqrt(run.size)),
                    )
                )
    return [one for one in found if one is not None]


def _at_rest(site: Site, row: int, looked: Bools, days: Ints) -> tuple[float, float]:
    """The median power in the hours of days of rest, and its robust spread [kW]."""
    power = site.measured[row, looked & np.isin(site.clock.day, days)]
    power = power[np.isfinite(power)]
    middle = float(np.median(power))
    return middle, MAD_TO_SIGMA * float(np.median(np.abs(power - middle)))
