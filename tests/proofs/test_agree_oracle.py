"""The oracle of `agree`: examples added by hand, its independence, and the books' figures."""

from __future__ import annotations

import ast
import importlib.util
import sys
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import figures
from metering.localtime import parse_instant
from metering.registry.files import read_registry_texts
from proofs import agree_oracle, agree_prices, agree_world
from proofs.agree_oracle import Oracle, OracleLine, Sum, added, named, worked_out
from proofs.agree_prices import turns
from proofs.agree_questions import WEEK, parts_of, questions
from proofs.agree_world import (
    AFTER,
    BEIJING,
    BERLIN,
    FORMULAS,
    METERS,
    MONTH,
    NOW,
    PLACES,
    Sent,
    instant,
    local,
    registry_files,
    sent,
)

LAST = date(2026, 11, 3)


@pytest.mark.parametrize("module", [agree_oracle, agree_prices, agree_world])
def test_the_oracle_shares_no_line_with_the_platform(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    others = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert others <= {"proofs.agree_prices", "proofs.agree_world"}


def meter(code):
    return next(one for one in METERS if one.code == code)


def line(code, zone, *readings):
    """A register of the world's meter: (local time, Wh)."""
    times = tuple(instant(text, zone) for text, _ in readings)
    return OracleLine.of(Sent(meter(code), zone, times, tuple(value for _, value in readings)))


def span(first, last, zone=BEIJING):
    return instant(first, zone), instant(last, zone)


def test_a_stretch_over_a_turn_is_split_by_time_with_its_bounds():
    one = line("office-total", BEIJING, ("2026-10-08 08:00", 0), ("2026-10-08 10:00", 8000))
    day = span("2026-10-08", "2026-10-09")
    assert one.energy(day) == 8_000_000
    assert one.energy(span("2026-10-08 08:00", "2026-10-08 08:30")) == 2_000_000
    valley, peak = Fraction("0.3127"), Fraction("1.0843")
    assert one.money(day) == {"CNY": Sum(2 * valley + 6 * peak, 8 * valley, 8 * peak)}


def test_what_lies_in_one_price_is_certain():
    one = line("office-total", BEIJING, ("2026-10-08 09:00", 0), ("2026-10-08 11:00", 1000))
    only = Fraction("1.0843")
    assert one.money(span("2026-10-08", "2026-10-09")) == {"CNY": Sum(only, only, only)}


def test_energy_is_rounded_down_from_the_left_and_adds_up():
    one = line("office-total", BEIJING, ("2026-10-08 00:00", 0), ("2026-10-08 00:07", 1))
    minutes = [one.energy(span(f"2026-10-08 00:0{n}", f"2026-10-08 00:0{n + 1}")) for n in range(7)]
    assert minutes == [142, 143, 143, 143, 143, 143, 143]
    assert one.energy(span("2026-10-09", "2026-10-10")) is None


def test_two_currencies_have_a_sum_each():
    one = line("villa-main", BERLIN, ("2026-10-23 22:00", 0), ("2026-10-24 02:00", 4000))
    money = one.money(span("2026-10-23", "2026-10-25", BERLIN))
    cny, eur = Fraction("0.93"), Fraction("0.2133")
    assert money == {"CNY": Sum(2 * cny, Fraction(0), 4 * cny), "EUR": Sum(2 * eur, 0, 4 * eur)}


@pytest.mark.parametrize(
    ("code", "zone", "day", "wanted"),
    [
        ("office-total", BEIJING, date(2026, 10, 8), ["00:00", "08:30", "12:00", "17:00", "21:30"]),
        ("office-ac", BEIJING, date(2026, 10, 4), ["00:00", "08:30", "21:30"]),
        ("office-ac", BEIJING, date(2026, 10, 2), ["00:00", "08:30", "10:00", "14:00", "21:30"]),
        ("office-light", BEIJING, date(2026, 10, 2), ["00:00", "06:45"]),
        ("office-lift", BEIJING, date(2026, 10, 2), ["00:00", "07:00", "19:00"]),
        ("villa-heat", BERLIN, date(2026, 10, 23), ["00:00", "08:30"]),
        ("villa-heat", BERLIN, date(2026, 10, 25), ["00:00", "06:00", "22:00"]),
    ],
)
def test_prices_turn_where_the_rows_say(code, zone, day, wanted):
    found = [f"{local(at, zone):%H:%M}" for at, _ in turns(meter(code), zone, day)]
    assert found == wanted


def test_a_formula_is_to_the_nearest_unit_halves_to_even():
    half = ("/", ("-", "a", "b"), "2")
    assert [round(worked_out(half, {"a": n, "b": 0})) for n in (-5, -3, -1, 1, 3, 5, 4)] == [
        *(-2, -2, 0, 0, 2, 2, 2)
    ]
    done = ("*", "0.5", ("*", "a", ("/", "b", ("+", "a", "b"))))
    assert worked_out(done, {"a": 6, "b": 3}) == 1
    assert named(done) == {"a", "b"}


def test_a_formula_is_known_where_all_of_its_members_are():
    """The rest of a villa by the hour, which prices turn in at 08:30; the heat is read hourly and
    is silent from 10:00 on, the total has a gap from 08:15 to 08:45 and one of three hours."""
    silent = ("10:15", "10:30", "10:45", "11:00", "11:15", "11:30", "11:45", "12:00", "12:15")
    quarters = [f"{h:02}:{m:02}" for h in range(8, 14) for m in (0, 15, 30, 45)]
    passed = [
        (f"2026-10-22 {told}", 1000 * n)
        for n, told in enumerate(quarters)
        if told != "08:30" and told not in silent
    ]
    hours = [(f"2026-10-22 {h:02}:00", 500 * h) for h in (8, 9, 10, 11, 12)]
    members = {
        "villa-main": line("villa-main", BERLIN, *passed),
        "villa-heat": line("villa-heat", BERLIN, *hours),
    }
    found = OracleLine.made(meter("villa-rest"), members)
    day = span("2026-10-22", "2026-10-23", BERLIN)
    told = [(f"{local(s.start, BERLIN):%H}", s.amount, s.by_time) for s in found.stretches]
    assert told == [
        ("08", 3_500_000, False),
        ("09", 3_500_000, False),
        ("10", 3_500_000, True),
        ("11", 3_500_000, True),
    ]
    low, high = Fraction("0.51"), Fraction("0.93")
    sure, rest = Fraction(7, 2), 3 * Fraction(7, 2) * high
    at_half = sure * (low + high) / 2
    assert found.money(day) == {"CNY": Sum(at_half + rest, sure * low + rest, sure * high + rest)}


def test_what_is_below_nothing_costs_least_where_prices_are_highest():
    members = {
        "villa-main": line("villa-main", BERLIN, ("2026-10-22 08:00", 0), ("2026-10-22 09:00", 1)),
        "villa-heat": line(
            "villa-heat", BERLIN, ("2026-10-22 08:00", 0), ("2026-10-22 09:00", 1001)
        ),
    }
    found = OracleLine.made(meter("villa-rest"), members)
    money = found.money(span("2026-10-22", "2026-10-23", BERLIN))["CNY"]
    assert (money.low, money.high) == (-Fraction("0.93"), -Fraction("0.51"))


def test_formulas_of_the_world_begin_and_end_and_are_of_others(books):
    oracle, _ = books
    of = {one.meter: named(one.done) for one in FORMULAS}
    assert of["office-let"] & set(of), "one is of another"
    let = {local(s.start, BEIJING).date() for s in oracle.lines["office-let"].stretches}
    assert date(2026, 10, 28) in let
    assert date(2026, 10, 30) not in let
    assert AFTER in let
    kinds = {s.by_time for s in oracle.lines["annex-shop"].stretches}
    assert kinds == {True, False}
    assert any(s.amount < 0 for s in oracle.lines["store-rest"].stretches)
    assert oracle.lines["lab-total"].meter.total


def test_the_it_side_is_silent_for_seven_hours():
    one = OracleLine.of(next(one for one in sent(1) if one.meter.role == "it"))
    holes = [b.start - a.end for a, b in zip(one.stretches, one.stretches[1:], strict=False)]
    assert [hole // 3_600_000_000 for hole in holes if hole] == [7]


def test_the_registry_can_be_read_and_holds_every_meter():
    found = read_registry_texts(registry_files())
    assert sorted(found.meters) == sorted(one.code for one in METERS)
    assert {place.code: found.zone(place.code) for place in PLACES} == {
        place.code: place.zone for place in PLACES
    }


# --- against the books, in this process ------------------------------------------------------


@pytest.fixture(scope="module")
def books():
    """(oracle, figures over a ledger that took the same readings)."""
    ledger = _ledger_world()
    registry, told = read_registry_texts(registry_files()), sent(1)
    world = ledger.World(registry, parse_instant(NOW))
    points = {one.meter: one.point for one in registry.installations}
    for one in told:
        values = np.array(one.values) / 1000
        world.push(points[one.meter.code], np.array(one.times_us), values)
    world.ledger.step()
    opened = figures.Figures(world.books, lambda: registry, lambda: world.now_us)
    return Oracle.of(told), opened


def _ledger_world():
    path = Path(__file__).parents[1] / "ledger" / "conftest.py"
    spec = importlib.util.spec_from_file_location("ledger_world", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SPANS = [
    (MONTH, date(2026, 10, 31)),
    (WEEK, LAST),
    (AFTER, LAST),
    *(
        (date(2026, 10, n), date(2026, 10, n))
        for n in (1, 8, 15, 16, 22, 23, 24, 25, 26, 28, 29, 30, 31)
    ),
]


@pytest.mark.parametrize("node", [place.code for place in PLACES])
def test_figures_say_what_the_oracle_says(books, node):
    oracle, opened = books
    with opened.view() as view:
        for item in oracle.items(node):
            for first, last in SPANS:
                key, right = view.key_of(node, item), oracle.days(node, item, first, last)
                days = figures.energy(view, key, first, last, "day").values()
                known = [amount for amount in days if amount is not None]
                worth = figures.worth(view, key, first, last)
                told = {
                    m.currency: Sum(*map(Fraction, (m.amount, m.low, m.high)))
                    for m in worth.cost.money
                }
                assert (sum(known) if known else None) == right.energy, (item, first, last)
                assert told == right.money, (item, first, last)
                assert worth.kgco2.whole == right.kgco2, (item, first, last)


def hours_of(oracle, view, node, item, day):
    """(money told, money that is right) of every hour of a day."""
    hours = figures.energy(view, view.key_of(node, item), day, day, "hour")
    fine = [one for one in oracle.terms(node, item, day) if one.line.meter.step_min <= 60]
    costs = figures.costs_of_each(view, hours)
    for start, end, cost in zip(hours.start_us, hours.end_us, costs, strict=True):
        right = added(one.money((int(start), int(end))) for one in fine)
        told = {m.currency: Sum(*map(Fraction, (m.amount, m.low, m.high))) for m in cost.money}
        yield told, right


@pytest.mark.parametrize(
    ("node", "item", "day"),
    [
        ("office", "01000", date(2026, 10, 23)),
        ("office", "01000", date(2026, 10, 28)),
        ("office", "01B00", date(2026, 10, 30)),
        ("annex", "01C00", date(2026, 10, 26)),
        ("annex", "01D00", date(2026, 10, 27)),
        ("annex", "01000", date(2026, 10, 22)),
        ("villa", "01000", date(2026, 10, 24)),
        ("villa", "01000", date(2026, 10, 25)),
    ],
)
def test_an_hour_has_the_bounds_of_what_spans_prices_in_it(books, node, item, day):
    oracle, opened = books
    with opened.view() as view:
        found = list(hours_of(oracle, view, node, item, day))
    assert all(told == right for told, right in found), (node, item, day)
    assert any(one.low < one.high for told, _ in found for one in told.values()) or node == "villa"


def test_bounds_of_an_hour_of_many_meters_are_never_too_narrow(books):
    oracle, opened = books
    for n in range(20, 32):
        with opened.view() as view:
            for told, right in hours_of(oracle, view, "bureau", "01000", date(2026, 10, n)):
                for currency, one in right.items():
                    assert told[currency].value == one.value
                    assert told[currency].low <= one.low
                    assert one.high <= told[currency].high


def test_every_figure_has_four_ways_and_there_are_enough(books):
    oracle, _ = books
    found = questions(oracle)
    assert len({one.figure for one in found}) == len(found) >= 200
    assert min(len(one.ways) for one in found) >= 3, "and the oracle"
    kinds = {one.figure.kind for one in found}
    assert kinds == {"energy", "cost", "cost_low", "cost_high", "kgco2", "ratio"}
    assert parts_of(oracle, PLACES[2]) == ["01A00", "01B00", "01C00", "01D00"]


def test_another_reading_is_another_answer(books):
    oracle, _ = books
    told = next(one for one in sent(1) if one.meter.code == "office-total")
    place = len(told.values) // 2
    values = (*told.values[:place], told.values[place] + 1, *told.values[place + 1 :])
    other = OracleLine.of(replace(told, values=values))
    at = told.times_us[place]
    assert other.energy((at - 60_000_000, at)) != oracle.lines["office-total"].energy(
        (at - 60_000_000, at)
    )
