"""Days that the week says little of.

    holidays, days off that join them, and days worked to make up for them
    days on which many meters of a calendar run although all should rest: the calendar is wrong

What a meter did on such days before is learned first (`Habit.odd`).
"""

from __future__ import annotations

import numpy as np

from analytics.groups import Bools, Floats

COMMON_SHARE = 0.1
COMMON_METERS = 5
STANDS_OUT = 4.0


def special_days(off: Bools, holiday: Bools, weekend: Bools) -> Bools:
    """Which days are special, (days,), by what the calendar says of each: nobody works, it is a
    holiday, it is a day of the weekend."""
    special = holiday.copy()
    for _ in range(off.size):
        wider = special.copy()
        wider[1:] |= special[:-1] & off[1:]
        wider[:-1] |= special[1:] & off[:-1]
        if (wider == special).all():
            break
        special = wider
    return np.asarray(special | (weekend & ~off))


def common_days(z: Floats) -> Bools:
    """Days of rest, (days,), on which many meters ran at once; `z` (meters, days) says how far each
    stood out, NaN where it does not rest."""
    asked = np.isfinite(z).sum(axis=0)
    with np.errstate(invalid="ignore"):
        out = (z > STANDS_OUT).sum(axis=0)
    return np.asarray((out >= COMMON_METERS) & (out > COMMON_SHARE * asked))
