"""The rule of the two trees: what counts where, and what adds up to what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import Term, plan
from metering.book import DirtyMark
from metering.errors import Conflict
from metering.registry import Node, NodeType, SpaceEdge, SupplyEdge, Validity
from metering.registry.changes import changed_figures, changed_meters, marks_of_change

DAY = date(2026, 3, 2)


def terms(figure) -> list[tuple[str, str, int]]:
    return sorted((t.kind, f"{t.code}/{t.item}", t.sign) for t in figure.counted)


def figure(registry, node, item, day=DAY):
    return plan(registry, "o", day).figures[node, item]


def test_a_total_wins_and_parts_do_not_add(helpers):
    registry = helpers.campus(
        [helpers.meter("t", total=True), helpers.meter("a", "01A00"), helpers.meter("b2", "01B00")]
    )
    one = figure(registry, "b", "01000")
    assert terms(one) == [("meter", "t/01000", 1)]
    assert [t.code for t in one.parts] == ["a", "b2"]
    assert figure(registry, "o", "01000").meters == ("t",)
    assert terms(figure(registry, "b", "01A00")) == [("meter", "a/01A00", 1)]


def test_without_a_total_the_wider_item_is_the_sum_of_narrower_ones(helpers):
    registry = helpers.campus(
        [helpers.meter("a", "01A00"), helpers.meter("c", "01B10"), helpers.meter("d", "01B20")]
    )
    assert figure(registry, "b", "01000").meters == ("a", "c", "d")
    assert figure(registry, "b", "01B00").meters == ("c", "d")
    assert figure(registry, "o", "01B10").meters == ("c",)


def test_a_narrower_total_takes_the_place_of_its_parts_below(helpers):
    registry = helpers.campus(
        [
            helpers.meter("plant", "01B00", total=True),
            helpers.meter("floor", "01000", node="f", total=True),
            helpers.meter("fans", "01B20", node="f"),
        ],
        edges=[("o", "b"), ("b", "f")],
    )
    assert terms(figure(registry, "b", "01000")) == [
        ("node", "b/01B00", 1),
        ("node", "f/01000", 1),
        ("node", "f/01B00", -1),
    ]


def test_meters_in_a_row_count_once(helpers):
    registry = helpers.campus(
        [
            helpers.meter("utility"),
            helpers.meter("ups_in", "01D10"),
            helpers.meter("ups_out", "01D10"),
            helpers.meter("it", "01D10", node="room"),
            helpers.meter("cooling", "01B10", node="room"),
        ],
        edges=[("o", "b"), ("b", "room")],
        supply=[("utility", "ups_in"), ("ups_in", "ups_out"), ("ups_out", "it")],
    )
    assert figure(registry, "b", "01000").meters == ("utility", "cooling")
    assert figure(registry, "b", "01D10").meters == ("ups_in",)
    assert figure(registry, "room", "01D10").meters == ("it",)


def test_meters_in_a_row_in_neighbouring_rooms_count_once(helpers):
    registry = helpers.campus(
        [helpers.meter("ups", "01D10", node="r1"), helpers.meter("it", "01D10", node="r2")],
        edges=[("o", "b"), ("b", "r1"), ("b", "r2")],
        supply=[("ups", "it")],
    )
    assert figure(registry, "b", "01D10").meters == ("ups",)
    assert figure(registry, "r2", "01D10").meters == ("it",)


def test_dated_edges_and_meters_count_on_their_days(helpers):
    change = DAY + timedelta(days=10)
    registry = helpers.campus(
        [helpers.meter("a"), helpers.meter("n", valid=Validity(change, None))],
        edges=[("o", "b"), ("o", "c")],
    )
    moved = (
        SpaceEdge("o", "b"),
        SpaceEdge("o", "c"),
        SpaceEdge("c", "b", valid=Validity(change, None)),
    )
    dated = replace(registry, space=moved, supply=(SupplyEdge("a", "n", Validity(None, change)),))
    assert figure(dated, "b", "01000").meters == ("a",)
    assert figure(dated, "b", "01000", change).meters == ("a", "n")
    assert ("c", "01000") not in plan(dated, "o", DAY).figures
    assert figure(dated, "c", "01000", change).meters == ("a", "n")


def test_the_finest_part_sets_the_step(helpers):
    registry = helpers.campus([helpers.meter("a", step_min=15), helpers.meter("h", step_min=60)])
    assert figure(registry, "b", "01000").step_min == 15
    assert plan(registry, "o", DAY).silent("b", "01000", ["a"]) == ["h"]


def world_of(helpers, meters, **more):
    return helpers.World(helpers.campus(meters, **more), helpers.later(2))


def test_a_silent_total_is_estimated_from_its_parts(helpers):
    world = world_of(
        helpers,
        [helpers.meter("t", total=True), helpers.meter("a", "01A00"), helpers.meter("c", "01B00")],
    )
    times = helpers.quarters(97)
    world.push(1, times[:49], 100 + np.arange(49) * 10.0)
    world.push(2, times, 100 + np.arange(97) * 4.0)
    world.push(3, times, 100 + np.arange(97) * 3.0)
    world.ledger.step()
    row = world.rows("node", "b")[0]
    assert row.finest.slots[:48].tolist() == [10_000_000] * 48
    assert row.finest.slots[48:].tolist() == [7_000_000] * 48
    assert row.finest.shares[60].tolist() == [0, 0, 10_000, 0]
    assert row.finest.hour_shares[20].tolist() == [0, 0, 10_000, 0]
    assert row.day_shares.tolist() == [5_000, 0, 5_000, 0]
    assert world.rows("meter", "t")[0].day_shares.tolist() == [5_000, 0, 0, 5_000]


def test_a_total_that_never_spoke_is_estimated_too(helpers):
    world = world_of(helpers, [helpers.meter("t", total=True), helpers.meter("a", "01A00")])
    world.push(2, helpers.quarters(97), np.arange(97) * 4.0)
    world.ledger.step()
    row = world.rows("node", "o")[0]
    assert row.total == 96 * 4_000_000
    assert row.day_shares.tolist() == [0, 0, 10_000, 0]


def test_sites_in_other_zones_add_by_their_own_days(helpers):
    registry = helpers.campus([helpers.meter("a"), helpers.meter("n", node="c")],
                              edges=[("o", "b"), ("o", "c")])  # fmt: skip
    nodes = {**registry.nodes, "c": Node("c", NodeType.SITE, zone="Asia/Kathmandu")}
    world = helpers.World(replace(registry, nodes=nodes), helpers.later(3))
    for point, zone in ((1, "Asia/Shanghai"), (2, "Asia/Kathmandu")):
        start = helpers.midnight(DAY, zone)
        world.push(point, helpers.quarters(193, start), np.arange(193) * 2.0)
    world.ledger.step()
    assert [row.total for row in world.rows("node", "o")][:2] == [2 * 96 * 2_000_000] * 2
    assert world.rows("node", "o")[0].day_shares.tolist() == [10_000, 0, 0, 0]


ITEMS = ["01A00", "01B00", "01B10", "01C10", "01000", "02000"]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    layout=st.lists(
        st.tuples(
            st.sampled_from(["b", "f1", "f2", "o"]),
            st.sampled_from(ITEMS),
            st.booleans(),
            st.sampled_from([15, 20, 30, 60]),
        ),
        min_size=1,
        max_size=7,
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_parent_is_the_sum_of_what_counts(helpers, layout, seed):
    """A figure equals the signed sum of its terms' totals, whatever the trees."""
    rng = np.random.default_rng(seed)
    meters = [
        helpers.meter(f"m{i}", item, node, total=total, step_min=step)
        for i, (node, item, total, step) in enumerate(layout)
    ]
    edges = [("o", "b"), ("b", "f1"), ("b", "f2")]
    world = world_of(helpers, meters, edges=edges)
    for point, one in enumerate(meters, start=1):
        times = helpers.quarters(96 + 1)[:: one.step_min // 15]
        world.push(point, times, np.cumsum(rng.integers(1, 7, len(times))).astype(float))
    world.ledger.step()
    planned = plan(world.registry, "o", DAY)
    assert planned.figures
    for (node, item), made in planned.figures.items():
        row = world.rows("node", node, item)[0]
        parts = [(t.sign, world.rows(t.kind, t.code, t.item)[0]) for t in made.counted]
        assert row.total == sum(sign * part.total for sign, part in parts)
        steps = {world.registry.meters[code].step_min for code in made.meters}
        assert [part.step_min for part in row.parts] == sorted(steps)
        assert int(row.day_shares[0]) == 10_000
        leaves = {m.code for m in meters}
        assert set(made.meters) <= leaves


def test_a_term_of_a_plan_names_its_series(helpers):
    registry = helpers.campus([helpers.meter("a")])
    key = plan(registry, "o", DAY).key(Term("node", "b", "01000"))
    assert (key.institution, key.kind, key.code, key.item) == ("o", "node", "b", "01000")


@pytest.mark.parametrize("fastest", [None, Decimal(60)])
def test_a_registry_change_recomputes(helpers, fastest):
    world = world_of(helpers, [helpers.meter("a", max_per_hour=fastest)])
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    installed = tuple(replace(i, ratio=Decimal(40)) for i in world.registry.installations)
    slow = {"a": replace(world.registry.meters["a"], max_per_hour=None)}
    world.change(replace(world.registry, version=2, installations=installed, meters=slow))
    world.ledger.step()
    assert world.totals("node", "o")[DAY] == 96 * 40_000_000
    assert world.books.restatements("o")[0][1].cause == "registry 2"


def test_what_the_registry_has_no_more_becomes_missing(helpers):
    world = world_of(helpers, [helpers.meter("a", "01A00"), helpers.meter("c", "01B00")])
    for point in (1, 2):
        world.push(point, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    meters = {"a": world.registry.meters["a"], "c": helpers.meter("c", "01C00")}
    world.change(replace(world.registry, version=2, meters=meters))
    world.ledger.step()
    assert world.totals("node", "b", "01B00")[DAY] is None
    assert world.totals("meter", "c", "01B00")[DAY] is None
    assert world.totals("node", "b", "01C00")[DAY] == 96_000_000
    assert world.totals("node", "o", "01000")[DAY] == 2 * 96_000_000


@pytest.mark.parametrize("cause", ["registry", "registry 12"])
def test_a_mark_of_all_time_recomputes_all(helpers, cause):
    world = world_of(helpers, [helpers.meter("a")])
    world.readings.upsert(helpers.columns(1, helpers.quarters(97), np.arange(97) * 1.0))
    world.marks.mark([DirtyMark(1, -(2**62), 2**62, cause)], writer_no=0, ready=True)
    world.ledger.step()
    assert world.totals("node", "o")[DAY] == 96_000_000
    assert world.marks.waiting() == 0


def test_a_faster_ledger_only_costs_another_look(helpers):
    world = world_of(helpers, [helpers.meter("a")])
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    commit, tries = world.books.commit, []

    def slower(*given, **named):
        tries.append(named["expected_revision"])
        if len(tries) == 1:
            raise Conflict("the books moved on")
        return commit(*given, **named)

    world.books.commit = slower
    world.ledger.step()
    assert len(tries) > 1
    assert world.totals("node", "o")[DAY] == 96_000_000


def test_only_what_is_booked_differently_is_looked_at_again(helpers):
    old = replace(
        helpers.campus([helpers.meter("a"), helpers.meter("z", node="c")], edges=[("o", "b")]),
        nodes={
            "o": Node("o", NodeType.INSTITUTION),
            "b": Node("b", NodeType.BUILDING),
            "p": Node("p", NodeType.INSTITUTION),
            "c": Node("c", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"), SpaceEdge("p", "c")),
    )
    named = {**old.nodes, "b": replace(old.nodes["b"], name_en="Library")}
    assert marks_of_change(old, replace(old, nodes=named)) == []
    more = replace(old, meters={**old.meters, "n": helpers.meter("n", node="c")})
    assert changed_meters(old, more) == {}
    assert figures(old, more) == [("p", "c", "01000")]
    ratio = tuple(replace(i, ratio=Decimal(1 + (i.meter == "a"))) for i in old.installations)
    assert changed_meters(old, replace(old, installations=ratio)) == {"a": [Validity()]}
    assert figures(old, replace(old, installations=ratio)) == []
    assert changed_meters(old, replace(old, space=old.space[:1])) == {"z": [Validity()]}
    left = [("", "c", ""), ("p", "", ""), ("p", "c", ""), ("p", "p", "")]
    assert figures(old, replace(old, space=old.space[:1])) == left


def figures(old, new):
    return [(key.institution, key.code, key.item) for key in changed_figures(old, new)]
