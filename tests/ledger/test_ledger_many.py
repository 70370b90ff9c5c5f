"""More meters than one commit holds: the same books, nodes summed once, nothing lost between."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ledger import jobs
from ledger.jobs import Job, clusters, windows
from ledger.recompute import Recompute
from metering.localtime import days_between
from metering.reading import Kind

METERS, DAYS = 5, 2


@pytest.fixture
def few_a_commit(monkeypatch):
    """Two meters a commit, and two days of them."""
    monkeypatch.setattr(jobs, "METERS_A_PIECE", 2)
    monkeypatch.setattr(jobs, "MOST_METERS", 2)
    monkeypatch.setattr(jobs, "ROWS_A_PIECE", 2)


def world_of(helpers):
    meters = [helpers.meter(f"m{n}", node="b" if n % 2 else "f") for n in range(METERS)]
    registry = helpers.campus(meters, edges=[("o", "b"), ("b", "f")])
    return helpers.World(registry, helpers.later(DAYS + 2))


def push(world, helpers, more=0.0):
    times = helpers.quarters(DAYS * 96 + 1)
    for point in range(1, METERS + 1):
        world.push(point, times, 100 + np.arange(len(times)) * (point + more))


def test_the_books_are_those_of_one_commit(helpers, monkeypatch):
    once = world_of(helpers)
    push(once, helpers)
    assert once.ledger.step().commits == 1
    parted = world_of(helpers)
    with monkeypatch.context() as patch:
        for name in ("METERS_A_PIECE", "MOST_METERS", "ROWS_A_PIECE"):
            patch.setattr(jobs, name, 2)
        push(parted, helpers)
        report = parted.ledger.step()
    assert report.commits > 3
    assert parted.marks.waiting() == 0
    helpers.same(once, parted)
    node = sum(n + 1 for n in range(METERS)) * 96 * 1_000_000
    assert parted.totals("node", "o")[helpers.DAY] == node


def test_nodes_are_made_of_no_more_rows_at_once_than_a_commit_holds(helpers, monkeypatch):
    counting, lengths = Recompute.counting, []

    def counted(self, institution, meters, days):
        lengths.append(len(days))
        return counting(self, institution, meters, days)

    monkeypatch.setattr(Recompute, "counting", counted)
    monkeypatch.setattr(jobs, "METERS_A_PIECE", 1)
    monkeypatch.setattr(jobs, "MOST_METERS", 1)
    monkeypatch.setattr(jobs, "ROWS_A_PIECE", METERS)
    world = world_of(helpers)
    push(world, helpers)
    world.ledger.step()
    assert max(lengths) == 2
    assert sum(lengths) == DAYS + 1


def test_a_node_is_restated_once(helpers, few_a_commit):
    world = world_of(helpers)
    push(world, helpers)
    world.ledger.step()
    push(world, helpers, more=0.5)
    world.ledger.step()
    told = [one for _, one in world.books.restatements("o") if one.key.kind == "node"]
    assert sorted((one.key.code, one.day) for one in told) == sorted(
        (code, helpers.DAY + timedelta(n)) for code in ("o", "b", "f") for n in range(DAYS)
    )
    rows = [row for _, row in world.books.changes("o", "node", history=True, limit=999)]
    assert sum(row.key.code == "o" and row.day == helpers.DAY for row in rows) == 2


@pytest.mark.parametrize("made", [0, 1])
def test_a_ledger_that_stops_among_the_nodes_makes_them_later(
    helpers, few_a_commit, monkeypatch, made
):
    world, whole = world_of(helpers), world_of(helpers)
    push(whole, helpers)
    whole.ledger.step()
    push(world, helpers)

    counting, calls = Recompute.counting, []

    def stop(*args):
        calls.append(args)
        if len(calls) > made:
            raise OSError("no power")
        return counting(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Recompute, "counting", stop)
        with pytest.raises(OSError, match="no power"):
            world.ledger.step()
    assert world.marks.waiting() == METERS
    assert world.rows("meter", f"m{METERS - 1}")
    assert len(world.rows("node", "o")) == made
    world.restart()
    world.ledger.step()
    assert world.marks.waiting() == 0
    helpers.same(whole, world)


def test_a_commit_holds_many_meters_of_a_day_and_few_of_a_month(helpers):
    registry = helpers.campus([helpers.meter(f"m{n:04}") for n in range(1500)])
    start = helpers.midnight()
    for days, sizes in ((1, [682, 682, 136]), (0, [1024, 476]), (60, [64] * 23 + [28])):
        end = start + days * 96 * helpers.QUARTER_US
        found = clusters(registry, [Job(code, start, end) for code in registry.meters])
        assert [len(cluster.jobs) for cluster in found] == sizes
        assert len({cluster.place for cluster in found}) == 1


def test_days_of_many_meters_come_in_smaller_pieces(helpers):
    days = days_between(helpers.DAY, helpers.DAY + timedelta(39))
    assert [len(part) for part in windows(days)] == [31, 9]
    assert [len(part) for part in windows(days, 512)] == [8] * 5
    assert [len(part) for part in windows(days, 10_000)] == [1] * 40
    assert windows([], 0) == []


def test_a_step_does_not_book_twice_what_it_has_just_booked(helpers):
    registry = helpers.campus([helpers.meter("m"), helpers.meter("n", "01A00")])
    world = helpers.World(registry, helpers.midnight() + 8 * helpers.QUARTER_US)
    times, values = helpers.quarters(12), np.arange(12) * 4.0
    world.push(1, times[:8], values[:8])
    world.push(2, times[:8], values[:8])
    world.ledger.step()
    world.now_us += helpers.QUARTER_US
    world.push(1, times[8:9], values[8:9])
    report = world.ledger.step()
    silent = world.rows("meter", "n", "01A00")[0]
    assert silent.day_shares[3] > 0  # silence grows without a reading
    of_m, of_n = 1 + 2, 1 + 4  # with the nodes above: two of all electricity, two of lighting
    assert report.computed == of_m + of_n


def test_running_days_are_looked_at_in_the_quarter_hour_after_a_long_step(helpers):
    registry = helpers.campus([helpers.meter("m")])
    world = helpers.World(registry, helpers.midnight() + 8 * helpers.QUARTER_US)
    times, values = helpers.quarters(8), np.arange(8) * 4.0
    world.push(1, times, values)
    world.ledger.step()
    before = world.rows("meter", "m")[0]
    world.now_us += helpers.QUARTER_US
    world.ledger._computed = {(before.key, before.day)}
    world.ledger.roll_day(world.now_us - helpers.QUARTER_US)
    assert world.rows("meter", "m")[0].day_shares[3] > before.day_shares[3]


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
def test_intervals_go_on_after_a_silence_of_months(helpers, kind):
    world = helpers.World(helpers.campus([helpers.meter("m")], kinds={"m": kind}),
                          helpers.later(204))  # fmt: skip
    after = helpers.midnight(helpers.DAY + timedelta(200))
    world.push(1, helpers.quarters(96), [2.0] * 96)
    world.push(1, helpers.quarters(96, after), [3.0] * 96)
    world.ledger.step()
    totals = world.totals("meter", "m")
    scale = 1 if kind is Kind.INTERVAL else 4
    assert totals[helpers.DAY] == 96 * 2_000_000 // scale
    assert totals[helpers.DAY + timedelta(200)] == 96 * 3_000_000 // scale
