"""Laws of cleaning: what is good stays, what is far does not matter, nothing is made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.clean import clean
from ledger.cleaning.decisions import decide
from ledger.cleaning.past import CELL_US, RegisterPast, Steps
from ledger.cleaning.rates import DAY_US, DayRises, RiseLimits, learned
from ledger.cleaning.story import DETOUR_US, RegisterReadings
from ledger.limits import RegisterLimits
from metering.localtime import HOUR_US, MINUTE_US
from metering.quality import APPORTIONED, MEASURED, MISSING

QUARTER = 15 * MINUTE_US
KWH = 1_000_000
LIMITS = RegisterLimits(QUARTER, 60 * KWH)
FREE = RegisterLimits(QUARTER)
quick = settings(max_examples=80, deadline=None)


def rising(rng: np.random.Generator, count: int) -> np.ndarray:
    """A register of some 30 kWh/h."""
    return np.int64(9000 * KWH) + np.cumsum(rng.integers(6 * KWH, 9 * KWH, count))


def past_of(times: np.ndarray, values: np.ndarray, limits: RegisterLimits) -> RegisterPast:
    rises = DayRises.of(times, values, limits.step_us)
    doubtful = Steps.of(times, values, rises, limits)
    return RegisterPast.of(
        limits, int(times[0] // DAY_US), int(times[-1] // DAY_US), rises, doubtful
    )


def day_rises(days: np.ndarray, largest: np.ndarray, often: np.ndarray) -> DayRises:
    return DayRises(days, largest, often, largest, np.full(len(days), QUARTER), 0 * days)


@st.composite
def faults(draw):
    """(place, length, kind) of faults with at least a dozen good readings between them, after
    more days without any: a limit is learned from most days."""
    found, place = [], 6 * 96 + draw(st.integers(12, 30))
    for _ in range(draw(st.integers(1, 5))):
        length = draw(st.sampled_from([1, 2, 3, 6, 11, 48]))
        kind = draw(st.sampled_from(["zeros", "spike", "dip", "scaled", "noise"]))
        # Half a day of rises that large would be a load.
        length = min(length, 11) if kind in ("noise", "scaled") else length
        found.append((place, length, kind))
        place += length + draw(st.integers(12, 60))
    return found, place + 12


@quick
@given(faults(), st.integers(0, 2**32 - 1), st.booleans())
def test_every_good_reading_is_kept_and_nothing_passes_twice(case, seed, limited):
    wrong, count = case
    rng = np.random.default_rng(seed)
    times = np.arange(count, dtype=np.int64) * QUARTER
    true = rising(rng, count)
    sent, bad = true.copy(), np.zeros(count, dtype=bool)
    for at, length, kind in wrong:
        part = slice(at, at + length)
        bad[part] = True
        sent[part] = {
            "zeros": 0 * true[part],
            "spike": true[part] + 900 * KWH,
            "dip": true[part] - 900 * KWH,
            "scaled": true[part] * 1000,
            "noise": rng.integers(10**14, 2 * 10**14, length),
        }[kind]
    limits = LIMITS if limited else FREE
    rates = learned(DayRises.of(times, sent, QUARTER), limits, 0, int(times[-1] // DAY_US))
    found = decide(RegisterReadings(times, sent, rates), limits.flat_us)
    cleaned = clean(times, sent, limits, decisions=found)
    assert cleaned.time_us.tolist() == times[~bad].tolist()
    assert int(cleaned.energy.sum()) == int(true[~bad][-1] - true[0])
    over = np.diff(np.flatnonzero(~bad)) > 1
    assert (cleaned.quality == np.where(over, APPORTIONED, MEASURED)).all()


@quick
@given(st.lists(st.integers(0, 200), min_size=2, max_size=60), st.booleans())
def test_energy_is_last_minus_first_between_breaks(values, turning):
    times = np.arange(len(values), dtype=np.int64) * QUARTER
    sent = np.array(values, dtype=np.int64) * KWH
    limits = RegisterLimits(QUARTER, 60 * KWH, 200 * KWH if turning else None)
    cleaned = clean(times, sent, limits)
    assert (cleaned.energy >= 0).all()
    kept = dict(zip(times.tolist(), sent.tolist(), strict=True))
    passed = [kept[b] - kept[a] for a, b in zip(cleaned.time_us, cleaned.time_us[1:], strict=False)]
    for energy, quality, step in zip(cleaned.energy, cleaned.quality, passed, strict=True):
        turned = step + 200 * KWH if turning and step < 0 else step
        assert energy == (0 if quality == MISSING else turned)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_further_away_than_a_detour_may_last_decides_nothing(seed):
    rng = np.random.default_rng(seed)
    per_day = 6
    times = np.arange(100 * per_day, dtype=np.int64) * (DAY_US // per_day)
    values = rising(rng, len(times))
    values[-30:] = np.where(rng.random(30) < 0.4, rng.integers(0, 10**10, 30), values[-30:])
    other = values.copy()
    far = times < times[-30] - DETOUR_US - DAY_US
    noisy = far & (rng.random(len(times)) < 0.1)
    other[noisy] = rng.integers(0, 9000 * KWH, int(noisy.sum()))
    other[np.flatnonzero(far)[-1]] = values[np.flatnonzero(far)[-1]]
    found = []
    for sent in (values, other):
        told = decide(RegisterReadings(times, sent, RiseLimits.fixed(LIMITS)), LIMITS.flat_us)
        found.append([d for d in told if d.there_us >= times[-31]])
    assert found[0] == found[1]


def test_a_meter_that_is_doubtful_for_years_is_told_in_parts():
    times = np.arange(3 * 365, dtype=np.int64) * DAY_US
    values = np.where(times % (5 * DAY_US) == 0, 0, 9000 * KWH + np.arange(len(times)))
    clusters = list(past_of(times, values.astype(np.int64), LIMITS).clusters(0, int(times[-1])))
    lengths = [int(c.at_us[-1] - c.before_us[0]) for c in clusters]
    assert len(clusters) > 3
    assert max(lengths) <= 2 * CELL_US


@pytest.mark.parametrize(
    ("daily", "expected"),
    [((10, 10, 10), 64), ((10, 900, 10), 64), ((10, 10), None), ((16,) * 3, 128)],
)
def test_a_limit_is_learned_from_three_days(daily, expected):
    days = np.arange(len(daily), dtype=np.int64)
    rises = np.array(daily, dtype=np.int64)
    found = learned(day_rises(days, rises, 0 * rises), FREE, 0, 40)
    assert found.short[0] == (np.inf if expected is None else expected)


def test_the_months_after_count_where_a_series_begins_at_the_end_of_one():
    days = np.array([30, 31, 32], dtype=np.int64)
    rises = np.full(3, 10, dtype=np.int64)
    found = learned(day_rises(days, rises, 0 * rises), FREE, 0, 60)
    assert found.short[[30, 40]].tolist() == [64, 64]


@pytest.mark.parametrize(("rise", "limit"), [(30, 4), (3, 4)])
def test_a_registered_limit_that_most_days_exceed_is_set_aside(rise, limit):
    days = np.arange(5, dtype=np.int64)
    rises = np.full(5, rise, dtype=np.int64)
    found = learned(day_rises(days, rises, rises), RegisterLimits(QUARTER, limit), 0, 4)
    assert bool(found.short[0] == limit) is (rise < limit)
    assert bool(found.set_aside) is (rise > limit)


def test_a_load_that_a_day_shows_often_is_its_own():
    times = np.arange(4 * 96, dtype=np.int64) * QUARTER
    steps = np.full(len(times), KWH)
    steps[200:230] = 20 * KWH
    values = np.cumsum(steps)
    rates = learned(DayRises.of(times, values, QUARTER), FREE, 0, 3)
    assert decide(RegisterReadings(times, values, rates), FREE.flat_us) == []
    steps[200:230], steps[200] = KWH, 20 * 30 * KWH
    values = np.cumsum(steps)
    rates = learned(DayRises.of(times, values, QUARTER), FREE, 0, 3)
    assert [d.kind for d in decide(RegisterReadings(times, values, rates), FREE.flat_us)] == [
        "jump"
    ]


def test_a_return_from_a_dip_is_no_rise():
    times = np.arange(5, dtype=np.int64) * HOUR_US
    values = np.array([100, 110, 0, 120, 130], dtype=np.int64)
    assert DayRises.of(times, values, HOUR_US).largest.tolist() == [10]


@quick
@given(st.lists(st.integers(-50, 200), min_size=30, max_size=120), st.sampled_from([None, 100]))
def test_no_seen_step_is_overlooked_in_a_day(steps, limit):
    """What is kept of a day holds every step that its limit forbids."""
    times = 9 * QUARTER + np.arange(len(steps), dtype=np.int64) * 5 * QUARTER
    values = np.cumsum(np.array(steps, dtype=np.int64))
    limits = RegisterLimits(QUARTER, limit)
    past = past_of(times, values, limits)
    all_seen = RegisterReadings(times, values, past.rates).seen()
    assert past.seen.at_us.tolist() == times[all_seen].tolist()


@quick
@given(
    st.sampled_from([15, 60]),
    st.integers(2, 40),
    st.integers(5, 400),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_no_good_reading_makes_energy_of_a_jump(step_min, wide, hours, seed, stuck):
    """An undeclared replacement by a higher register, under a limit far above the load: however
    long the limit would need to let it pass, readings that keep pace are not left out for it."""
    rng = np.random.default_rng(seed)
    step, per_hour = step_min * MINUTE_US, 30 * KWH
    count = 12 * DAY_US // step
    times = np.arange(count, dtype=np.int64) * step
    load = rng.integers(per_hour // 2, per_hour, count) * step_min // 60
    at = int(rng.integers(count // 2, count - 80))
    if stuck:
        load[at - 3 : at] = 0
    true, sent = np.cumsum(load), np.cumsum(load)
    sent[at:] += hours * wide * per_hour
    limits = RegisterLimits(step, wide * per_hour)
    rates = learned(DayRises.of(times, sent, step), limits, 0, 11)
    found = decide(RegisterReadings(times, sent, rates), limits.flat_us)
    cleaned = clean(times, sent, limits, decisions=found)
    assert [d.kind for d in found] == ["jump"]
    assert cleaned.time_us.tolist() == times.tolist()
    assert int(cleaned.energy.sum()) == int(true[-1] - true[0] - load[at])


def told_under_a_learned_limit(times, sent, limits):
    rates = learned(DayRises.of(times, sent, limits.step_us), limits, 0, int(times[-1] // DAY_US))
    return decide(RegisterReadings(times, sent, rates, limits.modulus), limits.flat_us)


@quick
@given(
    st.sampled_from([5, 15, 60]),
    st.integers(6, 30),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.sampled_from([None, 10**5 * KWH]),
)
def test_hours_of_junk_are_no_load_even_on_an_idle_day(every, length, seed, idle, modulus):
    """Their rises are the most that the day shows, but their falls tell them."""
    rng = np.random.default_rng(seed)
    count, first = 8 * 24 * 60 // every, 5 * 24 * 60 // every
    times = np.arange(count, dtype=np.int64) * every * MINUTE_US
    load = rng.integers(20 * KWH, 40 * KWH, count) * every // 60
    load[first - 20 :] *= 0 if idle else 1
    true = 4000 * KWH + np.cumsum(load)
    sent = true.copy()
    sent[first : first + length] = rng.integers(2 * 10**4 * KWH, 10**5 * KWH, length)
    limits = RegisterLimits(every * MINUTE_US, None, modulus)
    cleaned = clean(times, sent, limits, decisions=told_under_a_learned_limit(times, sent, limits))
    whole = int(true[-1] - true[0])
    assert whole - int(load[first:].sum()) <= int(cleaned.energy.sum()) <= whole


@pytest.mark.parametrize("registered", [None, 4 * KWH, 60 * KWH])
def test_a_meter_is_judged_at_the_cadence_that_it_keeps(registered):
    """Read every five minutes for books of an hour: eight readings that stood still are made up
    for, and a limit of a tenth of the load is found to be a typo."""
    times = np.arange(6 * 288, dtype=np.int64) * 5 * MINUTE_US
    load = np.random.default_rng(0).integers(2 * KWH, 3 * KWH, len(times))
    true = 100 * KWH + np.cumsum(load)
    sent = true.copy()
    sent[1000:1008] = sent[999]
    limits = RegisterLimits(HOUR_US, registered)
    found = told_under_a_learned_limit(times, sent, limits)
    if registered is None:
        assert [one.kind for one in found] in ([], ["bridge"])
    cleaned = clean(times, sent, limits, decisions=found)
    assert int(cleaned.energy.sum()) == int(true[-1] - true[0])


def test_a_coarse_register_ticks_in_lumps():
    """Whole kWh of 2 kWh/h, read every minute: in that minute it is 20 times a limit of 3."""
    times = np.arange(5 * 1440, dtype=np.int64) * MINUTE_US
    sent = times * 2 // HOUR_US * KWH
    for registered in (None, 3 * KWH):
        limits = RegisterLimits(15 * MINUTE_US, registered)
        rates = learned(DayRises.of(times, sent, limits.step_us), limits, 0, 4)
        assert decide(RegisterReadings(times, sent, rates), limits.flat_us) == []
        assert rates.set_aside == ()


@given(
    counts=st.lists(st.integers(1, 300), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    signed=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_days_rises_are_ranked_day_by_day(counts, seed, signed):
    """Alike however many readings the other days have; against sorting each day alone."""
    rng = np.random.default_rng(seed)
    times = np.concatenate(
        [n * DAY_US + np.sort(rng.choice(1440, c, replace=False)) * 60_000_000
         for n, c in enumerate(counts)]
    )  # fmt: skip
    values = np.cumsum(rng.integers(1, 5000, len(times)))
    found = DayRises.of(times, values, QUARTER, signed=signed)
    often = 8 if signed else 4
    days = times[1:] // DAY_US
    for place, day in enumerate(found.day.tolist()):
        own = np.flatnonzero(days == day)
        passed = np.diff(times)[own]
        cadence = min(int(np.sort(passed)[(len(passed) - 1) // 2]), QUARTER)
        rises = np.diff(values)[own]
        hours = np.maximum(passed, cadence) / HOUR_US
        up = rises >= hours
        rates = np.sort((rises[up] / hours[up]).astype(np.int64))[::-1]
        nth = max(often, len(rates) // 4)
        assert found.largest[place] == rates[0]
        assert found.often[place] == (rates[nth - 1] if len(rates) >= nth else 0)
        assert found.cadence_us[place] == cadence
