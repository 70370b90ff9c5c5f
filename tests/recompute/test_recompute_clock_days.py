"""Days on which clocks change, in places whose clocks change on other days: both implementations
tell the same energy and money, and all energy is priced."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger import slot_windows
from metering.book import SeriesKey
from metering.localtime import day_bounds
from metering.reading import Kind
from metering.registry import (
    Direction,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.tariff import TariffRow
from tests.ledger.random_worlds import Batch, RandomWorld, SentReading
from tests.ledger.test_random_worlds import at_once
from tests.two_books import differing_days, differing_figures, journal, recomputed, viewed

CHANGES = {
    "Europe/Berlin": (date(2026, 10, 25), date(2026, 3, 29)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/St_Johns": (date(2026, 11, 1), date(2026, 3, 8)),
    "America/Santiago": (date(2026, 4, 4), date(2026, 9, 6)),
    "Asia/Shanghai": (date(2026, 10, 25), date(2026, 3, 29)),
    "America/Havana": (date(2026, 11, 1), date(2026, 3, 8)),
}
INSIDE = (None, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai")
EDGES = (7, 60, 90, 119, 120, 121, 150, 180, 195, 420, 437, 720, 1380, 1425)
US = 1_000_000


def tariff(edges, name="t", **more) -> list[TariffRow]:
    item, months = more.pop("item", "01000"), frozenset(range(1, 13))
    spans = zip(edges, [*edges[1:], 1440], strict=True)
    return [
        TariffRow(name, item, months, "all", a, b, f"p{n}", Decimal(n * 3 + 1) / 10, **more)
        for n, (a, b) in enumerate(spans)
    ]


def campus(zone: str, inside: str | None, meters, rows, directions=()) -> Registry:
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone=zone),
        "b": Node("b", NodeType.BUILDING, zone=inside),
        "c": Node("c", NodeType.BUILDING),
    }
    points = {n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in range(1, len(meters) + 1)}
    ways = directions or [Direction.IMPORT] * len(meters)
    return Registry(
        version=1,
        nodes=nodes,
        space=(SpaceEdge("o", "b"), SpaceEdge("b", "c")),
        meters={one.code: one for one in meters},
        points=points,
        installations=tuple(
            Installation(one.code, n, direction=way)
            for n, (one, way) in enumerate(zip(meters, ways, strict=True), start=1)
        ),
        tariff=tuple(rows),
    )


def any_world(seed: int) -> RandomWorld:
    """A total that is silent for a while, meters inside, and prices that turn at odd minutes."""
    rng = np.random.default_rng(seed)

    def pick(*values):
        return values[int(rng.integers(len(values)))]

    zone, step = pick(*CHANGES), pick(15, 20, 30, 60, 1440)
    changed, inside = pick(*CHANGES[zone]), pick(*INSIDE)
    first, days = changed - timedelta(int(rng.integers(0, 2))), int(rng.integers(1, 4))
    fine = [one for one in (15, 20, 30, 60, 1440) if step % one == 0]
    meters = [Meter("t", pick("o", "b"), "01000", total=True, step_min=step)]
    for n in range(int(rng.integers(1, 4))):
        own = int(pick(*fine)) if rng.random() < 0.8 else pick(15, 60, 1440)
        where, item = pick("o", "b", "c"), pick("01A00", "01B00")
        meters.append(Meter(f"p{n}", where, item, step_min=own, total=bool(rng.random() < 0.2)))
    start = day_bounds(first, zone)[0]
    end = day_bounds(first + timedelta(days), zone)[1]
    sent, ways = [], []
    for point, one in enumerate(meters, start=1):
        ways.append(Direction.EXPORT if rng.random() < 0.2 else Direction.IMPORT)
        every = pick(300, 900, 900, 1200, 1800, 3600) * US
        early, late = every * int(rng.integers(0, 5)), pick(0, 0, every // 3)
        times = np.arange(start - early, end + every * 4, every) + late
        values = np.cumsum(np.round(rng.uniform(0, 3, len(times)), 4))
        keep = np.ones(len(times), dtype=bool)
        low, high = sorted(rng.integers(0, len(times), 2).tolist())
        if one.code == "t":
            how = pick("end", "start", "middle", "none")
            values[low:] -= values[low] if how == "middle" else 0
            holes = {"end": (low, None), "start": (0, high), "middle": (low + 1, high)}
            keep[slice(*holes.get(how, (0, 0)))] = False
        elif rng.random() < 0.3:
            keep = rng.random(len(times)) > 0.1
        pairs = zip(times[keep].tolist(), values[keep].tolist(), strict=True)
        sent += [SentReading(point, time, round(value, 4)) for time, value in pairs]
    many = int(rng.integers(0, 5))
    edges = sorted({0, *(int(one) for one in rng.choice(EDGES, many, replace=False))})
    rows = tariff(edges)
    rows += tariff(edges, "u", node=pick("b", "c")) if rng.random() < 0.3 else []
    rows += tariff(edges, "v", item="01A00") if rng.random() < 0.3 else []
    registry = campus(zone, inside, meters, rows, ways)
    world = RandomWorld(zone, first, days, registry, registry, [])
    world.batches.append(Batch(world.ends_us, sent))
    return world


def differing(folder, world: RandomWorld) -> list[str]:
    booked, now_us = at_once(world), world.ends_us
    after = world.first + timedelta(days=world.days)
    own = recomputed(folder, journal(world.registry, booked.sent, world.first, after, now_us))
    with viewed(booked.books, world.registry, now_us) as view:
        return differing_days(booked.books, own) + differing_figures(booked.books, view, own)


@pytest.mark.parametrize("seed", [*range(24), 105, 135, 219])
@pytest.mark.sampled(4)
def test_money_is_the_same_on_days_on_which_clocks_change_elsewhere(tmp_path, seed):
    assert differing(tmp_path, any_world(seed)) == []


@pytest.mark.parametrize(
    ("zone", "inside", "day"),
    [
        ("Asia/Shanghai", "Europe/Berlin", date(2026, 10, 25)),
        ("Europe/Berlin", "Asia/Shanghai", date(2026, 3, 29)),
        ("Asia/Shanghai", "Australia/Lord_Howe", date(2026, 4, 5)),
    ],
)
@pytest.mark.parametrize("step", [15, 20, 60, 1440])
def test_all_that_stands_in_is_priced_though_it_is_past_the_total_s_day(
    tmp_path, zone, inside, day, step
):
    meters = [
        Meter("t", "o", "01000", total=True, step_min=step),
        Meter("a", "b", "01A00", step_min=step),
    ]
    registry = campus(zone, inside, meters, tariff([0, 119, 1380, 1425]))
    world = RandomWorld(zone, day, 1, registry, registry, [])
    times = day_bounds(day, zone)[0] - 86_400 * US + np.arange(4 * 96) * 900 * US
    sent = [SentReading(2, time, n * 0.7) for n, time in enumerate(times.tolist())]
    sent += [SentReading(1, int(times[-2]), 1.0), SentReading(1, int(times[-1]), 2.0)]
    world.batches.append(Batch(world.ends_us, sent))
    (row,) = at_once(world).books.rows([SeriesKey("o", "node", "o", "01000")], day, day)
    windows = row.finest.windows
    assert windows is not None
    assert row.total == windows.quantity.sum() == windows.estimated.sum() > 0
    assert differing(tmp_path, world) == []


def test_a_slot_past_the_end_of_a_day_lies_in_its_last_window():
    plan = slot_windows(100, 15, (0, 600), 1440)
    assert plan[95] == (95, [(1, 15)])
    assert plan[96:] == [(slot, [(1, 15)]) for slot in range(96, 100)]
    assert slot_windows(25, 60, (0, 600), 1470)[24] == (24, [(1, 30)])
    assert slot_windows(26, 60, (0, 600), 1470)[24:] == [(24, [(1, 30)]), (25, [(1, 60)])]
    assert slot_windows(1, 1440, (0, 600), 1500) == [(0, [(0, 600), (1, 900)])]
