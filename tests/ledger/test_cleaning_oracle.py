"""The cheapest story against a search through all stories, priced by other code."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cleaning.rates import RiseLimits
from ledger.cleaning.story import RegisterReadings, tell
from ledger.limits import RegisterLimits
from metering.localtime import MINUTE_US

QUARTER = 15 * MINUTE_US
PER_STEP = 10
LIMITS = RegisterLimits(QUARTER, 4 * PER_STEP)
INFINITE = RegisterLimits(QUARTER)
TURN = 100

Key = tuple[int, int, int]


def price_of_story(readings: RegisterReadings, kept: tuple[int, ...]) -> Key | None:
    """What a story costs that keeps these readings, None where it cannot be told."""
    cost = dropped = places = 0
    for here, there in pairwise(kept):
        link = price_of_link(readings, here, there)
        if link is None:
            return None
        cost += link
        dropped += there - here - 1
        places += sum(range(here + 1, there))
    return cost, dropped, -places


def price_of_link(readings: RegisterReadings, here: int, there: int) -> int | None:
    """The table of `docs/cleaning.md`, read row by row."""
    value, seen = readings.value, set(readings.seen().tolist())
    under = range(here + 1, there)
    rows: list[int] = []
    fits, turns = readings.fits(here, there), readings.turns(here, there)
    if not under:
        if there not in seen:
            return 0
        if turns:
            rows.append(2)
        declared = readings.is_declared(here, there)
        falls = value[there] < value[here]
        rows.append(3 if declared else 10 if falls else 14)
        return min(rows)
    left, right = here + 1 in seen, there in seen
    inside = sum(place in seen for place in under[1:])
    if left and right:
        starts = [here + 1, *(place for place in under[1:] if place in seen), there]
        around = [run_around(readings, place, seen) for place in (here, *starts)]
        beside = [
            run_around(readings, place, seen) if 0 <= place < len(value) else None
            for place in (around[0][0] - 1, around[-1][-1] + 1)
        ]
        if fits:
            rows.append(4 + 14 * denials(readings, around, beside, turning=False))
        if turns:
            rows.append(6 + 14 * denials(readings, around, beside, turning=True))
            if len(under) <= 4:
                rows.append(6 * (inside + 1) + 2)
    still = right and not left and not inside and stands_still(readings, here, there - 1, seen)
    if still and turns:
        rows.append(6)
    if left == right or not fits:
        return min(rows, default=None)
    rows += half_seen(readings, here, there, left, inside, seen)
    return min(rows, default=None)


def run_around(readings: RegisterReadings, place: int, seen: set[int]) -> range:
    """The run that holds a reading."""
    first, end = place, place + 1
    while first and first not in seen:
        first -= 1
    while end < len(readings.value) and end not in seen:
        end += 1
    return range(first, end)


def denials(
    readings: RegisterReadings,
    around: list[range],
    beside: list[range | None],
    *,
    turning: bool,
) -> int:
    """What speaks against a detour from the first run over those between to the last."""
    left, *under, entered = around
    before, after = beside
    found = 0
    for run in under:
        walks = rises(readings, run) and len(run) > 2
        far = walks and before is not None and rests(readings, left)
        here = leads(readings, left, run, readings.fits)
        here |= far and leads(readings, before, run, readings.fits)
        far = walks and after is not None and rests(readings, entered)
        there = leads(readings, run, entered, readings.fits)
        there |= far and leads(readings, run, after, readings.fits)
        here |= turning and leads(readings, left, run, readings.turns)
        there |= turning and leads(readings, run, entered, readings.turns)
        found += here + there
    return found


def rises(readings: RegisterReadings, run: range) -> bool:
    return bool(readings.value[run[0]] < readings.value[run[-1]])


def rests(readings: RegisterReadings, run: range) -> bool:
    return not rises(readings, run)


def leads(readings: RegisterReadings, run: range, other: range, can) -> bool:
    moves = [rises(readings, one) for one in (run, other)]
    spare = min((len(run) - 1) // 2, (len(other) - 1) // 2, 4) if all(moves) else 0
    pairs = [(run[-1 - k], other[0]) for k in range(spare + 1)]
    pairs += [(run[-1], other[k]) for k in range(spare + 1)]
    if all(moves) and len(other) > 2:
        still = [k for k in run if len({int(v) for v in readings.value[k : run[-1] + 1]}) == 1]
        pairs.append((still[0], other[0]))
    return any(can(*pair) for pair in pairs)


def half_seen(
    readings: RegisterReadings, here: int, there: int, left: bool, inside: int, seen: set[int]
) -> list[int]:
    """One end is seen, at the other the register could have gone on."""
    value, count = readings.value, there - here - 1
    places = sorted(seen & set(range(here + 1, there + 1)))
    last, first = places[0] - 1, places[-1]  # of the run left, of the run entered
    runs = len(places) - 1
    came_on = last == 0 or last not in seen
    goes_on = first == len(value) - 1 or first + 1 not in seen
    step = readings.time_us[first] - readings.time_us[last]
    hole = step >= 2 * QUARTER
    rows = []
    rises = runs == 0 and value[first] > value[last]
    amid = value[here - 1] == value[here] == value[here + 1] if here else False
    whole = here == 0 or here in seen or not amid
    if rises and left:
        if there - first <= 4 and not stood_still(readings, here, first, seen):
            rows.append(4)
    elif rises:
        still = len({int(v) for v in value[here : last + 1]}) == 1
        starts = here == 0 or here in seen or value[here - 1] != value[here]
        if (last - here <= 4 and whole) or (still and starts):
            rows.append(4)
    elif count <= 4 and (came_on if left else goes_on and whole):
        rows.append(6 * (runs + 1))
    if runs == 0 and not hole and (came_on if left else goes_on):
        gone = readings.holes.tolist()
        at_hole = there - 1 in gone if left else here in gone
        nearest = (
            not any(first <= place < there - 1 for place in gone)
            if left
            else not any(here < place < last for place in gone)
        )
        edge = there - 1 if left else here
        lost = readings.time_us[edge + 1] - readings.time_us[edge]
        most = readings.rates.most(int(readings.time_us[first]), int(step + lost))
        clock = abs(int(value[first]) - int(value[last])) <= most
        if at_hole and nearest and count <= 288 and clock:
            rows.append(5 if rises else 7)
    return rows


def stands_still(readings: RegisterReadings, here: int, last: int, seen: set[int]) -> bool:
    """Whether a reading is the first of those that stand still up to the last one of a run."""
    value = readings.value
    first = here == 0 or here in seen or value[here - 1] != value[here]
    return bool(first and (value[here : last + 1] == value[here]).all())


def stood_still(readings: RegisterReadings, last: int, first: int, seen: set[int]) -> bool:
    """Whether a rise follows readings of one value that can be left out for it."""
    run = run_around(readings, last, seen)
    value = readings.value
    if len(run) < 2 or value[last - 1] != value[last]:
        return False
    start = min(k for k in run if len({int(v) for v in value[k : last + 1]}) == 1)
    few = [
        k
        for k in run[:-1]
        if last - k <= 4 and (k == run[0] or not value[k - 1] == value[k] == value[k + 1])
    ]
    return any(readings.fits(k, first) for k in {start, *few})


def every_story(count: int) -> list[tuple[int, ...]]:
    inner = range(1, count - 1)
    return [
        (0, *(place for n, place in enumerate(inner) if bits >> n & 1), count - 1)
        for bits in range(1 << len(inner))
    ]


def price_told(readings: RegisterReadings) -> tuple[Key, tuple[int, ...]]:
    cost, gone = 0, set()
    for link in tell(readings):
        cost += link.cost
        gone |= set(range(link.here + 1, link.there))
    kept = tuple(place for place in range(len(readings.value)) if place not in gone)
    return (cost, len(gone), -sum(gone)), kept


@st.composite
def islands(draw) -> RegisterReadings:
    """Two to nine readings of a meter that may do anything."""
    count = draw(st.integers(2, 9))
    step = st.sampled_from([1, 1, 1, 1, 2, 3, 8])
    times = np.cumsum(np.array([0, *(draw(step) for _ in range(count - 1))])) * QUARTER
    value = st.one_of(st.integers(0, 60), st.integers(0, 120), st.sampled_from([0, 50, 99]))
    kind = draw(st.sampled_from(["anything", "steps"]))
    if kind == "steps":
        moves = st.sampled_from([0, 3, 6, 9, 10, 12, 17, 25, 50, -1, -9, -25, -60])
        values = np.cumsum([draw(st.integers(0, 90)), *(draw(moves) for _ in range(count - 1))])
    else:
        values = np.array([draw(value) for _ in range(count)])
    limits = draw(st.sampled_from([LIMITS, LIMITS, INFINITE]))
    declared = draw(st.sampled_from([(), ((int(times[count // 2]), int(times[-1])),)]))
    turn = draw(st.sampled_from([None, TURN]))
    whole = values.astype(np.int64)
    return RegisterReadings(times.astype(np.int64), whole, RiseLimits.fixed(limits), turn, declared)


@settings(max_examples=600, deadline=None)
@given(islands())
def test_the_story_told_is_the_cheapest_of_all(readings):
    told, kept = price_told(readings)
    prices = [
        (price, story)
        for story in every_story(len(readings.value))
        if (price := price_of_story(readings, story)) is not None
    ]
    best = min(price for price, _ in prices)
    assert price_of_story(readings, kept) == told
    assert told == best
    assert kept in [story for price, story in prices if price == best]
