"""Registers that may fall in normal work, and registers of what is exported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figures import Figures, cost
from ledger.clean import clean
from ledger.cleaning.decisions import decide
from ledger.cleaning.past import RegisterPast, Steps
from ledger.cleaning.rates import DAY_US, DayRises, learned
from ledger.cleaning.story import RegisterReadings
from ledger.limits import RegisterLimits
from metering.quality import APPORTIONED, MEASURED, MISSING
from metering.registry import Direction, Installation
from metering.tariff import TariffRow

QUARTER = 900_000_000
KWH = 1_000_000
DAYS = 8
COUNT = DAYS * 96
SIGNED = RegisterLimits(QUARTER, None, None, signed=True)
times = np.arange(COUNT, dtype=np.int64) * QUARTER


def net(seed: int) -> np.ndarray:
    """A house with a roof: 2 kWh a quarter hour, at noon up to 6 of them back."""
    rng = np.random.default_rng(seed)
    sun = np.maximum(np.sin((np.arange(COUNT) % 96 - 24) / 48 * np.pi), 0) * 8 * KWH
    load = rng.integers(KWH, 3 * KWH, COUNT)
    return 5000 * KWH + np.cumsum(load - (sun * rng.uniform(0.2, 1, COUNT)).astype(np.int64))


def told(sent, limits=SIGNED, declared=()):
    rises = DayRises.of(times, sent, limits.step_us, signed=limits.signed)
    rates = learned(rises, limits, 0, int(times[-1] // DAY_US))
    return decide(
        RegisterReadings(times, sent, rates, None, declared, limits.signed), limits.flat_us
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, 40 * KWH]))
def test_falls_are_energy_back(seed, registered):
    limits = RegisterLimits(QUARTER, registered, None, signed=True)
    sent = net(seed)
    assert told(sent, limits) == []
    cleaned = clean(times, sent, limits, decisions=[])
    assert cleaned.energy.tolist() == np.diff(sent).tolist()
    assert (cleaned.quality == MEASURED).all()
    assert (cleaned.energy < 0).any()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(300, 600),
    st.integers(1, 8),
    st.sampled_from([-1, 1]),
    st.sampled_from([None, 60 * KWH]),
)
def test_a_detour_either_way_takes_nothing_with_it(seed, at, length, way, registered):
    limits = RegisterLimits(QUARTER, registered, None, signed=True)
    true = net(seed)
    sent = true.copy()
    sent[at : at + length] += way * 3000 * KWH
    found = told(sent, limits)
    assert [one.kind for one in found] == ["spike"]
    cleaned = clean(times, sent, limits, decisions=found)
    assert cleaned.time_us.tolist() == np.delete(times, range(at, at + length)).tolist()
    assert int(cleaned.energy.sum()) == int(true[-1] - true[0])
    assert cleaned.quality[at - 1] == APPORTIONED
    assert (np.delete(cleaned.quality, at - 1) == MEASURED).all()


def test_a_standstill_that_is_made_up_for_may_end_lower():
    true = net(1)
    noon = 4 * 96 + 40
    true[noon : noon + 12] -= np.arange(12) * 2 * KWH
    true[noon + 12 :] += true[noon + 11] - true[noon + 12] + KWH
    sent = true.copy()
    sent[noon : noon + 10] = sent[noon]
    found = told(sent, RegisterLimits(QUARTER, 40 * KWH, None, signed=True))
    assert [one.kind for one in found] == ["stuck"]
    assert found[0].facts.energy is not None
    assert found[0].facts.energy < 0


@pytest.mark.parametrize("rise", [-4000, 4000])
def test_another_register_is_a_jump_either_way(rise):
    sent = net(2)
    sent[400:] += rise * KWH
    assert [one.kind for one in told(sent)] == ["jump"]
    cleaned = clean(times, sent, SIGNED, decisions=told(sent))
    assert cleaned.quality[399] == MISSING
    assert len(cleaned.time_us) == COUNT


def test_a_declared_replacement_by_a_lower_register():
    sent = net(3)
    sent[400:] -= 4000 * KWH
    window = (int(times[399]), int(times[401]))
    assert [one.kind for one in told(sent, declared=[window])] == ["replaced"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-200, 200), min_size=30, max_size=120), st.sampled_from([None, 100]))
def test_no_seen_step_is_overlooked_in_a_day(steps, limit):
    at = 9 * QUARTER + np.arange(len(steps), dtype=np.int64) * 5 * QUARTER
    values = np.cumsum(np.array(steps, dtype=np.int64))
    limits = RegisterLimits(QUARTER, limit, None, signed=True)
    rises = DayRises.of(at, values, QUARTER, signed=True)
    doubtful = Steps.of(at, values, rises, limits)
    past = RegisterPast.of(limits, 0, int(at[-1]) // DAY_US, rises, doubtful)
    seen = RegisterReadings(at, values, past.rates, signed=True).seen()
    assert past.seen.at_us.tolist() == at[seen].tolist()


def two_registers(helpers):
    """What is drawn, and what is fed back, each by a register of its own."""
    own = [helpers.meter("drawn"), helpers.meter("fed")]
    installed = (
        Installation("drawn", 1),
        Installation("fed", 2, direction=Direction.EXPORT),
    )
    return helpers.World(helpers.campus(own, installations=installed), helpers.later(3))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_exported_counts_below_zero(helpers, seed):
    rng = np.random.default_rng(seed)
    world = two_registers(helpers)
    drawn, fed = (np.cumsum(rng.integers(0, 3000, 193)) / 1000 for _ in range(2))
    world.push(1, helpers.quarters(193), 70 + drawn)
    world.push(2, helpers.quarters(193), 900 + fed)
    world.ledger.step()
    net_rows = world.rows("node", "b")
    passed = (np.diff(np.rint(drawn * KWH)) - np.diff(np.rint(fed * KWH))).astype(np.int64)
    slots = np.concatenate([row.finest.slots for row in net_rows[:2]])
    assert slots.tolist() == passed.tolist()
    assert all(row.complete for row in net_rows[:2])
    assert world.rows("meter", "fed")[0].total == -int(
        np.rint(fed[96] * KWH) - np.rint(fed[0] * KWH)
    )


def flat(price: str, name: str, **more) -> TariffRow:
    return TariffRow(
        name, "01000", frozenset(range(1, 13)), "all", 0, 1440, "flat", Decimal(price), **more
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([flat("0.8", "list")], Decimal("0.8") * (96 - 48)),
        (
            [flat("0.8", "list"), flat("0.3", "feed-in", meter="fed")],
            Decimal("0.8") * 96 - Decimal("0.3") * 48,
        ),
    ],
)
def test_an_export_takes_money_off_at_its_own_tariff(helpers, rows, expected):
    """Where no tariff names its meter, at the price of what is drawn at that minute."""
    world = two_registers(helpers)
    world.registry = replace(world.registry, tariff=tuple(rows))
    world.push(1, helpers.quarters(97), 5 + np.arange(97.0))
    world.push(2, helpers.quarters(97), 5 + np.arange(97.0) / 2)
    world.ledger.step()
    with Figures(world.books, lambda: world.registry, lambda: world.now_us).view() as view:
        spent = cost(view, view.key_of("b", "01000"), helpers.DAY, helpers.DAY)
    assert [one.amount for one in spent.money] == [expected]
    assert spent.sole is not None


def test_a_register_event_of_an_export_has_its_energy_as_it_is_booked(helpers):
    world = two_registers(helpers)
    values = 900 + np.arange(193.0)
    values[100] += 5000
    world.push(2, helpers.quarters(193), values)
    world.ledger.step()
    start = int(helpers.quarters(1)[0])
    (event,) = world.books.events("o", start, start + 3 * DAY_US)
    assert (event.kind, event.energy) == ("spike", -2 * KWH)
    before = world.all_rows()
    world.restart()
    world.push(2, helpers.quarters(194)[193:], [1093.0])
    world.ledger.step()
    day = helpers.DAY + timedelta(days=1)
    key = world.key("meter", "fed")
    assert world.all_rows()[key, day].revision == before[key, day].revision
