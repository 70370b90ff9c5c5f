"""The proof of shared places over some trees, and that it notices what is broken."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from figures import shared as figures_shared
from ledger import aggregate, dividing, worker
from ledger.plan import Plan
from metering.quantity import ABSENT
from metering.registry import Registry
from proofs.dated.world import DAYS, DatedMeter, DayNumbers
from proofs.tree.check import TreeOutcome, prove_tree
from proofs.tree.oracle import TreeOracle, divided
from proofs.tree.world import Hold, TreeWorld, merged, split_off, tree_world


def proved(first: int, count: int) -> TreeOutcome:
    outcome = TreeOutcome()
    for seed in range(first, first + count):
        prove_tree(seed, outcome)
    return outcome


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("trees", "parts", "across"), [(1, 100, 1), pytest.param(5, 300, 3, marks=pytest.mark.long)]
)
def test_the_parts_of_trees_are_the_whole(trees: int, parts: int, across: int) -> None:
    outcome = proved(1, trees)
    prove_tree(28, outcome)  # a meter outside feeds one of a part of a part
    assert [*outcome.different, *outcome.asked.different, *outcome.asked.leaked] == []
    assert outcome.unbalanced == 0
    assert outcome.passed
    assert outcome.parts > parts
    assert outcome.kinds["shares_across_institutions"] > across


def test_a_part_that_is_rounded_down_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def floored(amounts: Any, weights: Any, place: int) -> Any:
        part = abs(amounts) * weights[place] // sum(weights)
        return (part * (amounts > 0)) + ABSENT * (amounts == ABSENT)

    monkeypatch.setattr(dividing, "divided", floored)
    monkeypatch.setattr(figures_shared, "divided", floored)
    outcome = proved(1, 1)
    assert outcome.different
    assert outcome.unbalanced


@pytest.mark.long
def test_parts_that_are_not_made_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "parts_to_make", lambda *_: [])
    assert proved(1, 2).different


@pytest.mark.long
def test_a_silent_total_that_nothing_stands_in_for_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = next(n for n in range(1, 50) if TreeOracle(tree_world(n)).stood_in())
    monkeypatch.setattr(aggregate, "estimated", lambda whole, *_: whole)
    assert proved(seed, 1).different


def test_a_place_that_is_read_by_all_who_share_it_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Registry, "_wholly", lambda _, node, spans, found: spans)
    assert proved(1, 1).asked.leaked


def test_formulas_in_trees_are_made_and_a_silent_one_is_stood_in_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = next(n for n in range(1, 200) if stood_in_for_a_formula(TreeOracle(tree_world(n))))
    outcome = proved(seed, 1)
    assert outcome.passed
    assert outcome.kinds["formulas"] == 1
    monkeypatch.setattr(Plan, "made_of", lambda *_: [])
    assert proved(seed, 1).different


def stood_in_for_a_formula(oracle: TreeOracle) -> bool:
    made = {(m.node, m.item) for m in oracle.world.meters if m.total and oracle.is_made(m.code)}
    return any((node, item) in made for node, item, _ in oracle.stood_in())


def test_the_oracle_divides_to_the_last_unit() -> None:
    thirds = {"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}
    assert divided(Fraction(10), thirds) == {"a": 4, "b": 3, "c": 3}
    assert divided(Fraction(-11), thirds) == {"a": -4, "b": -4, "c": -3}


def test_the_oracle_knows_a_place_of_two() -> None:
    """`b` is of `i` alone, then of both; `j` has a meter of its own."""
    nodes = {"i": "institution", "j": "institution", "b": "site"}
    both = {"i": "0.25", "j": "0.75"}
    holds = {"b": (Hold(DayNumbers(None, 2), {"i": "1"}), Hold(DayNumbers(2), both))}
    loads = (100,) * DAYS
    meters = (
        DatedMeter("t", "b", "01000", True, DayNumbers(), loads),
        DatedMeter("o", "j", "01A00", False, DayNumbers(), loads),
    )
    oracle = TreeOracle(TreeWorld(0, "UTC", nodes, {"b": ()}, meters, (), holds=holds))
    assert [oracle.body("b", day) for day in (1, 2)] == ["i", ""]
    assert oracle.leaves("j", "01000", 2) == [(1, "o"), (1, "b/j/01000")]
    assert oracle.energy("i", "01000", 1) == Fraction(24, 10)
    assert oracle.energy("i", "01000", 2) == Fraction(6, 10)
    assert oracle.energy("j", "01000", 2) == Fraction(24 + 18, 10)
    assert oracle.reads("i", "b", 1)
    assert not oracle.reads("i", "b", 2)
    assert oracle.reads("b", "b", 2)


def test_institutions_merge_and_split_with_what_they_share() -> None:
    """From the third day on `i` is a part of `j`, or `i` was a part of `j` until then."""
    alone = (Hold(DayNumbers(), {"i": "1"}),)
    assert merged(alone, "i", "j", 2) == (
        Hold(DayNumbers(None, 2), {"i": "1"}),
        Hold(DayNumbers(2), {"j": "1"}),
    )
    before, after = split_off(alone, "i", "j", 2)
    assert (before.shares, after.shares) == ({"j": "1"}, {"i": "1"})
    three = (Hold(DayNumbers(1, 5), {"i": "0.25", "k": "0.5", "j": "0.25"}),)
    first, second = merged(three, "i", "j", 2)
    assert (first.dates, second.dates) == (DayNumbers(1, 2), DayNumbers(2, 5))
    assert second.shares == {"k": "0.5", "j": "0.5"}
    areas = (Hold(DayNumbers(), {"i": "20 m2", "j": "30 m2"}),)
    assert merged(areas, "i", "j", 2)[1].shares == {"j": "1"}
    assert merged(areas, "k", "j", 2) == areas
    assert merged((Hold(DayNumbers(None, 2), {"i": "1"}),), "i", "j", 3)[0].shares == {"i": "1"}


def test_trees_whose_institutions_merge_are_told_as_they_were() -> None:
    seeds = [n for n in range(1, 40) if tree_world(n).turn is not None]
    outcome = TreeOutcome()
    for seed in seeds[:2]:
        prove_tree(seed, outcome)
    assert outcome.passed
    assert outcome.kinds["institutions_that_merge_or_split"]
