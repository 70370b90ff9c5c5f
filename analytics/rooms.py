"""Rooms by the hour, and the days on which one of them is not as it should be.

readings of a role ─▶ hourly means of a room ─▶ bad hours ─▶ bad days ─▶ five of seven
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Ints
from analytics.lasting import lasting
from analytics.sensors import SensedHours

BAD_SHARE = 0.5
"""Of a day's known office hours, from which on the day is bad."""
LEAST_HOURS = 4
"""Known office hours of a day that is judged."""


def bad_hours(
    rooms: Sequence[SensedHours], clock: HourCalendar, is_bad: Callable[[Floats], Bools]
) -> dict[str, list[tuple[SensedHours, Ints]]]:
    """Meter -> its rooms that are bad on five days of seven, each with its bad hours on them (rows
    of the clock). A day is bad in half of its known office hours; people work on it."""
    found: dict[str, list[tuple[SensedHours, Ints]]] = {}
    worked = clock.daytime & clock.working
    days, place = np.unique(clock.day, return_inverse=True)
    for room in rooms:
        known = worked & np.isfinite(room.values)
        bad = known & is_bad(room.values)
        count = np.bincount(place[known], minlength=days.size)
        share = np.bincount(place[bad], minlength=days.size) / np.maximum(count, 1)
        runs = lasting(days[(count >= LEAST_HOURS) & (share >= BAD_SHARE)].tolist())
        inside = bad & np.isin(clock.day, [day for run in runs for day in run])
        if inside.any():
            found.setdefault(room.meter, []).append((room, np.flatnonzero(inside).astype(np.int64)))
    return found
