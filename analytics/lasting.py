"""Days that belong together: enough of them within a week, none of them far from the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.groups import Bools, Ints

LEAST_DAYS, WINDOW_DAYS = 5, 7
PAUSE_DAYS = 3
"""A day that is more than so many days after the one before begins a new run: what rests over a
weekend goes on after it."""
BAD_SHARE = 0.5
"""Of a day's known hours, from which on the day is bad."""


def lasting_hours(day: Ints, known: Bools, bad: Bools, least_hours: int) -> Ints:
    """Places of the bad hours, rising, on bad days that hold five within seven. `day` is the local
    day of each hour; those that are `known`, (hours,) likewise, are looked at, and a day of fewer
    than `least_hours` of them is not judged."""
    days, place = np.unique(day, return_inverse=True)
    count = np.bincount(place[known], minlength=days.size)
    share = np.bincount(place[known & bad], minlength=days.size) / np.maximum(count, 1)
    runs = lasting(days[(count >= least_hours) & (share >= BAD_SHARE)].tolist())
    inside = known & bad & np.isin(day, [one for run in runs for one in run])
    return np.flatnonzero(inside).astype(np.int64)


def lasting(days: Sequence[int]) -> list[list[int]]:
    """The runs of rising days that hold five within seven."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day - runs[-1][-1] <= PAUSE_DAYS:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [run for run in runs if has_lasted(run)]


def has_lasted(run: Sequence[int]) -> bool:
    """Whether a run of rising days holds five within seven."""
    ends = zip(run, run[LEAST_DAYS - 1 :], strict=False)
    return any(last - first < WINDOW_DAYS for first, last in ends)
