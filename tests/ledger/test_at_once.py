"""How much is read and made at once: bounded, whatever is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ledger import jobs, recompute
from ledger.context import Context
from ledger.periods import Clock
from ledger.recompute import Plans, Recompute


def campus_of(helpers, count: int):
    return helpers.campus([helpers.meter(f"m{n:02}", step_min=1440) for n in range(count)])


@pytest.mark.parametrize(
    ("days", "looks"), [(2, [64, 6, 64, 6]), (4, [64, 6, 64, 6]), (9, [*([6] * 11), 4] * 2)]
)
def test_meters_are_read_many_at_once_over_more_than_four_days_up_to_a_bound_of_readings(
    helpers, monkeypatch, days, looks
):
    monkeypatch.setattr(recompute, "MOST_ROWS", 60)
    world = helpers.World(campus_of(helpers, 70), helpers.later(9))
    for point in range(1, 71):
        world.push(point, helpers.midnight() + np.arange(days) * 24 * helpers.HOUR_US, range(days))
    found, look = [], Context.look

    def recorded(self, points, *more):
        points = list(points)
        found.append(len(points))
        look(self, points, *more)

    monkeypatch.setattr(Context, "look", recorded)
    world.ledger.step()
    assert found == looks


def test_rows_of_meters_are_held_up_to_a_bound(helpers, monkeypatch):
    registry = campus_of(helpers, 3)
    plans, found = Plans(registry), []
    one = plans.on("o", helpers.DAY)
    monkeypatch.setattr(recompute, "alike", lambda *_: [])
    made = Recompute(registry, plans, None, None, Clock(0))
    monkeypatch.setattr(
        made, "_rows", lambda keys, days, fresh: found.append((len(keys), len(days)))
    )
    days = [helpers.DAY] * 30_000
    made._figures(one, list(one.figures.values()), days, (), [])
    assert found == [(3, 65_536 // 3), (3, 30_000 - 65_536 // 3)]
    assert made._figures(one, [], days, (), []) == []
    assert len(found) == 2


def test_a_day_that_ended_is_settled_for_many_meters_at_once(helpers, monkeypatch):
    """It is one day, not the one after too, so twice as many meters are one piece."""
    monkeypatch.setattr(jobs, "METERS_A_PIECE", 1)
    monkeypatch.setattr(jobs, "ROWS_A_PIECE", 4)
    world = helpers.World(
        helpers.campus([helpers.meter("m"), helpers.meter("n")]), helpers.later(0)
    )
    for point in (1, 2):
        world.push(point, helpers.quarters(9), range(9))
    world.ledger.step()
    world.now_us = helpers.later(1)
    report = world.ledger.roll_day()
    assert (report.commits, report.days, report.revisions) == (1, 1, {"o": report.revisions["o"]})
    assert not any(row.provisional for row in world.all_rows().values())
