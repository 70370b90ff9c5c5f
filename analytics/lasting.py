"""Days that belong together: enough of them within a week, none of them far from the next."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_DAYS, WINDOW_DAYS = 5, 7
PAUSE_DAYS = 3
"""A day that is more than so many days after the one before begins a new run: what rests over a
weekend goes on after it."""


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
