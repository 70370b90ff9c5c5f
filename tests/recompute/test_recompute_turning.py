"""Both implementations tell the same of registers and ratios that change at an instant or in a
window, with or without the values that somebody wrote down."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metering.localtime import MINUTE_US, day_bounds, iso, local_day
from metering.registry import Installation, Validity

DAYS = 3
LOAD = np.where(np.arange(DAYS * 1440) % 1440 < 420, 0.02, 0.095)
TRUE = np.concatenate(([0], np.cumsum(LOAD)))


PLAIN = {"every": 15, "offset": 0, "digits": None}
READ_AT_THE_EDGES = PLAIN | {
    **{"at": 720, "width": (60, 60), "how": "other point", "values": "final first"},
    **{"read": True, "limit": None, "spike": None},
}
"""Of a window, so that each side has a gap of its own there."""
FIRST_AT_A_READING = PLAIN | {
    **{"at": 600, "width": (0, 1), "how": "ratio and register", "values": "wrong"},
    **{"read": False, "limit": "60", "spike": 1},
}
"""Both sides have an event of one kind that begins there."""
NOT_READ_AT_MIDNIGHT = {
    **{"at": 1440, "width": None, "by_day": True, "ratio": 3, "values": "", "every": 50},
    **{"read": False, "limits": (None, None), "others": False, "spike": None},
}
"""Of a move that is dated to a day, so that the readings around midnight tell what passed."""


def dated(helpers, minutes: tuple[int, int]) -> tuple[str, Validity, Validity]:
    """The text of a change, and the days of what ended and of what began with it."""
    times = [day_bounds(helpers.DAY, helpers.ZONE)[0] + m * MINUTE_US for m in minutes]
    first, last = local_day(times[0], helpers.ZONE), local_day(times[1] - 1, helpers.ZONE)
    text = "/".join(dict.fromkeys(iso(at, helpers.ZONE) for at in times))
    return text, Validity(None, last + timedelta(days=1)), Validity(first, None)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    at=st.integers(600, DAYS * 1440 - 600),
    width=st.one_of(st.none(), st.tuples(st.integers(0, 300), st.integers(1, 300))),
    how=st.sampled_from(["other point", "same point", "ratio", "ratio and register"]),
    values=st.sampled_from(["", "final", "first", "final first", "wrong"]),
    every=st.sampled_from([15, 60, 360]),
    offset=st.sampled_from([0, 4]),
    read=st.booleans(),
    limit=st.sampled_from([None, "60", "4"]),
    digits=st.sampled_from([None, 4]),
    spike=st.one_of(st.none(), st.integers(-30, 30)),
)
@example(**READ_AT_THE_EDGES)
@example(**FIRST_AT_A_READING)
@pytest.mark.long
def test_both_tell_the_same_of_a_change(
    helpers, tmp_path, at, width, how, values, every, offset, read, limit, digits, spike
):
    minutes = (at, at) if width is None else (at - width[0], at + width[1])
    text, until, since = dated(helpers, minutes)
    ratio = how.startswith("ratio")
    point = 2 if how == "other point" else 1
    rates = (Decimal(20), Decimal("2.5")) if ratio else (Decimal(1), Decimal(1))
    old = Installation("m", 1, rates[0], digits, valid=until, ends=text)
    new = Installation("m", point, rates[1], digits, valid=since, starts=text)

    def said(minute: int, which: str) -> float:
        before, after = TRUE[min(minute, at)], max(TRUE[minute] - TRUE[at], 0)
        if how == "ratio":
            value = 9990 + before / 20 + after / 2.5
        elif which == "old":
            value = 9990 + before / float(rates[0])
        else:
            value = 12 + after / float(rates[1])
        return round(float(value % 10_000 if digits else value), 4)

    final, first = (Decimal(repr(said(at, which))) for which in ("old", "new"))
    if values == "wrong":
        final, first = final - 3, first + 5
    wrong = values == "wrong"
    object.__setattr__(old, "final", final if wrong or "final" in values else None)
    object.__setattr__(new, "first", first if wrong or "first" in values else None)

    fastest = None if limit is None else Decimal(limit)
    meters = [helpers.meter("m", max_per_hour=fastest)]
    world = helpers.World(helpers.campus(meters, installations=(old, new)), DAYS)
    times = sorted({*range(offset, DAYS * 1440 + 1, every), *([at] if read else [])})
    bad = (
        None if spike is None else min(range(len(times)), key=lambda n: abs(times[n] - at)) + spike
    )
    start = day_bounds(helpers.DAY, helpers.ZONE)[0]
    rows = {1: [], 2: []}
    for place, minute in enumerate(times):
        more = 700 if place == bad else 0
        if how == "other point":
            if minute <= at + 90:
                rows[1].append((minute, said(minute, "old") + more))
            if minute >= at - 200:
                rows[2].append((minute, said(minute, "new") + more))
        else:
            rows[1].append((minute, said(minute, "old" if minute < at else "new") + more))
    for number, found in rows.items():
        if found:
            when = np.array([start + minute * MINUTE_US for minute, _ in found])
            world.push(number, when, [value for _, value in found])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    at=st.integers(600, DAYS * 1440 - 600),
    width=st.one_of(st.none(), st.tuples(st.integers(0, 300), st.integers(1, 300))),
    by_day=st.booleans(),
    ratio=st.sampled_from([1, 3]),
    values=st.sampled_from(["", "", "final", "first", "wrong"]),
    every=st.sampled_from([15, 50, 60, 360]),
    read=st.booleans(),
    limits=st.tuples(*[st.sampled_from([None, "60", "4"])] * 2),
    others=st.booleans(),
    spike=st.one_of(st.none(), st.integers(-4, 4)),
)
@example(**NOT_READ_AT_MIDNIGHT)
def test_both_tell_the_same_of_a_meter_that_moves(
    helpers, tmp_path, at, width, by_day, ratio, values, every, read, limits, others, spike
):
    at = at // 1440 * 1440 if by_day else at
    minutes = (at, at) if width is None or by_day else (at - width[0], at + width[1])
    text, until, since = dated(helpers, minutes)
    if by_day:
        text, until = "", Validity(None, since.start)

    def said(minute: int) -> float:
        before, after = TRUE[min(minute, at)], max(TRUE[minute] - TRUE[at], 0)
        return round(float(9990 + before + after / ratio), 4)

    wrong = values == "wrong"
    value = Decimal(repr(said(at)))
    final = value - 3 if wrong else value if values == "final" and not by_day else None
    first = value + 5 if wrong else value if values == "first" and not by_day else None
    final, first = (None, None) if by_day else (final, first)
    rows = [
        Installation("m", 1, valid=until, ends=text, final=final),
        Installation("n", 1, Decimal(ratio), valid=since, starts=text, first=first),
    ]
    if others:
        rows += [
            Installation("m", 2, valid=since, starts=text),
            Installation("n", 3, valid=until, ends=text),
        ]
    meters = [
        helpers.meter(code, node=node, max_per_hour=None if limit is None else Decimal(limit))
        for code, node, limit in zip("mn", "bc", limits, strict=True)
    ]
    edges = (("o", "b"), ("o", "c"))
    campus = helpers.campus(meters, edges=edges, installations=tuple(rows))
    world = helpers.World(campus, DAYS)
    times = sorted({*range(0, DAYS * 1440 + 1, every), *([at] if read else [])})
    near = min(range(len(times)), key=lambda n: abs(times[n] - at)) + (spike or 0)
    start = day_bounds(helpers.DAY, helpers.ZONE)[0]
    when = np.array([start + minute * MINUTE_US for minute in times])
    more = [0 if spike is None or n != near else 700 for n in range(len(times))]
    world.push(1, when, [said(minute) + add for minute, add in zip(times, more, strict=True)])
    if others:
        later = [n for n, minute in enumerate(times) if minute >= at]
        world.push(2, when[later], [50 + n / 10 for n in later])
        earlier = [n for n, minute in enumerate(times) if minute <= at + 60]
        world.push(3, when[earlier], [70 + n / 10 for n in earlier])
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []
