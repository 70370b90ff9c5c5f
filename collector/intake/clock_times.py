"""Times of a message by what was decided of the clock of its gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from collector.decode import Decoded, MessageLimits, Problem
from collector.decode.instant import time_problem
from metering.clock_repair import ClockRepair, time_of
from metering.localtime import iso

_DAY_US = 86_400_000_000
_AHEAD_US = 100 * 365 * _DAY_US


def any_time(limits: MessageLimits) -> MessageLimits:
    """The limits of messages whose times are looked at later, by the clock of their gateway."""
    return replace(limits, ahead_us=_AHEAD_US, oldest_us=-_DAY_US)


def placed(
    found: Decoded, arrived_us: int, repairs: Sequence[ClockRepair], limits: MessageLimits
) -> Decoded:
    """The same with times as a right clock would have given them; readings of doubtful times, and
    of such as are beyond the limits, become problems.

    Where a message says when it was sent, that tells the clock of all its readings, else each by
    its time. What was measured before that clock went wrong keeps its time.
    """
    sent = None
    if found.sent_us is not None:
        sent = time_of(repairs, found.sent_us, arrived_us, told=True)
    times, problems, repaired = list(found.times), list(found.problems), set()
    for row, reported in enumerate(found.times):
        if reported is None:
            continue
        of, repair = sent or time_of(repairs, reported, arrived_us, told=False)
        index, point = found.index[row], found.points[row]
        if of == "doubtful":
            problems.append(_doubtful(reported, index, point))
            continue
        if repair is not None and repair.covers(reported - repair.offset_us):
            times[row] = reported - repair.offset_us
            repaired.add(index)
        wrong = time_problem(iso(reported), times[row] or 0, arrived_us, limits)
        if wrong is not None:
            problems.append(replace(wrong, index=index, point=point))
    bad = {one.index for one in problems[len(found.problems) :]}
    rows = [row for row, index in enumerate(found.index) if index not in bad]
    return replace(
        found,
        index=[found.index[row] for row in rows],
        points=[found.points[row] for row in rows],
        kinds=[found.kinds[row] for row in rows],
        units=[found.units[row] for row in rows],
        times=[times[row] for row in rows],
        values=[found.values[row] for row in rows],
        problems=problems,
        repaired=frozenset(repaired - bad),
    )


def _doubtful(reported_us: int, index: int, point: str) -> Problem:
    return Problem(
        "doubtful_clock",
        "the gateway's clock was wrong, and this may be a time of before, meanwhile or after",
        "time",
        iso(reported_us),
        "it is taken in by itself once the clock is known; else state when it was wrong",
        index,
        point,
    )
