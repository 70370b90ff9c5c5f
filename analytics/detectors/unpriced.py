"""Evidence of what costs no energy that was used in vain: a demand, a power factor, bad air.

Its hours are those of the meter that the finding is of, as the books have them, so that readings
that change them refute it; nothing of them is called waste.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.site import Candidate, Own, Site
from analytics.groups import Floats, Ints
from metering.items import category
from metering.localtime import HOUR_US
from metering.units import BOOK_UNITS

CHART_HOURS = 168


def unpriced(
    site: Site,
    pattern: str,
    row: int,
    hours: Ints,
    *,
    cause: str,
    detail: dict[str, str | int | float],
    usual: Floats | None = None,
    place: str = "",
    confidence: float = 1.0,
) -> Candidate | None:
    """A candidate over some hours (rows of `hours_us`, rising) of a meter; None where none of them
    is known. `usual` [canonical unit per hour], (hours of the site,), stands in the chart as what
    was expected."""
    known = hours[np.isfinite(site.measured[row, hours])]
    if not known.size:
        return None
    per = BOOK_UNITS[category(site.items[row]).unit].per_canonical
    used = np.rint(site.measured[row, known] * per).astype(np.int64)
    own = Own(
        cause=cause,
        expected=used,
        measured=used,
        detail=detail,
        chart=chart_of(site, row, known, usual),
        place=place,
        confidence=confidence,
    )
    days = site.clock.day[known]
    start, end = int(site.hours_us[known[0]]), int(site.hours_us[known[-1]]) + HOUR_US
    return Candidate(pattern, row, int(days[0]), start, end, known, np.unique(days).size, own)


def chart_of(
    site: Site, row: int, hours: Ints, usual: Floats | None
) -> tuple[tuple[int, float | None, float | None], ...]:
    """Evidence hours of a meter, and all hours of the last week of them; `usual` [canonical unit
    per hour], (hours of the site,), is what was expected."""
    last = int(hours[-1]) + 1
    wanted = np.full(site.hours_us.size, np.nan) if usual is None else usual
    shown = np.union1d(hours, np.arange(max(0, last - CHART_HOURS), last))
    return tuple(
        (int(site.hours_us[at]), _told(wanted[at]), _told(site.measured[row, at]))
        for at in shown.tolist()
    )


def _told(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
