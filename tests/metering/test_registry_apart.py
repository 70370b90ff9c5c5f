"""Institutions in groups that have nothing in common."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from metering.reading import Kind
from metering.registry import (
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.apart import apart
from tests.metering.test_registry_trees import trees

TURN = date(2026, 4, 10)
BODIES = ("a", "b", "c")


def registry(**more):
    """Three institutions of a building and a meter each, and a hall `h` that hangs nowhere."""
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in BODIES}
    nodes |= {f"{code}-h": Node(f"{code}-h", NodeType.BUILDING) for code in BODIES}
    nodes["h"] = Node("h", NodeType.BUILDING)
    meters = {f"{code}-m": Meter(f"{code}-m", f"{code}-h", "01000") for code in BODIES}
    meters["h-m"] = Meter("h-m", "h", "01000")
    space = [SpaceEdge(code, f"{code}-h") for code in BODIES]
    points = {n: Point(n, "s/g", f"p{n}", Kind.REGISTER, "kWh") for n in (1, 2)}
    facts = {"nodes": nodes, "meters": meters, "points": points, "space": (*space,)}
    return Registry(**{**facts, **more, "space": (*space, *more.get("space", ()))})


ALL_APART = [("",), ("a",), ("b",), ("c",)]


def test_institutions_with_nothing_in_common_are_apart():
    assert apart(registry()) == ALL_APART


SHARED = (SpaceEdge("a-h", "h", "0.5"), SpaceEdge("b-h", "h", "0.5"))


@pytest.mark.parametrize(
    "more",
    [
        {"space": SHARED},
        {
            "space": (
                SpaceEdge("a", "h", valid=Validity(end=TURN)),
                SpaceEdge("b", "h", valid=Validity(TURN)),
            )
        },
        {"formulas": (MeterFormula("a-m", "b-m * 2"),)},
        {"supply": (SupplyEdge("a-m", "b-m"),)},
        {"installations": (Installation("a-m", 1), Installation("b-m", 1))},
    ],
    ids=["a hall of two", "a hall that moves", "a formula", "a feeder", "a point"],
)
def test_what_two_have_in_common_puts_them_together(more):
    assert apart(registry(**more)) == [("",), ("a", "b"), ("c",)]


def test_what_is_of_nobody_goes_with_whom_it_rests_on():
    """Its own meters do not; one that is made of an institution's does."""
    rests = (MeterFormula("h-m", "a-m * 2"),)
    assert apart(registry(formulas=rests)) == [("", "a"), ("b",), ("c",)]
    serves = (MeterFormula("a-m", "h-m * 2"),)
    assert apart(registry(formulas=serves)) == ALL_APART


def test_shares_by_a_meter_of_another_put_all_three_together():
    shares = (SpaceEdge("a-h", "h", "meter c-m"), SpaceEdge("b-h", "h", "meter b-m"))
    assert apart(registry(space=shares)) == [("",), ("a", "b", "c")]


@given(trees())
def test_every_institution_is_in_one_group_and_nothing_plain_ties_any(known):
    """Trees whose edges never change and are never divided."""
    bodies = [node.code for node in known.nodes.values() if node.type is NodeType.INSTITUTION]
    assert apart(known) == [("",), *((code,) for code in sorted(bodies))]
