"""Formulas of meters: what is read, what is refused and where the file says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metering.errors import InvalidFiles, InvalidInput
from metering.formula import DEEPEST, MOST_MEMBERS, read_formula
from metering.registry import Installation, MeterFormula, Registry
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged
from metering.registry.write import write_registry

BASE = {
    "tree.csv": "code,parent,type,zone\n"
    "i,,institution,Asia/Shanghai\nj,,institution,Asia/Shanghai\nb,i,building,\nd,j,building,\n"
    "k,i,building,UTC\n",
    "meters.csv": "code,node,item,step_min\n"
    "t,b,01000,15\np,b,01B00,15\nv,b,01000,15\nx,b,01000,15\nw,b,02000,15\nh,b,01000,60\n"
    "far,d,01000,15\nelsewhere,k,01000,15\n",
}


def read(text: str, more: str = "", **files: str) -> Registry:
    wanted = {**BASE, "formulas.csv": f"meter,formula\nv,{text}\n{more}"} | files
    return merged(Registry(), read_registry_texts(wanted))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("t - p", 7),
        ("t-1", None),
        ("0.5 * t + p", 8),
        ("2 * (t - p) / 4", 4),
        ("-t + -(p)", -13),
        ("t * p / (t + p)", 2),
        ("t - p - p - p", 1),
        ("t / 3 * 3", 10),
        ("t / (p - p) * p", None),
        ("100000000000 * t * 100000", None),
    ],
)
def test_what_a_formula_comes_to(text: str, value: int | None) -> None:
    amounts = {"t": 10, "p": 3}
    formula = read_formula(text)
    if set(formula.members) <= amounts.keys():
        assert formula.of(amounts.__getitem__) == value
    else:
        assert formula.members == ("t-1",), "a code runs as far as it can"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no formula"),
        ("2", "names no meter"),
        ("t p", "a sign is missing"),
        ("t +", "a meter or a number is missing"),
        ("(t", "a bracket is not closed"),
        ("t ^ 2", "cannot be read"),
        ("__import__('os')", "cannot be read"),
        ("t / (2 - 2)", "divides by 0"),
        ("t / (1 / 0)", "divides by 0"),
        ("(" * (DEEPEST + 1) + "t" + ")" * (DEEPEST + 1), "deep"),
        ("-" * 400 + "[t]", "deep"),
        (" + ".join(f"m{n}" for n in range(MOST_MEMBERS + 1)), "more than"),
        ("t" + " + t" * 200, "no formula"),
    ],
)
def test_what_is_no_formula_says_why(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem) as refused:
        read_formula(text)
    assert refused.value.field == "formula"
    assert refused.value.fix


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("t - nowhere", "nowhere is not registered"),
        ("t - v", "v comes round to itself"),
        ("t + w", "what is added is not alike: 01000 and 02000"),
        ("t + 3", "what is added is not alike"),
        ("w", "not of the meter's category"),
        ("t / p", "not of the meter's category"),
        ("t * p", "not of the meter's category"),
        ("h", "h is booked every 60 minutes"),
        ("t - far", "different institutions"),
        ("t - elsewhere", "different time zones"),
        ("t +", "a meter or a number is missing"),
    ],
)
def test_what_does_not_fit_is_told_at_its_row(text: str, problem: str) -> None:
    with pytest.raises(InvalidFiles) as refused:
        read(text)
    (found,) = refused.value.problems
    assert problem in found.problem
    assert (found.file, found.line, found.field, found.value) == (
        "formulas.csv",
        2,
        "formula",
        text,
    )
    assert found.fix


def test_a_circle_of_two_is_told_at_both() -> None:
    with pytest.raises(InvalidFiles) as refused:
        read("t - x", "x,v\n")
    assert [one.line for one in refused.value.problems] == [2, 3]


def test_a_ratio_is_a_factor_and_a_formula_may_be_of_one() -> None:
    found = read("t * p / (t + p)", "x,v - p\n")
    assert [one.meter for one in found.formulas] == ["v", "x"]
    assert read_registry_texts(write_registry(found), found) is not None
    assert merged(found, read_registry_texts(write_registry(found), found)) == found


def test_dates_that_meet_and_dates_that_do_not() -> None:
    rows = "meter,formula,valid_from,valid_to\nv,t,,2026-03-01\nv,t - p,2026-03-01,\n"
    assert len(read("", **{"formulas.csv": rows}).formulas) == 2
    with pytest.raises(InvalidFiles, match="two rows of it hold at the same time"):
        read("", **{"formulas.csv": rows.replace("v,t - p,2026-03-01", "v,t - p,2026-02-01")})


def test_a_meter_has_a_register_or_a_formula() -> None:
    more = {
        "gateways.csv": "site,code\nb,g\n",
        "points.csv": "gateway,point,kind,unit,meter\nb/g,V,register,kWh,v\n",
    }
    with pytest.raises(InvalidFiles, match="the meter has a register"):
        read("t - p", **more)
    known = read("t - p")
    with pytest.raises(InvalidFiles, match="the meter is a formula"):
        read_registry_texts(more, known)


def test_a_meter_that_no_longer_fits_is_told_at_its_own_row() -> None:
    with pytest.raises(InvalidFiles) as refused:
        read_registry_texts({"meters.csv": "code,node,item\nt,b,02000\n"}, read("t - p"))
    (found,) = refused.value.problems
    assert (found.file, found.line, found.field) == ("meters.csv", 2, "code")


def test_what_holds_on_a_day() -> None:
    known = read("t - p")
    assert known.formulas_of("t") == []
    one = MeterFormula("v", "t")
    assert replace(known, formulas=(one,)).formulas_of("v") == [one]
    assert Installation("t", 1).meter not in {two.meter for two in known.formulas}
