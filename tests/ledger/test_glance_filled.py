"""What was read at once answers as the store does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ledger.glance import FIRST_US, LAST_US, Glance
from ledger.meter import Noted
from ledger.turning import services
from metering.localtime import iso

MINUTE_US = 60_000_000


@pytest.mark.parametrize("seed", range(60))
def test_a_filled_glance_answers_as_the_store(helpers, seed):
    rng = np.random.default_rng(seed)
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    start = helpers.midnight()

    def minute() -> int:
        return start + int(rng.integers(0, 400)) * MINUTE_US

    times = start + np.sort(rng.choice(400, rng.integers(0, 40), replace=False)) * MINUTE_US
    values = rng.choice([1.0, 2.0, 1e300], len(times))
    flagged = rng.random(len(times)) < 0.2
    world.push(1, times[~flagged], values[~flagged])
    world.push(1, times[flagged], values[flagged], 1)
    service = services(world.registry, "m")[0]
    if seed % 2:
        first, last = sorted((minute(), minute()))
        service = replace(
            service,
            start_us=first,
            end_us=last,
            reads_from_us=first,
            reads_until_us=last,
            opening=Noted(first, 1.0) if rng.random() < 0.5 else None,
            closing=Noted(last, 5.0) if rng.random() < 0.5 else None,
        )
    filled, plain = Glance(world.readings), Glance(world.readings)
    filled.fill([1], *sorted((minute(), minute())), int(rng.integers(1, 5)))
    for _ in range(12):
        (a, b), nth = sorted((minute(), minute())), int(rng.integers(1, 5))
        pairs = zip(filled.known(service, a, b), plain.known(service, a, b), strict=True)
        assert all(left.tolist() == right.tolist() for left, right in pairs)
        assert filled.nth_before(service, a, nth) == plain.nth_before(service, a, nth)
        assert filled.nth_after(service, a, nth) == plain.nth_after(service, a, nth)
        assert filled.last_known(service, b) == plain.last_known(service, b)
        assert filled.first_known(service, b) == plain.first_known(service, b)
        assert filled.ends(service) == plain.ends(service)


@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_a_glance_answers_as_a_list_of_all_readings(helpers, seed, fill):
    """At the very instants of readings and of the edges of a service, too."""
    rng = np.random.default_rng(seed)
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    start = helpers.midnight()
    times = start + np.sort(rng.choice(30, rng.integers(1, 25), replace=False)) * MINUTE_US
    values = rng.choice([1.0, 2.0, 3.0, 1e300], len(times))
    world.push(1, times, values)
    first, last = (start + int(n) * MINUTE_US for n in np.sort(rng.choice(30, 2, replace=False)))
    service = replace(
        services(world.registry, "m")[0],
        start_us=first, end_us=last, reads_from_us=first, reads_until_us=last,
    )  # fmt: skip
    own = [t for t in times.tolist() if first <= t <= last]
    usable = [t for t, v in zip(times.tolist(), values, strict=True) if t in own and v < 4]
    glance = Glance(world.readings)
    if fill:
        glance.fill([1], *sorted(start + rng.integers(0, 30, 2) * MINUTE_US), 2)
    assert glance.ends(service) == ((own[0], own[-1]) if own else None)
    for at in (start + np.arange(-1, 31) * MINUTE_US).tolist():
        for nth in (1, 2, 5):
            before = [t for t in usable if t <= at][-nth:]
            after = [t for t in usable if t >= at][:nth]
            assert glance.nth_before(service, at, nth) == (before[0] if before else None)
            assert glance.nth_after(service, at, nth) == (after[-1] if after else None)
            raw = [t for t in times.tolist() if t < at][-nth:]
            assert glance.before(1, at, nth).time_us.tolist() == raw
            raw = [t for t in times.tolist() if t >= at][:nth]
            assert glance.after(1, at, nth).time_us.tolist() == raw
        until = at + 4 * MINUTE_US
        assert glance.rows(service, at, until).time_us.tolist() == [
            t for t in own if at <= t <= until
        ]
        assert glance.known(service, at, until).time_us.tolist() == [
            t for t in usable if at <= t <= until
        ]


class Counted:
    """Counts what is asked of a store."""

    def __init__(self, store):
        self.store, self.asked = store, 0

    def __getattr__(self, name):
        self.asked += 1
        return getattr(self.store, name)


@pytest.mark.parametrize("far", [False, True])
def test_the_store_is_asked_only_beyond_what_was_read(helpers, far):
    """Of 40 to 50 and three on either side: the very last of them need no question."""
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    times = helpers.quarters(96)
    world.push(1, times, np.arange(96.0))
    store = Counted(world.readings)
    glance, service = Glance(store), services(world.registry, "m")[0]
    glance.fill([1], int(times[40]), int(times[50]), 3, 0)
    for ask, answer in (
        (lambda n: glance.nth_before(service, int(times[45]), n), lambda n: times[46 - n]),
        (lambda n: glance.nth_after(service, int(times[45]), n), lambda n: times[44 + n]),
        (lambda n: glance.before(1, int(times[46]), n).time_us[0], lambda n: times[46 - n]),
        (lambda n: glance.after(1, int(times[45]), n).time_us[-1], lambda n: times[44 + n]),
    ):
        before = store.asked
        nth = 10 if far else 9
        assert ask(nth) == answer(nth)
        assert (store.asked > before) is far
    edges, early = (int(times[37]), int(times[53])), int(times[37]) + 1
    for ask, low, high in (
        (lambda at: glance.nth_before(service, at, 1), *edges),
        (lambda at: glance.nth_after(service, at, 1), *edges),
        (lambda at: glance.scan(1, at, at), *edges),
        (lambda at: glance.known(service, at, at), *edges),
        (lambda at: glance.before(1, at, 1), early, edges[1]),
        (lambda at: glance.after(1, at, 1), *edges),
    ):
        for inside, beyond in ((low, low - 1), (high, high + 1)):
            before = store.asked
            ask(inside)
            assert store.asked == before
            ask(beyond)
            assert store.asked > before


def test_a_reading_a_microsecond_beyond_a_service_is_none_of_its_own(helpers):
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    first, last = helpers.midnight(), helpers.midnight() + 3 * MINUTE_US
    inside = [first, first + 1, first + MINUTE_US, last - 1, last]
    world.push(1, [first - 1, *inside, last + 1], np.arange(7.0))
    service = replace(
        services(world.registry, "m")[0],
        start_us=first, end_us=last, reads_from_us=first, reads_until_us=last,
    )  # fmt: skip
    for fill in (False, True):
        glance = Glance(world.readings)
        if fill:
            glance.fill([1], first, last, 2)
        assert glance.ends(service) == (first, last)
        assert glance.rows(service, first - 9, last + 9).time_us.tolist() == inside
        assert glance.known(service, first - 9, last + 9).time_us.tolist() == inside
        assert glance.known(service, first + 1, last - 1).time_us.tolist() == inside[1:-1]
        assert glance.scan(1, first, last).time_us.tolist() == inside
        assert glance.last_known(service, last + 9) == last
        assert glance.first_known(service, first - 9) == first
        assert [glance.nth_before(service, last, n) for n in (1, 2, 5, 6)] == [
            last, last - 1, first, first
        ]  # fmt: skip
        assert [glance.nth_after(service, first, n) for n in (1, 2, 5, 6)] == [
            first, first + 1, last, last
        ]  # fmt: skip
        assert glance.nth_before(service, last - 1, 1) == last - 1
        assert glance.nth_after(service, first + 1, 1) == first + 1
        assert glance.known_before(service, last, 2)[0].time_us.tolist() == [last - 1, last]
        assert glance.known_before(service, last, 2)[1] is False
        assert glance.before(1, last, 1).time_us.tolist() == [last - 1]
        assert glance.after(1, last, 1).time_us.tolist() == [last]


def test_readings_are_looked_for_from_1970_to_2100(helpers):
    edges = [FIRST_US, LAST_US]
    assert [iso(one, "UTC")[:19] for one in edges] == ["1970-01-01T00:00:00", "2100-01-01T00:00:00"]
    world = helpers.World(helpers.campus([helpers.meter("m")]), helpers.later(3))
    times = [10**13, 2 * 10**15, 4 * 10**15]
    world.push(1, times, [1.0, 2.0, 3.0])
    service = services(world.registry, "m")[0]
    for fill in (False, True):
        glance = Glance(world.readings)
        if fill:
            glance.fill([1], 10**15, 10**15 + 1, 5)
        assert glance.last_known(service, 2**62) == times[2]
        assert glance.first_known(service, -(2**62)) == times[0]
        assert glance.ends(service) == (times[0], times[2])
        assert glance.known(service, -(2**62), 2**62).time_us.tolist() == times
        assert glance.before(1, 2**62, 9).time_us.tolist() == times
        assert glance.after(1, -(2**62), 9).time_us.tolist() == times
        known, whole = glance.known_before(service, 2**62, 4)
        assert (known.time_us.tolist(), whole) == (times, True)
        known, whole = glance.known_before(service, 2**62, 3)
        assert (known.time_us.tolist(), whole) == (times, False)
