"""Money against a slow oracle in exact fractions, over registers that nobody read on the hour."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from figures import cost, costs_of_each, energy
from metering.localtime import day_bounds

ZONES = {"Asia/Shanghai": date(2026, 3, 2), "Europe/Berlin": date(2026, 3, 28)}
"""With a first day; Berlin's second day has 23 hours."""
DAYS = 3
slow = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Case:
    """Prices by minute of the day, and registers as (time [us], mWh)."""

    zone: str
    prices: tuple[tuple[int, int, str], ...]
    registers: tuple[tuple[tuple[int, int], ...], ...]
    steps: tuple[int, ...]


@st.composite
def cases(draw) -> Case:
    zone = draw(st.sampled_from(sorted(ZONES)))
    edges = sorted(draw(st.sets(st.integers(1, 1439), min_size=1, max_size=4)))
    amounts = st.sampled_from(["0.3", "0.71", "1.05"])
    spans = zip([0, *edges], [*edges, 1440], strict=True)
    prices = tuple((a, b, draw(amounts)) for a, b in spans)
    start = day_bounds(ZONES[zone], zone)[0]
    end = day_bounds(ZONES[zone] + timedelta(days=DAYS), zone)[0]
    registers, steps = [], []
    for _ in range(draw(st.integers(1, 3))):
        step = draw(st.sampled_from([15, 60, 1440]))
        at, value, found = start - draw(st.integers(0, 3_000)) * 1_000_000, 0, []
        while at <= end + 3_600_000_000:
            found.append((at, value))
            value += draw(st.integers(1, 9_000_000))
            pause = draw(st.sampled_from([step, step, step, 3 * step, 7 * step]))
            at += pause * 60_000_000 + draw(st.integers(-29, 29)) * 1_000_000
        found.append((at, value))
        registers.append(tuple(found))
        steps.append(step)
    return Case(zone, prices, tuple(registers), tuple(steps))


def wall_minute(time_us: int, zone: str) -> int:
    local = datetime.fromtimestamp(time_us // 1_000_000, UTC).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute


def price_at(case: Case, time_us: int) -> Fraction:
    minute = wall_minute(time_us, case.zone)
    return next(Fraction(p) for a, b, p in case.prices if a <= minute < b)


def turns(case: Case, start_us: int, end_us: int) -> list[int]:
    """Instants in [start, end) at which the price may be another than a minute before."""
    minutes = range(start_us, end_us, 60_000_000)
    found, last = [], None
    for minute in minutes:
        here = next(
            n for n, (a, b, _) in enumerate(case.prices) if a <= wall_minute(minute, case.zone) < b
        )
        if here != last:
            found.append(minute)
        last = here
    return found


def passed(left: tuple[int, int], right: tuple[int, int], at: int) -> int:
    """mWh of a stretch up to an instant inside it, rounded down."""
    return (right[1] - left[1]) * (at - left[0]) // (right[0] - left[0])


def slow_cost(case: Case, start_us: int, end_us: int) -> tuple[Fraction, Fraction, Fraction]:
    """(money, least, most) of [start, end), which begins and ends on whole minutes."""
    edges = [*turns(case, start_us, end_us), end_us]
    whole = low = high = Fraction(0)
    for register in case.registers:
        for left, right in itertools.pairwise(register):
            first, last = max(left[0], start_us), min(right[0], end_us)
            if first >= last:
                continue
            cuts = [first, *(e for e in edges if first < e < last), last]
            pieces = [
                (price_at(case, a), passed(left, right, b) - passed(left, right, a))
                for a, b in itertools.pairwise(cuts)
            ]
            amount = sum(p * q for p, q in pieces)
            prices, quantity = {p for p, _ in pieces}, sum(q for _, q in pieces)
            whole += amount
            low += amount if len(prices) == 1 else min(prices) * quantity
            high += amount if len(prices) == 1 else max(prices) * quantity
    return whole / 1_000_000, low / 1_000_000, high / 1_000_000


def world_of(helpers, fig, case: Case, seed: int):
    """The case's registers, pushed in random batches."""
    meters = [
        helpers.meter(f"m{n}", step_min=step)  # a registered limit: any of these rises is a load
        for n, step in enumerate(case.steps)
    ]
    rows = [fig.price(f"p{a}", a, b, p) for a, b, p in case.prices]
    registry = fig.with_tariff(helpers.campus(meters, zone=case.zone), *rows)
    world = helpers.World(
        registry, day_bounds(ZONES[case.zone] + timedelta(DAYS + 3), case.zone)[0]
    )
    rng = np.random.default_rng(seed)
    for point, register in enumerate(case.registers, start=1):
        order = rng.permutation(len(register))
        for batch in np.array_split(order, rng.integers(1, 5)):
            times = [register[i][0] for i in batch]
            world.push(point, times, [register[i][1] / 1_000_000 for i in batch])
            if rng.random() < 0.5:
                world.ledger.step()
    world.ledger.step()
    return world


def check(found, wanted) -> None:
    money = found.sole
    assert money is not None
    assert tuple(Fraction(x) for x in (money.amount, money.low, money.high)) == wanted


@slow
@given(cases(), st.integers(0, 2**32 - 1))
def test_money_agrees_with_the_oracle(helpers, fig, case, seed):
    world = world_of(helpers, fig, case, seed)
    first = ZONES[case.zone]
    last = first + timedelta(days=DAYS - 1)
    start, end = day_bounds(first, case.zone)[0], day_bounds(last, case.zone)[1]
    with fig.view_of(world) as view:
        for code in ("o", "b"):
            key = view.key_of(code, "01000")
            check(cost(view, key, first, last), slow_cost(case, start, end))
            daily = energy(view, key, first, last, "day")
            for one, a, b in zip(
                costs_of_each(view, daily), daily.start_us, daily.end_us, strict=True
            ):
                check(one, slow_cost(case, int(a), int(b)))


@slow
@given(cases(), st.integers(0, 2**32 - 1), st.sampled_from(["native", "hour"]))
def test_parts_of_a_day_add_up_to_its_money(helpers, fig, case, seed, step):
    world = world_of(helpers, fig, case, seed)
    first = ZONES[case.zone]
    with fig.view_of(world) as view:
        key = view.key_of("o", "01000")
        for day in (first, first + timedelta(days=1)):
            found = energy(view, key, day, day, step)
            parts = [c for one in (found, *found.remainder) for c in costs_of_each(view, one)]
            whole = cost(view, key, day, day).sole
            money = [m for part in parts for m in part.money]
            assert sum((m.amount for m in money), Decimal(0)) == whole.amount
            assert all(m.low <= m.amount <= m.high for m in money)
            assert all(sum(m.shares) == 10_000 for m in (*money, whole))


@pytest.mark.parametrize("seed", range(4))
def test_windows_do_not_depend_on_batches(helpers, fig, seed):
    rng = np.random.default_rng(seed)
    start = day_bounds(ZONES["Asia/Shanghai"], "Asia/Shanghai")[0]
    times = start + np.cumsum(rng.integers(200, 4_000, 200)) * 1_000_000
    values = np.cumsum(rng.integers(1, 5_000_000, 200))
    register = tuple(zip(times.tolist(), values.tolist(), strict=True))
    prices = ((0, 433, "0.3"), (433, 1217, "1.0"), (1217, 1440, "0.7"))
    case = Case("Asia/Shanghai", prices, (register,), (15,))
    worlds = [world_of(helpers, fig, case, one) for one in (seed, seed + 100)]
    helpers.same(*worlds)
