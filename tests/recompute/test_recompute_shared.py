"""Places of several: of the file of one both implementations tell the same of its part."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from figures import Figures
from metering.access import Scope
from metering.factor import Factor
from metering.registry import Node, NodeType, SpaceEdge, Validity
from metering.tariff import TariffRow
from proofs.recompute_compare import STEPS
from tests.two_books import differing_figures

DAYS = 4
TURN = date(2026, 3, 4)


def price(start: int, end: int, amount: str, days: str = "all", **more):
    months = frozenset(range(1, 13))
    item = more.pop("item", "01000")
    return TariffRow("t", item, months, days, start, end, f"p{amount}", Decimal(amount), **more)


WORTH = {
    "tariff": (
        price(0, 510, "0.3127"),
        price(510, 1000, "1.0843"),
        price(1000, 1440, "0.3127"),
        price(0, 700, "0.51", item="01A00", currency="EUR"),
        price(700, 1440, "0.93", item="01A00", currency="EUR"),
    ),
    "factors": (Factor("01000", "kgco2", Decimal("0.5306")),),
}


def shared(helpers, shares, *, turn: date | None = None, **more):
    """House `h` of `o`, `p` and `q`, with a total, lights, plant and a meter read once a day; `o`
    has a site of its own beside it, of which `h` may be a part."""
    meters = [
        helpers.meter("a", "01A00", node="h"),
        helpers.meter("x", "01B00", node="f"),
        helpers.meter("daily", "01D00", node="h", step_min=1440),
        helpers.meter("half", "01B20", node="f", step_min=30),
        helpers.meter("own", "01A00", node="s"),
        helpers.meter("t", node="f", total=True),
    ]
    known = helpers.campus(meters, edges=[("o", "s"), ("h", "f")], **{**WORTH, **more})
    nodes = {c: Node(c, NodeType.INSTITUTION, zone=known.nodes["o"].zone) for c in "pq"}
    edges = [SpaceEdge(c, "h", s, Validity(turn)) for c, s in shares.items()]
    if turn is not None:
        edges.append(SpaceEdge("o", "h", valid=Validity(end=turn)))
    return replace(known, nodes={**known.nodes, **nodes}, space=(*known.space, *edges))


def fill(world, helpers, seed: int = 1, zone: str = "Asia/Shanghai") -> None:
    rng = np.random.default_rng(seed)
    for point in sorted(world.registry.points):
        times = helpers.quarters(DAYS * 96 + 1, zone=zone)
        values = np.round(1000 * point + np.cumsum(rng.uniform(0.5, 3, len(times))), 3)
        kept = np.ones(len(times), dtype=bool)
        for at in rng.integers(0, len(times), 3):
            kept[at : at + int(rng.integers(1, 40))] = False
        world.push(point, times[kept], values[kept])
    world.book()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("turn", [None, TURN])
@pytest.mark.sampled(2)
def test_a_part_across_institutions(helpers, tmp_path, seed, turn):
    shares = {"s": "0.55", "p": "0.3", "q": "0.15"}
    world = helpers.World(shared(helpers, shares, turn=turn), DAYS)
    fill(world, helpers, seed)
    known, scope = world.registry, Scope.below("o", world.registry)
    figures = Figures(world.books, lambda: known, lambda: world.now_us)
    steps = STEPS if turn is None else STEPS[1:]  # the native step of another's day is nobody's
    with figures.view(scope=scope) as view:
        assert differing_figures(world.books, view, world.recomputed(tmp_path), steps) == []


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.sampled(1)
def test_a_part_in_other_zones(helpers, tmp_path, zone):
    shares = {"s": "120 m2", "q": "77.7 m2"}
    world = helpers.World(shared(helpers, shares, zone=zone), DAYS)
    fill(world, helpers, 5, zone)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_a_part_of_a_house_within_one_institution(helpers, tmp_path):
    known = shared(helpers, {"s": "7 persons", "r": "11 persons"})
    known = replace(
        known,
        nodes={**known.nodes, "r": Node("r", NodeType.SITE)},
        space=(*known.space, SpaceEdge("o", "r")),
    )
    world = helpers.World(known, DAYS)
    fill(world, helpers, 3)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_a_part_of_a_part(helpers, tmp_path):
    known = shared(helpers, {"s": "0.5", "u": "0.5"})
    edges = (SpaceEdge("o", "u", "0.25"), SpaceEdge("p", "u", "0.75"))
    known = replace(
        known,
        nodes={**known.nodes, "u": Node("u", NodeType.BUILDING)},
        space=(*known.space, *edges),
    )
    world = helpers.World(known, DAYS)
    fill(world, helpers, 4)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.sampled(1)
def test_a_part_by_what_meters_count(helpers, tmp_path, seed):
    world = helpers.World(shared(helpers, {"s": "meter a", "q": "meter half"}), DAYS)
    fill(world, helpers, seed)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_a_part_whose_meter_is_silent(helpers, tmp_path):
    world = helpers.World(shared(helpers, {"s": "meter a", "q": "meter x"}), DAYS)
    for point, last in ((1, 200), (2, DAYS * 96), (3, 300), (4, 300), (5, 300), (6, 310)):
        times = helpers.quarters(last + 1)
        world.push(point, times, 100.0 * point + 1.5 * np.arange(last + 1))
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_the_file_does_not_say_who_else_has_a_share(helpers):
    known = shared(helpers, {"s": "0.55", "p": "0.3", "q": "0.15"})
    world = helpers.World(known, DAYS)
    fill(world, helpers)
    lines = [line if isinstance(line, dict) else json.loads(line) for line in world.lines()]
    nodes = {line["code"] for line in lines if line["kind"] == "node"}
    assert nodes == {"o", "s", "h", "f"}
    (share,) = (line for line in lines if line["kind"] == "share")
    assert share["weights"] == [6, 3, 11]
    assert (share["parent"], share["place"]) == ("s", 2)
