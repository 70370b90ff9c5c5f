"""Waste that a detector works out itself, as a rate by the hour: of days held against days like
them, not of a baseline."""

from __future__ import annotations

import numpy as np

from analytics.detectors.site import Candidate, Own, Site
from analytics.detectors.unpriced import chart_of
from analytics.groups import Bools, Floats, Ints
from analytics.overheads import Overheads
from analytics.pricing import Z90
from metering.items import category
from metering.localtime import HOUR_US
from metering.units import BOOK_UNITS

FACTORS = 4
"""Of the fit on earlier days: each adds the doubt of a mean."""


def rated(
    site: Site,
    pattern: str,
    row: int,
    rate: Floats,
    days: Ints,
    *,
    cause: str,
    detail: dict[str, str | int | float],
    place: str,
    half: float,
) -> Candidate | None:
    """What a meter wasted on some days at `rate` [canonical unit per hour], (hours of the site,),
    NaN outside of them, at most what it measured; None where that is nothing. `half` is half of
    the 90 % interval [canonical unit]."""
    power = site.measured[row]
    inside: Bools = np.isfinite(rate) & np.isfinite(power) & (rate > 0)
    hours = np.flatnonzero(inside).astype(np.int64)
    if not hours.size:
        return None
    per = BOOK_UNITS[category(site.items[row]).unit].per_canonical
    used = np.rint(power[hours] * per).astype(np.int64)
    waste = np.minimum(np.rint(rate[hours] * per).astype(np.int64), used)
    own = Own(
        cause=cause,
        expected=used - waste,
        measured=used,
        detail=detail,
        chart=chart_of(site, row, hours, power - np.nan_to_num(rate)),
        place=place,
        half=half,
    )
    start, end = int(site.hours_us[hours[0]]), int(site.hours_us[hours[-1]]) + HOUR_US
    return Candidate(pattern, row, int(days[0]), start, end, hours, days.size, own)


def half_of(told: Overheads, places: Ints, a_day: float) -> float:
    """Half of the 90 % interval of a run that is off by `a_day` on a day: each day varies, and so
    does what the earlier ones say."""
    number = places.size
    base = FACTORS * number**2 / max(int(told.history[places[0]]), 1)
    return float(Z90 * a_day * np.sqrt(number + base))
