"""A glance says of any question what the store behind it says, however little of it was read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.glance import FIRST_US, LAST_US, Glance
from ledger.meter import OPEN_END, Noted, Service
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter
from storage.memory import MemoryReadings

SERVICE = Service(Meter("m", "o", "01000"), Installation("m", 1), Kind.REGISTER, "UTC",
                  -OPEN_END, OPEN_END, "kWh")  # fmt: skip


class Store(MemoryReadings):
    """Counts how often it is asked."""

    def __init__(self, points: dict[int, list[int]], flagged: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.asked = 0
        rows = [
            (
                point,
                time,
                float(time),
                int(Flag.OUT_OF_RANGE) if time in flagged else 0,
                0,
                0,
                0,
                n,
                0,
            )
            for point, times in points.items()
            for n, time in enumerate(times)
        ]
        self.upsert(ReadingColumns.of(rows))

    def scan(self, *asked):
        self.asked += 1
        return super().scan(*asked)

    def before(self, *asked):
        self.asked += 1
        return super().before(*asked)

    def after(self, *asked):
        self.asked += 1
        return super().after(*asked)


def times(rows) -> list[int]:
    return rows.time_us.tolist()


TIMES = st.lists(st.integers(0, 40), max_size=14, unique=True).map(sorted)
SPAN = st.tuples(st.integers(-2, 42), st.integers(-2, 42)).map(sorted)


@given(
    TIMES,
    SPAN,
    st.integers(1, 4),
    st.integers(0, 20),
    st.lists(st.tuples(SPAN, st.integers(1, 5)), max_size=6),
)
def test_every_answer_is_the_stores(own, filled, count, beside, questions):
    store = Store({1: own, 2: [5, 7]})
    glance = Glance(store)
    glance.fill([1, 2], *filled, count, beside)
    for (low, high), wanted in questions:
        inside = [t for t in own if low <= t <= high]
        assert times(glance.scan(1, low, high)) == inside
        assert times(glance.before(1, high, wanted)) == [t for t in own if t < high][-wanted:]
        assert times(glance.after(1, low, wanted)) == [t for t in own if t >= low][:wanted]
    assert glance.scan(2, 0, 40).point.tolist() == [2, 2]


def test_what_was_read_is_not_asked_again():
    store = Store({1: list(range(0, 100, 10))})
    glance = Glance(store)
    glance.fill([1], 40, 50, 2, 0)
    assert store.asked == 3
    assert times(glance.scan(1, 20, 70)) == [20, 30, 40, 50, 60, 70]
    assert times(glance.before(1, 50, 3)) == [20, 30, 40]
    assert times(glance.before(1, 70, 2)) == [50, 60]
    assert times(glance.after(1, 20, 4)) == [20, 30, 40, 50]
    assert times(glance.after(1, 40, 4)) == [40, 50, 60, 70]
    assert store.asked == 3
    beyond = [
        lambda: glance.scan(1, 19, 70),
        lambda: glance.scan(1, 20, 71),
        lambda: glance.before(1, 50, 4),
        lambda: glance.before(1, 71, 1),
        lambda: glance.after(1, 19, 1),
        lambda: glance.after(1, 40, 5),
        lambda: glance.scan(2, 0, 1),
    ]
    for place, question in enumerate(beyond, start=4):
        question()
        assert store.asked == place


def test_a_point_that_reads_often_is_asked_for_once():
    store = Store({1: list(range(0, 100, 10)), 2: [50]})
    glance = Glance(store)
    glance.fill([1], 40, 50, 2, 20)
    assert store.asked == 1
    assert times(glance.before(1, 50, 3)) == [20, 30, 40]
    assert times(glance.after(1, 51, 2)) == [60, 70]
    assert store.asked == 1
    glance.before(1, 50, 4)
    assert store.asked == 2
    glance.fill([1, 2], 40, 50, 2, 20)
    assert store.asked == 5
    assert times(glance.before(2, 99, 9)) == times(glance.after(2, 0, 9)) == [50]
    assert store.asked == 5


def test_where_nothing_is_left_to_read_nothing_is_asked():
    store = Store({1: [10, 20]})
    glance = Glance(store)
    glance.fill([1], 12, 15, 2)
    assert times(glance.scan(1, -(10**18), 10**18)) == [10, 20]
    assert times(glance.before(1, 10**18, 9)) == [10, 20]
    assert times(glance.before(1, 10, 1)) == []
    assert times(glance.after(1, -(10**18), 9)) == [10, 20]
    assert times(glance.after(1, 21, 1)) == []
    assert store.asked == 3
    glance.fill([], 0, 9, 1)
    assert store.asked == 3
    assert (FIRST_US, LAST_US) == (0, 4_102_444_800_000_000)


def known(own, flagged=(), **service):
    glance = Glance(Store({1: own}, flagged))
    return glance, replace(SERVICE, **service)


def test_readings_of_a_service_are_those_it_reads_with_its_noted_values():
    glance, service = known([10, 20, 30, 40], reads_from_us=20, reads_until_us=30,
                            opening=Noted(15, 1.0), closing=Noted(35, 2.0))  # fmt: skip
    assert times(glance.rows(service, 0, 99)) == [15, 20, 30, 35]
    assert times(glance.rows(service, 15, 35)) == [15, 20, 30, 35]
    assert times(glance.rows(service, 16, 34)) == [20, 30]
    assert times(glance.rows(service, 31, 34)) == []
    first = glance.rows(service, 0, 16)
    assert first.value.tolist() == [1.0]
    columns = (first.flag, first.order_hi, first.order_lo, first.segment, first.offset, first.index)
    assert [one.tolist() for one in columns] == [[0]] * 6
    assert glance.ends(service) == (15, 35)
    assert glance.ends(replace(service, opening=None, closing=None)) == (20, 30)
    nothing = replace(service, reads_from_us=21, reads_until_us=29, opening=None, closing=None)
    assert glance.ends(nothing) is None
    assert glance.ends(replace(nothing, closing=Noted(5, 1.0))) == (5, 5)
    assert known([])[0].ends(SERVICE) is None


def test_a_reading_that_can_be_used_stands_in_place_of_a_noted_value():
    glance, service = known([10, 20], closing=Noted(20, 7.0))
    assert glance.rows(service, 0, 99).value.tolist() == [10.0, 20.0]
    glance, service = known([10, 20], flagged=(20,), closing=Noted(20, 7.0))
    assert glance.rows(service, 0, 99).value.tolist() == [10.0, 7.0]
    glance, service = known([10, 20], opening=Noted(10, 7.0), closing=Noted(40, 9.0))
    assert glance.rows(service, 0, 99).value.tolist() == [10.0, 20.0, 9.0]


@pytest.mark.parametrize(
    ("time_us", "nth", "before", "after"),
    [
        (25, 1, 20, 30),
        (20, 1, 20, 20),
        (25, 2, 10, 40),
        (25, 9, 10, 50),
        (9, 1, None, 10),
        (51, 1, 50, None),
    ],
)
def test_the_nth_usable_reading_either_way_or_the_furthest(time_us, nth, before, after):
    glance, service = known([10, 20, 30, 40, 50])
    assert glance.nth_before(service, time_us, nth) == before
    assert glance.nth_after(service, time_us, nth) == after


def test_readings_that_cannot_be_used_are_passed_over_however_many():
    glance, service = known(list(range(0, 200, 2)), flagged=tuple(range(12, 180, 2)))
    assert glance.last_known(service, 150) == glance.nth_before(service, 150, 1) == 10
    assert glance.nth_before(service, 150, 3) == 6
    assert glance.first_known(service, 20) == 180
    assert glance.nth_after(service, 20, 2) == 182
    usable, whole = glance.known_before(service, 150, 5)
    assert (usable.time_us.tolist(), whole) == ([], False)
    usable, whole = glance.known_before(service, 10, 6)
    assert (usable.time_us.tolist(), whole) == ([0, 2, 4, 6, 8, 10], False)
    usable, whole = glance.known_before(service, 10, 7)
    assert (usable.time_us.tolist(), whole) == ([0, 2, 4, 6, 8, 10], True)


def test_what_is_known_ends_where_the_service_does():
    glance, service = known([10, 20, 30, 40], reads_from_us=20, reads_until_us=30, end_us=35,
                            opening=Noted(15, 1.0), closing=Noted(32, 2.0))  # fmt: skip
    assert glance.nth_before(service, 99, 1) == 32
    assert glance.nth_before(service, 31, 1) == 30
    assert glance.nth_before(service, 99, 9) == 15
    assert glance.nth_after(service, 0, 1) == 15
    assert glance.nth_after(service, 16, 1) == 20
    assert glance.nth_after(service, 31, 1) == 32
    assert glance.nth_after(service, 33, 1) is None
    assert glance.nth_after(service, 0, 9) == 32
    usable, whole = glance.known_before(service, 99, 2)
    assert (usable.time_us.tolist(), whole) == ([20, 30, 32], False)
    usable, whole = glance.known_before(service, 99, 3)
    assert (usable.time_us.tolist(), whole) == ([15, 20, 30, 32], True)
    assert np.array_equal(glance.known(service, 16, 31).time_us, [20, 30])


@pytest.mark.parametrize("nth", [1, 2])
def test_readings_that_can_be_used_are_looked_for_among_four_times_as_many_each_time(nth):
    glance, service = known(list(range(100)), flagged=tuple(range(2, 98)))
    asked, before, after = [], glance.before, glance.after
    glance.before = lambda point, time_us, count: (
        asked.append(count) or before(point, time_us, count)
    )
    glance.after = lambda point, time_us, count: asked.append(count) or after(point, time_us, count)
    assert glance.nth_before(service, 97, nth) == 2 - nth
    assert asked == [nth * 4**n for n in range(5 if nth == 1 else 4)]
    asked.clear()
    assert glance.nth_after(service, 2, nth) == 97 + nth
    assert asked == [nth * 4**n for n in range(5 if nth == 1 else 4)]
