"""Meters that are a formula of others: both implementations make the same of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.factor import Factor
from metering.formula import read_formula
from metering.registry import Meter, MeterFormula, Validity
from metering.tariff import TariffRow
from recompute.formulas import formula_of

DAYS = 4
TURN = date(2026, 3, 4)


def price(start: int, end: int, amount: str, days: str = "all", **more):
    months = frozenset(range(1, 13))
    item = more.pop("item", "01000")
    return TariffRow("t", item, months, days, start, end, f"p{amount}", Decimal(amount), **more)


WORTH = {
    "tariff": (
        price(0, 510, "0.3127"),
        price(510, 1000, "1.0843"),
        price(1000, 1440, "0.3127"),
        price(0, 700, "0.51", item="01A00", currency="EUR"),
        price(700, 1440, "0.93", item="01A00", currency="EUR"),
    ),
    "factors": (Factor("01000", "kgco2", Decimal("0.5306")),),
}


def world_of(helpers, formulas, **more):
    """`x`, `y`, `z` of 15 and 30 minutes; `v`, `w`, `u` and `d` are made of them."""
    metered = [
        helpers.meter("x", "01A00"),
        helpers.meter("y", "01B00", node="c"),
        helpers.meter("z", "01000", node="c", step_min=30, total=True),
    ]
    edges = [("o", "b"), ("b", "c")]
    found = helpers.campus(metered, edges=edges, **{**WORTH, **more})
    made = (
        Meter("v", "b", "01A00"),
        Meter("w", "c", "01B20"),
        Meter("u", "b", "01000", step_min=60),
        Meter("d", "c", "01D00", step_min=1440),
    )
    meters = {**found.meters, **{one.code: one for one in made}}
    return helpers.World(replace(found, meters=meters, formulas=tuple(formulas)), DAYS)


def fill(world, helpers, seed: int, zone: str = "Asia/Shanghai") -> None:
    rng = np.random.default_rng(seed)
    for point in sorted(world.registry.points):
        times = helpers.quarters(DAYS * 96 + 1, zone=zone)
        values = np.round(1000 * point + np.cumsum(rng.uniform(0.5, 3, len(times))), 3)
        kept = np.ones(len(times), dtype=bool)
        for at in rng.integers(0, len(times), 3):
            kept[at : at + int(rng.integers(1, 40))] = False
        last = len(times) - int(rng.integers(0, 60)) * (seed % 2)
        world.push(point, times[kept][:last], values[kept][:last])
    world.book()


FORMULAS = (
    MeterFormula("v", "x - 0.5 * y"),
    MeterFormula("w", "x * y / (x + y)"),
    MeterFormula("u", "z - v - w", Validity(TURN)),
    MeterFormula("d", "(x + y + z) * 0.97", Validity(None, TURN)),
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.sampled(2)
def test_formulas_of_formulas(helpers, tmp_path, seed):
    world = world_of(helpers, FORMULAS)
    fill(world, helpers, seed)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.sampled(1)
def test_in_other_zones(helpers, tmp_path, zone):
    world = world_of(helpers, FORMULAS, zone=zone)
    fill(world, helpers, 3, zone)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("dates", [Validity(), Validity(TURN)], ids=["always", "from a day on"])
def test_a_silent_total_that_is_a_formula(helpers, tmp_path, dates):
    world = world_of(helpers, (MeterFormula("t", "z + x", dates),))
    known = world.registry
    total = Meter("t", "b", "01000", total=True, step_min=30)
    metered = {code: known.meters[code] for code in ("x", "y", "z")}  # as fine as the total
    world = helpers.World(replace(known, meters={**metered, "t": total}), DAYS)
    fill(world, helpers, 5)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_an_altered_formula_is_found(helpers, tmp_path):
    world = world_of(helpers, FORMULAS)
    fill(world, helpers, 1)
    known = world.registry
    altered = replace(known, formulas=(MeterFormula("v", "x - 0.4 * y"), *known.formulas[1:]))
    world.registry = altered
    assert helpers.differences(world, world.recomputed(tmp_path)) != []


CODES = ("a", "b-2", "12", "0.5", "c.d")
LEAVES = st.sampled_from([*CODES[:2], "[12]", "[0.5]", "c.d", "2", "0.25", "7"])


def texts() -> st.SearchStrategy[str]:
    return st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(
                lambda p: f"({p[0]} {p[1]} {p[2]})"
            ),
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
            inner.map(lambda one: f"-{one}" if one[0] in "[(" else f"- {one}"),
        ),
        max_leaves=12,
    )


@given(texts(), st.lists(st.integers(-1000, 10**9), min_size=5, max_size=5))
def test_both_read_and_work_out_a_formula_alike(text, amounts):
    by_code = dict(zip(CODES, amounts, strict=True))
    try:
        one = read_formula(text)
    except InvalidInput:
        return
    other = formula_of(text)
    assert one.of(by_code.__getitem__) == other.value(by_code)
    assert sorted(one.members) == other.members


@pytest.mark.parametrize("text", ["", "a b", "a +", "(a", "a)", "* a", "a (b)", "()", "a $ b"])
def test_what_is_no_formula_is_refused_by_both(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        formula_of(text)
    with pytest.raises(InvalidInput):
        read_formula(text)


@pytest.mark.parametrize(("amount", "expected"), [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2)])
def test_halves_go_to_even(amount, expected):
    for found in (
        read_formula("0.5 * a").of({"a": amount}.__getitem__),
        formula_of("0.5 * a").value({"a": amount}),
    ):
        assert found == expected == round(Fraction(amount, 2))


@pytest.mark.parametrize(
    ("text", "linear"),
    [("a - 2 * (b / 3)", True), ("a * b / c.d", False), ("2 / a", False), ("a * (2 - 1)", True)],
)
def test_which_formulas_are_linear(text, linear):
    assert read_formula(text).is_linear is linear
    assert formula_of(text).is_linear is linear
