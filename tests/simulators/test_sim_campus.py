"""The demo's registry files say what the platform's vocabulary allows."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from metering.calendar import DayKind
from metering.items import category, check_item
from metering.reading import Kind
from metering.registry import NodeType
from metering.units import conversion, unit
from simulators import CAMPUS_FOLDER, Campus
from simulators.world import SENSORS, World

Row = dict[str, str]
FILES = ("tree", "gateways", "meters", "points", "tariff", "factors", "calendar")


@pytest.fixture(scope="module")
def files() -> dict[str, list[Row]]:
    found = {}
    for name in FILES:
        with (CAMPUS_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            found[name] = list(csv.DictReader(lines))
    return found


def test_the_tree_hangs_together(files: dict[str, list[Row]]) -> None:
    types = {row["code"]: NodeType(row["type"]) for row in files["tree"]}
    assert len(types) == len(files["tree"])
    order = list(NodeType)
    for row in files["tree"]:
        if row["parent"]:
            assert order.index(types[row["parent"]]) < order.index(types[row["code"]])


def test_meters_hang_on_nodes_and_feed_each_other(files: dict[str, list[Row]]) -> None:
    nodes = {row["code"] for row in files["tree"]}
    meters = {row["code"]: row for row in files["meters"]}
    wholes: Counter[tuple[str, str]] = Counter()
    for row in meters.values():
        assert check_item(row["item"])
        assert row["node"] in nodes
        assert not row["fed_by"] or meters[row["fed_by"]]["node"] == row["node"]
        assert float(row["max_per_hour"]) > 0
        wholes[row["node"], row["item"]] += row["total"] == "yes"
    assert max(wholes.values()) == 1
    assert all(wholes[node, "01000"] for node in ("office-a", "office-b", "canteen", "dc"))


def test_points_fit_their_meters(files: dict[str, list[Row]], campus: Campus) -> None:
    gateways = {f"{row['site']}/{row['code']}" for row in files["gateways"]}
    for row in files["points"]:
        assert row["gateway"] in gateways
        Kind(row["kind"])
        if row["meter"]:
            conversion(row["unit"], category(campus.meters[row["meter"]].item).unit)
            assert int(row["digits"]) >= 5
        else:
            unit(row["unit"])
            assert row["role"]
            assert float(row["low"]) < float(row["high"])
    served = Counter(row["meter"] for row in files["points"] if row["meter"])
    assert served == Counter(list(campus.meters))


def test_every_sensor_is_registered_and_within_its_range(
    files: dict[str, list[Row]], world: World
) -> None:
    rows = {f"{r['gateway'].removeprefix('campus/')}/{r['point']}": r for r in files["points"]}
    assert {key for key, row in rows.items() if not row["meter"]} == set(SENSORS)
    _, sensors = world.day_rates(date(2026, 8, 10))
    for key, values in sensors.items():
        assert float(rows[key]["low"]) <= values.min()
        assert values.max() <= float(rows[key]["high"])


@pytest.mark.parametrize("item", ["01000", "02000"])
def test_one_price_holds_at_every_minute(files: dict[str, list[Row]], item: str) -> None:
    priced = [0] * 1440
    for row in files["tariff"]:
        if row["item"] == item:
            assert (row["months"], row["days"]) == ("1-12", "all")
            assert Decimal(row["price"]) > 0
            for minute in range(minutes(row["start"]), minutes(row["end"])):
                priced[minute] += 1
    assert set(priced) == {1}


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


def test_every_factor_names_its_source(files: dict[str, list[Row]]) -> None:
    for row in files["factors"]:
        assert check_item(row["item"])
        named = {"kgco2": "kgCO2", "kgce": "kgce"}[row["quantity"].partition("_")[0]]
        assert row["unit"] == f"{named}/{category(row['item']).unit}"
        assert Decimal(row["value"]) > 0
        assert row["source"]
        assert row["grade"]


def test_the_calendar_lists_exceptions_to_the_week(campus: Campus) -> None:
    make_up = {d for d, e in campus.calendar.days.items() if e.kind is DayKind.WORKING}
    assert {d for d in make_up if d.year == 2026} == {
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    }
    assert all(day.weekday() >= 5 for day in make_up)
    for year, holidays in ((2025, 28), (2026, 33)):
        rest = [d for d in campus.calendar.days if d.year == year and d not in make_up]
        assert len(rest) == holidays
