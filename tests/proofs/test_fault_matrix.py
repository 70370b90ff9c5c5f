"""The matrix of faults: what it makes of a case, and that it notices books that are wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from proofs.fault_matrix import own_entry, tally
from proofs.faults import registers
from proofs.faults.case import FaultCase
from proofs.faults.cases import INTERVAL_FAULTS, REGISTERS, all_cases
from proofs.faults.feed import FaultMeter
from proofs.faults.judge import judge, truth_of
from proofs.faults.plant import plant
from proofs.faults.platform import Published, ways

ROOT = Path(__file__).parents[2]
DAY_S = 86_400


def metered(fault: registers.Fault = registers.sound) -> FaultMeter:
    meter = FaultMeter("m", plant("office", 4))
    meter.read(0, 4 * DAY_S)
    fault(meter, meter.near(2 * DAY_S))
    return meter


def quarters() -> np.ndarray:
    return np.arange(0, 4 * DAY_S + 1, 900)


def first_way(meter: FaultMeter) -> tuple[FaultCase, dict[str, Published]]:
    case = FaultCase("one", "test", date(2026, 3, 2), 4, [meter])
    return case, next(ways(case, 1)).told


def test_a_plant_is_known_to_the_second() -> None:
    made = plant("cycling", 2)
    whole = made.between(0, 2 * DAY_S)
    parts = made.passed(np.arange(0, 2 * DAY_S + 1))
    assert (np.diff(parts) >= 0).all()
    assert int(parts[-1] - parts[0]) == whole


def test_only_slots_between_good_neighbours_are_sound() -> None:
    truth = truth_of(metered(registers.shifted(2, 100)), quarters())
    assert np.flatnonzero(~truth.sound).tolist() == [191, 192, 193]
    assert truth.allowed.sum() == 0


def test_what_a_reset_loses_is_in_doubt_and_nothing_else() -> None:
    meter = metered(registers.reset())
    truth = truth_of(meter, quarters())
    assert np.flatnonzero(~truth.sound).tolist() == [191]
    assert truth.allowed.sum() == meter.plant.between(2 * DAY_S - 900, 2 * DAY_S)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda q: q[7:8].__iadd__(1), "sound slots"),
        (lambda q: q.__imul__(2), "sound slots"),
    ],
)
def test_figures_that_are_wrong_are_noticed(change, word) -> None:
    case, told = first_way(metered())
    assert judge(case, told)[0].sound
    figures = told["m"].energy.quantity.copy()
    change(figures)
    wrong = replace(told["m"], energy=replace(told["m"].energy, quantity=figures))
    verdict, _ = judge(case, {"m": wrong})
    assert not verdict.sound
    assert verdict.wrong > 0
    assert any(word in one for one in verdict.words)


def test_a_sound_slot_that_is_not_called_measured_is_noticed() -> None:
    case, told = first_way(metered())
    shares = np.roll(told["m"].energy.shares, 1, axis=1)
    wrong = replace(told["m"], energy=replace(told["m"].energy, shares=shares))
    assert judge(case, {"m": wrong})[0].lost == 4 * 96


def told_of_formulas() -> tuple[FaultCase, dict[str, Published]]:
    case = all_cases()["formula: spike"]()
    return case, next(ways(case, 1)).told


def test_a_formula_is_what_its_members_rows_give() -> None:
    case, told = told_of_formulas()
    assert set(told) == {"m", "k", "less", "scaled", "ratio"}
    assert judge(case, told)[0].sound
    shares = told["less"].energy.shares
    gap = np.flatnonzero(shares[:, 0] < shares.sum(axis=1))
    assert len(gap) >= 8, "the gap of the second member"


@pytest.mark.parametrize("code", ["less", "scaled", "ratio"])
def test_a_formula_that_is_a_unit_off_is_noticed(code: str) -> None:
    case, told = told_of_formulas()
    figures = told[code].energy.quantity.copy()
    figures[7] += 1
    wrong = replace(told[code], energy=replace(told[code].energy, quantity=figures))
    verdict, _ = judge(case, told | {code: wrong})
    assert not verdict.sound
    assert any(one.startswith(f"{code}: ") for one in verdict.words)


def test_a_formula_that_is_surer_than_its_members_is_noticed() -> None:
    case, told = told_of_formulas()
    shares = told["less"].energy.shares.copy()
    shares[:] = shares[0]
    wrong = replace(told["less"], energy=replace(told["less"].energy, shares=shares))
    assert judge(case, told | {"less": wrong})[0].wrong >= 8


@pytest.mark.parametrize(
    ("place", "broken", "word"),
    [
        ("ledger.formulas._worst", lambda shares: shares[0].astype(np.uint16), "surer"),
        ("metering.formula.round", lambda value: value // 1, "off what its members give"),
    ],
)
def test_books_that_make_formulas_otherwise_are_noticed(place, broken, word, monkeypatch) -> None:
    monkeypatch.setattr(place, broken, raising=False)
    case, told = told_of_formulas()
    assert any(word in one for one in judge(case, told)[0].words)


def test_every_fault_befalls_a_member_of_a_formula() -> None:
    found = all_cases()
    assert {f"formula: {name}" for name in REGISTERS} <= set(found)
    assert {f"formula of intervals: {name}" for name in INTERVAL_FAULTS} <= set(found)


def test_a_case_has_one_hash_and_its_numbers() -> None:
    entry = own_entry("reset to zero: no limit", 1)
    assert entry["ok"] is True
    assert entry["one_hash"] is True
    assert entry["energy_error_kwh"] == 0
    assert 0 < entry["energy_bound_kwh"] <= entry["doubted_kwh"]


def test_a_clock_that_is_wrong_for_hours_is_told_by_its_hole() -> None:
    """Ninety readings lie between the hole and the step that is seen."""
    entry = own_entry("clock an hour back: 5 min, limit", 1)
    assert (entry["ok"], entry["measured_wrong_slots"]) == (True, 0)


def test_what_cannot_be_stated_is_listed_apart() -> None:
    found = [{"name": "a", "kind": "k", "ok": None, "why": "no column"}]
    assert tally(found)["cases"] == 0
    assert tally(found)["not_expressible"] == [{"name": "a", "why": "no column"}]


def test_there_are_cases_enough_and_each_doubt_is_explained() -> None:
    makes = all_cases()
    assert len(makes) >= 150
    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/fault-matrix.md").read_text(), re.M))
    doubts = {
        doubt.why for make in makes.values() for meter in make().meters for doubt in meter.doubts
    }
    assert doubts | {"plausible", "edge", "silent", "interval"} <= told
