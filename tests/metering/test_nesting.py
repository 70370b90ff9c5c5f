"""Which meters hold another's energy."""

from __future__ import annotations

from datetime import date

from metering.localtime import day_bounds
from metering.nesting import Nesting
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge, SupplyEdge, Validity

TURN = date(2026, 7, 1)
BEFORE, AFTER = (day_bounds(day, "Asia/Shanghai")[0] for day in (date(2026, 6, 30), TURN))


def nesting(*supply: SupplyEdge) -> Nesting:
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai"),
        "s": Node("s", NodeType.SITE),
        "b": Node("b", NodeType.BUILDING),
    }
    meters = [
        Meter("m-main", "s", "01000", total=True),
        Meter("m-main-ac", "s", "01B00"),
        Meter("b-total", "b", "01000", total=True),
        Meter("b-light", "b", "01A00"),
        Meter("b-water", "b", "02000"),
    ]
    return Nesting(
        Registry(
            nodes=nodes,
            space=(SpaceEdge("o", "s"), SpaceEdge("s", "b")),
            meters={one.code: one for one in meters},
            supply=supply,
        )
    )


def test_the_total_of_a_place_holds_its_sub_meters_and_the_totals_below() -> None:
    outer = nesting().outer
    assert outer("m-main-ac", AFTER) == ("m-main",)
    assert outer("b-light", AFTER) == ("b-total", "m-main")
    assert outer("m-main", AFTER) == outer("b-water", AFTER) == outer("unknown", AFTER) == ()


def test_what_feeds_a_meter_comes_first_from_its_own_day_on() -> None:
    fed = SupplyEdge("m-main", "b-light", Validity(start=TURN))
    outer = nesting(fed).outer
    assert outer("b-light", BEFORE) == ("b-total", "m-main")
    assert outer("b-light", AFTER) == ("m-main",)


def test_meters_that_feed_each_other_end_the_walk() -> None:
    outer = nesting(SupplyEdge("m-main", "b-total"), SupplyEdge("b-total", "m-main")).outer
    assert outer("m-main", AFTER) == ("b-total",)
    assert outer("b-total", AFTER) == ("m-main",)
