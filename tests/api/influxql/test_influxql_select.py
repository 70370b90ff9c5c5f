"""SELECT against the JSON API over the same books, and laws of grouping."""

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest

from figures import per_each
from metering.factor import Factor
from metering.localtime import HOUR_US, day_bounds
from metering.registry import Registry
from metering.validity import Validity

ZONE = "Asia/Shanghai"
TODAY = date(2026, 11, 24)
RANGE = "time >= '2026-11-10' AND time < '2026-11-20' {} tz('Asia/Shanghai')"
CAMPUS = "FROM energy WHERE node = 'campus' AND item = '01000' AND "


def local_ms(day):
    return day_bounds(day, ZONE)[0] // 1000


def test_days_are_those_of_the_json_api(ask, shared_world):
    found = ask(
        f'SELECT sum("kwh"), sum("cost"), sum("kgco2"), sum("kgce"), mean("known") {CAMPUS}'
        + RANGE.format("GROUP BY time(1d)")
    )
    [(_, columns, rows)] = found
    assert columns == ["time", "sum", "sum_1", "sum_2", "sum_3", "mean"]
    wanted = shared_world.get(
        "/v1/energy?node=campus&item=01000&step=day&start=2026-11-10&end=2026-11-20"
    ).json()["data"]
    assert len(rows) == len(wanted) == 10
    for n, (row, day) in enumerate(zip(rows, wanted, strict=True)):
        assert row[0] == local_ms(date(2026, 11, 10) + timedelta(days=n))
        assert row[1] == float(day["value"])
        worth = [day["cost"]["value"], day["kgco2"]["value"], day["kgce"]["value"]]
        assert row[2:5] == [float(one) for one in worth]
        assert row[5] == 1 - day["shares"]["missing"]


def test_each_basis_of_coal_and_carbon_is_a_field_of_its_own(world):
    more = (
        Factor("01000", "kgce_equal", Decimal("0.3024")),
        Factor(
            "01000",
            "kgco2_market",
            Decimal("0.6096"),
            valid=Validity(date(2026, 11, 12), None),
        ),
    )
    world.platform.registry_store.apply(Registry(factors=more), actor="test", now_us=1)
    names = ("kgco2", "kgco2_market", "kgce", "kgce_equal")
    sums = ", ".join(f'sum("{name}")' for name in names)
    query = f"SELECT {sums} {CAMPUS}" + RANGE.format("GROUP BY time(1d)")
    answer = world.get("/influx/query", q=query, epoch="ms").json()
    rows = answer["results"][0]["series"][0]["values"]
    asked = "/v1/energy?node=campus&item=01000&step=day&start=2026-11-10&end=2026-11-20"
    usual = world.get(asked).json()["data"]
    other = world.get(f"{asked}&coal=equal&carbon=market").json()["data"]
    assert len(rows) == len(usual) == 10
    for row, one, two in zip(rows, usual, other, strict=True):
        told = [answer[name]["value"] for name in ("kgco2", "kgce") for answer in (one, two)]
        assert row[1:] == [None if value is None else float(value) for value in told]
    assert [row[2] is None for row in rows] == [True, True] + [False] * 8
    whole = f'SELECT sum("kgco2_market"), sum("kgce_equal") {CAMPUS}' + RANGE.format("")
    [[_, carbon, coal]] = world.get("/influx/query", q=whole).json()["results"][0]["series"][0][
        "values"
    ]
    assert carbon is None
    assert coal == float(sum(Decimal(one["kgce"]["value"]) for one in other))
    keys = world.get("/influx/query", q="SHOW FIELD KEYS FROM energy").json()
    listed = {row[0] for row in keys["results"][0]["series"][0]["values"]}
    assert set(names) <= listed


def test_a_range_is_the_exact_sum_of_its_parts(ask):
    [(_, _, [[_, whole]])] = ask(f'SELECT sum("value") {CAMPUS}' + RANGE.format(""))
    for group in ('"hour"', '"hours"', '"day"', '"weekday"'):
        parts = ask(f'SELECT sum("value") {CAMPUS}' + RANGE.format(f"GROUP BY {group}"))
        assert len(parts) > 1
        assert sum(round(rows[0][1] * 1e6) for _, _, rows in parts) == round(whole * 1e6)
    [(_, _, rows)] = ask(f'SELECT sum("value") {CAMPUS}' + RANGE.format("GROUP BY time(15m)"))
    assert sum(round(row[1] * 1e6) for row in rows) == round(whole * 1e6)


def test_what_is_missing_is_null_and_never_zero(ask):
    gap = TODAY - timedelta(days=9)
    begin = day_bounds(gap, ZONE)[0] // 1000
    query = (
        'SELECT sum("value"), mean("power"), sum("cost") FROM "meters" '
        f"WHERE meter = 'office-b-total' AND time >= {begin}ms AND time < {begin + 86400000}ms "
        "GROUP BY time(1h) {} tz('Asia/Shanghai')"
    )
    [(_, _, rows)] = ask(query.format("fill(null)"))
    assert len(rows) == 24
    assert [n for n, row in enumerate(rows) if row[1] is None] == [10, 11, 12]
    assert all(row[1:] == [None, None, None] for row in rows[10:13])
    [(_, _, kept)] = ask(query.format("fill(none)"))
    assert kept == [row for row in rows if row[1] is not None]


def test_future_and_running_slots_are_no_power(ask, shared_world):
    [(_, _, rows)] = ask(
        'SELECT sum("power"), sum("value") '.replace('sum("power")', 'mean("power")')
        + f"{CAMPUS} time >= '2026-11-24' GROUP BY time(15m) tz('Asia/Shanghai')"
    )
    known = [row for row in rows if row[1] is not None]
    now_ms = shared_world.platform.now_us() // 1000
    assert known
    assert known[-1][0] + 900_000 <= now_ms
    assert all(math.isclose(row[1], row[2] * 4, rel_tol=1e-12) for row in known)


def test_order_and_limit(ask):
    query = f'SELECT sum("value") {CAMPUS}' + RANGE
    [(_, _, rows)] = ask(query.format("GROUP BY time(1d)"))
    [(_, _, down)] = ask(query.format("GROUP BY time(1d) ORDER BY time DESC"))
    [(_, _, two)] = ask(query.format("GROUP BY time(1d) LIMIT 2"))
    assert down == rows[::-1]
    assert two == rows[:2]


def test_extremes_first_and_last_agree_with_the_rows_themselves(ask):
    raw = f'SELECT "value" {CAMPUS}' + RANGE.format("")
    values = [row[1] for row in ask(raw)[0][2]]
    functions = ("min", "max", "first", "last", "count", "mean")
    columns = ", ".join(f'{name}("value")' for name in functions)
    [(_, _, [row])] = ask(f"SELECT {columns} {CAMPUS}" + RANGE.format(""))
    wanted = [min(values), max(values), values[0], values[-1], len(values)]
    assert row[1:6] == wanted
    assert row[6] == pytest.approx(sum(values) / len(values), rel=1e-12)


def test_formulas(ask):
    query = 'SELECT sum("cost") / sum("kwh") AS "price", (1 - mean("known")) * 100 {}'
    [(_, columns, [[_, price, unknown]])] = ask(query.format(CAMPUS) + RANGE.format(""))
    assert columns[1] == "price"
    assert 0.31 < price < 0.98
    assert unknown == 0
    [(_, _, [[_, nothing, _]])] = ask(
        f'SELECT sum("kwh") / (1 - mean("known")), mean("known") {CAMPUS}' + RANGE.format("")
    )
    assert nothing is None


def test_buildings_by_area(ask):
    found = ask(
        "SELECT sum(per_m2), sum(kwh) FROM energy WHERE under = 'bureau' AND type = 'building' "
        "AND item = '01000' AND " + RANGE.format("GROUP BY node_en")
    )
    areas = {"Office A": 12500, "Office B": 8200, "Canteen": 2100}
    assert {tags["node_en"] for tags, _, _ in found} == set(areas)
    for tags, _, [[_, per_m2, kwh]] in found:
        assert per_m2 == float(per_each(Decimal(str(kwh)), areas[tags["node_en"]]))


def test_the_same_energy_is_never_added_twice(refuse, ask):
    for where in (
        "under = 'campus' AND item = '01000'",
        "node = 'campus' AND category = '01000'",
        "node =~ /^(campus|office-a)$/ AND item = '01000'",
    ):
        problem = refuse(f"SELECT sum(kwh) FROM energy WHERE {where} AND time > now() - 2d")
        assert "must not be added" in problem["error"]
        assert "GROUP BY" in problem["fix"]
    problem = refuse("SELECT sum(kwh) FROM meters WHERE node = 'dc' AND time > now() - 2d")
    assert "hold the same energy" in problem["error"]
    assert ask(
        "SELECT sum(kwh) FROM energy WHERE node =~ /^(office-a|office-b)$/ AND item = '01000' "
        "AND time > now() - 2d"
    )


def test_the_ratio_of_a_data_centre_is_of_energies(ask):
    [(tags, _, [[_, ratio, above, below]])] = ask(
        "SELECT mean(utility_per_it), sum(utility), sum(it) FROM datacentre WHERE node = 'dc' AND "
        + RANGE.format("GROUP BY node")
    )
    assert tags == {"node": "dc"}
    assert ratio == round(above / below, 6)


def test_findings_as_a_table(ask):
    [(_, columns, rows)] = ask(
        'SELECT "pattern_zh", "node_en", "waste", "cost" AS "money", "sentence_en" FROM findings '
        "WHERE state = 'open' AND time > now() - 30d ORDER BY time DESC LIMIT 10"
    )
    assert columns == ["time", "pattern_zh", "node_en", "waste", "money", "sentence_en"]
    by_pattern = {row[1]: row for row in rows}
    assert by_pattern["下班后设备运行"][2:5] == ["Office A", 96.0, 29.76]
    assert by_pattern["仪表读数停滞"][4] is None
    counted = ask("SELECT count(waste), sum(cost) FROM findings GROUP BY pattern")
    assert {tags["pattern"]: rows[0][1:] for tags, _, rows in counted} == {
        "after_hours_plant": [1, 29.76],
        "weekend_run": [1, 13.6],
        "meter_stuck": [1, None],
    }


def test_gateways_and_readings(ask):
    [(tags, _, [row])] = ask(
        "SELECT last(silent_minutes), sum(dead_letters), sum(connected) FROM gateways "
        "GROUP BY gateway"
    )
    assert tags == {"gateway": "campus/gw-1"}
    assert row[1:] == [pytest.approx(8 / 60), 5, 1]
    [(tags, _, rows)] = ask(
        "SELECT mean(value), count(value) FROM readings WHERE role = 'outdoor_temperature' "
        "AND time >= now() - 5h AND time < now() - 1h GROUP BY time(1h), node"
    )
    assert tags == {"node": "campus"}
    assert sum(row[2] for row in rows) == 4 * HOUR_US / 900_000_000


def test_energy_without_a_price_has_no_cost(ask):
    [(_, _, [[_, volume, cost]])] = ask(
        "SELECT sum(value), sum(cost) FROM energy WHERE node = 'office-a' AND item = '02000' AND "
        + RANGE.format("")
    )
    assert volume > 0
    assert cost is None
