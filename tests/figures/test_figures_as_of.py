"""Figures as the books stood at an earlier revision."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from figures import AsOf, Figures, energy, periods, worth_of_each
from metering.errors import InvalidInput, NotFound

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def world(helpers, fig):
    registry = fig.with_tariff(helpers.campus([helpers.meter("m")]), fig.price("f", 0, 1440, "0.5"))
    world = helpers.World(registry, helpers.later(3))
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    return world


def told(world, revision: int | None, last: date = DAY):
    """(revision, total) of the building's days from the first to the last."""
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
    as_of = None if revision is None else AsOf("o", revision)
    with figures.view(as_of=as_of) as view:
        found = energy(view, view.key_of("o", "01000"), DAY, last, "day")
        return found.revision, [one.amount for one in periods(found)]


def test_a_late_correction_leaves_what_stood_before_as_it_was(world, helpers):
    before = told(world, None)
    world.push(1, helpers.quarters(97)[-1:], np.array([100.0]))
    world.ledger.step()
    after = told(world, None)
    assert after[0] > before[0]
    assert after[1] != before[1]
    assert told(world, before[0]) == before
    assert told(world, after[0]) == after


def money(world, as_of: AsOf | None):
    """(registry, revision, what the building's day is worth) at a moment."""
    versions = {one.version: one for one in world.versions}
    figures = Figures(
        world.books, lambda: world.versions[-1], lambda: world.now_us, versions.__getitem__
    )
    with figures.view(as_of=as_of) as view:
        found = energy(view, view.key_of("o", "01000"), DAY, DAY, "day")
        return view.registry.version, found.revision, worth_of_each(view, found)


def test_money_of_then_is_by_the_windows_and_the_prices_of_then(world, fig):
    two = [fig.price("peak", 0, 485, "1"), fig.price("valley", 485, 1440, "0.2")]
    world.change(fig.with_tariff(world.registry, *two))
    world.ledger.step()
    world.versions = [world.registry]
    before = money(world, None)
    dearer = [fig.price("peak", 0, 435, "2"), fig.price("valley", 435, 1440, "0.1")]
    world.versions.append(fig.with_tariff(world.registry, *dearer))
    world.change(world.versions[-1])
    world.ledger.step()
    after = money(world, None)
    assert after[0] == before[0] + 1
    assert after[1] > before[1]
    assert after[2] != before[2]
    assert money(world, AsOf("o", before[1], before[0])) == before
    assert money(world, AsOf("o", after[1], after[0])) == after
    assert money(world, AsOf("o", before[1]))[0] == after[0]


def test_a_day_of_a_settled_range_that_had_no_row_was_not_measured(world, helpers):
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
    then = told(world, None)[0]
    before = DAY - timedelta(days=1)
    world.push(1, helpers.quarters(96, helpers.midnight(before)), np.arange(-96, 0) * 1.0)
    world.ledger.step()
    for settled, expected in (((before, DAY), None), ((DAY, DAY), NotFound)):
        with figures.view(as_of=AsOf("o", then, settled=settled)) as view:
            key = view.key_of("o", "01000")
            if expected is None:
                assert sorted(view.rows(key, before, DAY)) == [DAY]
                assert not view.is_being_booked("o", 0, 2**60)
            else:
                with pytest.raises(expected, match="not all settled"):
                    view.rows(key, before, DAY)


def test_a_day_that_was_not_settled_then_is_refused_and_not_called_missing(world, helpers):
    world = helpers.World(world.registry, helpers.later(1))
    world.push(1, helpers.quarters(120), np.arange(120) * 1.0)
    world.ledger.step()
    then = told(world, None, NEXT)[0]
    assert told(world, then, NEXT) == told(world, None, NEXT)
    world.now_us = helpers.later(3)
    world.push(1, helpers.quarters(193)[120:], np.arange(120, 193) * 1.0)
    world.ledger.step()
    assert told(world, None, NEXT)[0] > then
    assert told(world, then)[0] == then
    with pytest.raises(NotFound, match=f"at revision {then} the days {NEXT} to {NEXT}"):
        told(world, then, NEXT)


def test_a_revision_that_is_not_there_or_is_of_others_is_refused(world):
    present = told(world, None)[0]
    with pytest.raises(InvalidInput, match="no such revision"):
        told(world, present + 1)
    figures = Figures(world.books, lambda: world.registry, lambda: world.now_us)
    with (
        figures.view(as_of=AsOf("hospital", 1)) as view,
        pytest.raises(InvalidInput, match="revisions are of one institution"),
    ):
        view.rows(view.key_of("o", "01000"), DAY, DAY)
