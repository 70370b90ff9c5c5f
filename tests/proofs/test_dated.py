"""The proof of dated truth over some worlds, and that it notices what is broken."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import recompute
from metering.access import Scope
from proofs.dated.check import DatedOutcome, prove
from proofs.dated.oracle import DatedOracle
from proofs.dated.world import DAYS, DatedMeter, DatedWorld, DayNumbers, WorldEdge


def proved(first: int, count: int) -> DatedOutcome:
    outcome = DatedOutcome()
    for seed in range(first, first + count):
        prove(seed, outcome)
    return outcome


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("worlds", "moves", "values"),
    [(4, 2, 5_000), pytest.param(20, 10, 20_000, marks=pytest.mark.long)],
)
def test_worlds_tell_each_day_what_held_on_it(worlds: int, moves: int, values: int) -> None:
    outcome = proved(1, worlds)
    found = [*outcome.different, *outcome.asked.different, *outcome.asked.leaked]
    assert found == []
    assert outcome.passed
    assert outcome.kinds["moves_between_institutions"] > moves
    assert outcome.asked.values > values


def test_figures_that_are_not_made_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = recompute.affected
    monkeypatch.setattr(recompute, "affected", lambda *given: made(*given)[:1])
    outcome = proved(1, 3)
    assert outcome.different
    assert outcome.lost


def test_a_scope_without_days_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    below = Scope.below

    def undated(node: str, registry: Any) -> Scope:
        return Scope(below(node, registry).nodes)

    monkeypatch.setattr(Scope, "below", undated)
    assert any(proved(seed, 1).asked.leaked for seed in range(1, 4))


def test_the_oracle_knows_a_place_that_moves() -> None:
    """`b` with a total and a room goes from `i` to `j` on the third day; the room's meter is held
    by the total, and another of `j` is fed by it."""
    nodes = {"i": "institution", "j": "institution", "b": "site", "r": "building"}
    chains = {
        "b": (WorldEdge("i", "b", DayNumbers(None, 2)), WorldEdge("j", "b", DayNumbers(2))),
        "r": (WorldEdge("b", "r"),),
    }
    loads = (100,) * DAYS
    meters = (
        DatedMeter("t", "b", "01000", True, DayNumbers(), loads),
        DatedMeter("l", "r", "01A00", False, DayNumbers(), loads),
        DatedMeter("f", "j", "01000", False, DayNumbers(), loads),
    )
    feeds = (WorldEdge("t", "f", DayNumbers(None, 4)),)
    oracle = DatedOracle(DatedWorld(0, "UTC", nodes, chains, meters, feeds))
    whole = [[oracle.leaves(node, "01000", day) for day in (1, 2, 4)] for node in "ij"]
    assert whole[0] == [[(1, "t")], [], []]
    assert whole[1] == [[(1, "f")], [(1, "t")], [(1, "f"), (1, "t")]]
    assert [oracle.body("r", day) for day in (1, 2)] == ["i", "j"]
    assert oracle.reads("i", "r", 1)
    assert not oracle.reads("i", "r", 2)
    assert oracle.energy("b", "01A00", 1) == oracle.energy("r", "01A00", 1)
