"""Money, carbon and the interval of an event."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics.pricing import FREE, Price


def test_one_sum_is_the_cost_and_two_are_not() -> None:
    one, two = ("CNY", Decimal("2.60")), ("EUR", Decimal(3))
    assert Price(4.0, 0.0, (one,)).sole == one
    assert Price(4.0, 0.0, (one, two)).sole == ("", None)
    assert FREE.sole == ("", None)


def test_confidence_weighs_waste_against_doubt() -> None:
    assert Price(30.0, 10.0).confidence == 0.75
    assert Price(0.0, 0.0).confidence == 1.0
    assert Price(-5.0, 5.0).confidence == 0.0


@pytest.mark.long
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
        halves.append((found.waste_high - found.waste_low) / 2)
        assert found.waste_high + found.waste_low == pytest.approx(2 * found.waste)
        hours_a_night = len(found.hours_us) / 4
        rough = 1.64 * noise * hours_a_night * np.sqrt(4)
        assert 0.5 * rough < halves[-1] < 2.0 * rough
    assert halves[1] > 2 * halves[0]
