"""What counts into a figure, in which order figures are made, and what their rows are made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger import Term, plan
from ledger.aggregate import _sum, affected, alike, needed, node_rows
from ledger.blocks import Block, Name
from ledger.periods import Clock
from ledger.plan import Plan, boundaries
from ledger.recompute import Plans, WantedFigures, meter_key
from metering.book import BookRow, Part, SeriesKey
from metering.localtime import HOUR_US, day_bounds
from metering.quality import MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.registry import (
    Meter,
    Node,
    NodeType,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.tariff import TariffRow
from metering.tariff_choice import TariffChoice

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
NEXT = DAY + timedelta(days=1)
KWH = 10**6


def campus(*meters: Meter, edges=(("o", "b"),), supply=(), zones=None, **more) -> Registry:
    nodes = {"o": Node("o", NodeType.INSTITUTION, zone=ZONE)}
    for edge in edges:
        for code in edge[:2]:
            nodes.setdefault(code, Node(code, NodeType.BUILDING, zone=(zones or {}).get(code)))
    return Registry(
        nodes=nodes,
        space=tuple(
            SpaceEdge(*edge[:2], valid=edge[2] if len(edge) > 2 else Validity()) for edge in edges
        ),
        meters={one.code: one for one in meters},
        supply=tuple(SupplyEdge(*one) for one in supply),
        **more,
    )


def meter(code: str, item: str = "01000", node: str = "b", **more) -> Meter:
    return Meter(code, node, item, **more)


def terms(registry: Registry, node: str, item: str = "01000", day: date = DAY):
    figure = plan(registry, "o", day).figures[node, item]
    return [(t.kind, t.code, t.item, t.sign) for t in figure.counted]


def test_figures_are_made_children_before_parents_and_narrow_before_wide():
    registry = campus(meter("a", "01B10"), meter("c", "01000", "f"), edges=[("o", "b"), ("b", "f")])
    names = list(plan(registry, "o", DAY).figures)
    assert names == [
        ("f", "01000"),
        *[("b", item) for item in ("01B10", "01B00", "01000")],
        *[("o", item) for item in ("01B10", "01B00", "01000")],
    ]


def test_a_figure_says_its_step_and_its_meters_each_once():
    registry = campus(
        meter("a", step_min=30), meter("c", step_min=60), meter("d", "02000", step_min=60)
    )
    figures = plan(registry, "o", DAY).figures
    assert (figures["o", "01000"].step_min, figures["o", "01000"].meters) == (30, ("a", "c"))
    assert figures["o", "02000"].step_min == figures["b", "02000"].step_min == 60


def test_a_place_that_hangs_under_no_institution_yet_is_in_the_plan_of_none():
    bare = campus(meter("a", node="f"), edges=[("o", "b"), ("b", "f", Validity(NEXT))])
    assert list(plan(bare, "o", DAY).figures) == []
    assert list(plan(bare, "", DAY).figures) == [("f", "01000")]
    assert ("f", "01000") in plan(bare, "o", NEXT).figures
    assert list(plan(bare, "", NEXT).figures) == []


def test_meters_count_on_the_days_on_which_they_are_there():
    registry = campus(meter("a", valid=Validity(None, NEXT)), meter("c", valid=Validity(NEXT)))
    assert terms(registry, "b") == [("meter", "a", "01000", 1)]
    assert terms(registry, "b", day=NEXT) == [("meter", "c", "01000", 1)]
    assert boundaries(registry) == [NEXT]
    moved = campus(
        meter("a"),
        edges=[("o", "b", Validity(None, NEXT))],
        supply=[("a", "x", Validity(DAY, NEXT))],
    )
    assert boundaries(moved) == [DAY, NEXT]
    assert ("o", "01000") in plan(moved, "o", DAY).figures
    assert ("o", "01000") not in plan(moved, "o", NEXT).figures


def test_what_a_narrower_total_holds_is_taken_from_the_figures_below():
    registry = campus(
        meter("plant", "01B00", total=True),
        meter("pump", "01B10"),
        meter("light", "01A00"),
        meter("floor", "01000", "f"),
        meter("fan", "01B20", "f"),
        edges=[("o", "b"), ("b", "f")],
    )
    assert terms(registry, "b") == [
        ("node", "b", "01B00", 1),
        ("meter", "light", "01A00", 1),
        ("node", "f", "01000", 1),
        ("node", "f", "01B00", -1),
    ]
    assert terms(registry, "b", "01B00") == [("meter", "plant", "01B00", 1)]
    parts = plan(registry, "o", DAY).figures["b", "01B00"].parts
    assert [(t.kind, t.code) for t in parts] == [("meter", "pump"), ("node", "f")]


def test_of_totals_inside_each_other_the_widest_counts():
    registry = campus(meter("wide", "01B00", total=True), meter("inner", "01B10", total=True))
    assert terms(registry, "b") == [("node", "b", "01B00", 1)]


def test_what_is_fed_by_what_counts_is_left_out_near_and_far():
    registry = campus(
        meter("source"),
        meter("near", "01A00"),
        meter("far", "01A00", "f"),
        meter("own", "01A00", "f"),
        edges=[("o", "b"), ("b", "f")],
        supply=[("source", "near"), ("near", "far")],
    )
    assert terms(registry, "b") == [("meter", "source", "01000", 1), ("meter", "own", "01A00", 1)]
    assert terms(registry, "f") == [("meter", "far", "01A00", 1), ("meter", "own", "01A00", 1)]
    ended = replace(registry, supply=(SupplyEdge("source", "near", Validity(None, DAY)),))
    assert len(terms(ended, "b")) == 3


def test_what_was_taken_off_below_is_taken_off_where_a_part_is_fed():
    """A meter above feeds one on the floor, so what that counts is left out of the building."""
    registry = campus(
        meter("plant", "01B00", total=True),
        meter("floor", "01000", "f"),
        meter("fan", "01B20", "f"),
        meter("main", "01000", "o"),
        edges=[("o", "b"), ("b", "f")],
        supply=[("main", "floor")],
    )
    assert terms(registry, "b") == [
        *(("node", "b", "01B00", 1), ("node", "f", "01000", 1), ("node", "f", "01B00", -1))
    ]
    assert terms(registry, "o") == [
        ("meter", "main", "01000", 1),
        *(("node", "b", "01B00", 1), ("meter", "fan", "01B20", 1), ("node", "f", "01B00", -1)),
    ]


def test_what_is_fed_as_a_whole_is_left_out_with_all_that_is_in_it():
    """Also with a place in which nothing counts."""
    registry = campus(
        *(meter("a", node="f"), meter("c", node="f"), meter("x"), meter("main", node="o")),
        edges=[("o", "b"), ("b", "f")],
        supply=[("a", "c"), ("c", "a"), ("main", "x")],
    )
    assert terms(registry, "f") == []
    assert terms(registry, "b") == [("meter", "x", "01000", 1), ("node", "f", "01000", 1)]
    assert terms(registry, "o") == [("meter", "main", "01000", 1)]


def test_meters_that_feed_each_other_end():
    registry = campus(meter("a"), meter("c"), supply=[("a", "c"), ("c", "a")])
    assert terms(registry, "b") == []
    assert plan(registry, "o", DAY).figures["b", "01000"].step_min == 15


def test_an_institution_below_another_has_its_own_plan():
    registry = campus(meter("a"), meter("c", node="p"), edges=[("o", "b"), ("o", "p")])
    nodes = {**registry.nodes, "p": Node("p", NodeType.INSTITUTION)}
    registry = replace(registry, nodes=nodes)
    assert terms(registry, "o") == [("node", "b", "01000", 1)]
    assert list(plan(registry, "p", DAY).figures) == [("p", "01000")]


def test_a_plan_names_series_and_who_was_not_heard():
    one = plan(campus(meter("a"), meter("c")), "o", DAY)
    assert one.key(Term("meter", "a", "01000")) == SeriesKey("o", "meter", "a", "01000")
    assert one.silent("b", "01000", ["c"]) == ["a"]
    assert one.silent("b", "01000", []) == ["a", "c"]
    assert one.silent("nowhere", "01000", []) == []
    assert Plan("o").figures == {}


def tree() -> Plan:
    registry = campus(
        meter("a"), meter("t", total=True), meter("d", node="f"), meter("w", "02000", "f"),
        edges=[("o", "b"), ("b", "f"), ("o", "g")],
    )  # fmt: skip
    return plan(registry, "o", DAY)


def names(figures) -> list[tuple[str, str]]:
    return [(one.node, one.item) for one in figures]


def test_a_meter_changes_its_figures_and_all_that_is_made_of_them():
    one = tree()
    assert names(affected(one, ["d"])) == [("f", "01000"), ("b", "01000"), ("o", "01000")]
    assert names(affected(one, ["w"])) == [("f", "02000"), ("b", "02000"), ("o", "02000")]
    assert names(affected(one, ["a"])) == [("b", "01000"), ("o", "01000")]
    assert names(affected(one, [])) == names(affected(one, ["nobody"])) == []
    assert names(affected(one, [], [("b", "01000")])) == [("b", "01000"), ("o", "01000")]
    assert names(affected(one, [], [("o", "02000")])) == [("o", "02000")]


def test_series_that_are_needed_are_those_not_made_with_them():
    one = tree()
    wanted = needed(one, affected(one, ["d"]))
    assert [(key.kind, key.code) for key in wanted] == [
        ("meter", "a"),
        ("meter", "d"),
        ("meter", "t"),
    ]
    top = needed(one, affected(one, [], [("o", "01000")]))
    assert [(key.kind, key.code) for key in top] == [("node", "b")]
    assert needed(one, []) == []


def test_days_are_alike_where_zones_edges_and_length_are():
    registry = campus(meter("a"))
    choice = TariffChoice(registry)
    march = [date(2026, 3, 27) + timedelta(days=n) for n in range(7)]
    berlin = alike(["Europe/Berlin"], march, choice)
    assert [[day.day for day in group] for group in berlin] == [[27, 28, 30, 31], [29], [1, 2]]
    shanghai = alike([ZONE, ZONE], march, choice)
    assert [len(group) for group in shanghai] == [5, 2]
    turned = replace(registry, meters={"a": meter("a", valid=Validity(date(2026, 3, 30)))})
    assert [len(g) for g in alike([ZONE], march, TariffChoice(turned))] == [3, 2, 2]


def row(
    code: str, day: date, slots, *, step_min=60, share=MEASURED, kind="meter", item="01000", **more
):
    quality = all_of(share, len(slots))
    hours = all_of(share, max(1, len(slots) * step_min // 60))
    known = [n for n in slots if n != ABSENT]
    part = Part(step_min, np.array(slots, dtype=np.int64), quality, hours)
    key = SeriesKey("o", kind, code, item)
    return replace(
        BookRow(key, day, (part,), sum(known) if known else None, all_of(share, 1)[0]), **more
    )


def made(registry: Registry, *rows: BookRow, days=(DAY,), now_us: int = 2**60):
    one = plan(registry, "o", days[0])
    by_key: dict[SeriesKey, dict[date, BookRow]] = {}
    for each in rows:
        by_key.setdefault(each.key, {})[each.day] = each
    found = node_rows(
        registry,
        one,
        list(one.figures.values()),
        by_key,
        days,
        Clock(now_us),
        TariffChoice(registry),
    )
    return {(each.key.code, each.key.item, each.day): each for each in found}


def test_a_node_is_the_sum_of_its_parts_by_step_with_the_quality_of_all():
    """Three meters by the quarter hour and one by the hour that is not heard."""
    registry = campus(*(meter(f"q{n}") for n in range(3)), meter("h", step_min=60))
    rows = [row(f"q{n}", DAY, [KWH] * 96, step_min=15) for n in range(3)]
    silent = row("h", DAY, [ABSENT] * 24, share=MISSING)
    found = made(registry, *rows, silent)["b", "01000", DAY]
    assert [(part.step_min, part.meters) for part in found.parts] == [(15, 3), (60, 1)]
    assert found.parts[0].slots.tolist() == [3 * KWH] * 96
    assert found.total == 96 * 3 * KWH
    assert found.day_shares.tolist() == [7_500, 0, 0, 2_500]
    assert found.parts[0].shares[0].tolist() == [10_000, 0, 0, 0]
    assert found.parts[1].shares[0].tolist() == [0, 0, 0, 10_000]
    above = made(registry, *rows, silent)["o", "01000", DAY]
    assert above.day_shares.tolist() == [7_500, 0, 0, 2_500]
    assert [part.meters for part in above.parts] == [3, 1]


def test_days_on_which_nothing_is_booked_have_no_row():
    registry = campus(meter("a"), meter("c"))
    found = made(registry, row("a", NEXT, [KWH] * 96, step_min=15), days=(DAY, NEXT))
    assert sorted({day for _, _, day in found}) == [NEXT]
    assert found["b", "01000", NEXT].day_shares.tolist() == [5_000, 0, 0, 5_000]


def test_a_place_of_which_nothing_counts_adds_no_part():
    registry = campus(
        *(meter("a"), meter("c"), meter("d", node="o")), supply=[("a", "c"), ("c", "a")]
    )
    assert terms(registry, "b") == []
    found = made(registry, row("d", DAY, [KWH] * 96, step_min=15))
    assert [each for each in found if each[0] == "b"] == []
    above = found["o", "01000", DAY]
    assert [(part.step_min, part.meters) for part in above.parts] == [(15, 1)]
    assert (above.total, above.parts[0].slots.tolist()) == (96 * KWH, [KWH] * 96)


def test_days_of_other_length_are_padded_whichever_of_slots_and_hours_are_more():
    name = Name(15, None, (0,))
    for shapes in (((96, 24), (94, 24)), ((96, 24), (96, 25)), ((92, 23), (100, 25))):
        blocks = []
        for slots, hours in shapes:
            block = Block.missing(1, name, (slots, hours), 1)
            block.slots[:] = 1
            blocks.append((block, 1))
        whole = _sum(blocks)
        most, least = (pick(s for s, _ in shapes) for pick in (max, min))
        assert whole.slots.tolist() == [[2] * least + [1] * (most - least)]
        assert whole.shares.shape[1] == most
        assert whole.hours.shape[1] == max(h for _, h in shapes)
        assert whole.meters == 2


def test_what_is_taken_off_is_subtracted():
    registry = campus(
        meter("plant", "01B00", total=True),
        meter("floor", "01000", "f"),
        meter("fan", "01B20", "f"),
        edges=[("o", "b"), ("b", "f")],
    )
    rows = [
        row("plant", DAY, [9] * 96, step_min=15, item="01B00"),
        row("floor", DAY, [5] * 96, step_min=15),
        row("fan", DAY, [2] * 96, step_min=15, item="01B20"),
    ]
    found = made(registry, *rows)
    assert found["b", "01000", DAY].total == 96 * (9 + 5 + 2 - 2)
    assert found["f", "01000", DAY].total == 96 * 7
    assert found["o", "01B00", DAY].total == 96 * 9


@pytest.mark.parametrize(("step", "filled"), [(15, True), (60, True), (1440, False)])
def test_a_silent_total_is_filled_by_parts_that_are_as_fine(step, filled):
    registry = campus(meter("t", total=True, step_min=60), meter("p", "01A00", step_min=step))
    total = [KWH] * 12 + [ABSENT] * 12
    count = 1440 // step
    rows = [
        row("t", DAY, total, share=MEASURED),
        row("p", DAY, [24 * KWH // count // 2] * count, step_min=step, item="01A00"),
    ]
    found = made(registry, *rows)["b", "01000", DAY]
    assert found.total == 12 * KWH + (6 * KWH if filled else 0)
    assert [part.step_min for part in found.parts] == [60]
    assert found.parts[0].shares[20].tolist() == (
        [0, 0, 10_000, 0] if filled else [10_000, 0, 0, 0]
    )


def test_a_total_is_filled_up_to_now_alone():
    registry = campus(meter("t", total=True, step_min=60), meter("p", "01A00", step_min=60))
    shares = all_of(MISSING, 24)
    silent = replace(row("t", DAY, [ABSENT] * 24, share=MISSING), provisional=True)
    parts = row("p", DAY, [KWH] * 2 + [ABSENT] * 22, item="01A00")
    now_us = day_bounds(DAY, ZONE)[0] + 2 * HOUR_US
    found = made(registry, silent, parts, now_us=now_us)["b", "01000", DAY]
    assert found.total == 2 * KWH
    assert found.day_shares.tolist() == [0, 0, 10_000, 0]
    half = made(registry, silent, parts, now_us=now_us + 2 * HOUR_US)["b", "01000", DAY]
    assert half.day_shares.tolist() == [0, 0, 5_000, 5_000]
    assert shares[0].tolist() == [0, 0, 0, 10_000]


def test_sites_in_other_zones_have_the_longest_day_of_all():
    day = date(2026, 3, 29)
    registry = campus(
        meter("a", step_min=60), meter("e", node="c", step_min=60),
        edges=[("o", "b"), ("o", "c")], zones={"c": "Europe/Berlin"},
    )  # fmt: skip
    rows = [row("a", day, [KWH] * 24), row("e", day, [2 * KWH] * 23)]
    found = made(registry, *rows, days=(day,))
    assert found["c", "01000", day].parts[0].slots.tolist() == [2 * KWH] * 23
    assert found["o", "01000", day].parts[0].slots.tolist() == [3 * KWH] * 23 + [KWH]
    assert len(found["o", "01000", day].parts[0].hour_shares) == 24
    one = plan(registry, "o", day)
    longer = row("c", day, [KWH] * 24, kind="node")
    rows = {longer.key: {day: longer}}
    top = [one.figures["o", "01000"]]
    again = node_rows(registry, one, top, rows, [day], Clock(2**60), TariffChoice(registry))
    assert again[0].finest.slots.tolist() == [KWH] * 24


def test_parts_are_by_what_prices_them():
    months = frozenset(range(1, 13))
    own = TariffRow("t", "01000", months, "all", 0, 1440, "p", Decimal(1), meter="c")
    registry = campus(meter("a", step_min=60), meter("c", step_min=60), tariff=(own,))
    scoped = row("c", DAY, [2 * KWH] * 24)
    scoped = replace(scoped, parts=(replace(scoped.parts[0], scope=own.scope),))
    found = made(registry, row("a", DAY, [KWH] * 24), scoped)["b", "01000", DAY]
    assert [(part.scope, part.slots[0]) for part in found.parts] == [
        (None, KWH),
        (own.scope, 2 * KWH),
    ]
    assert found.parts[1].windows.quantity.tolist() == [48 * KWH]
    assert found.parts[0].windows is None


def test_plans_are_made_once_between_changes():
    registry = campus(meter("a", valid=Validity(NEXT)))
    plans = Plans(registry)
    assert plans.on("o", NEXT) is plans.on("o", NEXT + timedelta(days=9))
    assert plans.on("o", DAY) is not plans.on("o", NEXT)
    assert (plans.epoch(DAY), plans.epoch(NEXT)) == (0, 1)
    assert plans.on("o", DAY).figures == {}
    assert meter_key(registry, "a", DAY) == SeriesKey("o", "meter", "a", "01000")


def test_figures_are_wanted_on_their_days():
    wanted = WantedFigures(DAY, NEXT)
    days = [DAY + timedelta(days=n) for n in range(-1, 3)]
    assert [wanted.on(day) for day in days] == [False, True, True, False]
    assert (wanted.meter, wanted.node, wanted.item) == ("", "", "")
