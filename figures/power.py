"""Mean power of what is booked, for charts: the energy of a period over its length.

A period that is not over has no mean power yet, and what is read once a day has none by the
hour: `drawable` leaves it as the remainder, which a chart has to name.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from figures.energy import energy as energy_of
from figures.series import Energy
from figures.view import View
from figures.worth import per_canonical
from metering.book import SeriesKey
from metering.localtime import HOUR_US, from_us, zone_of
from metering.quantity import ABSENT, I64

F64 = NDArray[np.float64]
HOURS = 24


def drawable(view: View, key: SeriesKey, first: date, last: date) -> Energy:
    """The series at the finest step that holds all that is read at least hourly; what is read
    less often is its remainder."""
    native = energy_of(view, key, first, last, "native")
    if any(one.step_min <= 60 for one in native.remainder):
        return energy_of(view, key, first, last, "hour")
    return native


def mean_power(energy: Energy, until_us: int) -> F64:
    """(n,) mean power of each period [canonical unit per hour]; NaN where nothing is known, or
    where the period ends after `until_us`."""
    per = per_canonical(energy.key.item)
    return rates(energy.quantity, energy.start_us, energy.end_us, until_us) / per


def rates(quantity: I64, start_us: I64, end_us: I64, until_us: int) -> F64:
    """(n,) book units per hour; NaN where ABSENT, or where the period ends after `until_us`."""
    known = (quantity != ABSENT) & (end_us <= until_us)
    amounts = np.where(known, quantity, 0).astype(np.float64)
    found: F64 = amounts * HOUR_US / (end_us - start_us)
    return np.where(known, found, np.nan)


def by_clock_hour(energy: Energy, until_us: int) -> tuple[list[date], F64]:
    """(days, (days, 24) mean power of each local hour of the clock [canonical unit per hour]).

    The mean of the periods that begin in the hour and are known; NaN where none is, as in the
    hour that a clock change leaves out.
    """
    power = mean_power(energy, until_us)
    zone = zone_of(energy.zone)
    local = [from_us(start).astimezone(zone) for start in energy.start_us.tolist()]
    days = sorted({at.date() for at in local})
    rows = {day: place for place, day in enumerate(days)}
    cells = np.array([rows[at.date()] * HOURS + at.hour for at in local], dtype=np.int64)
    known = ~np.isnan(power)
    size = len(days) * HOURS
    sums = np.bincount(cells[known], power[known], minlength=size)
    counts = np.bincount(cells[known], minlength=size)
    means = np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)
    return days, means.reshape(len(days), HOURS)
