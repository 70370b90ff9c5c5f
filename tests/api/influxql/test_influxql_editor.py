"""What Grafana's query editor writes, and functions of rows against what they are of."""

import statistics
from datetime import date, timedelta
from math import isclose

import pytest

from metering.localtime import day_bounds

ZONE = "Asia/Shanghai"
WHERE = "\"node\"::tag = 'campus' AND \"item\"::tag = '01000'"
DAYS = "time >= '2026-11-10' AND time < '2026-11-20'"
TZ = f"tz('{ZONE}')"


def one(ask, columns, rest, source="energy", where=WHERE):
    [(_, _, rows)] = ask(f"SELECT {columns} FROM {source} WHERE {where} AND {DAYS} {rest} {TZ}")
    return rows


@pytest.mark.parametrize(
    "query",
    [
        'SELECT mean("value"::field) FROM "energy" WHERE "node"::tag = \'dc\' AND {} '
        'GROUP BY time(200m), "item"::tag fill(null) ORDER BY time ASC limit 10 slimit 2',
        'SELECT derivative(mean("power"), 10s) / -100 AS "alias" FROM "autogen"."energy" '
        'WHERE "node" =~ /[c-d]c$/ AND {} GROUP BY time(1h), "node"::tag, "item" fill(none)',
        'SELECT top("power", 3) FROM "energy" WHERE "node" = \'dc\' AND {}',
        'SELECT count(distinct("power")) FROM "energy" WHERE {} GROUP BY time(1d, -8h)',
        'SELECT percentile("kwh", 95), moving_average(last("kwh"), 10) FROM "energy_hour" '
        "WHERE {} GROUP BY time(1h)",
        'SELECT "kwh"::field, "node"::tag FROM "energy_day" WHERE {} OFFSET 1',
        'SELECT sum(count) FROM /^(cases|findings)$/, gateways WHERE {} GROUP BY "node"',
        'SHOW TAG VALUES ON "greenoffice" FROM /ener/ WITH KEY != "node" LIMIT 3 OFFSET 2',
        'SHOW TAG KEYS FROM "energy" WHERE "item"::tag = \'01000\'',
    ],
)
def test_what_the_editor_writes_is_answered(ask, query):
    assert ask(query.format("time >= 1795000000000ms and time <= 1795490000000ms"))


def test_what_is_written_before_anything_is_chosen_is_nothing(ask):
    now = "time > now() - 1h GROUP BY time(10s) fill(null)"
    assert ask(f'SELECT mean("value") FROM "measurement" WHERE {now}') == []
    assert ask(f'SELECT mean("value") FROM "gateways" WHERE {now}') == []


def test_functions_of_rows_are_those_of_the_rows(ask):
    values = [row[1] for row in one(ask, "kwh", "")]
    asked = "median(kwh), spread(kwh), stddev(kwh), percentile(kwh, 90), count(distinct(kwh))"
    [row] = one(ask, asked, "")
    wanted = [
        statistics.median(values),
        max(values) - min(values),
        statistics.stdev(values),
        sorted(values)[int(len(values) * 0.9 + 0.5) - 1],
        len(set(values)),
    ]
    assert all(isclose(a, b, rel_tol=1e-12) for a, b in zip(row[1:], wanted, strict=True))


def test_a_selector_bears_the_time_of_its_row_and_what_stands_beside_it(ask):
    rows = one(ask, "kwh, power", "")
    most = max(rows, key=lambda row: (row[1], -row[0]))
    [found] = one(ask, "max(kwh), power, node", "")
    assert found == [*most, "campus"]
    assert [row[1] for row in one(ask, "top(kwh, 5)", "")] == [
        row[1] for row in sorted(sorted(rows, key=lambda r: -r[1])[:5])
    ]


def test_what_lies_between_buckets_begins_with_the_bucket_before_the_range(ask):
    days = "GROUP BY time(1d)"
    sums = [row[1] for row in one(ask, "sum(kwh)", days)]
    [(_, _, [[_, before]])] = ask(
        f"SELECT sum(kwh) FROM energy WHERE {WHERE} AND time >= '2026-11-09' "
        f"AND time < '2026-11-10' {TZ}"
    )
    rises = [b - a for a, b in zip([before, *sums[:-1]], sums, strict=True)]
    found = [row[1] for row in one(ask, "difference(sum(kwh))", days)]
    assert found == pytest.approx(rises, abs=1e-9)
    turned = one(ask, "difference(sum(kwh)), sum(kwh)", f"{days} ORDER BY time DESC LIMIT 3")
    assert [row[1] for row in turned] == pytest.approx(rises[:-4:-1], abs=1e-9)
    assert [row[2] for row in turned] == sums[:-4:-1]


def test_weeks_begin_on_monday_by_an_offset_and_as_rows(ask):
    rows = one(ask, "sum(kwh)", "GROUP BY time(7d, 4d)")
    mondays = [day_bounds(date(2026, 11, 9) + timedelta(days=7 * n), ZONE)[0] for n in range(2)]
    assert [row[0] * 1000 for row in rows] == mondays
    wide = f"{WHERE} AND time >= '2026-11-01'"
    [(_, _, weeks)] = ask(f"SELECT kwh FROM energy_week WHERE {wide} {TZ}")
    assert [row[0] * 1000 for row in weeks[1:3]] == [
        mondays[0] + n * 7 * 86_400 * 10**6 for n in (0, 1)
    ]
    [(_, _, [[_, whole]])] = ask(
        f"SELECT sum(kwh) FROM energy WHERE {WHERE} AND time >= '2026-11-09' "
        f"AND time < '2026-11-16' {TZ}"
    )
    assert weeks[1][1] == whole


@pytest.mark.parametrize(("step", "group"), [("hour", "1h"), ("day", "1d")])
def test_rows_of_a_step_are_the_buckets_of_the_books(ask, step, group):
    columns = ("kwh", "cost", "kgco2")
    sums = ", ".join(f"sum({name})" for name in columns)
    buckets = one(ask, sums, f"GROUP BY time({group})")
    assert one(ask, ", ".join(columns), "", f"energy_{step}") == buckets


def test_a_select_within_takes_no_energy_twice(ask, refuse):
    inner = (
        f"SELECT sum(kwh) AS x FROM energy WHERE {DAYS} AND type = 'building' AND item = '01000'"
    )
    outer = f'SELECT {{}}("x") FROM ({inner} GROUP BY time(1d), "node" {TZ}) WHERE time > 0 {TZ}'
    days = ask(f'{inner} GROUP BY time(1d), "node" {TZ}')
    values = [row[1] for _, _, rows in days for row in rows if row[1] is not None]
    [(_, _, [[_, most]])] = ask(outer.format("max"))
    [(_, _, [[_, whole]])] = ask(outer.format("sum"))
    assert most == max(values)
    assert whole == pytest.approx(sum(values), rel=1e-12)
    nested = inner.replace("type = 'building' AND ", "")
    problem = refuse(f'SELECT sum("x") FROM ({nested} GROUP BY time(1d), "node") WHERE time > 0')
    assert "must not be added" in problem["error"]
    assert (
        len(ask(f'SELECT max("x") FROM ({nested} GROUP BY time(1d), "node") GROUP BY "node"')) > 3
    )


def test_a_select_within_stays_within_the_walls(refuse, ask):
    problem = refuse(
        "SELECT max(x) FROM (SELECT max(kwh) AS x FROM energy WHERE node = 'hall' AND "
        "time > now() - 1d)",
        status=404,
    )
    assert "in your scope" in problem["error"]
    deep = "SELECT kwh FROM energy WHERE time > now() - 1d"
    for _ in range(3):
        deep = f"SELECT kwh FROM ({deep})"
    assert "so deep" in refuse(deep)["error"]


def test_fields_are_compared_row_by_row(ask):
    rows = [row[1] for row in one(ask, "kwh", "")]
    middle = statistics.median(rows)
    [[_, added, many]] = one(ask, "sum(kwh), count(kwh)", f"AND kwh > {middle}")
    kept = [value for value in rows if value > middle]
    assert many == len(kept)
    assert added == pytest.approx(sum(kept), rel=1e-12)


def test_cases_and_restatements_are_of_the_scope(ask, shared_world):
    counts = {
        key: ask("SELECT sum(count) FROM cases", key)[0][2][0][1] for key in ("bureau", "whole")
    }
    assert counts == {"bureau": 3, "whole": 4}
    told = ask('SELECT "standing", "assignee" FROM cases WHERE "pattern" = \'weekend_run\'')
    assert [row[1:] for row in told[0][2]] == [[1, ""]]
    for key in ("bureau", "school", "building"):
        listed = shared_world.get("/v1/restatements", key).json()["data"]
        found = ask("SELECT sum(count) FROM restatements", key)
        assert [row[1] for _, _, rows in found for row in rows] == ([len(listed)] if listed else [])


def test_indicators_are_months_by_area(ask):
    where = "node = 'office-a' AND item = '01000' AND time >= '2026-10-01' AND time < '2026-11-01'"
    [(_, _, [[_, value, per_m2, area]])] = ask(
        f"SELECT value, per_m2, area_m2 FROM indicators WHERE {where} {TZ}"
    )
    assert area == 12_500
    assert per_m2 == pytest.approx(value / area, abs=1e-6)
