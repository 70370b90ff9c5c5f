"""What a story is told of: runs, holes, turns, prices, and what decisions say happened."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cleaning import story as story_module
from ledger.cleaning.decisions import (
    Decision,
    EventFacts,
    decide,
    facts_of,
    spans_of,
)
from ledger.cleaning.rates import RiseLimits
from ledger.cleaning.story import (
    BRIDGE,
    COST,
    DECLARED,
    DENIAL_COST,
    DETOUR_US,
    FEW,
    HIDDEN_COST,
    JUMP,
    RESET,
    ROLLOVER,
    SHIFT_COST,
    SHIFTED,
    SPIKE,
    TRACKS,
    Link,
    RegisterReadings,
    StoryPrice,
    _Teller,
    tell,
)
from ledger.limits import RegisterLimits
from metering.localtime import HOUR_US, MINUTE_US

STEP_US = 15 * MINUTE_US
START_US = 20_000 * 24 * HOUR_US
PER_STEP = 10
MOST_OPEN = 4
"""Tracks after single spikes on a clean register."""


def readings(values, *, times=None, most=4 * PER_STEP, modulus=None, declared=(), signed=False):
    """Register readings a step apart, or at these steps."""
    at = START_US + (np.array(range(len(values)) if times is None else times) * STEP_US).astype(
        np.int64
    )
    rates = RiseLimits.fixed(RegisterLimits(STEP_US, most))
    windows = tuple((START_US + a * STEP_US, START_US + b * STEP_US) for a, b in declared)
    return RegisterReadings(at, np.array(values, dtype=np.int64), rates, modulus, windows, signed)


def story(values, **more) -> list[tuple[int, int, str, bool, int]]:
    return [(x.here, x.there, x.kind, x.turns, x.cost) for x in tell(readings(values, **more))]


def rising(*values: int | None, start: int = 0, pace: int = 5) -> list[int]:
    """A register that rises by `pace`, but for the values that are given."""
    return [start + pace * n if one is None else one for n, one in enumerate(values)]


OK = None


def test_the_table_of_costs_is_the_one_that_is_told():
    assert COST == {ROLLOVER: 2, DECLARED: 3, SPIKE: 4, BRIDGE: 4, RESET: 10, JUMP: 14}
    assert (HIDDEN_COST, DENIAL_COST, SHIFT_COST) == (6, 14, {BRIDGE: 5, SPIKE: 7})
    assert (TRACKS, DETOUR_US, FEW, SHIFTED) == (32, 45 * 24 * HOUR_US, 4, 288)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (rising(OK, OK, OK, OK), []),
        (rising(OK, OK, 900, OK, OK), [(1, 3, SPIKE, False, 4)]),
        (rising(OK, OK, 900, 905, OK, OK, OK), [(1, 4, SPIKE, False, 4)]),
        (rising(OK, OK, 0, 0, OK, OK), [(1, 4, SPIKE, False, 4)]),
        ([100, 105, 110, 3, 8, 13, 18, 23], [(2, 3, RESET, False, 10)]),
        ([0, 5, 10, 900, 905, 910, 915, 920], [(2, 3, JUMP, False, 14)]),
    ],
)
def test_the_cheapest_story_of_plain_faults(values, found):
    assert story(values) == found


def test_a_register_that_passes_its_last_digit_turns():
    turning = [985, 990, 995, 0, 5, 10]
    assert story(turning, modulus=1_000) == [(2, 3, ROLLOVER, True, 2)]
    assert story(turning, modulus=1_000, signed=True, most=None) == []
    assert story(turning)[0][2] == RESET
    spiked = [985, 990, 400, 5, 10, 15, 20]
    assert story(spiked, modulus=1_000) == [(1, 3, SPIKE, True, COST[SPIKE] + COST[ROLLOVER])]
    denied = [*range(955, 991, 5), 400, *range(5, 56, 5), 20, 25, 30, 35, 40]
    assert story(denied, modulus=1_000) == [
        (7, 9, SPIKE, True, COST[SPIKE] + COST[ROLLOVER]),
        (19, 20, RESET, False, COST[RESET]),
    ]
    assert story([985, 990, 995, 50, 55, 60], modulus=1_000)[0][2] == RESET


def test_a_declared_replacement_lies_between_the_readings():
    new = [100, 105, 110, 3, 8, 13, 18, 23]
    assert story(new, declared=[(2.5, 2.6)]) == [(2, 3, DECLARED, False, 3)]
    assert story(new, declared=[(3, 4)]) == [(2, 3, DECLARED, False, 3)]
    assert story(new, declared=[(1, 2.1)]) == [(2, 3, DECLARED, False, 3)]
    for elsewhere in ((1, 2), (0.5, 1.5), (3.1, 9)):
        assert story(new, declared=[elsewhere])[0][2] == RESET


def one(values, **more):
    return readings(values, **more)


def test_what_passes_between_two_readings_counts_by_its_size_where_it_may_fall():
    plain, signed = one([10, 4, 7]), one([10, 4, 7], signed=True)
    assert (plain.rise(0, 1), plain.rise(1, 2), plain.rise(0, 2)) == (-6, 3, -3)
    assert (signed.rise(0, 1), signed.rise(1, 2), signed.rise(0, 2)) == (6, 3, 3)
    here, there = np.array([0, 1]), np.array([1, 2])
    assert (plain.rises(here, there).tolist(), signed.rises(here, there).tolist()) == (
        [-6, 3],
        [6, 3],
    )
    assert plain.seen().tolist() == [1]
    assert signed.seen().tolist() == []
    assert one([0, 11, 23]).seen().tolist() == [2]
    assert one([0, 40, 81], times=[0, 4, 8]).seen().tolist() == []
    assert one([0, 40, 82], times=[0, 4, 8]).seen().tolist() == [2]


@pytest.mark.parametrize(("rise", "fits"), [(-1, False), (0, True), (11, True), (12, False)])
def test_a_reading_may_follow_another_within_the_limit(rise, fits):
    made = one([50, 50 + rise])
    assert made.fits(0, 1) == made.makes_up(0, 1) == fits
    assert made.cap(0, 1) == 11


@pytest.mark.parametrize(
    ("before", "after", "turns"),
    [
        (995, 5, True),
        (995, 6, True),
        (995, 7, False),
        (999, 0, True),
        (1_000, 0, False),
        (5, 9, False),
        (5, 5, False),
    ],
)
def test_a_turn_is_a_fall_past_the_last_digit_within_the_limit(before, after, turns):
    made = one([before, after], modulus=1_000)
    assert made.turns(0, 1) == made.makes_up_turned(0, 1) == turns
    assert not one([before, after]).turns(0, 1)
    assert not one([before, after], modulus=1_000, signed=True).turns(0, 1)


@pytest.mark.parametrize(("before", "turns"), [(900, True), (899, False), (-1, False)])
def test_without_a_limit_a_turn_makes_a_tenth_of_it_at_most(before, turns):
    assert one([before, 0], modulus=1_000, most=None).turns(0, 1) == turns
    assert not one([500, -600], modulus=1_000, most=None).turns(0, 1)


def test_holes_are_two_steps_wide_and_twice_as_wide_as_their_neighbours():
    def holes(*passed: float) -> list[int]:
        return one([0] * (len(passed) + 1), times=np.cumsum([0, *passed])).holes.tolist()

    assert holes(1, 2, 1) == [1]
    assert holes(1, 1.9, 1) == holes(0.5, 1.9, 0.5) == holes(1.9) == []
    assert holes(0.5, 2, 0.5) == [1]
    assert holes(2, 4, 2) == [1]
    assert holes(2, 3.9, 1) == []
    assert holes(1, 3.9, 2) == []
    assert holes(2, 1) == holes(3) == [0]
    assert holes(1, 2) == [1]
    assert holes(1, 2, 1, 1, 5, 1) == [1, 4]


def test_the_hole_before_and_after_a_reading():
    made = one([0] * 10, times=np.cumsum([0, 1, 2, 1, 1, 5, 1, 1, 4, 1]))
    assert made.holes.tolist() == [1, 4, 7]
    assert [made.hole_before(n) for n in range(10)] == [-1, -1, 1, 1, 1, 4, 4, 4, 7, 7]
    assert [made.hole_after(n) for n in range(10)] == [2, 2, 5, 5, 5, 8, 8, 8, 10, 10]


def test_readings_are_near_as_far_as_a_detour_may_be_long():
    made = one([0, 0, 0], times=[0, DETOUR_US // STEP_US, DETOUR_US // STEP_US + 1])
    assert made.near(0, 1)
    assert not made.near(0, 2)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 9))
def test_a_price_adds_costs_and_drops_and_likes_to_drop_later_readings(lengths, first):
    price, dropped, places = StoryPrice(), 0, 0
    for length in lengths:
        price = price.plus(3, first, first + length)
        dropped, places = dropped + length, places + sum(range(first, first + length))
    assert price == StoryPrice(3 * len(lengths), dropped, -places)


def test_prices_are_compared_by_cost_then_drops_then_earliness():
    ranked = [StoryPrice(1, 9, 9), StoryPrice(2, 1, 9), StoryPrice(2, 2, -9), StoryPrice(2, 2, -8)]
    assert sorted(ranked[n] for n in (2, 0, 3, 1)) == ranked
    assert Link(1, 2, SPIKE) == Link(1, 2, SPIKE, False, 0)


def decided(values, flat=4, **more) -> list[Decision]:
    return decide(readings(values, **more), flat * STEP_US)


def at(place: float) -> int:
    return START_US + round(place * STEP_US)


def test_a_decision_says_what_it_rests_on_and_what_is_booked_over_it():
    (spike,) = decided(rising(OK, OK, 900, OK, OK))
    assert (spike.here_us, spike.first_us, spike.there_us) == (at(1), at(2), at(3))
    assert (spike.kind, spike.turns, spike.cost, spike.whole, spike.breaks) == (
        SPIKE,
        False,
        4,
        None,
        False,
    )
    assert spike.facts == EventFacts(4, 40, 900, 10)
    (reset,) = decided([100, 105, 110, 3, 8, 13, 18, 23])
    assert (reset.first_us, reset.there_us, reset.breaks) == (at(3), at(3), True)
    assert reset.facts == EventFacts(10, 40, 3, None)
    (turned,) = decided([985, 990, 995, 0, 5, 10], modulus=1_000)
    assert (turned.turns, turned.breaks, turned.facts) == (True, False, EventFacts(2, 40, 0, 5))
    (free,) = decided([985, 990, 995, 0, 5, 10], modulus=1_000, most=None)
    assert free.facts.limit is None


@pytest.mark.parametrize(("still", "kind"), [(3, BRIDGE), (4, "stuck"), (6, "stuck")])
def test_readings_that_stand_still_for_long_before_they_make_up_are_stuck(still, kind):
    values = [0, 10, *([20] * (still + 1)), *(20 + 10 * (still + n) for n in range(1, 5))]
    (found,) = decided(values)
    assert found.kind == kind
    assert found.facts.energy == 10 * (still + 1)
    assert (found.here_us, found.there_us) == (at(2), at(3 + still))


def test_three_falls_in_a_row_are_one_register_running_backwards():
    falls = [200, 205, 100, 90, 80, 85, 90, 95, 100]
    found = decided(falls)
    assert [one.kind for one in found] == ["reversed"] * 3
    assert {one.whole for one in found} == {(at(1), at(4))}
    assert {one.facts.cost for one in found} == {30}
    assert all(one.breaks for one in found)
    assert spans_of(found) == [("reversed", at(1), at(4))]
    assert facts_of(found) == {("reversed", at(1), at(4)): EventFacts(30, 40, 100, None)}
    two = decided([200, 205, 100, 90, 95, 100, 105, 110])
    assert [one.kind for one in two] == [RESET, RESET]
    assert [one.whole for one in two] == [None, None]


def decision(kind: str, here=1, first=2, there=3, *, turns=False, whole=None) -> Decision:
    return Decision(here, first, there, kind, turns, 7, whole, EventFacts(7))


@pytest.mark.parametrize(
    ("one", "spans"),
    [
        (decision(SPIKE), [(SPIKE, 2, 3)]),
        (decision(SPIKE, turns=True), [(SPIKE, 2, 3), (ROLLOVER, 1, 3)]),
        (decision(BRIDGE), [(BRIDGE, 1, 3)]),
        (decision(BRIDGE, turns=True), [(BRIDGE, 1, 3), (ROLLOVER, 1, 3)]),
        (decision(ROLLOVER, turns=True), [(ROLLOVER, 1, 3)]),
        (decision(RESET), [(RESET, 1, 3)]),
        (decision("reversed", whole=(0, 9)), [("reversed", 0, 9)]),
    ],
)
def test_what_is_told_of_a_decision(one, spans):
    assert spans_of([one, one]) == spans
    assert facts_of([one]) == dict.fromkeys(spans, EventFacts(7))


def test_falls_that_do_not_follow_each_other_stay_resets():
    gone = [300, 305, 200, 205, 100, 105, 50, 55, 60, 65]
    found = decided(gone)
    assert [(one.kind, one.whole) for one in found] == [(RESET, None)] * 3
    assert [one.breaks for one in found] == [True] * 3


def test_decisions_are_equal_whatever_is_known_of_them():
    assert decision(SPIKE) == Decision(1, 2, 3, SPIKE, False, 7)
    assert decision(SPIKE) < decision(SPIKE, here=2)
    assert EventFacts() == EventFacts(None, None, None, None)


@pytest.mark.parametrize(("still", "rise"), [(2, 25), (6, 60), (30, 300)])
def test_a_register_that_stood_still_may_have_turned_meanwhile(still, rise):
    """It makes up for more than one step can hold, and less than all of them."""
    values = [*range(9900, 9991, 10), *([9990] * still), (9990 + rise) % 10_000]
    values += [values[-1] + 5 * n for n in range(1, 8)]
    told = (9, 9 + still + 1, BRIDGE, True, COST[BRIDGE] + COST[ROLLOVER])
    assert story(values, modulus=10_000) == [told]


@pytest.mark.parametrize("modulus", [None, 10, 100])
@pytest.mark.parametrize("most", [None, 8, 400])
def test_many_readings_are_told_as_each_alone_is(modulus, most):
    """Also such as no register should say."""
    values = [-14, -10, -3, -1, 0, 1, 2, 7, 9, 10, 11, 15, 89, 90, 91, 99, 100, 101, 110]
    both = np.array([(a, b) for a in values for b in values]).ravel()
    one = readings(both, most=most, modulus=modulus)
    here = np.arange(0, len(both), 2)
    teller = _Teller(one, [0], [len(both) - 1])
    fits = [one.fits(a, a + 1) for a in here.tolist()]
    assert teller._passes(here, here + 1).tolist() == fits
    if modulus is not None:
        turns = [one.turns(a, a + 1) for a in here.tolist()]
        assert teller._turn(here, here + 1).tolist() == turns
        assert any(turns)


def test_a_wrong_clock_may_be_as_wrong_as_the_hole_beside_it_is_long():
    """Five readings after a hole bear times of eight steps later, then the clock is put right."""
    times = [*range(11), *range(18, 31)]
    late = range(18, 23)
    values = [10 * (t - 8) if t in late else 10 * t for t in times]
    bridge = (10, 16, BRIDGE, False, SHIFT_COST[BRIDGE])
    assert story(values, times=times) == [bridge]
    far = [v + 300 * (t >= 23) for t, v in zip(times, values, strict=True)]
    assert [one[2] for one in story(far, times=times)] == [JUMP]


def test_only_tracks_from_which_it_may_be_cheapest_to_go_on_stay_open():
    """Also where there is room for more, however many spikes came before."""
    values = [10 * n + 5000 * (n % 10 == 5) for n in range(400)]
    one = readings(values)
    seen, opened = one.seen(), list[int]()

    class Counting(_Teller):
        def _open(self, tracks, run):
            found = super()._open(tracks, run)
            opened.append(len(found))
            return found

    told = Counting(one, [0, *seen.tolist()], [*(seen - 1).tolist(), len(values) - 1]).told()
    assert [link.kind for link in told] == [SPIKE] * 40
    assert max(opened) <= MOST_OPEN


@pytest.mark.parametrize(("length", "signs"), [(10, 2), (9, 2), (8, 1), (3, 1)])
def test_a_long_run_on_the_track_that_is_left_out_counts_twice(length, signs):
    """What is beyond would else be two jumps and a reset."""

    def run(start: int, count: int = 10) -> list[int]:
        return [start + 5 * n for n in range(count)]

    strange = [*run(1000), *run(3000)]
    led_to = [*run(0, 13), 5000, *run(70, length), *strange, *run(70)]
    left = (12, 14 + length + 20, SPIKE, False, COST[SPIKE] + signs * DENIAL_COST)
    assert story(led_to) == [left]
    leads_on = [*run(0, 13), *strange, *run(60 - 5 * length, length), 5000, *run(75)]
    left = (12, 13 + 20 + length + 1, SPIKE, False, COST[SPIKE] + signs * DENIAL_COST)
    assert story(leads_on) == [left]


def teller_of(made: RegisterReadings, firsts: list[int] | None = None) -> _Teller:
    """Of runs that begin at these readings, else where a step is seen."""
    starts = [0, *made.seen().tolist()] if firsts is None else firsts
    return _Teller(made, starts, [*(n - 1 for n in starts[1:]), len(made.value) - 1])


def test_what_is_known_of_each_run():
    """One that moves and then stands still, two that stand still, and one that moves for long."""
    values = [*(0, 5, 10, 10, 10), *(900, 900, 900), 20, *range(30, 80, 5), *(100, 105, 105)]
    teller = teller_of(one(values), [0, 5, 8, 9, 19])
    assert teller.still.tolist() == [2, 5, 8, 18, 20]
    assert teller.rests.tolist() == [2, 7, 8, 18, 20]
    assert teller.spare.tolist() == [2, 0, 0, 4, 1]
    assert teller.rest.tolist() == [False, True, True, False, False]
    assert teller.long.tolist() == [False, False, False, True, False]
    assert [teller._goes_on(n) for n in range(5)] == [True, True, False, True, True]
    assert [teller._came_on(n) for n in range(5)] == [True, True, False, True, True]
    alone = teller_of(one([5, 900, 10]))
    assert [alone._goes_on(n) for n in range(3)] == [False, False, True]
    assert [alone._came_on(n) for n in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("values", "stands"),
    [
        ((5, 5, 5), False), ((5, 5, 8), True), ((4, 5, 5), True), ((4, 5, 8), True),
        ((6, 5, 5), True), ((5, 5, 4), True), ((6, 5, 4), True), ((5, 4, 5), True),
    ],
)  # fmt: skip
def test_a_reading_amid_others_of_its_value_stands_or_falls_with_them(values, stands):
    """Also of a register that may fall."""
    teller = teller_of(one(values, signed=True), [0])
    assert teller._stands(1, 0) == stands
    assert teller._stands(1, 1)


def naive_leading(teller: _Teller, track: int, run: int, step) -> tuple[bool, bool]:
    """Whether a run leads to a later one, a few readings left out; and directly."""
    last, first = int(teller.lasts_of[track]), teller.firsts[run]
    few = range(min(teller.spare[track], teller.spare[run]) + 1)
    ways = [(last - n, first) for n in few] + [(last, first + n) for n in few]
    if teller.spare[run]:
        ways.append((int(teller.rests[track]), first))
    return any(step(*way) for way in ways), step(last, first)


def doubtful(seed: int, turn: int = 100) -> list[int]:
    """Runs of all lengths, of which some stand still and some come back."""
    rng = np.random.default_rng(seed)
    values, at = [], 50
    for _ in range(14):
        at = int(rng.integers(0, 100)) if rng.random() < 0.8 else at
        for _ in range(int(rng.choice([1, 2, 3, 6, 10, 12]))):
            values.append(at % turn)
            at += int(rng.choice([0, 0, 3, 6]))
    return values


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("modulus", [None, 100])
@pytest.mark.parametrize("seed", range(4))
def test_which_runs_lead_to_a_later_one_is_what_a_loop_says(seed, modulus, signed):
    made = one(doubtful(seed), most=40, modulus=modulus, signed=signed)
    teller, found = teller_of(made), 0
    for run in range(1, len(teller.firsts)):
        for low in {0, run // 2}:
            leading = teller._leading(low, run)
            for track in range(low, run):
                plain, direct = naive_leading(teller, track, run, made.fits)
                turned, turned_direct = naive_leading(teller, track, run, made.turns)
                told = tuple(bool(mask[track - low]) for mask in leading)
                assert told == (plain, direct, turned and not plain, turned_direct and not plain)
                found += turned
    assert (found > 0) == (modulus is not None and not signed)


class Counting(_Teller):
    """Counts signs and open tracks beside the teller, run by run."""

    def told(self):
        self.mine = [[0, 0] for _ in self.firsts]
        return super().told()

    def leads(self, track: int, run: int, *, long: int) -> tuple[int, int]:
        """How surely a run leads to a later one; and past the last digit alone."""
        plain, direct = naive_leading(self, track, run, self.readings.fits)
        turned, straight = naive_leading(self, track, run, self.readings.turns)
        sure = 1 + bool(self.long[long])
        if plain:
            return (sure if direct else 1), 0
        return 0, (sure if straight else int(turned))

    def _enter(self, run, tracks):
        found = super()._enter(run, tracks)
        for track in range(self.low, run):
            plain, turned = self.leads(track, run, long=track)
            if self.rest[run] and run + 1 < len(self.firsts) and self.spare[track]:
                plain = max(plain, min(self.leads(track, run + 1, long=track)[0], 1))
            told = tuple(int(column[track - self.low]) for column in self.entered)
            assert told == (plain, 0 if plain else turned)
        assert self.low <= max(tracks[0] - 1, 0)
        return found

    def _open(self, tracks, run):
        for track in tracks[:-1]:
            plain, turned = self.leads(track, run, long=run)
            sure = plain
            if not plain and track and self.rest[track] and self.spare[run]:
                sure = min(self.leads(track - 1, run, long=run)[0], 1)
            self.mine[track][0] += sure
            self.mine[track][1] += 0 if sure else turned
        found = super()._open(tracks, run)
        wanted, worst = {run}, min(one.price for one in self.states[run]).cost + 2 * COST[JUMP]
        for track in tracks:
            assert self.mine[track] == [self.denied[track], self.turned[track]]
            price = min(one.price for one in self.states[track])
            least = price.cost + COST[SPIKE] + DENIAL_COST * self.denied[track]
            if least <= worst and self.readings.near(self.lasts[track], self.lasts[run]):
                wanted.add(track)
        assert found == sorted(wanted)
        return found


@pytest.mark.parametrize("modulus", [None, 100])
@pytest.mark.parametrize("seed", [0, 2, 4, 5, 10, 13, 16])
def test_signs_and_open_tracks_are_those_that_a_loop_counts(seed, modulus):
    made = one(doubtful(seed), most=40, modulus=modulus)
    starts = [0, *made.seen().tolist()]
    told = Counting(made, starts, [*(n - 1 for n in starts[1:]), len(made.value) - 1]).told()
    assert told == tell(made)


def test_at_most_so_many_tracks_stay_open_those_from_which_it_is_cheapest_to_go_on():
    """Forty registers one after the other, each far beyond the one before."""
    values = [10_000 * n + 5 * k for n in range(40) for k in range(3)]
    made, opened = one(values), list[list[int]]()

    class Recording(_Teller):
        def _open(self, tracks, run):
            opened.append(super()._open(tracks, run))
            return opened[-1]

    starts = [0, *made.seen().tolist()]
    assert len(starts) == 40
    Recording(made, starts, [*(n - 1 for n in starts[1:]), len(values) - 1]).told()
    assert opened == [
        list(range(run + 1)) if run < TRACKS else [*range(TRACKS), run] for run in range(1, 40)
    ]


def test_a_story_goes_on_from_the_cheapest_way_that_has_its_first_reading():
    teller = teller_of(one([0, 5, 10, 900, 905, 15, 20, 25]))
    first = teller.states[0][0]
    found = teller._from(0, Link(2, 5, SPIKE), 4)
    assert (found.price, found.entry, found.before) == (StoryPrice(4, 2, -3 - 4), 5, first)
    assert found.link == Link(2, 5, SPIKE, cost=4)
    later = replace(first, price=StoryPrice(-5), entry=2)
    teller.states[0] = [first, later]
    assert teller._from(0, Link(2, 5, SPIKE), 4).before is later
    assert teller._from(0, Link(2, 5, SPIKE), 4).price == StoryPrice(-1, 2, -3 - 4)
    assert teller._from(0, Link(1, 5, SPIKE), 4).before is first
    teller.states[0] = [later]
    assert teller._from(0, Link(1, 5, SPIKE), 4) is None


def test_after_silence_for_longer_than_a_detour_may_last_only_a_break_leads_on():
    late = 50 * A_DAY
    times = [0, 1, 2, 3, late, late + 1, late + 2]
    assert story([0, 5, 10, 900, 3, 8, 13], times=times) == [
        (2, 3, JUMP, False, COST[JUMP]),
        (3, 4, RESET, False, COST[RESET]),
    ]
    assert story([0, 5, 10, 900, 90_000, 90_005, 90_010], times=times)[1:] == [
        (3, 4, JUMP, False, COST[JUMP])
    ]


def test_what_is_on_the_track_denies_a_detour_over_a_turn_once():
    """Three readings on it; what is beyond would else be two jumps and a reset."""

    def run(start: int, count: int = 10) -> list[int]:
        return [start + 5 * n for n in range(count)]

    values = [*run(845, 12), 5000, *run(915, 3), *run(2000), *run(4000), *run(145)]
    cost = COST[SPIKE] + COST[ROLLOVER] + DENIAL_COST
    assert story(values, modulus=1_000) == [(11, 36, SPIKE, True, cost)]


A_DAY = 96
"""Steps."""


def test_a_return_to_a_track_long_gone_denies_the_rest_that_came_after_it():
    """Nothing for 46 days, then the register as it was before, then nothing again: the track before
    is too far back to go on from, but what came back was on it."""
    zeros, back = [12, *range(A_DAY, 46 * A_DAY + 1, A_DAY)], 50 * A_DAY
    times = [*range(12), *zeros, *range(back, back + 20)]
    before, again = range(1000, 1060, 5), range(20_000, 20_050, 5)
    values = [*before, *([0] * len(zeros)), *again, *([0] * 10)]
    last = 11 + len(zeros)
    assert story(values, times=times) == [
        (11, 12, RESET, False, COST[RESET]),
        (last, last + 11, SPIKE, False, COST[SPIKE] + DENIAL_COST),
    ]


def test_a_track_too_far_back_does_not_hide_those_after_it():
    rest, back = range(A_DAY, 41 * A_DAY, A_DAY), 50 * A_DAY
    times = [*range(12), *rest, *range(back, back + 10)]
    values = [*range(1_000_000, 1_000_060, 5), *([985] * len(rest)), *range(5, 55, 5)]
    last = 11 + len(rest)
    assert story(values, times=times, modulus=1_000) == [
        (11, 12, RESET, False, COST[RESET]),
        (last, last + 1, ROLLOVER, True, COST[ROLLOVER]),
    ]


def test_runs_begin_with_the_first_reading_and_where_a_step_is_seen(monkeypatch):
    told = []

    class Recording(_Teller):
        def __init__(self, made, firsts, lasts):
            told.append((firsts, lasts))
            super().__init__(made, firsts, lasts)

    monkeypatch.setattr(story_module, "_Teller", Recording)
    values = [5, 5, 900, 905, 10, 15]
    assert story(values) == [(1, 4, SPIKE, False, COST[SPIKE])]
    assert told == [([0, 2, 4], [1, 3, 5])]
    tell(readings(values), np.array([4]))
    assert told[1:] == [([0, 4], [3, 5])]
    assert tell(readings(values), np.zeros(0, dtype=np.int64)) == []
