"""A meter that is a formula of others: in each slot what they say, as sure as the least sure of
them, whatever is told first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from metering.book import SeriesKey
from metering.bookhash import book_hash, worth_hash
from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.registry import Meter, MeterFormula, Node, NodeType, SpaceEdge, SupplyEdge, Validity
from metering.tariff import TariffRow

DAYS = 3


def known(helpers, *formulas: MeterFormula, extra=(), supply=(), **more):
    """`t` is the total of `b`, `p` a part and `a` in `c`; `v` and `w` have no register."""
    metered = [
        helpers.meter("t", total=True),
        helpers.meter("p", "01B00"),
        helpers.meter("a", node="c"),
    ]
    found = helpers.campus(metered, edges=(("o", "b"), ("o", "c")), supply=supply)
    added = {m.code: m for m in (Meter("v", "b", "01A00"), Meter("w", "c", "01000"), *extra)}
    return replace(found, meters={**found.meters, **added}, formulas=formulas, **more)


def push(world, helpers, days: int = DAYS) -> None:
    times = helpers.quarters(96 * days + 1)
    for point in world.registry.points:
        steps = np.random.default_rng(point).integers(0, 50, len(times))
        world.push(point, times, np.cumsum(steps) / 1_000_000 + np.arange(len(times)) / point)


def settle(world) -> None:
    while world.marks.waiting():
        world.ledger.step()


def told(helpers, before, later=None):
    world = helpers.World(before, helpers.later(DAYS + 1))
    push(world, helpers)
    settle(world)
    if later is not None:
        world.change(later)
        settle(world)
    return world


def rows(world, code: str, kind: str = "meter", item: str | None = None, body: str = "o"):
    item = item or (world.registry.meters[code].item if kind == "meter" else "01000")
    key = SeriesKey(body, kind, code, item)
    return {row.day: row for row in world.books.rows([key], date.min, date.max)}


def slots(world, code: str, **more) -> np.ndarray:
    found = sorted(rows(world, code, **more).items())[:DAYS]
    return np.concatenate([row.finest.slots for _, row in found])


def hashes(world) -> list[str]:
    return [f(world.books, institution=body) for f in (book_hash, worth_hash) for body in ("o", "")]


def day(helpers, n: int) -> date:
    return helpers.DAY + timedelta(days=n)


def test_a_difference_is_exact_and_counts_as_a_meter(helpers):
    world = told(helpers, known(helpers, MeterFormula("v", "t - p")))
    assert np.array_equal(slots(world, "v"), slots(world, "t") - slots(world, "p"))
    assert all(rows(world, "v")[day(helpers, n)].day_shares[MEASURED] == WHOLE for n in range(DAYS))
    made = slots(world, "b", kind="node", item="01A00")
    assert np.array_equal(made, slots(world, "v"))
    assert np.array_equal(slots(world, "b", kind="node"), slots(world, "t"))


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("0.5 * t + p", lambda t, p: Fraction(t, 2) + p),
        ("(t + p) * 0.97", lambda t, p: (t + p) * Fraction(97, 100)),
        ("t * p / (t + p)", lambda t, p: Fraction(t * p, t + p)),
        ("-(p) - 2 * t / 3", lambda t, p: -p - Fraction(2 * t, 3)),
    ],
)
def test_each_slot_is_rounded_to_the_nearest_half_to_even(helpers, text, of):
    world = told(helpers, known(helpers, MeterFormula("v", text)))
    pairs = zip(slots(world, "t").tolist(), slots(world, "p").tolist(), strict=True)
    assert slots(world, "v").tolist() == [round(of(t, p)) for t, p in pairs]


def test_a_formula_of_a_formula_at_another_place(helpers):
    made = (MeterFormula("w", "a - v"), MeterFormula("v", "t - p"))
    world = told(helpers, known(helpers, *made))
    expected = slots(world, "a") - slots(world, "t") + slots(world, "p")
    assert np.array_equal(slots(world, "w"), expected)
    assert (expected < 0).any(), "what is below 0 stands"
    whole = slots(world, "c", kind="node")
    assert np.array_equal(whole, expected + slots(world, "a"))


def test_it_is_as_sure_as_the_least_sure_member_and_missing_where_one_is(helpers):
    world = helpers.World(known(helpers, MeterFormula("v", "t - p")), helpers.later(DAYS + 1))
    times = helpers.quarters(96 * DAYS + 1)
    values = np.arange(len(times)) * 0.25
    gap = (np.arange(len(times)) > 40) & (np.arange(len(times)) < 50)
    world.push(1, times, 2 * values)
    late = np.arange(len(times)) < 150
    world.push(2, times[late & ~gap], values[late & ~gap])
    settle(world)
    first, second, third = (rows(world, "v")[day(helpers, n)] for n in range(DAYS))
    assert first.finest.shares[39, MEASURED] == WHOLE
    assert first.finest.shares[45, MEASURED] == 0
    assert first.total == rows(world, "t")[first.day].total - rows(world, "p")[first.day].total
    assert first.day_shares[MEASURED] == WHOLE, "the gap lies inside the day"
    silent = rows(world, "p")[second.day].finest.slots == ABSENT
    assert np.array_equal(second.finest.slots == ABSENT, silent)
    assert silent.any()
    assert (second.finest.shares[silent, MISSING] == WHOLE).all()
    assert third.total is None
    assert second.day_shares.sum() == WHOLE


def test_a_late_reading_goes_through_in_the_same_commit(helpers):
    world = helpers.World(known(helpers, MeterFormula("v", "t - p")), helpers.later(DAYS + 1))
    times = helpers.quarters(96 * DAYS + 1)
    world.push(1, times, np.arange(len(times)) * 0.5)
    gone = (np.arange(len(times)) > 100) & (np.arange(len(times)) < 140)
    values = np.cumsum(np.arange(len(times)) % 7) / 20
    world.push(2, times[~gone], values[~gone])
    settle(world)
    before = world.books.revision("o")
    world.push(2, times[gone], values[gone])
    world.ledger.step()
    assert world.books.revision("o") == before + 1
    assert np.array_equal(slots(world, "v"), slots(world, "t") - slots(world, "p"))
    early = hashes(world)
    world.ledger.rebuild()
    settle(world)
    assert hashes(world) == early


def dated(helpers, text: str, **days):
    spans = {name: day(helpers, n) for name, n in days.items()}
    return MeterFormula("v", text, Validity(**spans))


@pytest.mark.parametrize("start", [None, 1])
@pytest.mark.parametrize("end", [None, 2])
def test_a_formula_told_late_is_as_told_early(helpers, start, end):
    spans = {k: v for k, v in (("start", start), ("end", end)) if v is not None}
    before = known(helpers)
    later = replace(
        before,
        formulas=(dated(helpers, "t - p", **spans), MeterFormula("w", "2 * v - a")),
        version=2,
    )
    late, early = told(helpers, before, later), told(helpers, later)
    assert hashes(late) == hashes(early)
    found = rows(late, "v")
    for n in range(DAYS):
        holds = later.formula("v", day(helpers, n)) is not None
        assert (found.get(day(helpers, n)) is not None) is holds
    late.ledger.rebuild()
    settle(late)
    assert hashes(late) == hashes(early)


def test_a_formula_that_ends_or_changes_is_told_again(helpers):
    before = known(helpers, MeterFormula("v", "t - p"), MeterFormula("w", "v"))
    ended = replace(
        before, formulas=(dated(helpers, "t - p", end=1), before.formulas[1]), version=2
    )
    world = told(helpers, before, ended)
    assert rows(world, "v")[day(helpers, 0)].total is not None
    for n in (1, 2):
        assert rows(world, "v")[day(helpers, n)].total is None
        assert rows(world, "w")[day(helpers, n)].total is None
        assert rows(world, "b", "node", "01A00")[day(helpers, n)].total is None
    other = (dated(helpers, "t - p", end=1), dated(helpers, "t + p", start=1), before.formulas[1])
    world.change(replace(ended, formulas=other, version=3))
    settle(world)
    second = [rows(world, c)[day(helpers, 1)].finest.slots for c in "tpvw"]
    assert np.array_equal(second[0] + second[1], second[2])
    assert np.array_equal(second[2], second[3])


def test_a_member_of_another_institution_is_missing(helpers):
    before = known(helpers, MeterFormula("v", "t - a"))
    edges = (
        SpaceEdge("o", "b"),
        SpaceEdge("o", "c", valid=Validity(end=day(helpers, 1))),
        SpaceEdge("q", "c", valid=Validity(day(helpers, 1))),
    )
    nodes = {**before.nodes, "q": Node("q", NodeType.INSTITUTION, zone=helpers.ZONE)}
    later = replace(before, nodes=nodes, space=edges, version=2)
    late = told(helpers, before, later)
    assert rows(late, "v")[day(helpers, 0)].total is not None
    assert rows(late, "v")[day(helpers, 1)].total is None
    assert rows(late, "a", body="q")[day(helpers, 1)].total is not None
    known_totals = {d: row.total for d, row in rows(late, "v").items()}
    early = told(helpers, later)
    assert {d: row.total for d, row in rows(early, "v").items()} == known_totals


def test_it_stands_in_price_windows_as_its_slots_do(helpers):
    months = frozenset(range(1, 13))
    tariff = tuple(
        TariffRow("t", "01000", months, "all", start, end, name, Decimal(price))
        for start, end, name, price in ((0, 500, "a", "0.3"), (500, 1440, "b", "0.9"))
    )
    world = told(helpers, known(helpers, MeterFormula("v", "t - p"), tariff=tariff))
    (part,) = rows(world, "v")[day(helpers, 0)].parts
    assert part.windows is not None
    assert part.windows.quantity.sum() == part.slots.sum()
    upto = part.slots[: 500 // 15].sum()
    assert upto < part.windows.quantity[0] < upto + part.slots[500 // 15]
    (crossing,) = part.windows.crossings
    assert sum(crossing.parts) == part.slots[500 // 15]


def test_a_total_that_is_a_formula_is_the_figure(helpers):
    world = told(
        helpers,
        known(
            helpers,
            MeterFormula("s", "a + v"),
            MeterFormula("v", "t - p"),
            extra=(Meter("s", "c", "01000", total=True),),
        ),
    )
    assert np.array_equal(slots(world, "c", kind="node"), slots(world, "s"))


def test_what_feeds_a_formula_is_not_counted_twice(helpers):
    plain = replace(known(helpers, MeterFormula("w", "a * 0.6")), version=1)
    world = told(helpers, plain)
    assert np.array_equal(slots(world, "c", kind="node"), slots(world, "a") + slots(world, "w"))
    fed = replace(plain, supply=(SupplyEdge("a", "w"),), version=2)
    world.change(fed)
    settle(world)
    assert np.array_equal(slots(world, "c", kind="node"), slots(world, "a"))
