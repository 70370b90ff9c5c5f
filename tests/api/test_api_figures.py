"""One answer of one revision that adds up: steps, prices, currencies, parts and ratios."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from figures import Figures
from ledger import Ledger
from metering.book import DirtyMark
from metering.factor import Factor
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.tariff import TariffRow

ZONE = "Asia/Shanghai"
FIRST = date(2026, 11, 1)
TODAY = date(2026, 11, 24)
NOW_US = day_bounds(TODAY, ZONE)[0] + 10 * HOUR_US
DAYS = (TODAY - FIRST).days
START_US = day_bounds(FIRST, ZONE)[0]
DAY_US = 24 * HOUR_US
YEAR = frozenset(range(1, 13))


def price(start: int, end: int, value: str, **more: Any) -> TariffRow:
    return TariffRow("t", "01000", YEAR, "all", start, end, f"p{start}", Decimal(value), **more)


HALF_PAST_EIGHT = (price(0, 510, "0.3"), price(510, 1440, "1.0"))
EUROS = (price(0, 1440, "0.25", currency="EUR", node="west"),)


def registry(meters: list[Meter], tariff: tuple[TariffRow, ...], **kinds: Kind) -> Registry:
    """Institution `o` with buildings east, west and dc; a point for each meter, from 1."""
    nodes = [
        Node("o", NodeType.INSTITUTION, "机关", "Office", zone=ZONE),
        Node("east", NodeType.BUILDING, "东楼", "East"),
        Node("west", NodeType.BUILDING, "西楼", "West"),
        Node("dc", NodeType.DATACENTRE, "机房", "Machines"),
    ]
    points = {
        n: Point(n, "o/g", m.code, kinds.get(m.code, Kind.REGISTER), m.unit)
        for n, m in enumerate(meters, start=1)
    }
    return Registry(
        nodes={n.code: n for n in nodes},
        space=tuple(SpaceEdge("o", n.code) for n in nodes[1:]),
        gateways={"o/g": Gateway("o", "g")},
        meters={m.code: m for m in meters},
        points=points,
        installations=tuple(Installation(m.code, n) for n, m in enumerate(meters, start=1)),
        tariff=tariff,
        factors=(Factor("01000", "kgco2", Decimal("0.5366"), source="s", grade="V"),),
    )


def meter(code: str, node: str, item: str = "01000", **more: Any) -> Meter:
    return Meter(code, node, item, max_per_hour=Decimal(1000), **more)


def register(step_min: int, per_hour: float) -> tuple[np.ndarray, np.ndarray]:
    """Readings at a step up to now, rising evenly."""
    times = np.arange(START_US, NOW_US + 1, step_min * MINUTE_US)
    return times, (times - START_US) / HOUR_US * per_hour


MIXED = [
    meter("east-main", "east", total=True),
    meter("east-light", "east", "01A00"),
    meter("east-plant", "east", "01B00", step_min=1440),
    meter("west-main", "west", total=True, step_min=1440),
    meter("dc-main", "dc", total=True, step_min=60),
]
MIXED_VALUES = {
    1: register(15, 40.3),
    2: register(15, 13.7),
    3: register(1440, 11.1),
    4: register(1440, 5.5),
    5: register(60, 7.9),
}


@pytest.fixture(scope="module")
def make():
    """The factory of worlds, for the whole file."""
    import importlib.util
    import sys
    from pathlib import Path

    name = "figures_seed"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def mixed(make):
    """Daily-read meters beside hourly and quarter-hourly ones; the price turns at 08:30."""
    return make.booked_world(registry(MIXED, HALF_PAST_EIGHT), NOW_US, MIXED_VALUES)


@pytest.fixture(scope="module")
def euros(make):
    """The west building pays in euros."""
    return make.booked_world(registry(MIXED, HALF_PAST_EIGHT + EUROS), NOW_US, MIXED_VALUES)


def ask(world, path: str) -> dict:
    response = world.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def everything(answer: dict) -> list[dict]:
    """All values of an answer, those of the remainder too."""
    return answer["data"] + [v for one in answer["remainder"] for v in one["data"]]


def summed(values: list[dict], quantity: str) -> Decimal:
    found = [value[quantity]["value"] for value in values]
    return sum((Decimal(one) for one in found if one is not None), Decimal(0))


WEEK = "start=2026-11-17&end=2026-11-24"


@pytest.mark.parametrize(
    ("step", "coarser"),
    [("15min", [60, 1440]), ("native", [60, 1440]), ("hour", [1440]), ("day", []), ("month", [])],
)
def test_a_step_with_its_remainder_is_the_whole_figure(mixed, step, coarser):
    whole = ask(mixed, f"/v1/energy?node=o&step=month&{WEEK}")["data"][0]
    found = ask(mixed, f"/v1/energy?node=o&step={step}&{WEEK}")
    assert [one["step_min"] for one in found["remainder"]] == coarser
    values = everything(found)
    assert sum(value["amount"] or 0 for value in values) == whole["amount"]
    for quantity in ("cost", "kgco2"):
        assert summed(values, quantity) == Decimal(whole[quantity]["value"]), quantity


def test_an_hour_over_a_turn_of_prices_has_a_range(mixed):
    hours = ask(mixed, "/v1/energy?node=dc&step=hour&start=2026-11-20&end=2026-11-21")["data"]
    eight, nine = hours[8]["cost"], hours[9]["cost"]
    used = Decimal("7.9")
    assert Decimal(eight["value"]) == used * (Decimal("0.3") + Decimal("1.0")) / 2
    assert Decimal(eight["cost_low"]) == used * Decimal("0.3")
    assert Decimal(eight["cost_high"]) == used
    assert (eight["shares"]["estimated"], hours[8]["shares"]["measured"]) == (1, 1)
    assert nine["value"] == nine["cost_low"] == nine["cost_high"]
    assert nine["shares"]["measured"] == 1


def test_a_quarter_hour_at_half_past_eight_needs_no_range(mixed):
    day = ask(mixed, "/v1/energy?node=east&step=day&start=2026-11-20&end=2026-11-21")["data"][0]
    assert day["cost"]["value"] == day["cost"]["cost_low"] == day["cost"]["cost_high"]


def test_a_day_read_once_may_have_passed_at_any_price(mixed):
    day = ask(mixed, "/v1/energy?node=west&step=day&start=2026-11-20&end=2026-11-21")["data"][0]
    used = Decimal(day["value"])
    assert Decimal(day["cost"]["cost_low"]) == used * Decimal("0.3")
    assert Decimal(day["cost"]["cost_high"]) == used
    assert day["cost"]["note"] is None


def test_two_currencies_are_never_added(euros):
    cost = ask(euros, "/v1/energy?node=o&step=day&start=2026-11-20&end=2026-11-21")["data"][0][
        "cost"
    ]
    for name in ("value", "currency", "cost_low", "cost_high", "shares"):
        assert cost[name] is None, name
    assert cost["note"] == "two currencies are never added: see by_currency"
    parts = {
        node: ask(euros, f"/v1/energy?node={node}&step=day&start=2026-11-20&end=2026-11-21")
        for node in ("east", "west", "dc")
    }
    own = {node: found["data"][0]["cost"] for node, found in parts.items()}
    assert own["west"]["currency"] == "EUR"
    sums = {one["currency"]: one for one in cost["by_currency"]}
    for name, key in (("value", "value"), ("cost_low", "cost_low"), ("cost_high", "cost_high")):
        assert Decimal(sums["EUR"][name]) == Decimal(own["west"][key])
        assert Decimal(sums["CNY"][name]) == Decimal(own["east"][key]) + Decimal(own["dc"][key])
    assert {period["currency"] for period in cost["periods"]} == {"CNY", "EUR"}


def test_a_currency_of_which_nothing_is_known_yet_is_no_sum_of_zero(euros):
    """The west building is read at midnight: today it has no energy, and no euros."""
    today = ask(euros, "/v1/energy?node=o&step=day&start=2026-11-24&end=2026-11-25")["data"][0]
    assert [one["currency"] for one in today["cost"]["by_currency"]] == ["CNY"]
    assert today["cost"]["value"] is not None


def test_energy_that_no_tariff_prices_leaves_no_sum(make):
    only_east = tuple(replace(row, node="east") for row in HALF_PAST_EIGHT)
    world = make.booked_world(registry(MIXED, only_east), NOW_US, MIXED_VALUES)
    cost = ask(world, "/v1/energy?node=o&step=day&start=2026-11-20&end=2026-11-21")["data"][0][
        "cost"
    ]
    assert cost["value"] is None
    assert Decimal(cost["unpriced"]) == 24 * (Decimal("5.5") + Decimal("7.9"))
    assert cost["note"] == "no tariff prices all of this energy: see unpriced"


def test_the_table_of_parts_adds_up(mixed):
    found = ask(mixed, f"/v1/energy/parts?node=east&{WEEK}")
    assert [(r["row"], r["item"]) for r in found["data"]] == [
        ("total", "01000"),
        ("part", "01A00"),
        ("part", "01B00"),
        ("difference", "01000"),
    ]
    total, *rest = found["data"]
    assert sum(row["amount"] for row in rest) == total["amount"]
    for quantity in ("cost", "kgco2"):
        assert summed(rest, quantity) == Decimal(total[quantity]["value"]), quantity
    of_step = ask(mixed, f"/v1/energy?node=east&step=month&{WEEK}")["data"][0]
    for name in ("amount", "value", "shares", "provisional", "cost", "kgco2"):
        assert total[name] == of_step[name], name


def test_what_no_part_measured_is_in_the_difference_a_silent_part_too(make):
    silent = {point: values for point, values in MIXED_VALUES.items() if point != 3}
    world = make.booked_world(registry(MIXED, HALF_PAST_EIGHT), NOW_US, silent)
    total, light, plant, difference = ask(world, f"/v1/energy/parts?node=east&{WEEK}")["data"]
    assert total["amount"] is not None
    assert light["amount"] is not None
    assert plant["amount"] is None
    assert difference["amount"] == total["amount"] - light["amount"]
    left = Decimal(total["cost"]["value"]) - Decimal(light["cost"]["value"])
    assert Decimal(difference["cost"]["value"]) == left


def test_parts_at_prices_of_their_own_leave_their_money_in_the_difference(make):
    special = (price(0, 1440, "2.0", currency="EUR", meter="east-light"),)
    world = make.booked_world(registry(MIXED, HALF_PAST_EIGHT + special), NOW_US, MIXED_VALUES)
    rows = ask(world, f"/v1/energy/parts?node=east&{WEEK}")["data"]
    sums = [{m["currency"]: Decimal(m["value"]) for m in r["cost"]["by_currency"]} for r in rows]
    total, difference = sums[0], sums[-1]
    for currency in ("CNY", "EUR"):
        inner = sum(one.get(currency, Decimal(0)) for one in sums[1:])
        assert inner == total.get(currency, Decimal(0)), currency
    assert difference["EUR"] < 0


CENTRE = [
    meter("dc-utility", "dc", total=True, dc_role="utility"),
    meter("dc-it", "dc", "01D10", dc_role="it"),
    meter("dc-in", "dc", "01D10", dc_role="ups_in", step_min=60),
    meter("dc-out", "dc", "01D10", dc_role="ups_out", step_min=60),
]


def centre(make, silent_hours: int):
    """A data centre whose IT meter says nothing for some hours of the last week."""
    intervals = np.arange(START_US, NOW_US, 15 * MINUTE_US)
    gap = day_bounds(date(2026, 11, 20), ZONE)[0]
    heard = intervals[(intervals < gap) | (intervals >= gap + silent_hours * HOUR_US)]
    values = {
        1: register(15, 160.0),
        2: (heard, np.full(len(heard), 25.0)),
        3: register(60, 110.0),
        4: register(60, 104.5),
    }
    kinds = {"dc-it": Kind.INTERVAL}
    return make.booked_world(registry(CENTRE, HALF_PAST_EIGHT, **kinds), NOW_US, values)


def test_a_ratio_is_of_the_time_in_which_both_are_known_and_the_page_shows_the_same(make):
    world = centre(make, 7)
    found = ask(world, f"/v1/datacentre?node=dc&{WEEK}")
    ratio, ups = found["ratios"]
    assert ratio["value"] == "1.600000"
    assert Decimal(ratio["above"]) == 161 * 160
    assert Decimal(ratio["below"]) == 161 * 100
    assert (ratio["cover"], ratio["category"], ratio["boundary"]) == (0.9583, 3, "dc")
    assert ratio["period"] == {"start": "2026-11-17", "end": "2026-11-24"}
    assert (ups["value"], ups["cover"], ups["category"]) == ("0.950000", 1.0, None)
    roles = {one["role"]: one for one in found["roles"]}
    assert Decimal(roles["utility"]["value"]) == 168 * 160
    assert (roles["it"]["cover"], roles["cooling"]["amount"]) == (0.9583, None)
    assert found == ask(world, "/v1/datacentre?node=dc")
    make.sign_in(world)
    shown = {(f["figure"], f.get("name")): f for f in figures_of(world.client.get("/datacentre"))}
    for one in found["ratios"]:
        assert shown["ratio", one["name"]]["value"] == one["value"]
    assert shown["ratio", "utility_per_it"]["start"] == "2026-11-17"
    html = world.client.get("/datacentre").text
    assert "95.8 % complete" in html
    assert "category 3" in html


def test_a_ratio_known_for_too_short_is_not_stated(make):
    world = centre(make, 9)
    ratio = ask(world, f"/v1/datacentre?node=dc&{WEEK}")["ratios"][0]
    assert (ratio["value"], ratio["cover"]) == (None, 0.9464)
    make.sign_in(world)
    shown = {(f["figure"], f.get("name")): f for f in figures_of(world.client.get("/datacentre"))}
    assert shown["ratio", "utility_per_it"]["value"] == ""


def figures_of(response) -> list[dict[str, str]]:
    """Attributes of all figures of a page, without their prefix."""
    assert response.status_code == 200
    found = []
    for tag in re.findall(r'<data class="figure"[^>]*>', response.text):
        pairs = re.findall(r'(?:data-)?([a-z]+)="([^"]*)"', tag)
        found.append(dict(pairs))
    return found


@pytest.mark.parametrize("world_of", ["mixed", "euros"])
def test_the_page_tells_the_api_s_figures_to_the_last_digit(make, request, world_of):
    world = request.getfixturevalue(world_of)
    make.sign_in(world)
    shown = figures_of(world.client.get("/overview?node=o"))
    days = [f for f in shown if f["start"] < f["end"] and len(f["start"]) == len(f["end"]) == 10]
    spans = {(f["code"], f["item"], f["start"], f["end"]) for f in days if "name" not in f}
    assert len(spans) >= 14 + 2
    for code, item, start, end in spans:
        path = f"/v1/energy?node={code}&item={item}&start={start}&end={end}&step="
        months = ask(world, path + "month")["data"]
        values = months if len(months) == 1 else ask(world, path + "day")["data"]
        assert len(values) == 1
        check(values[0], [f for f in days if (f["code"], f["item"]) == (code, item)], start, end)


def check(value: dict, shown: list[dict[str, str]], start: str, end: str) -> None:
    """What the page says of a span is what the API says of it."""
    own = [f for f in shown if (f["start"], f["end"]) == (start, end) and "name" not in f]
    assert {f["value"] for f in own if f["figure"] == "energy"} == {value["value"] or ""}
    assert {f["value"] for f in own if f["figure"] == "kgco2"} == {value["kgco2"]["value"] or ""}
    for money in value["cost"]["by_currency"]:
        for name, key in (("cost", "value"), ("cost_low", "cost_low"), ("cost_high", "cost_high")):
            told = [f for f in own if f["figure"] == name and f["currency"] == money["currency"]]
            assert {f["value"] for f in told} <= {money[key]}, name
            assert told or name != "cost"


def test_the_page_s_table_of_parts_is_the_api_s(make, mixed):
    make.sign_in(mixed)
    shown = figures_of(mixed.client.get("/overview?node=east"))
    rows = ask(mixed, f"/v1/energy/parts?node=east&{WEEK}")["data"]
    for row in rows:
        name = "difference" if row["row"] == "difference" else None
        own = [
            f
            for f in shown
            if (f["item"], f["start"], f["end"], f.get("name"))
            == (row["item"], "2026-11-17", "2026-11-24", name)
        ]
        told = {f["figure"]: f["value"] for f in own}
        assert told["energy"] == row["value"]
        assert told["cost"] == row["cost"]["value"]
        assert told["kgco2"] == row["kgco2"]["value"]


def test_the_page_says_that_a_daily_reading_is_not_drawn_by_the_hour(make, mixed):
    make.sign_in(mixed)
    note = "Part of the energy is read less often than hourly"
    assert note in mixed.client.get("/overview?node=o").text
    assert note not in mixed.client.get("/overview?node=dc").text


def test_the_page_shows_each_currency_and_a_range(make, euros):
    make.sign_in(euros)
    html = euros.client.get("/overview?node=o").text
    shown = figures_of(euros.client.get("/overview?node=o"))
    of_days = [f for f in shown if f["figure"] == "cost" and f["value"]]
    assert {f["currency"] for f in of_days} == {"CNY", "EUR"}
    assert "some readings lie on both sides of a change of price" in html


class Moving:
    """Books that take in another reading while an answer is being made."""

    def __init__(self, books, move) -> None:
        self._books, self._move = books, move

    def __getattr__(self, name: str):
        return getattr(self._books, name)

    @contextmanager
    def at_rest(self):
        with self._books.at_rest() as books:
            yield _MovingReader(books, self._move)


class _MovingReader:
    def __init__(self, books, move) -> None:
        self._books, self._move = books, move

    def __getattr__(self, name: str):
        return getattr(self._books, name)

    def rows(self, *given):
        self._move()
        return self._books.rows(*given)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/energy?node=east&step=day&{WEEK}",
        f"/v1/energy?node=o&step=hour&{WEEK}",
        f"/v1/energy/parts?node=east&{WEEK}",
    ],
)
def test_an_answer_asked_while_books_move_is_of_one_revision(make, path):
    world = make.booked_world(registry(MIXED, HALF_PAST_EIGHT), NOW_US, MIXED_VALUES)
    platform = world.platform
    before = ask(world, path)
    ledger = Ledger(
        platform.readings, platform.books, platform.marks, platform.registry, platform.now_us
    )
    steps = iter(range(1, 100))

    def move() -> None:
        at, n = day_bounds(date(2026, 11, 17), ZONE)[0], next(steps)
        row = (1, at, (at - START_US) / HOUR_US * 40.3 + n / 100, 0, at + n, 0, 0, 0, 0)
        platform.readings.upsert(ReadingColumns.of([row]))
        platform.marks.mark([DirtyMark(1, at, at)], writer_no=1, ready=True)
        ledger.step()

    books = Moving(platform.books, move)
    figures = Figures(books, platform.registry, platform.now_us)
    world.client.app.state.platform = replace(platform, figures=figures)
    assert ask(world, path) == before
    world.client.app.state.platform = platform
    after = ask(world, path)
    assert after["revision"] > before["revision"]
    assert after["data"] != before["data"]


def test_last_week_is_cut_where_today_ends(make, mixed):
    """Today is known to 10:00 by the quarter hour; what is read once a day is in neither."""
    make.sign_in(mixed)
    html = mixed.client.get("/overview?node=o").text
    wanted = str(10 * (Decimal("40.3") + Decimal("7.9")))
    shown = figures_of(mixed.client.get("/overview?node=o"))
    partly = [f for f in shown if f["end"].startswith("2026-11-17T10:00")]
    energy = next(f for f in partly if f["figure"] == "energy")
    assert Decimal(energy["value"]) == Decimal(wanted)
    assert "last Tuesday up to 10:00" in html


def test_figures_of_a_range_and_of_its_month_are_the_same(mixed):
    """A month asked by step and a range asked as parts: also the money's own shares."""
    span = "start=2026-11-01&end=2026-11-25"
    month = ask(mixed, f"/v1/energy?node=east&step=month&{span}")["data"][0]
    total = ask(mixed, f"/v1/energy/parts?node=east&{span}")["data"][0]
    assert total["cost"] == month["cost"]
    assert total["shares"] == month["shares"]
    assert FIRST + timedelta(days=DAYS) == TODAY
