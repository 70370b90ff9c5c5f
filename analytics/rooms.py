"""Rooms by the hour, and the days on which one of them is not as it should be.

readings of a role ─▶ hourly means of a room ─▶ bad hours ─▶ bad days ─▶ five of seven
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from analytics.bins import HourCalendar
from analytics.groups import Bools, Floats, Ints
from analytics.lasting import lasting_hours
from analytics.sensors import SensedHours

LEAST_HOURS = 4
"""Known office hours of a day that is judged."""


def bad_hours(
    rooms: Sequence[SensedHours], clock: HourCalendar, is_bad: Callable[[Floats], Bools]
) -> dict[str, list[tuple[SensedHours, Ints]]]:
    """Meter -> its rooms that are bad on five days of seven, each with its bad hours on them (rows
    of the clock). A day is bad in half of its known office hours; people work on it."""
    found: dict[str, list[tuple[SensedHours, Ints]]] = {}
    worked = clock.daytime & clock.working
    for room in rooms:
        known = worked & np.isfinite(room.values)
        hours = lasting_hours(clock.day, known, known & is_bad(room.values), LEAST_HOURS)
        if hours.size:
            found.setdefault(room.meter, []).append((room, hours))
    return found
