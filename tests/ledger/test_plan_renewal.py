"""Plans that are renewed where the registry changed are those that are made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from ledger.plan import plan
from ledger.plan_renewal import touched_places
from ledger.recompute import Plans
from metering.registry import (
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)

DAY = date(2026, 3, 2)
DAYS = [DAY + timedelta(n) for n in range(4)]
PLACES = [f"n{number}" for number in range(9)]
METERS = [f"m{number}" for number in range(12)]
ITEMS = ("01000", "01A00", "01A10", "01B00", "02000")
BODIES = ("", "n0", "n1", "n4")


class Edited:
    """A registry at random, and random changes of it; edges lead from an earlier place to a later
    one."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shared = self.rng.random() < 0.5
        bodies = {"n0", "n1"} if self.rng.random() < 0.6 else {"n0"}
        kinds = {c: NodeType.INSTITUTION if c in bodies else NodeType.BUILDING for c in PLACES}
        self.now = Registry(
            nodes={code: Node(code, kind) for code, kind in kinds.items()},
            space=tuple(edge for code in PLACES[2:] for edge in self.edges(code)),
            meters={code: self.meter(code) for code in METERS},
            supply=tuple(self.feed() for _ in range(4)),
            formulas=tuple(self.formulas()),
        )

    def one(self, things):
        return things[int(self.rng.integers(len(things)))]

    def valid(self) -> Validity:
        low, high = sorted(int(n) for n in self.rng.integers(0, 5, 2))
        if self.rng.random() < 0.6 or low == high:
            return Validity()
        return Validity(DAY + timedelta(low), DAY + timedelta(high))

    def edges(self, child: str) -> list[SpaceEdge]:
        """What a place is below: nothing, another one, one after the other, or shares of it."""
        above = PLACES[: PLACES.index(child)]
        if self.shared and self.rng.random() < 0.25 and len(above) > 1:
            chosen = self.rng.choice(above, 2, replace=False).tolist()
            shares = self.one([("0.4", "0.6"), (f"meter {METERS[0]}", f"meter {METERS[5]}")])
            valid = self.valid()
            pairs = zip(chosen, shares, strict=True)
            return [SpaceEdge(parent, child, share, valid) for parent, share in pairs]
        if self.rng.random() < 0.2:
            turn = self.one(DAYS)
            spans = (Validity(None, turn), Validity(turn, None))
            return [SpaceEdge(self.one(above), child, valid=span) for span in spans]
        return [SpaceEdge(self.one(above), child, valid=self.valid())]

    def meter(self, code: str) -> Meter:
        return Meter(
            code,
            self.one(list(self.now.nodes) if hasattr(self, "now") else PLACES),
            self.one(ITEMS),
            total=bool(self.rng.random() < 0.4),
            step_min=self.one((15, 30, 60)),
            valid=self.valid(),
        )

    def feed(self) -> SupplyEdge:
        first, last = sorted(self.rng.choice(len(METERS), 2, replace=False).tolist())
        return SupplyEdge(METERS[first], METERS[last], self.valid())

    def formulas(self) -> list[MeterFormula]:
        made = [code for code in METERS[:3] if self.rng.random() < 0.15]
        return [MeterFormula(c, f"{self.one(METERS[3:])} * 2", self.valid()) for c in made]

    def edit(self) -> Registry:
        """Change a thing or two."""
        for _ in range(int(self.rng.integers(1, 3))):
            changes = [self._move, self._meter, self._gone, self._feed, self._formula]
            change = self.one([*changes, self._kind, self._name, self._drop, self._order])
            self.now = replace(self.now, version=self.now.version + 1, **change())
        return self.now

    def _move(self) -> dict:
        child = self.one([code for code in PLACES[2:] if code in self.now.nodes])
        fresh = [edge for edge in self.edges(child) if edge.parent in self.now.nodes]
        kept = [edge for edge in self.now.space if edge.child != child]
        place = int(self.rng.integers(len(kept) + 1))
        return {"space": (*kept[:place], *fresh, *kept[place:])}

    def _meter(self) -> dict:
        code = self.one(METERS)
        return {"meters": {**self.now.meters, code: self.meter(code)}}

    def _gone(self) -> dict:
        code = self.one(METERS)
        return {"meters": {c: m for c, m in self.now.meters.items() if c != code}}

    def _feed(self) -> dict:
        kept = list(self.now.supply)
        kept[int(self.rng.integers(len(kept)))] = self.feed()
        return {"supply": tuple(kept)}

    def _formula(self) -> dict:
        return {"formulas": tuple(self.formulas())}

    def _kind(self) -> dict:
        code = self.one([code for code in BODIES[1:] if code in self.now.nodes])
        kind = self.one([NodeType.INSTITUTION, NodeType.BUILDING])
        return {"nodes": {**self.now.nodes, code: replace(self.now.nodes[code], type=kind)}}

    def _name(self) -> dict:
        nodes = {code: replace(node, name_en="new") for code, node in self.now.nodes.items()}
        meters = {code: replace(m, name_en="new") for code, m in self.now.meters.items()}
        return {"nodes": nodes, "meters": meters}

    def _drop(self) -> dict:
        """A place goes with all that names it, and comes back another time."""
        code = PLACES[-1]
        if code not in self.now.nodes:
            return {"nodes": {**self.now.nodes, code: Node(code, NodeType.BUILDING)}}
        return {
            "nodes": {c: node for c, node in self.now.nodes.items() if c != code},
            "space": tuple(edge for edge in self.now.space if edge.child != code),
            "meters": {c: m for c, m in self.now.meters.items() if m.node != code},
        }

    def _order(self) -> dict:
        return {"meters": dict(reversed(self.now.meters.items()))}


def in_order(one) -> bool:
    """Whether figures stand behind those that they are made of."""
    known: set[tuple[str, str]] = set()
    for name, figure in one.figures.items():
        terms = [t for t in figure.counted if t.kind == "node" and t.body is None]
        if any((term.code, term.item) not in known for term in terms):
            return False
        known.add(name)
    return True


@pytest.mark.parametrize("seed", range(150))
def test_renewed_plans_are_those_made_anew(seed):
    edited = Edited(seed)
    plans = Plans(edited.now)
    for _ in range(5):
        for body in BODIES:
            for day in DAYS:
                if edited.rng.random() < 0.8:
                    plans.on(body, day)
        registry = edited.edit()
        plans = plans.renewed(registry)
        for body in BODIES:
            for day in DAYS:
                if edited.rng.random() < 0.8:
                    one = plans.on(body, day)
                    assert one == plan(registry, body, day)
                    assert in_order(one)


def test_what_did_not_change_is_the_same_plan_or_figure():
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in ("a", "b")}
    nodes |= {code: Node(code, NodeType.BUILDING) for code in ("x", "y", "z")}
    space = (SpaceEdge("a", "x"), SpaceEdge("a", "y"), SpaceEdge("b", "z"))
    meters = {f"m-{code}": Meter(f"m-{code}", code, "01000") for code in "xyz"}
    before = Registry(nodes=nodes, space=space, meters=meters)
    plans = Plans(before)
    first = {body: plans.on(body, DAY) for body in "ab"}
    more = replace(before, meters={**meters, "m-new": Meter("m-new", "x", "01000")})
    assert touched_places(before, more) == {"a", "x"}
    renewed = plans.renewed(more)
    assert renewed.on("b", DAY) is first["b"]
    figures = renewed.on("a", DAY).figures
    assert figures["y", "01000"] is first["a"].figures["y", "01000"]
    assert figures["a", "01000"].meters == ("m-x", "m-new", "m-y")
    named = replace(more, meters={c: replace(m, name_en=c) for c, m in more.meters.items()})
    assert touched_places(more, named) == frozenset()
    assert renewed.renewed(named).on("a", DAY) is renewed.on("a", DAY)


def test_a_feed_among_meters_elsewhere_counts_where_both_ends_of_the_way_do():
    nodes = {"o": Node("o", NodeType.INSTITUTION), "p": Node("p", NodeType.INSTITUTION)}
    nodes |= {code: Node(code, NodeType.BUILDING) for code in "xyz"}
    space = (SpaceEdge("o", "x"), SpaceEdge("o", "y"), SpaceEdge("p", "z"))
    places = {"first": "x", "one": "z", "other": "z", "last": "y"}
    meters = {code: Meter(code, place, "01000") for code, place in places.items()}
    ends = (SupplyEdge("first", "one"), SupplyEdge("other", "last"))
    before = Registry(nodes=nodes, space=space, meters=meters, supply=ends)
    plans = Plans(before)
    assert plans.on("o", DAY).figures["o", "01000"].meters == ("first", "last")
    after = replace(before, supply=(*ends, SupplyEdge("one", "other")))
    assert plans.renewed(after).on("o", DAY).figures["o", "01000"].meters == ("first",)


def test_a_formula_goes_with_its_institution():
    meters = {"m": Meter("m", "o", "01000", valid=Validity(DAYS[1])), "n": Meter("n", "p", "01000")}
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in "op"}
    before = Registry(nodes=nodes, meters=meters, formulas=(MeterFormula("m", "n * 2"),))
    plans = Plans(before)
    assert list(plans.on("o", DAY).formulas) == ["m"]
    after = replace(before, nodes={"p": nodes["p"]}, meters={"n": meters["n"]})
    assert plans.renewed(after).on("o", DAY) == plan(after, "o", DAY)


def test_a_place_divided_by_a_meter_that_goes_to_another_institution_is_divided_by_that_ones():
    bodies = {code: Node(code, NodeType.INSTITUTION) for code in "opq"}
    nodes = bodies | {code: Node(code, NodeType.BUILDING) for code in "abhz"}
    space = (SpaceEdge("q", "a"), SpaceEdge("q", "b"), SpaceEdge("o", "z"))
    shares = (SpaceEdge("a", "h", "meter z-m"), SpaceEdge("b", "h", "meter b-m"))
    places = {"z-m": "z", "b-m": "b", "h-m": "h"}
    meters = {code: Meter(code, place, "01000") for code, place in places.items()}
    before = Registry(nodes=nodes, space=(*space, *shares), meters=meters)
    plans = Plans(before)
    assert plans.on("q", DAY).figures["a", "01000"].parts[0].by[0].institution == "o"
    after = replace(before, space=(*space[:2], SpaceEdge("p", "z"), *shares))
    assert plans.renewed(after).on("q", DAY) == plan(after, "q", DAY)
