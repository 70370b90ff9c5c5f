"""Evidence of waste that a detector works out itself, hour by hour, of what a meter measured."""

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


def priced(
    site: Site,
    pattern: str,
    row: int,
    rate: Floats,
    *,
    cause: str,
    detail: dict[str, str | int | float],
    half: float,
    place: str = "",
    tells_of: frozenset[str] = frozenset(),
) -> Candidate | None:
    """A candidate of what is wasted in each hour [canonical unit per hour], (hours of the site,),
    NaN or nothing where it is no evidence; None where nothing is. `half` is half of its 90 %
    interval [canonical unit]. No hour wastes more than it measured."""
    power = site.measured[row]
    inside: Bools = np.isfinite(rate) & np.isfinite(power) & (rate > 0)
    hours = np.flatnonzero(inside).astype(np.int64)
    if not hours.size:
        return None
    per = BOOK_UNITS[category(site.items[row]).unit].per_canonical
    used = np.rint(power[hours] * per).astype(np.int64)
    wasted = np.minimum(np.rint(rate[hours] * per).astype(np.int64), used)
    own = Own(
        cause=cause,
        expected=used - wasted,
        measured=used,
        detail=detail,
        chart=chart_of(site, row, hours, power - np.nan_to_num(rate)),
        place=place,
        half=half,
        tells_of=tells_of,
    )
    days = site.clock.day[hours]
    start, end = int(site.hours_us[hours[0]]), int(site.hours_us[hours[-1]]) + HOUR_US
    return Candidate(pattern, row, int(days[0]), start, end, hours, np.unique(days).size, own)


def half_of(told: Overheads, places: Ints, a_day: float) -> float:
    """Half of the 90 % interval of a run that is off by `a_day` on a day: each day varies, and so
    does what the earlier ones say."""
    number = places.size
    base = FACTORS * number**2 / max(int(told.history[places[0]]), 1)
    return float(Z90 * a_day * np.sqrt(number + base))
