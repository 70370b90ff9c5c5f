"""How far a change reaches and what a figure rests on, to the very reading: beside changes of a
register, inside them, and where it moves to another meter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.context import Context
from ledger.meter import Service, measure
from ledger.passage import Passage
from ledger.series import ChangeSpan
from ledger.turning import services, turns
from metering.localtime import HOUR_US, day_bounds
from metering.quality import APPORTIONED, MEASURED
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, Validity
from storage.memory import MemoryReadings
from tests.ledger.test_turning_parts import FINAL, FIRST, INSTANT, RATIO, WINDOW, ZONE, served

DAY = date(2026, 3, 3)
START_US = day_bounds(DAY, ZONE)[0]
DAY_US = 24 * HOUR_US
HALVES = [n + 0.5 for n in range(24)]
AT_TEN, AT_CHANGE = sorted([*HALVES, 10]), sorted([*HALVES, 10, 12])
"""Hours of the day at which a register is read."""
LATE = [*range(-30, 0), *HALVES]


def at(hour: float) -> int:
    return START_US + round(hour * HOUR_US)


def hours(*times: int) -> tuple[float, ...]:
    return tuple((one - START_US) / HOUR_US for one in times)


def context_of(times, values=None) -> Context:
    """One register that rises by one an hour, or says these values."""
    said = [100 + t for t in times] if values is None else values
    store = MemoryReadings()
    store.upsert(
        ReadingColumns.of(
            [
                (1, at(t), float(v), 0, 0, 0, 0, n, 0)
                for n, (t, v) in enumerate(zip(times, said, strict=True))
            ]
        )
    )
    return Context(store)


def moved(told: str, own: str) -> list[Service]:
    """The services of one of two meters, of a register that goes from `m` to `n`."""
    old = Installation("m", 1, valid=Validity(None, DAY), ends=told)
    new = Installation("n", 1, valid=Validity(DAY), starts=told)
    return services(carrying((old, new)), own)


def reaches(context: Context, own: list[Service], start: float, end: float):
    found = context._reaches(own, at(start), at(end))
    return {place: hours(*span) for place, span in found.items()}


def reached(context: Context, own: list[Service], start: float, end: float):
    return [hours(one.start_us, one.end_us) for one in context.reached(own, at(start), at(end))]


def passed(context: Context, own: list[Service], start: float, end: float):
    found = context.gone_on(own, ChangeSpan(at(start), at(end)))
    return [(*hours(one.start_us, one.end_us), one.before, one.after) for one in found]


RATIO_AT_ONCE = served(points=(1, 1), new=RATIO)
RATIO_IN_A_WINDOW = served(WINDOW, points=(1, 1), new=RATIO)
NOTED_IN_A_WINDOW = served(WINDOW, points=(1, 1), old=FINAL, new=FIRST)


@pytest.mark.parametrize(
    ("own", "times", "wanted", "found"),
    [
        (RATIO_AT_ONCE, HALVES, (2, 5), {0: (1.5, 5.5)}),
        (RATIO_AT_ONCE, HALVES, (2, 9.5), {0: (1.5, 9.5)}),
        (RATIO_AT_ONCE, HALVES, (2, 9.75), {0: (1.5, 9.75), 1: (10.5, 10.5)}),
        (RATIO_AT_ONCE, HALVES, (10, 10), {0: (9.5, 10), 1: (10, 10.5)}),
        (RATIO_AT_ONCE, HALVES, (10.2, 10.3), {0: (9.5, 9.5), 1: (10.2, 10.5)}),
        (RATIO_AT_ONCE, HALVES, (10.5, 11), {1: (10.5, 11.5)}),
        (RATIO_AT_ONCE, HALVES, (9, 13), {0: (8.5, 10), 1: (10, 13.5)}),
        (RATIO_AT_ONCE, AT_TEN, (2, 9.75), {0: (1.5, 10)}),
        (RATIO_AT_ONCE, AT_TEN, (10.2, 11), {1: (10, 11.5)}),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (9, 9.9), {0: (8.5, 10)}),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (9, 10), {0: (8.5, 10), 1: (12, 12)}),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (10.5, 11), {0: (10, 10), 1: (12, 12)}),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12, 13), {0: (10, 10), 1: (12, 13.5)}),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12.1, 13), {1: (12, 13.5)}),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (2, 9.75), {0: (1.5, 10)}),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (9, 10), {0: (8.5, 12), 1: (10, 12)}),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (10.5, 11), {0: (10, 12), 1: (10, 12)}),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (12, 13), {0: (10, 12), 1: (10, 13.5)}),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (12.1, 14), {1: (12, 14.5)}),
        (NOTED_IN_A_WINDOW, HALVES, (2, 9.75), {0: (1.5, 12), 1: (10, 12.5)}),
        (NOTED_IN_A_WINDOW, HALVES, (12.2, 14), {0: (9.5, 12), 1: (10, 14.5)}),
        (NOTED_IN_A_WINDOW, HALVES, (12.5, 14), {1: (12.5, 14.5)}),
    ],
)
def test_a_figure_rests_on_the_readings_around_it_and_over_a_change_on_the_others(
    own, times, wanted, found
):
    assert reaches(context_of(times), own, *wanted) == found


CADENCE = 8
"""Readings after a change that are judged by it."""


@pytest.mark.parametrize(
    ("own", "times", "changed", "found"),
    [
        (RATIO_AT_ONCE, HALVES, (0.5, 0.6), [(0.5, 0.5 + 1 + CADENCE)]),
        (RATIO_AT_ONCE, HALVES, (2, 5), [(1.5, 9.5)]),
        (RATIO_AT_ONCE, HALVES, (2, 9.5), [(1.5, 9.5), (9.5, 10.5)]),
        (RATIO_AT_ONCE, HALVES, (2, 9.4), [(1.5, 9.5)]),
        (RATIO_AT_ONCE, HALVES, (10, 10), [(9.5, 9.5), (18.5, 18.5), (9.5, 10.5)]),
        (RATIO_AT_ONCE, HALVES, (10.5, 11), [(10.5, 19.5), (9.5, 10.5)]),
        (RATIO_AT_ONCE, HALVES, (10.6, 11), [(10.5, 19.5)]),
        (RATIO_AT_ONCE, HALVES, (16, 23), [(15.5, 23.5)]),
        (RATIO_AT_ONCE, AT_TEN, (9, 9.9), [(8.5, 10)]),
        (RATIO_AT_ONCE, AT_TEN, (10, 10), [(9.5, 10), (10, 18.5), (10, 10)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (9, 9.9), [(8.5, 10)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (9, 10), [(8.5, 10), (10, 12)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (10.5, 11), [(10, 12)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12, 12), [(12, 20.5), (10, 12)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12.1, 12.2), [(12, 20.5)]),
        (RATIO_IN_A_WINDOW, HALVES, (12, 13), [(12.5, 21.5), (9.5, 12.5)]),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (9, 9.9), [(8.5, 12), (10, 12)]),
        (NOTED_IN_A_WINDOW, AT_CHANGE, (12.2, 14), [(12, 22.5)]),
        (NOTED_IN_A_WINDOW, HALVES, (12.2, 14), [(10, 22.5), (9.5, 12.5)]),
        (NOTED_IN_A_WINDOW, HALVES, (12.6, 14), [(12.5, 22.5)]),
    ],
)
def test_a_change_reaches_its_good_neighbours_and_over_a_change_of_register(
    own, times, changed, found
):
    """After it as far as the cadence that it is judged by."""
    assert reached(context_of(times), own, *changed) == found


def test_each_of_several_changes_is_reached_from_its_own_sides():
    """The ratio changes at ten o'clock and a day later."""
    again = "2026-03-04T10:00:00+08:00"
    rows = (
        Installation("m", 1, valid=Validity(None, DAY), ends=INSTANT),
        Installation(
            "m", 1, Decimal(2), valid=Validity(DAY, date(2026, 3, 4)), starts=INSTANT, ends=again
        ),
        Installation("m", 1, Decimal(3), valid=Validity(date(2026, 3, 4)), starts=again),
    )
    own = services(carrying(rows), "m")
    context = context_of([n + 0.5 for n in range(72)])
    assert reached(context, own, 33.6, 33.7) == [(33.5, 33.5), (33.5, 34.5)]
    assert reached(context, own, 34.1, 34.2) == [(42.5, 42.5), (33.5, 34.5)]
    assert reached(context, own, 9.6, 9.7) == [(9.5, 9.5), (9.5, 10.5)]
    assert reached(context, own, 10.1, 10.2) == [(18.5, 18.5), (9.5, 10.5)]
    assert reached(context, own, 20.6, 20.7) == [(20.5, 29.5)]
    assert reaches(context, own, 34.1, 34.2) == {1: (33.5, 33.5), 2: (34.1, 34.5)}
    assert reaches(context, own, 9.6, 9.7) == {0: (9.5, 9.7), 1: (10.5, 10.5)}
    assert [one[:2] for one in passed(context, own, 33.6, 33.7)] == [(33.5, 34.5)]
    assert [one[:2] for one in passed(context, own, 9, 35)] == [(9.5, 10.5), (33.5, 34.5)]
    for hour, passages in (
        (34.1, {1: True, 2: False}),
        (33.6, {1: True, 2: False}),
        (20.6, {1: False}),
        (10.1, {0: True, 1: False}),
        (9.6, {0: True, 1: False}),
        (8.6, {0: False}),
        (40.6, {2: False}),
    ):
        found = context.stretches(own, at(hour), at(hour + 0.1))
        assert {n: one.passage is not None for n, one in found.items()} == passages


def test_neighbours_may_be_a_microsecond_away():
    (alone, _) = RATIO_AT_ONCE
    tick = 1 / HOUR_US
    times = [0.5, 2 - tick, *(5 + n for n in (tick, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))]
    assert reached(context_of(times), [alone], 2, 5) == [(2 - tick, 5.8)]
    assert reaches(context_of(times), [alone], 2 - tick, 5 + tick) == {0: (2 - tick, 5 + tick)}
    assert reaches(context_of(times), [alone], 2, 5) == {0: (2 - tick, 5 + tick)}


def test_a_change_where_nothing_is_read_reaches_nowhere():
    assert reached(context_of([]), RATIO_AT_ONCE, 2, 5) == []
    (alone, _) = RATIO_AT_ONCE
    assert reached(context_of([3]), [alone], 2, 5) == [(3, 3)]
    assert reached(context_of([3]), [alone], 11, 12) == []
    assert reached(context_of([3, 4]), [alone], 5, 6) == [(4, 4)]


def carrying(installed: tuple[Installation, ...]) -> Registry:
    """An institution with these meters and points."""
    codes, points = {one.meter for one in installed}, {one.point for one in installed}
    return Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={code: Meter(code, "o", "01000") for code in codes},
        points={n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in points},
        installations=installed,
    )


def bounded(registry: Registry, meter: str) -> list[tuple[str, int, bool]]:
    found = context_of(HALVES).bounded(services(registry, meter))
    return [(one.meter.code, one.point, one.guest) for one in found]


@pytest.mark.parametrize(
    ("points", "read", "changes"),
    [
        ((5, 3, 4), {3: (7.5, 8), 4: (49.25, 50)}, (7.5, 49.25)),
        ((3, 5, 4), {5: (-4, 7.5, 8), 4: (50,)}, (7.5, 50)),
        ((3, 5, 4), {5: (24, 25), 4: (72.1,)}, (24, 72)),
        ((3, 5, 4), {5: (24.1,), 3: (7,)}, (24, 72)),
        ((3, 5, 3), {5: (0, 1), 3: (48,)}, (0, 48)),
        ((3, 3, 4), {3: (7.5,), 4: (49.25,)}, (0, 49.25)),
        ((3, 4, 4), {4: (7.5, 49.25)}, (7.5, 48)),
    ],
)
def test_on_a_day_of_change_the_first_reading_of_the_new_register_is_where_it_takes_over(
    points, read, changes
):
    days = [DAY, DAY + timedelta(days=2)]
    valid = [Validity(None, days[0]), Validity(*days), Validity(days[1])]
    ratios = (Decimal(1), Decimal(2), Decimal(1))
    rows = zip(points, ratios, valid, strict=True)
    own = services(carrying(tuple(Installation("m", p, r, valid=v) for p, r, v in rows)), "m")
    store = MemoryReadings()
    for point, times in read.items():
        store.upsert(ReadingColumns.of([(point, at(t), 1.0, 0, 0, 0, 0, 0, 0) for t in times]))
    found = Context(store)._handed_over(own)
    assert hours(*(one.end_us for one in found[:-1])) == changes
    assert hours(*(one.start_us for one in found[1:])) == changes


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ({"valid": Validity(None, DAY), "ends": INSTANT}, {"valid": Validity(DAY)}, 0),
        (
            {"valid": Validity(None, DAY + timedelta(days=1))},
            {"valid": Validity(DAY), "starts": INSTANT},
            10,
        ),
    ],
)
def test_where_one_of_two_registers_is_dated_no_reading_says_when(old, new, change):
    own = services(carrying((Installation("m", 1, **old), Installation("m", 2, **new))), "m")
    store = MemoryReadings()
    store.upsert(ReadingColumns.of([(2, at(t), 1.0, 0, 0, 0, 0, 0, 0) for t in (3, 11, 13)]))
    one, other = Context(store)._handed_over(own)
    assert hours(one.end_us, other.start_us) == (change, change)
    assert Context(store)._handed_over(served()) == served()


def test_in_a_window_in_which_a_register_moved_nothing_of_it_is_read():
    """Although the one that takes its place is known to have begun within, and the one whose place
    it takes to have ended."""
    instant = "2026-03-03T11:00:00+08:00"
    until, since = {"valid": Validity(None, DAY)}, {"valid": Validity(DAY)}
    noted = carrying(
        (
            Installation("m", 1, ends=WINDOW, **until, **FINAL),
            Installation("m", 2, starts=instant, **since),
            Installation("n", 1, starts=WINDOW, **since, first=FINAL["final"]),
            Installation("n", 3, ends=instant, **until),
        )
    )
    one, other = context_of([])._handed_over(services(noted, "m"))
    assert hours(one.reads_until_us, one.end_us) == (10, 11)
    assert hours(other.reads_from_us, other.start_us) == (11, 11)
    one, other = context_of([])._handed_over(services(noted, "n"))
    assert hours(one.reads_until_us, one.end_us) == (10, 10)
    assert hours(other.reads_from_us, other.start_us) == (12, 10)


def moves(installed: tuple[Installation, ...], meter: str) -> list[tuple[str | None, ...]]:
    """Where the register of each service of a meter came from, and where it goes to."""
    return [
        tuple(
            None if one is None else one.served[one.place].meter.code
            for one in (service.came_from, service.goes_to)
        )
        for service in services(carrying(installed), meter)
    ]


def test_a_register_moves_only_where_it_does_not_stay():
    first, last = "2026-03-02T10:00:00+08:00", "2026-03-04T10:00:00+08:00"
    days = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
    until, since = Validity(None, days[0]), Validity(days[2])
    lent = (
        Installation("n", 1, valid=until, ends=first),
        Installation("m", 1, valid=Validity(days[0], days[1]), starts=first, ends=INSTANT),
        Installation("m", 1, Decimal(2), valid=Validity(*days[1:]), starts=INSTANT, ends=last),
        Installation("n", 1, valid=since, starts=last),
    )
    assert moves(lent, "m") == [("n", None), (None, "n")]
    assert moves(lent, "n") == [(None, "m"), ("m", None)]
    shared = (
        Installation("n", 1, valid=Validity(None, DAY), ends=INSTANT),
        Installation("m", 1, valid=Validity(None, DAY), ends=INSTANT),
        Installation("m", 1, Decimal(2), valid=Validity(DAY), starts=INSTANT),
        Installation("k", 1, valid=Validity(DAY), starts=INSTANT),
    )
    assert moves(shared, "m") == [(None, None), (None, None)]
    assert moves(shared, "n") == [(None, "k")]


def test_beside_a_register_that_moves_stands_the_meter_that_it_goes_to_or_comes_from():
    until, since = {"valid": Validity(None, DAY)}, {"valid": Validity(DAY)}
    round_about = carrying(
        (
            Installation("m", 1, ends=INSTANT, **until),
            Installation("n", 1, starts=INSTANT, **since),
            Installation("k", 2, ends=INSTANT, **until),
            Installation("m", 2, starts=INSTANT, **since),
        )
    )
    assert bounded(round_about, "m") == [
        ("m", 1, False), ("n", 1, True), ("k", 2, True), ("m", 2, False)
    ]  # fmt: skip
    assert bounded(round_about, "n") == [("m", 1, True), ("n", 1, False)]
    assert bounded(round_about, "k") == [("k", 2, False), ("m", 2, True)]
    back = "2026-03-04T10:00:00+08:00"
    later = date(2026, 3, 4)
    lent = carrying(
        (
            Installation("m", 1, ends=INSTANT, **until),
            Installation("n", 1, starts=INSTANT, ends=back, valid=Validity(DAY, later)),
            Installation("m", 1, starts=back, valid=Validity(later)),
        )
    )
    assert bounded(lent, "m") == [("m", 1, False), ("n", 1, True), ("m", 1, False)]
    assert bounded(lent, "n") == [("m", 1, True), ("n", 1, False), ("m", 1, True)]


@pytest.mark.parametrize(
    ("told", "meter", "changed", "found"),
    [
        (INSTANT, "m", (2, 5), [(1.5, 9.5)]),
        (INSTANT, "m", (2, 9.75), [(1.5, 9.5), (9.5, 10)]),
        (INSTANT, "m", (10.5, 11), [(9.5, 10)]),
        (INSTANT, "m", (11, 12), []),
        (INSTANT, "n", (2, 5), []),
        (INSTANT, "n", (2, 9.75), [(10, 10.5)]),
        (INSTANT, "n", (10.5, 11), [(10.5, 19.5), (10, 10.5)]),
        (INSTANT, "n", (11, 12), [(10.5, 20.5)]),
        (WINDOW, "m", (9, 10), [(8.5, 9.5), (9.5, 12)]),
        (WINDOW, "m", (12.2, 14), [(9.5, 12)]),
        (WINDOW, "n", (9, 10), [(10, 12.5)]),
        (WINDOW, "n", (12.2, 14), [(12.5, 22.5), (10, 12.5)]),
        ("", "m", (-0.6, -0.4), [(-1, -1), (-1, 0)]),
        ("", "n", (0.4, 0.6), [(0.5, 9.5), (0, 0.5)]),
    ],
)
def test_a_register_that_moves_takes_a_change_over_to_its_own_part(told, meter, changed, found):
    context = context_of(LATE if not told else HALVES)
    own = context.bounded(moved(told, meter))
    assert [one.guest for one in own] == [meter == "n", meter == "m"]
    assert reached(context, own, *changed) == found


@pytest.mark.parametrize(
    ("own", "times", "reach", "found"),
    [
        (RATIO_AT_ONCE, HALVES, (2, 9.4), []),
        (RATIO_AT_ONCE, HALVES, (2, 9.5), [(9.5, 10.5, 500_000, 1_000_000)]),
        (RATIO_AT_ONCE, HALVES, (10, 10), [(9.5, 10.5, 500_000, 1_000_000)]),
        (RATIO_AT_ONCE, HALVES, (10.5, 11), [(9.5, 10.5, 500_000, 1_000_000)]),
        (RATIO_AT_ONCE, HALVES, (10.6, 11), []),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (2, 9.9), []),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (2, 10), [(10, 12, 1_000_000, 2_000_000)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12, 12.1), [(10, 12, 1_000_000, 2_000_000)]),
        (RATIO_IN_A_WINDOW, AT_CHANGE, (12.1, 12.2), []),
        (NOTED_IN_A_WINDOW, HALVES, (9, 13), []),
    ],
)
def test_what_one_register_counted_is_found_from_readings_beside_its_change(
    own, times, reach, found
):
    assert passed(context_of(times), own, *reach) == found


def test_of_a_register_that_moved_each_meter_is_told_its_part():
    for told, middle in ((INSTANT, 10), (WINDOW, 11)):
        context = context_of(HALVES)
        end = 10.5 if told == INSTANT else 12.5
        energy = round((end - 9.5) / 2 * 10**6)
        before, after = (context.bounded(moved(told, meter)) for meter in "mn")
        assert passed(context, before, 9, 13) == [(9.5, middle, energy, 0)]
        assert passed(context, after, 9, 13) == [(middle, end, 0, energy)]


def test_values_that_were_written_down_tell_what_passed_in_their_window():
    context = context_of(HALVES)
    (turn,) = turns(NOTED_IN_A_WINDOW).values()
    assert context._passage(*NOTED_IN_A_WINDOW, turn) == Passage(turn, at(10), at(12))
    for times in ([1, 2], [13, 14], []):
        silent = context_of(times)
        (turn,) = turns(RATIO_AT_ONCE).values()
        assert silent._passage(*RATIO_AT_ONCE, turn) is None


def curve_of(own: list[Service], times, start: float = 2, end: float = 20):
    """(hours of the knots, quality between, what is told) of a meter of two hours' step."""
    own = [replace(one, meter=replace(one.meter, step_min=120)) for one in own]
    found = measure(own, context_of(times).stretches(own, at(start), at(end)))
    told = [(kind, *hours(*span)) for kind, *span in found.spans]
    return list(hours(*found.curve.time_us.tolist())), found.curve.quality.tolist(), told


def test_a_value_written_down_at_an_instant_bounds_what_is_measured_but_not_one_in_a_window():
    noted = served(old={"final": Decimal("110")}, new={"first": Decimal("110")})
    alone = noted[:1]
    knots, quality, told = curve_of(alone, HALVES, 7, 9.8)
    assert knots == [6.5, 7.5, 8.5, 9.5, 10]
    assert (quality, told) == ([MEASURED] * 4, [])
    told_in = served(WINDOW, old={"final": Decimal("112")}, new={"first": Decimal("110")})
    knots, quality, told = curve_of(told_in[:1], HALVES, 7, 9.8)
    assert knots == [6.5, 7.5, 8.5, 9.5, 12]
    assert quality == [MEASURED, MEASURED, MEASURED, APPORTIONED]
    assert told == [("gap", 9.5, 12)]
    again = replace(told_in[1], installation=replace(told_in[1].installation, point=1))
    knots, quality, told = curve_of([again], HALVES, 12.2, 14.2)
    assert knots == [10, 12.5, 13.5, 14.5]
    assert (quality, told) == ([APPORTIONED, MEASURED, MEASURED], [("gap", 10, 12.5)])


def test_a_register_of_which_only_its_last_value_is_known_says_nothing():
    told_in = served(WINDOW, points=(1, 1), old={"final": Decimal("112")}, new=FIRST)
    assert curve_of(told_in[:1], [12.5, 13.5], 9, 14) == ([12], [], [])
    assert curve_of(told_in[1:], [7.5, 8.5], 9, 14) == ([10], [], [])
    knots, quality, told = curve_of(told_in, [12.5, 13.5, 14.5], 9, 14)
    assert knots == [12.5, 13.5, 14.5]
    assert (quality, told) == ([MEASURED, MEASURED], [])


def test_a_register_that_is_replaced_under_its_name_follows_the_one_before():
    days = [DAY, DAY + timedelta(days=2)]
    rows = (
        Installation("m", 3, valid=Validity(None, days[0])),
        Installation("m", 4, valid=Validity(*days)),
        Installation("m", 4, valid=Validity(days[1])),
    )
    own = services(carrying(rows), "m")
    assert [one.point for one in own] == [3, 4]
    assert [one.declared for one in own] == [(), ((at(48), at(72)),)]


def test_a_change_over_which_a_register_cannot_have_gone_is_refused():
    falling = context_of(HALVES, [500 - t for t in HALVES])
    reach = ChangeSpan(at(9), at(11))
    assert falling.refused(RATIO_AT_ONCE, reach) == [("reset", at(9.5), at(10.5))]
    assert falling.refused(RATIO_AT_ONCE, ChangeSpan(at(10.5), at(11))) != []
    assert falling.refused(RATIO_AT_ONCE, ChangeSpan(at(10.6), at(11))) == []
    assert context_of(HALVES).refused(RATIO_AT_ONCE, reach) == []


@pytest.mark.parametrize(("rise", "refused"), [(119, False), (121, True), (-1, True)])
def test_over_a_change_no_more_passes_than_the_limit_lets(rise, refused):
    """Half of it before the change, at most what an hour holds; after it twice as much is."""
    fast = [
        replace(one, meter=replace(one.meter, max_per_hour=Decimal(limit)))
        for one, limit in zip(RATIO_AT_ONCE, (60, 500), strict=True)
    ]
    values = [t + (rise - 1) * (t > 10) for t in HALVES]
    reach = ChangeSpan(at(9), at(11))
    context = context_of(HALVES, [100 + v for v in values])
    kind = "reset" if rise < 0 else "jump"
    assert context.refused(fast, reach) == ([(kind, at(9.5), at(10.5))] if refused else [])


DETOUR = [*(100.0 + n for n in range(8)), 0.0, 0.0, *(110.0 + n for n in range(14))]
"""Two readings of nothing, at half past eight and half past nine."""


@pytest.mark.parametrize(
    ("time", "before", "after"),
    [(7.4, 6.5, 7.5), (7.5, 7.5, 7.5), (7.6, 7.5, 10.5), (8.5, 7.5, 10.5), (9.0, 7.5, 10.5),
     (9.5, 7.5, 10.5), (10.4, 7.5, 10.5), (10.5, 10.5, 10.5), (10.6, 10.5, 11.5),
     (0.4, None, 0.5), (23.6, 23.5, None)],
)  # fmt: skip
def test_what_stands_beside_an_instant_is_beyond_what_is_left_out(time, before, after):
    context, alone = context_of(HALVES, DETOUR), services_of_one()
    kept = context._kept_before(alone, at(time)), context._kept_after(alone, at(time))
    assert kept == tuple(None if one is None else at(one) for one in (before, after))


def services_of_one() -> Service:
    (service, _) = served(points=(1, 2), told="2026-04-03T10:00:00+08:00")
    return replace(service, end_us=at(1000), reads_until_us=at(1000))


def test_a_look_reads_whole_days_up_to_forty_and_two_dozen_readings_on_either_side():
    context = context_of([n / 4 for n in range(-400, 400)])
    context.look([1], at(9.1), at(13))
    seen, midnight = context._glance._seen[1], 8  # of UTC
    assert hours(seen.low_us, seen.high_us) == (midnight - 24, 13 + 24)
    context.look([1, 1], at(midnight), at(midnight) + 40 * DAY_US)
    assert context._glance._seen.keys() == {1}
    context.look([1], at(midnight), at(midnight) + 40 * DAY_US + 1)
    assert context._glance._seen == {}
    context.look([], at(0), at(1))
    assert context._glance._seen == {}


def test_a_look_is_taken_again_but_for_the_piece_of_work_that_it_was_taken_for():
    context, piece = context_of([n / 4 for n in range(-400, 400)]), object()
    context.look([1], at(9), at(13), piece)
    taken = context._glance
    context.look([1], at(10), at(12), piece)
    assert context._glance is taken
    for look in (
        ([1], at(10), at(99), piece),
        ([1], at(10), at(12), object()),
        ([1], at(10), at(12)),
    ):
        before = context._glance
        context.look(*look)
        assert context._glance is not before


def test_nothing_is_told_of_what_lies_outside_of_a_service():
    context, alone = context_of(HALVES, DETOUR), services_of_one()
    bounded = replace(
        alone, start_us=at(2), end_us=at(12), reads_from_us=at(2), reads_until_us=at(12)
    )
    assert context.decisions(bounded, at(12.1), at(14)) == []
    assert context.decisions(bounded, at(0), at(1.9)) == []
    assert len(context.decisions(bounded, at(12), at(14))) == 0
    assert len(context.decisions(bounded, at(10.5), at(14))) == 1
    assert len(context.decisions(bounded, at(0), at(7.5))) == 1
    assert context.noticed(bounded, at(12.1), at(14)) is None
    assert context.noticed(bounded, at(0), at(1.9)) is None
    assert context.noticed(bounded, at(12), at(14)) is not None


def test_how_long_a_register_rested_is_forgotten_where_a_change_may_tell_it_otherwise():
    context, alone = context_of(HALVES), services_of_one()
    other = replace(alone, installation=replace(alone.installation, point=2))
    rests = {alone: {at(3): 5}, other: {at(3): 7}}
    left = {alone: {}, other: {at(3): 7}}
    for start, kept in ((23.5, left), (4, rests), (3, left), (2, left)):
        context._rests = {one: dict(own) for one, own in rests.items()}
        reach = context.noticed(alone, at(start), at(23.5))
        assert (reach is None) == (start != 23.5)  # the first time all is looked at
        assert context._rests == kept


def test_a_run_that_stands_still_is_told_again_as_far_as_it_was_or_is():
    still = [*range(1, 11), *([10.0] * 14)]
    context, alone = context_of(HALVES, still), services_of_one()
    context.noticed(alone, at(0), at(24))
    assert context.noticed(alone, at(23.5), at(23.5)) == ChangeSpan(at(9.5), at(23.5))
    context.open_run(alone)
    row = [(1, at(23.5), 11.0, 0, 0, 0, 0, 0, 0)]
    context.store.upsert(ReadingColumns.of(row))
    assert context.noticed(alone, at(23.5), at(23.5)) == ChangeSpan(at(9.5), at(23.5))
    context.open_run(alone)
    assert context.noticed(alone, at(23.5), at(23.5)) is None
    longer = [(1, at(23.5 + n), 10.0, 0, 0, 0, 0, 0, 0) for n in range(3)]
    context.store.upsert(ReadingColumns.of(longer))
    assert context.noticed(alone, at(23.5), at(25.5)) == ChangeSpan(at(9.5), at(25.5))
