"""The usual cadence of a register, by which it is judged whether readings are lacking.

    readings  | | | | | | | |       |         the usual stretch between the nine readings up to here
                            └───────┘         longer than one and a half of it: readings lack

It is told by the readings before a stretch alone, so a late reading can change no more than the
few stretches after it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from metering.quantity import I64

BEFORE: Final = 8
"""Stretches before a reading that say what is usual there."""
_NONE: Final = int(np.iinfo(np.int64).max)


def usual(time_us: I64, places: I64, step_us: int) -> I64:
    """(p,) usual stretch up to each of the readings at `places` [us]: the lower median of the
    stretches before it, eight at most; a native step where there is none.

    `time_us` are all usable readings, the eight before the first place among them if there are.
    """
    passed = np.concatenate((np.full(BEFORE, _NONE), np.diff(time_us)))
    ranked = np.sort(sliding_window_view(passed, BEFORE)[places], axis=1)
    known = np.minimum(places, BEFORE)
    found = ranked[np.arange(len(places)), np.maximum(known - 1, 0) // 2]
    return np.where(known > 0, found, step_us)
