"""Curves, cadence, limits and passages: each against what a person would count by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger.cadence import usual
from ledger.clean import Around, Cleaned, _inside, clean, longest_rest, open_run
from ledger.cleaning.decisions import Decision
from ledger.curve import Curve, join
from ledger.curves import Curves
from ledger.day_rows import WantedDays, _all_measured, _hours, grid_of
from ledger.limits import RegisterLimits, book_factor, to_book_units
from ledger.passage import Passage, Turn, merged
from ledger.periods import Clock, day_edges, day_starts, slot_ends
from ledger.windows import Pricing
from metering.book import SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING
from metering.quantity import ABSENT
from metering.registry import Installation, Meter, Node, NodeType, Registry
from metering.tariff_choice import TariffChoice
from tests.ledger.one_meter import book_days
from tests.values import alone, changeable, ordered

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
STEP_US = 15 * MINUTE_US
DAY_US = 24 * HOUR_US


def test_only_what_is_being_worked_on_can_change():
    assert changeable(ledger) == {
        *("Cleaned", "Context", "Glance", "LedgerReport", "Measured", "Rebooked", "Rebooking"),
        *("Recompute", "Recomputed", "RegisterReadings", "Standing", "Work", "_Marks", "Sums"),
        *("EndRuns", "KeptRows", "Stack", "_Joined"),
        "_Told",
        "RepeatedValues",
    }


def test_what_holds_arrays_equals_itself_alone_and_what_is_ranked_has_an_order():
    assert alone(ledger) == {
        *("Around", "Block", "Calm", "Curve", "Curves", "DayGrid", "DayRises", "Edges"),
        *(
            "JudgedReadings",
            "KeptPlans",
            "RegisterLanes",
            "RegisterPast",
            "RiseLimits",
            "Stack",
            "Steps",
        ),
        *("Stretch", "Strides"),
    }
    assert ordered(ledger) == {"Decision", "EventFacts", "StoryPrice"}


def curve(times, energy, quality=None) -> Curve:
    kinds = [MEASURED] * (len(times) - 1) if quality is None else quality
    return Curve.of(np.array(times), np.array(energy), np.array(kinds, dtype=np.int8))


SEGMENTS = st.lists(
    st.tuples(
        st.integers(1, 10**11), st.integers(-(10**12), 10**12), st.sampled_from([0, 1, 2, 3])
    ),
    min_size=1,
    max_size=6,
)


@given(
    st.lists(st.tuples(SEGMENTS, st.integers(0, 10**12)), min_size=1, max_size=5),
    st.lists(st.integers(-5, 2 * 10**12), min_size=1, max_size=5),
)
def test_curves_side_by_side_say_what_each_says_alone(many, instants):
    made = [
        curve(
            np.cumsum([start, *(length for length, _, _ in segments)]).tolist(),
            [e for _, e, _ in segments],
            [q for _, _, q in segments],
        )
        for segments, start in many
    ]
    made += [Curve.empty(), Curve.of(np.array([7]), np.zeros(0, dtype=np.int64), NOTHING)]
    together, at = Curves.of(made), np.array(instants, dtype=np.int64)
    assert together.at(at).tolist() == [one.at(at).tolist() for one in made]
    since = [found - found[:, :1] for found in together.known(at)]
    for place, one in enumerate(made):
        for upto, alone_ in zip(since, one.known(at), strict=True):
            assert upto[place].tolist() == (alone_ - alone_[0]).tolist()
        if len(one.time_us) > 1:
            assert together.one(place).total.tolist() == one.total.tolist()
            assert together.one(place).quality.tolist() == one.quality.tolist()
    gaps = [n for n, one in enumerate(made) if (one.quality == APPORTIONED).any()]
    assert together.with_gaps() == gaps


NOTHING = np.zeros(0, dtype=np.int8)


@given(SEGMENTS, st.lists(st.integers(-5, 6 * 10**11), max_size=5), st.integers(0, 10**15))
def test_a_curve_is_a_straight_line_between_knots_rounded_down(segments, instants, start):
    times = np.cumsum([start, *(length for length, _, _ in segments)]).tolist()
    made = curve(times, [e for _, e, _ in segments], [q for _, _, q in segments])
    for instant, found in zip(
        instants, made.at(np.array(instants, dtype=np.int64) + start), strict=True
    ):
        at = min(max(instant + start, times[0]), times[-1])
        place = max(n for n in range(len(segments)) if times[n] <= at)
        length, energy, _ = segments[place]
        assert found == made.total[place] + energy * (at - times[place]) // length
    known = made.known(np.array(instants, dtype=np.int64) + start)
    for quality, spent in zip((MEASURED, APPORTIONED, ESTIMATED), known, strict=True):
        for instant, found in zip(instants, spent, strict=True):
            at = instant + start
            assert found == sum(
                max(0, min(at, b) - a)
                for a, b, (_, _, q) in zip(times, times[1:], segments, strict=False)
                if q == quality
            )


def test_a_curve_of_a_knot_or_none_knows_no_time():
    none, one = Curve.empty(), curve([5], [])
    instants = np.array([0, 5, 9])
    assert none.at(instants).tolist() == one.at(instants).tolist() == [0, 0, 0]
    for made in (none, one):
        assert [side.tolist() for side in made.known(instants)] == [[0, 0, 0]] * 3
        assert [len(side) for side in made.gaps()] == [0, 0]
    assert Curve(np.array([5]), np.array([7]), none.quality).at(instants).tolist() == [7, 7, 7]


def test_gaps_are_the_apportioned_segments():
    made = curve([0, 10, 20, 30, 40], [1, 2, 3, 4], [MEASURED, APPORTIONED, MISSING, APPORTIONED])
    assert [side.tolist() for side in made.gaps()] == [[10, 30], [20, 40]]


def test_curves_that_meet_are_one_and_what_lies_between_others_is_missing():
    one, other = curve([0, 10], [5]), curve([10, 30], [7], [APPORTIONED])
    met = join([one, other])
    assert (met.time_us.tolist(), met.total.tolist()) == ([0, 10, 30], [0, 5, 12])
    assert met.quality.tolist() == [MEASURED, APPORTIONED]
    apart = join([one, curve([12, 30], [7])])
    assert (apart.time_us.tolist(), apart.total.tolist()) == ([0, 10, 12, 30], [0, 5, 5, 12])
    assert apart.quality.tolist() == [MEASURED, MISSING, MEASURED]
    assert join([Curve.empty(), one, Curve.empty()]).total.tolist() == [0, 5]
    assert len(join([]).time_us) == 0
    ended = join([one, curve([10], [])])
    assert (ended.time_us.tolist(), ended.quality.tolist()) == ([0, 10], [MEASURED])


@given(st.lists(st.integers(1, 50), max_size=20), st.data())
def test_the_usual_stretch_is_the_lower_median_of_the_eight_before(passed, data):
    times = np.cumsum([100, *passed])
    places = data.draw(st.lists(st.integers(0, len(passed)), min_size=1))
    for place, found in zip(places, usual(times, np.array(places), 15), strict=True):
        before = sorted(passed[max(place - 8, 0) : place])
        assert found == (before[(len(before) - 1) // 2] if before else 15)


def meter(**more) -> Meter:
    return Meter("m", "b", more.pop("item", "01000"), **more)


def installation(**more) -> Installation:
    return Installation("m", 1, **more)


def test_limits_are_in_book_units_with_the_ratio_in_the_turn():
    found = RegisterLimits.of(
        meter(max_per_hour=Decimal("1.5"), step_min=30),
        installation(ratio=Decimal(20), digits=6, signed=True),
        "kWh",
    )
    assert found == RegisterLimits(1_800_000_000, 1_500_000, 20 * 10**12, True)
    plain = RegisterLimits.of(meter(), installation(), "kWh")
    assert plain == RegisterLimits(900_000_000, None, None, False)
    small = RegisterLimits.of(meter(), installation(digits=6, register_unit="Wh"), "kWh")
    assert small.modulus == 10**9
    other = RegisterLimits.of(meter(), installation(digits=3, register_unit="m3"), "kWh")
    assert other.modulus == 10**9
    for item, counted, sent in (
        ("02000", "m3", "Wh"),
        ("01000", "kWh", "L"),
        ("04000", "MJ", "Wh"),
    ):
        moduli = {
            RegisterLimits.of(
                meter(item=item), installation(digits=3, register_unit=one), counted
            ).modulus
            for one in (sent, counted)
        }
        assert len(moduli) == 1


def test_a_register_stands_still_from_an_hour_or_two_steps_on():
    assert RegisterLimits(STEP_US).flat_us == HOUR_US
    assert RegisterLimits(HOUR_US // 2).flat_us == HOUR_US
    assert RegisterLimits(HOUR_US).flat_us == 2 * HOUR_US


def test_book_units_are_rounded_once_and_usable_below_two_to_the_fifty_third():
    units, good = to_book_units(
        np.array([0.4, 0.5, 1.5, -2.5, np.nan, np.inf, -np.inf, 2.0**53, -(2.0**53), 2.0**53 - 1]),
        Fraction(1),
    )
    assert units.tolist() == [0, 0, 2, -2, 0, 0, 0, 0, 0, 2**53 - 1]
    assert good.tolist() == [True] * 4 + [False] * 5 + [True]
    units, _ = to_book_units(np.array([1.0, 2.0]), np.array([3.0, 5.0]))
    assert units.tolist() == [3, 10]
    assert book_factor(meter(), Decimal("2.5"), "kWh") == 2_500_000
    assert book_factor(meter(item="04000"), Decimal(1), "kWh") == 3_600


def test_a_register_that_goes_on_is_split_where_its_ratio_changes():
    def between(turn: Turn) -> tuple[list[int], list[int], list[int]]:
        made = Passage(turn, 10, 50, 3, 4).between()
        return made.time_us.tolist(), made.total.tolist(), made.quality.tolist()

    split = ([10, 20, 50], [0, 3, 7], [APPORTIONED] * 2)
    whole = ([10, 50], [0, 7], [APPORTIONED])
    assert between(Turn(20, 20, noted=False)) == split
    assert between(Turn(20, 30, noted=False)) == whole
    assert between(Turn(10, 10, noted=False)) == between(Turn(50, 50, noted=False)) == whole
    assert between(Turn(9, 9, noted=False)) == whole
    known = Passage(Turn(1, 1, noted=False), 0, 9)
    assert (known.known, known.before, known.after, known.refused) == (True, 0, 0, "")
    assert not Passage(Turn(1, 1, noted=True), 0, 9).known
    assert not Passage(Turn(1, 1, noted=False), 0, 9, refused="jump").known


def merge(left: Curve, right: Curve, turn=(20, 30)):
    parts = merged(Turn(*turn, noted=True), left, right)
    return [(one.time_us.tolist(), one.total.tolist(), one.quality.tolist()) for one in parts]


def test_values_at_the_ends_of_a_window_are_told_as_one_from_reading_to_reading():
    left = curve([0, 10, 30], [5, 7])
    right = curve([20, 40, 60], [11, 13])
    assert merge(left, right) == [
        ([0, 10], [0, 5], [MEASURED]),
        ([10, 40], [0, 18], [APPORTIONED]),
        ([40, 60], [11, 24], [MEASURED]),
    ]


def test_without_both_values_nothing_is_known_over_a_window():
    empty = ([], [], [])
    left, right = curve([0, 10], [5]), curve([40, 60], [13])
    assert merge(left, right) == [([0, 10], [0, 5], [0]), empty, ([40, 60], [0, 13], [0])]
    final = curve([0, 10, 30], [5, 7])
    assert merge(final, right)[:2] == [([0, 10], [0, 5], [0]), empty]
    broken = curve([0, 10, 30], [5, 7], [MEASURED, MISSING])
    first = curve([20, 40, 60], [11, 13])
    assert merge(broken, first) == [([0, 10], [0, 5], [0]), empty, ([40, 60], [11, 24], [0])]
    assert merge(curve([30], []), first)[:2] == [empty, empty]
    assert merge(Curve.empty(), Curve.empty()) == [empty] * 3


def test_a_day_settles_twenty_minutes_after_its_end():
    end_us = START_US + DAY_US
    assert Clock(end_us + 20 * MINUTE_US).is_settled(DAY, ZONE)
    assert not Clock(end_us + 20 * MINUTE_US - 1).is_settled(DAY, ZONE)
    assert Clock(end_us, 0).is_settled(DAY, ZONE)


def test_slots_of_a_day_are_side_by_side_and_the_last_one_may_be_shorter():
    zone, spring = "Europe/Berlin", date(2026, 3, 29)
    first, end = day_bounds(spring, zone)
    starts, ends = day_edges(spring, zone, 120)
    assert len(starts) == 12
    assert (starts[0], ends[-1], ends[-1] - starts[-1]) == (first, end, HOUR_US)
    assert (starts[1:] == ends[:-1]).all()
    starts, ends = day_edges(spring, zone, 1440)
    assert (starts.tolist(), ends.tolist()) == ([first], [end])
    assert not starts.flags.writeable
    assert not ends.flags.writeable


def test_slots_that_hold_instants_end_by_the_local_clock():
    instants = START_US + np.array([0, 1, STEP_US - 1, STEP_US, DAY_US - 1, DAY_US])
    found = slot_ends(instants, ZONE, STEP_US) - START_US
    assert found.tolist() == [STEP_US, STEP_US, STEP_US, 2 * STEP_US, DAY_US, DAY_US + STEP_US]
    daily = slot_ends(instants, ZONE, DAY_US) - START_US
    assert daily.tolist() == [DAY_US] * 5 + [2 * DAY_US]
    seven = slot_ends(np.array([START_US + 23 * HOUR_US]), ZONE, 7 * HOUR_US) - START_US
    assert seven.tolist() == [DAY_US]
    assert len(slot_ends(np.zeros(0, dtype=np.int64), ZONE, STEP_US)) == 0


def test_of_instants_far_apart_the_days_beside_each_are_at_hand_else_all_between():
    noon = START_US + 12 * HOUR_US
    for apart, days in ((0, 3), (98, 101), (99, 6)):
        starts, ends = day_starts(np.array([noon, noon + apart * DAY_US]), ZONE)
        assert len(starts) == len(ends) == days
        assert (starts[0], ends[-1]) == (START_US - DAY_US, START_US + (apart + 2) * DAY_US)
    assert [len(one) for one in day_starts(np.zeros(0, dtype=np.int64), ZONE)] == [0, 0]


def test_what_is_remembered_of_days_cannot_be_written_to():
    grid = grid_of((DAY,), ZONE, 60)
    remembered = [
        *day_edges(DAY, ZONE, 15),
        *day_edges(DAY, ZONE, 1440),
        *day_starts(np.array([START_US]), ZONE),
        *(grid.starts, grid.ends, grid.instants),
        _all_measured(24),
    ]
    assert not any(one.flags.writeable for one in remembered)
    (row,) = booked(hours((0, 0), (24, 240)))
    assert not row.finest.shares.flags.writeable
    (part,) = booked(hours((0, 0), (12, 240)))
    assert part.finest.shares.flags.writeable


@pytest.mark.parametrize(("step_min", "summed"), [(15, True), (20, True), (30, True), (60, True),
                                                  (1440, False)])  # fmt: skip
def test_hours_are_summed_up_where_slots_make_them_up_and_else_read_off_the_curve(step_min, summed):
    """Told apart by times that are not those of the curve."""
    slots = 1440 // step_min
    times = np.arange(slots * 4, dtype=np.int64).reshape(slots, 4)
    wanted = WantedDays((DAY,), ZONE, step_min, Clock(2**60))
    (hours,) = _hours(Curves.of([Curve.empty()]), wanted, times[np.newaxis])
    if summed:
        assert hours.tolist() == times.reshape(24, -1, 4).sum(axis=1).tolist()
    else:
        assert hours.tolist() == [[0, 0, 0, HOUR_US]] * 24


@given(st.lists(st.integers(0, 4 * 10**15), min_size=1, max_size=4).map(sorted))
def test_local_days_around_instants_hold_each_of_them(instants):
    for zone in (ZONE, "America/New_York", "Pacific/Kiritimati"):
        starts, ends = day_starts(np.array(instants), zone)
        assert (np.diff(starts) > 0).all()
        assert all(((starts <= one) & (one < ends)).sum() == 1 for one in instants)


KEY = SeriesKey("o", "meter", "m", "01000")


def booked(made: Curve, *, now_us: int = START_US + 9 * DAY_US, days=(DAY,), step_min: int = 60):
    registry = Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": Meter("m", "o", "01000")},
    )
    pricing = Pricing(TariffChoice(registry), "m", ZONE)
    return book_days(KEY, made, list(days), step_min, Clock(now_us), pricing)


def hours(*knots: tuple[float, int], quality=None) -> Curve:
    times = [START_US + round(hour * HOUR_US) for hour, _ in knots]
    return curve(times, [energy for _, energy in knots[1:]], quality)


def test_slots_are_what_passed_in_them_where_any_of_their_time_is_known():
    made = hours((1.5, 0), (2, 30), (4, 120), (6, 0), (7, 60), quality=[0, 1, 3, 0])
    (row,) = booked(made)
    assert row.finest.slots[:8].tolist() == [ABSENT, 30, 60, 60, ABSENT, ABSENT, 60, ABSENT]
    assert row.finest.shares[:8].tolist() == [
        [0, 0, 0, 10_000],
        [5_000, 0, 0, 5_000],
        [0, 10_000, 0, 0],
        [0, 10_000, 0, 0],
        [0, 0, 0, 10_000],
        [0, 0, 0, 10_000],
        [10_000, 0, 0, 0],
        [0, 0, 0, 10_000],
    ]
    assert (row.total, row.provisional, row.key, row.day) == (210, False, KEY, DAY)
    assert row.day_shares.tolist() == [1_458, 0, 0, 8_542]
    assert row.spill == (0, 0, 0)


def test_a_gap_counts_as_measured_in_what_holds_it_whole():
    made = hours(
        (0, 0), (1.25, 75), (1.75, 30), (2.5, 45), (3.5, 60), (24, 600), quality=[0, 1, 0, 1, 0]
    )
    (row,) = booked(made)
    assert row.finest.hour_shares[1].tolist() == [10_000, 0, 0, 0]
    assert row.finest.hour_shares[2].tolist() == [5_000, 5_000, 0, 0]
    assert row.finest.shares[1].tolist() == [5_000, 5_000, 0, 0]
    assert row.day_shares.tolist() == [10_000, 0, 0, 0]
    (edge,) = booked(hours((0, 0), (1, 10), (2, 10), (24, 30), quality=[0, 1, 0]))
    assert edge.finest.hour_shares[1].tolist() == [10_000, 0, 0, 0]
    (whole,) = booked(hours((0, 0), (24, 10), quality=[1]))
    assert whole.day_shares.tolist() == [10_000, 0, 0, 0]


@pytest.mark.parametrize(
    ("first", "last", "spill", "share"),
    [
        (-6, 6, (2_500, 0, 0), 2_500),
        (18, 30, (0, 2_500, 0), 2_500),
        (-6, 30, (0, 0, 10_000), 10_000),
        (0, 6, (0, 0, 0), 0),
        (18, 24, (0, 0, 0), 0),
        (-6, 0, (0, 0, 0), 0),
        (24, 30, (0, 0, 0), 0),
    ],
)
def test_a_gap_open_to_another_day_is_told_with_its_side(first, last, spill, share):
    knots = [(-12, 0), (first, 10), (last, 10), (48, 10)]
    (row,) = booked(hours(*knots, quality=[0, 1, 0]))
    assert (row.spill, int(row.day_shares[APPORTIONED])) == (spill, share)


def test_gaps_on_both_sides_share_what_is_apportioned():
    made = hours((-12, 0), (-1, 1), (3, 1), (18, 1), (30, 1), quality=[0, 1, 0, 1])
    (row,) = booked(made)
    assert row.spill == (1_250, 2_500, 0)
    assert int(row.day_shares[APPORTIONED]) == 3_750


def test_a_running_day_is_judged_up_to_now_and_holds_the_slot_that_has_begun():
    now_us = START_US + 2 * HOUR_US + 30 * MINUTE_US
    (row,) = booked(hours((0, 0), (4, 240)), now_us=now_us)
    assert row.provisional
    assert row.finest.slots[:5].tolist() == [60, 60, 60, ABSENT, ABSENT]
    assert row.finest.shares[2].tolist() == [10_000, 0, 0, 0]
    assert row.day_shares.tolist() == [10_000, 0, 0, 0]
    (edge,) = booked(hours((0, 0), (4, 240)), now_us=START_US + 2 * HOUR_US)
    assert edge.finest.slots[:3].tolist() == [60, 60, ABSENT]
    (gap,) = booked(hours((0, 0), (1, 60), (3, 120), quality=[0, 1]), now_us=now_us)
    assert gap.day_shares.tolist() == [4_000, 6_000, 0, 0]
    closed = booked(hours((0, 0), (1, 60), (2.5, 120), quality=[0, 1]), now_us=now_us)
    assert closed[0].day_shares.tolist() == [10_000, 0, 0, 0]


@pytest.mark.parametrize("now", [23.76, 23.999, 24, 24.5])
@pytest.mark.parametrize("step_min", [15, 60])
def test_the_last_slot_of_a_day_is_expected_up_to_now(now, step_min):
    known = min(now, 24)
    (row,) = booked(
        hours((0, 0), (known, 2400)), now_us=START_US + round(now * HOUR_US), step_min=step_min
    )
    assert row.finest.shares[:, MISSING].max() == row.finest.hour_shares[:, MISSING].max() == 0
    assert row.day_shares.tolist() == [10_000, 0, 0, 0]
    (late,) = booked(
        hours((0, 0), (23, 2400)), now_us=START_US + round(now * HOUR_US), step_min=step_min
    )
    assert late.finest.hour_shares[-1].tolist() == [0, 0, 0, 10_000]


def test_days_stand_apart_and_no_day_is_no_row():
    made = hours((0, 0), (48, 4_800))
    rows = booked(made, days=(DAY, date(2026, 3, 3)))
    assert [row.finest.slots.tolist() for row in rows] == [[100] * 24] * 2
    assert [row.total for row in rows] == [2_400, 2_400]
    assert booked(made, days=()) == []
    (quarter,) = booked(made, step_min=15)
    assert (len(quarter.finest.slots), len(quarter.finest.hour_shares)) == (96, 24)


LIMITS = RegisterLimits(STEP_US, 10**6)


def settle(times, values, *, decisions=(), limits=LIMITS, **more) -> Cleaned:
    at = START_US + np.array(times, dtype=np.int64) * STEP_US
    return clean(at, np.array(values, dtype=np.int64), limits, decisions=decisions, **more)


def decision(here, first, there, kind, *, turns=False) -> Decision:
    places = (START_US + one * STEP_US for one in (here, first, there))
    return Decision(*places, kind, turns, 4)


def test_what_passes_between_readings_that_stand_is_measured():
    found = settle([0, 1, 2], [5, 7, 7])
    assert (found.energy.tolist(), found.quality.tolist()) == ([2, 0], [MEASURED, MEASURED])
    assert (found.spans, found.facts) == ([], {})
    assert settle([], []).energy.tolist() == settle([0], [5]).energy.tolist() == []


def test_readings_under_a_decision_are_left_out_and_what_passed_is_apportioned():
    found = settle([0, 1, 2, 3], [5, 900, 9, 11], decisions=[decision(0, 1, 2, "spike")])
    assert ((found.time_us - START_US) // STEP_US).tolist() == [0, 2, 3]
    assert (found.energy.tolist(), found.quality.tolist()) == ([4, 2], [APPORTIONED, MEASURED])
    assert [span[0] for span in found.spans] == ["spike"]
    broken = settle([0, 1, 2], [5, 1, 3], decisions=[decision(0, 1, 1, "reset")])
    assert (broken.energy.tolist(), broken.quality.tolist()) == ([0, 2], [MISSING, MEASURED])
    wide = settle([0, 1, 4, 5], [5, 6, 1, 3], decisions=[decision(1, 4, 4, "reset")])
    assert (wide.quality.tolist(), [span[0] for span in wide.spans]) == (
        [MEASURED, MISSING, MEASURED],
        ["reset"],
    )
    turned = settle(
        [0, 1, 2],
        [95, 2, 3],
        decisions=[decision(0, 1, 1, "rollover", turns=True)],
        limits=RegisterLimits(STEP_US, None, 100),
    )
    assert (turned.energy.tolist(), turned.quality.tolist()) == ([7, 1], [MEASURED] * 2)


def test_a_decision_that_reaches_beyond_the_readings_leaves_out_those_it_covers():
    early = settle([2, 3, 4], [50, 9, 11], decisions=[decision(0, 1, 3, "spike")])
    assert ((early.time_us - START_US) // STEP_US).tolist() == [3, 4]
    late = settle([0, 1, 2], [5, 6, 90], decisions=[decision(1, 2, 9, "spike")])
    assert ((late.time_us - START_US) // STEP_US).tolist() == [0, 1]
    outside = settle(
        [4, 5], [1, 2], decisions=[decision(0, 1, 3, "spike"), decision(6, 7, 8, "spike")]
    )
    assert (outside.energy.tolist(), outside.spans) == ([1], [])


def test_a_reading_that_cannot_be_used_makes_its_segment_apportioned():
    at = START_US + np.array([1, 3, 4]) * STEP_US
    for rejected, quality in ((2, [1, 0]), (0, [0, 0]), (5, [0, 0]), (3.5, [0, 1])):
        found = clean(
            at,
            np.array([1, 2, 3]),
            RegisterLimits(2 * STEP_US),
            decisions=(),
            rejected_us=np.array([START_US + round(rejected * STEP_US)]),
        )
        assert found.quality.tolist() == quality


@pytest.mark.parametrize(
    ("times", "quality", "gaps"),
    [
        ([0, 1, 2.5, 3.5], [0, 0, 0], 0),
        ([0, 1, 2.75, 3.75], [0, 1, 0], 0),
        ([0, 1, 3, 4], [0, 1, 0], 1),
        ([0, 3, 6, 9], [1, 1, 1], 1),
        ([0, 0.5, 1, 1.5, 2, 3, 3.5], [0, 0, 0, 0, 0, 0], 0),
        ([0, 0.5, 1, 1.5, 2, 3.25, 3.75], [0, 0, 0, 0, 1, 0], 1),
        ([0, 1, 2, 3, 3.5, 4.5, 5.75, 6.75], [0] * 7, 0),
        ([0, 1, 2, 3, 3.5, 4.5, 6.01, 7.01], [0, 0, 0, 0, 0, 1, 0], 0),
    ],
)
def test_readings_lack_by_the_cadence_they_usually_have(times, quality, gaps):
    """A gap is told from twice the usual stretch on; a segment inside one slot has its edges."""
    at = START_US + (np.array(times) * STEP_US).astype(np.int64)
    around = Around(np.zeros(0, dtype=np.int64), ZONE)
    found = clean(at, np.arange(len(times)), RegisterLimits(STEP_US), decisions=(), around=around)
    assert found.quality.tolist() == quality
    assert [span[0] for span in found.spans] == ["gap"] * gaps
    for span in found.spans:
        assert found.facts[span].energy == 1


def test_the_cadence_before_counts_and_the_days_are_those_of_the_zone():
    fast = START_US - np.arange(8, 0, -1) * MINUTE_US
    at = START_US + np.array([0, 20]) * MINUTE_US
    limits = RegisterLimits(HOUR_US)
    seen = clean(at, np.array([0, 7]), limits, decisions=(), around=Around(fast, ZONE))
    assert seen.quality.tolist() == [MEASURED]
    over = START_US + np.array([50, 70]) * MINUTE_US
    seen = clean(
        over, np.array([0, 7]), limits, decisions=(), around=Around(fast + 50 * MINUTE_US, ZONE)
    )
    assert seen.quality.tolist() == [APPORTIONED]


@pytest.mark.parametrize(
    ("minutes", "quality"),
    [((0, 60), MEASURED), ((0, 61), APPORTIONED), ((59, 61), APPORTIONED), ((50, 60), MEASURED)],
)
def test_a_segment_up_to_the_very_end_of_its_slot_has_its_edges(minutes, quality):
    at = START_US + np.array(minutes) * MINUTE_US
    fast = at[0] - np.arange(8, 0, -1) * MINUTE_US
    found = clean(
        at, np.array([0, 7]), RegisterLimits(HOUR_US), decisions=(), around=Around(fast, ZONE)
    )
    assert found.quality.tolist() == [quality]


@pytest.mark.parametrize(
    ("span", "inside"),
    [((0, 10), False), ((0, 11), True), ((19, 30), True), ((20, 30), False), ((12, 13), True)],
)
def test_what_is_told_touches_the_time_between_the_readings(span, inside):
    assert _inside(("spike", *span), np.array([10, 20])) == inside
    assert not _inside(("spike", *span), np.zeros(0, dtype=np.int64))


def test_what_is_told_is_told_in_order_of_time():
    decisions = [decision(4, 5, 6, "spike"), decision(1, 2, 3, "spike"), decision(0, 1, 1, "jump")]
    found = settle([0, 1, 2, 3, 4, 5, 6, 8], [0, 1, 99, 2, 3, 99, 4, 5], decisions=decisions)
    told = [(kind, *((t - START_US) // STEP_US for t in at)) for kind, *at in found.spans]
    assert told == [("jump", 0, 1), ("spike", 2, 3), ("spike", 5, 6), ("gap", 6, 8)]


def test_a_standstill_at_the_end_is_missing_from_where_it_begins():
    span = (START_US + 2 * STEP_US, START_US + 9 * STEP_US)
    found = settle([0, 1, 2, 3, 5], [0, 1, 2, 2, 2], missing=span)
    assert found.quality.tolist() == [MEASURED, MEASURED, MISSING, MISSING]
    assert found.spans == [("stuck", *span)]
    before = settle([0, 2, 3], [0, 2, 2], missing=span)
    assert [one[0] for one in before.spans] == ["gap", "stuck"]
    untouched = settle([0, 1, 2], [0, 1, 2], missing=span)
    assert (untouched.quality.tolist(), untouched.spans) == ([MEASURED] * 2, [])


def test_the_run_at_the_end_that_stands_still():
    def run(values, quality=None):
        at = np.arange(len(values)) * 10
        kinds = [MEASURED] * (len(values) - 1) if quality is None else quality
        return open_run(Cleaned(at, np.diff(values), np.array(kinds, dtype=np.int8)))

    assert run([1, 2, 2, 2]) == (10, 30, True)
    assert run([2, 2, 2]) == (0, 20, False)
    assert run([1, 2, 3]) == (20, 20, True)
    assert run([2, 2, 2], [MISSING, MEASURED]) == (10, 20, True)
    assert run([4]) == (0, 0, False)
    assert open_run(settle([], [])) is None


def test_the_longest_rest_is_closed_by_a_step_that_the_register_can_make():
    def rest(values, quality=None):
        at = np.cumsum(np.arange(len(values)))
        kinds = [MEASURED] * (len(values) - 1) if quality is None else quality
        return longest_rest(Cleaned(at, np.diff(values), np.array(kinds, dtype=np.int8)))

    assert rest([1, 1, 2, 2, 2, 3]) == 3 + 4
    assert rest([1, 1, 2, 2, 2]) == 1
    assert rest([1, 1, 1, 2, 2, 3]) == 4
    assert rest([1, 1, 1, 2, 3, 3, 9], [0, 0, 0, 0, 0, MISSING]) == 3
    assert rest([1, 1, 2], [MISSING, 0]) == rest([1, 2, 3]) == rest([2, 2]) == 0
