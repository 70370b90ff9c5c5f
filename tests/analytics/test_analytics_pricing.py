"""Money, carbon and the interval of an event."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics import find
from analytics.pricing import FREE, Price, sure


def test_one_sum_is_the_cost_and_two_are_not() -> None:
    one, two = ("CNY", Decimal("2.60")), ("EUR", Decimal(3))
    assert Price(4.0, 0.0, (one,)).sole == one
    assert Price(4.0, 0.0, (one, two)).sole == ("", None)
    assert FREE.sole == ("", None)


def test_confidence_weighs_waste_against_doubt() -> None:
    assert Price(30.0, 10.0).confidence == 0.75
    assert Price(0.0, 0.0).confidence == 1.0
    assert Price(-5.0, 5.0).confidence == 0.0


def test_what_stands_out_is_as_sure_as_such_things_were() -> None:
    """On fleets made up for it, of what stood out by so much, as many were right."""
    right = {5.5: 0.46, 6.5: 0.66, 7.5: 0.81, 9.0: 0.91, 11.5: 0.96, 20.0: 0.98}
    for score, share in right.items():
        assert Price(30.0, 10.0, score=score).confidence == pytest.approx(share, abs=0.1)
    assert sure(6.0) == 0.5
    assert sure(1e6) == 0.98, "nothing is certain"


@pytest.mark.long
def test_the_interval_grows_with_what_nights_are_usually_off_by(campus: Callable[..., Any]) -> None:
    halves = []
    for noise in (0.5, 2.0):
        place = campus(5)
        nightly = np.random.default_rng(3).normal(0.0, noise, 100)
        owner = place.clock.duty_day - place.clock.duty_day.min()
        place.add("east-ac", np.where(place.clock.night, nightly[owner].clip(-2, 2), 0.0))
        extra = place.run_nights("east-ac", date(2026, 10, 19), 4, 0.7)
        (found,) = find(place.inputs())
        halves.append((found.waste_high - found.waste_low) / 2)
        assert found.waste_high + found.waste_low == pytest.approx(2 * found.waste)
        assert found.waste_low < extra.sum() < found.waste_high
    assert halves[1] > 1.05 * halves[0]
