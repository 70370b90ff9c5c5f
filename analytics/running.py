"""Which hours of the week a meter runs in, read from its own."""

import numpy as np

from analytics.bins import HOLIDAY, OfficeHours, night_hours, of_working_days
from analytics.groups import Bools, Floats, median, median_in_place
from analytics.layout import by_kind_of_day

TENTH = 17
"""The place of the tenth and of the ninetieth percentile among 168 hours, from either end."""
FLAT = 1.1
"""A meter whose office hours stay under this times its nights has no schedule to read."""


def running_hours(laid: Floats, office: OfficeHours) -> Bools:
    """Hours of a working day in which each meter runs, shape (meters, 24); `laid` [kWh/h] stands
    by bin, (meters, 192, width), NaN where unknown.

    Those whose median lies nearer to the median of office hours than to that of the night;
    office hours where that cannot be told, because the meter is flat or unknown. The night's
    core never counts as running.
    """
    by_hour, hour = median_in_place(by_kind_of_day(laid)[0]), np.arange(24)
    open_now = (hour >= office.opens) & (hour < office.closes)
    night = night_hours(hour, office)
    high, low = median(by_hour[:, open_now])[:, None], median(by_hour[:, night])[:, None]
    with np.errstate(invalid="ignore"):
        told = high > FLAT * low
        running = (by_hour > (high + low) / 2) & ~night
    return np.asarray(np.where(told, running, open_now))


def running_bins(laid: Floats, medians: Floats, office: OfficeHours, *, fine: bool) -> Bools:
    """Bins of the 192 in which each meter runs, (meters, 192); `laid` [kWh/h] stands by bin,
    (meters, 192, width), with the medians of each, (meters, 192), NaN where unknown.

    Meters with a long history, `fine`, tell them hour by hour of the week: those whose median lies
    above the middle of its quiet and busy ones. Of shorter ones, which a few days of waste could
    mislead, the `running_hours` of working days; so of those that are flat.
    """
    if not fine:
        return of_working_days(running_hours(laid, office))
    week = np.sort(np.nan_to_num(medians[:, : HOLIDAY * 24]), axis=1)
    quiet, busy = (week[:, place, None] for place in (TENTH, -1 - TENTH))
    with np.errstate(invalid="ignore"):
        runs = np.asarray(medians > (quiet + busy) / 2)
    flat = np.flatnonzero(busy[:, 0] <= FLAT * quiet[:, 0])
    runs[flat] = of_working_days(running_hours(laid[flat], office))
    return runs
