"""Stretches of days told as one period each, and periods cut out of a series."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import (
    between,
    cost,
    costs_of_each,
    emissions_of_each,
    energy,
    stretches,
)
from metering.factor import Factor
from metering.quantity import ABSENT
from metering.validity import Validity

FIRST, DAYS = date(2026, 3, 2), 12
SPANS = [(0, 0), (1, 4), (7, 8), (10, 11)]


def days(*places):
    return [FIRST + timedelta(days=place) for place in places]


@pytest.fixture
def world(helpers, fig):
    """A meter with a gap over midnight, under prices that turn at half past eight."""
    rows = [fig.price("valley", 0, 510, "0.3"), fig.price("peak", 510, 1440, "1.1")]
    factors = (
        Factor("01000", "kgco2", Decimal("0.5"), valid=Validity(end=days(6)[0])),
        Factor("01000", "kgco2", Decimal("0.7"), valid=Validity(days(6)[0])),
    )
    registry = fig.with_tariff(helpers.campus([helpers.meter("m")]), *rows, factors=factors)
    world = helpers.World(registry, helpers.later(DAYS + 1))
    times = helpers.quarters(DAYS * 96 + 1)
    kept = np.ones(len(times), dtype=bool)
    kept[170:240] = False
    world.push(1, times[kept], (np.arange(len(times)) * 2.5)[kept])
    world.ledger.step()
    return world


def test_a_stretch_is_told_as_the_month_it_may_be(world, fig):
    with fig.view_of(world) as view:
        key = view.key_of("m")
        one = stretches(view, key, [(FIRST, days(DAYS - 1)[0])])
        month = energy(view, key, FIRST, days(DAYS - 1)[0], "month")
        assert one.values() == month.values()
        assert np.array_equal(one.shares, month.shares)
        assert costs_of_each(view, one) == costs_of_each(view, month)
        assert emissions_of_each(view, one) == emissions_of_each(view, month)


def test_each_stretch_has_its_own_energy_money_and_carbon(world, fig):
    with fig.view_of(world) as view:
        key = view.key_of("m")
        spans = [tuple(days(*span)) for span in SPANS]
        found = stretches(view, key, spans)
        costs, emitted = costs_of_each(view, found), emissions_of_each(view, found)
        for n, (first, last) in enumerate(spans):
            each = energy(view, key, first, last, "day")
            assert found.values()[n] == sum(each.values())
            assert costs[n].money == cost(view, key, first, last).money
            parts = [kgco2.amount for kgco2, _ in emissions_of_each(view, each)]
            assert emitted[n][0].amount == sum(parts)


def test_periods_cut_out_of_a_series_are_the_same_periods(world, fig):
    with fig.view_of(world) as view:
        key = view.key_of("m")
        hours = energy(view, key, *days(1, 2), "hour")
        start, end = int(hours.start_us[7]), int(hours.start_us[31])
        cut = between(hours, start, end)
        assert cut.values() == hours.values()[7:31]
        assert costs_of_each(view, cut) == costs_of_each(view, hours)[7:31]
        assert len(between(hours, end, end)) == 0


def test_what_is_not_known_has_no_money(world, helpers, fig):
    world.now_us = helpers.midnight() + 6 * helpers.HOUR_US
    later = helpers.World(replace(world.registry), world.now_us)
    later.push(1, helpers.quarters(21), np.arange(21) * 1.0)
    later.ledger.step()
    with fig.view_of(later) as view:
        hours = energy(view, view.key_of("m"), FIRST, FIRST, "hour")
        for amount, one in zip(hours.quantity, costs_of_each(view, hours), strict=True):
            assert bool(one.money) == (amount != ABSENT)


def test_a_view_says_what_it_read_and_forgets_rows_alone(world, fig):
    with fig.view_of(world) as view:
        key = view.key_of("m")
        assert view.revisions == {}
        before = energy(view, key, FIRST, FIRST, "day").values()
        view.forget(key)
        assert view.revisions == {"o": world.books.revision("o")}
        assert energy(view, key, FIRST, FIRST, "day").values() == before
