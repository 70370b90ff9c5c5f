"""Days that belong together: enough of them within a week, none of them far from the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

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


def runs_by_history(
    days: Ints, places: Iterable[int], is_bad: Callable[[int, Bools], bool]
) -> tuple[Ints, ...]:
    """Runs of bad days that hold five within seven, as places in `days`, each rising. The places
    are gone through in turn; `is_bad` is told a place and which days before it are history, (n,).
    Days of a run are no history, however long it lasts; other bad days are, once it is known that
    they were none."""
    history = np.zeros(days.size, dtype=np.bool_)
    open_run: list[int] = []
    told: list[list[int]] = []

    def end() -> None:
        if has_lasted(days[open_run].tolist()):
            told.append(list(open_run))
        else:
            history[open_run] = True
        open_run.clear()

    for at in places:
        if open_run and days[at] - days[open_run[-1]] > PAUSE_DAYS:
            end()
        if is_bad(at, history):
            open_run.append(at)
        else:
            history[at] = True
    end()
    return tuple(np.array(run, dtype=np.int64) for run in told)


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
