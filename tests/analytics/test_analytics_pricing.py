"""Money, carbon and the interval of an event."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.pricing import Price, Rates, carbon, cost
from metering.calendar import WorkCalendar
from metering.factor import Factor
from metering.localtime import HOUR_US, day_number, slot_starts
from metering.tariff import Tariff, TariffRow

DAY = date(2026, 11, 23)
STARTS = slot_starts(DAY, "Asia/Shanghai", 60)


def row(start_h: int, end_h: int, price: str, currency: str = "CNY") -> TariffRow:
    months = frozenset(range(1, 13))
    return TariffRow(
        "t", "01000", months, "all", start_h * 60, end_h * 60, "p", Decimal(price), currency
    )


def rates(*rows: TariffRow) -> Rates:
    return Rates("Asia/Shanghai", Tariff.of(rows, "bureau", WorkCalendar()), ())


@given(st.lists(st.integers(-(10**12), 10**13), min_size=24, max_size=24))
def test_cost_is_the_exact_sum_of_its_hours(amounts: list[int]) -> None:
    two = rates(row(0, 8, "0.3141"), row(8, 24, "1.0007"))
    money, currency = cost(np.array(amounts), STARTS, "01B00", 1_000_000, two)
    cheap, dear = sum(amounts[:8]), sum(amounts[8:])
    assert money == (cheap * Decimal("0.3141") + dear * Decimal("1.0007")) / 1_000_000
    assert currency == "CNY"


def test_cost_is_unknown_where_the_tariff_is_silent() -> None:
    waste = np.full(24, 1_000_000)
    assert cost(waste, STARTS, "01B00", 1_000_000, Rates("UTC", None, ())) == (None, "")
    half = rates(row(0, 12, "1"))
    assert cost(waste, STARTS, "01B00", 1_000_000, half) == (None, "")
    assert cost(waste[:12], STARTS[:12], "01B00", 1_000_000, half) == (Decimal(12), "CNY")
    mixed = rates(row(0, 12, "1"), row(12, 24, "1", "EUR"))
    assert cost(waste, STARTS, "01B00", 1_000_000, mixed) == (None, "")


def test_carbon_takes_the_factor_of_each_day() -> None:
    first = Factor("01000", "kgco2", Decimal("0.5"), valid_to=DAY)
    second = Factor("01000", "kgco2", Decimal("0.25"), valid_from=DAY)
    days = np.array([day_number(DAY) - 1, day_number(DAY)])
    waste = np.array([2_000_000, 4_000_000])
    assert carbon(waste, days, "01B00", 1_000_000, [first, second]) == Decimal("2.00")
    assert carbon(waste, days, "01B00", 1_000_000, [second]) is None
    assert carbon(waste, days, "02000", 1_000_000, [first, second]) is None


def test_confidence_weighs_waste_against_doubt() -> None:
    assert Price(30.0, 10.0).confidence == 0.75
    assert Price(0.0, 0.0).confidence == 1.0
    assert Price(-5.0, 5.0).confidence == 0.0


def test_interval_grows_with_the_noise_of_quiet_nights(campus: Callable[..., Any]) -> None:
    """The half width follows the definition, worked out by hand on the residuals' own days."""
    from analytics import find

    halves = []
    for noise in (0.5, 2.0):
        place = campus(5)
        place.run_nights("east-ac", date(2026, 10, 19), 4, 0.7)
        nightly = np.random.default_rng(3).normal(0.0, noise, 100)
        owner = place.clock.duty_day - place.clock.duty_day.min()
        place.add("east-ac", np.where(place.clock.night, nightly[owner].clip(-2, 2), 0.0))
        (found,) = find(place.inputs())
        halves.append((found.waste_high_kwh - found.waste_low_kwh) / 2)
        assert found.waste_high_kwh + found.waste_low_kwh == pytest.approx(2 * found.waste_kwh)
        hours_a_night = len(found.hours_us) / 4
        rough = 1.64 * noise * hours_a_night * np.sqrt(4)
        assert 0.5 * rough < halves[-1] < 2.0 * rough
    assert halves[1] > 2 * halves[0]


def test_hours_are_whole() -> None:
    assert np.diff(STARTS).tolist() == [HOUR_US] * 23
