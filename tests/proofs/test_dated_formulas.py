"""Worlds with formulas: what the generator says, what the oracle makes of it, and that the proof
notices what is broken."""

from __future__ import annotations

from fractions import Fraction

import pytest

from api.reach import Reach
from api.usecases import lineage
from ledger.plan import Plan
from metering.formula import read_formula
from proofs.dated.check import DatedOutcome, prove
from proofs.dated.formulas import named, text_of, to_the_nearest, with_formulas
from proofs.dated.formulas import worked_out as worked
from proofs.dated.oracle import DatedOracle
from proofs.dated.world import (
    DAYS,
    DatedMeter,
    DatedWorld,
    DayNumbers,
    WorldEdge,
    WorldFormula,
    world,
)


def proved(*seeds: int) -> DatedOutcome:
    outcome = DatedOutcome()
    for seed in seeds:
        prove(seed, outcome)
    return outcome


def seeds_with(count: int, kind: str) -> list[int]:
    found = []
    for seed in range(1, 200):
        one = with_formulas(world(seed))
        made = {formula.meter for formula in one.formulas}
        nested = any(named(formula.done) & made for formula in one.formulas)
        if (kind == "nested" and nested) or (kind == "any" and made):
            found.append(seed)
    return found[:count]


def test_texts_need_no_bracket_more_and_say_what_is_done() -> None:
    assert text_of(("-", "a", ("-", "b", "c"))) == "a - (b - c)"
    assert text_of(("*", ("+", "a", "b"), ("/", "c", ("*", "a", "2")))) == "(a + b) * (c / (a * 2))"
    assert text_of(("+", ("*", "0.5", "a"), "b")) == "0.5 * a + b"
    amounts = {"a": Fraction(7), "b": Fraction(-3), "c": Fraction(11)}
    seen = 0
    for seed in range(60):
        for one in with_formulas(world(seed)).formulas:
            members = sorted(named(one.done))
            units = {code: 100 * n + 7 for n, code in enumerate(members)}
            value = worked(one.done, lambda code, units=units: Fraction(units[code]))
            told = read_formula(text_of(one.done))
            assert sorted(told.members) == members
            assert told.of(units.__getitem__) == (None if value is None else to_the_nearest(value))
            seen += 1
    assert seen > 60
    assert worked(("/", "a", ("+", "b", "3")), amounts.__getitem__) is None


def test_halves_go_to_the_even_one() -> None:
    halves = [Fraction(n, 2) for n in (-5, -3, -1, 1, 3, 5, 4)]
    assert [to_the_nearest(one) for one in halves] == [-2, -2, 0, 0, 2, 2, 2]


def test_the_oracle_knows_a_formula_that_begins_and_a_member_that_leaves() -> None:
    """`f` is `a` less twice `c` from the second day on; `c` goes to `j` on the fourth."""
    nodes = {"i": "institution", "j": "institution", "b": "site", "r": "site"}
    chains = {
        "b": (WorldEdge("i", "b"),),
        "r": (WorldEdge("i", "r", DayNumbers(None, 3)), WorldEdge("j", "r", DayNumbers(3))),
    }
    meters = (
        DatedMeter("a", "b", "01A00", False, DayNumbers(), (500,) * DAYS),
        DatedMeter("c", "r", "01A00", False, DayNumbers(), (100,) * DAYS),
        DatedMeter("f", "b", "01B00", False, DayNumbers(), (0,) * DAYS),
    )
    done = ("-", "a", ("*", "2", "c"))
    made = (WorldFormula("f", done, DayNumbers(1), done),)
    oracle = DatedOracle(DatedWorld(0, "UTC", nodes, chains, meters, (), made))
    told = [oracle.of_meter(meters[2], day) for day in range(4)]
    assert told == [None, Fraction(72, 10), Fraction(72, 10), None]
    assert oracle.energy("b", "01000", 0) == 12
    assert oracle.energy("b", "01000", 1) == Fraction(192, 10)
    assert oracle.energy("b", "01B00", 3) is None
    assert [oracle.is_apart(meters[2], day) for day in (1, 3)] == [False, True]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("worlds", "dated"), [(2, 0), pytest.param(6, 2, marks=pytest.mark.long)])
def test_worlds_have_formulas_of_formulas_and_of_others(worlds: int, dated: int) -> None:
    outcome = proved(*seeds_with(worlds, "nested"))
    assert [*outcome.different, *outcome.asked.different, *outcome.asked.leaked] == []
    assert outcome.kinds["formulas_of_formulas"] == worlds
    assert outcome.kinds["formulas_that_begin_or_end"] > dated


def test_formulas_that_are_not_made_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "made_of", lambda *_: [])
    assert any(proved(seed).different for seed in seeds_with(2, "any"))


def test_a_chain_that_is_followed_to_the_first_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_first(self: Plan, meters: object) -> list[str]:
        changed = set(meters)  # type: ignore[call-overload]
        return [c for c, f in self.formulas.items() if c in changed or changed & set(f.members)]

    monkeypatch.setattr(Plan, "made_of", only_first)
    assert proved(2).different


@pytest.mark.long
def test_a_slot_that_is_rounded_down_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metering.formula.round", lambda value: value // 1, raising=False)
    assert any(proved(seed).different for seed in seeds_with(8, "any"))


def test_a_formula_that_is_told_to_whoever_asks_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Reach, "_overlaps", lambda *_: True)
    monkeypatch.setattr(lineage, "_is_reached", lambda caller, *_: bool(caller))
    assert any(proved(seed).asked.leaked for seed in seeds_with(8, "any"))
