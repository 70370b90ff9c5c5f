"""What is asked in InfluxQL is what `figures` tells: the nearest double of the same decimal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import figures
from api.influxql.engine import select
from api.influxql.tables import columns, energy
from figures import View
from metering.factor import Factor
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.registry import Node, NodeType
from tests.api.influxql.conftest import (
    COLUMNS,
    DAY,
    DAYS,
    ENERGY,
    LAST,
    TZ,
    WEEK,
    ZONE,
    curve,
    half_past,
    price,
    wanted,
)
from tests.ledger.conftest import meter, midnight


@pytest.fixture
def mixed(asked):
    """Read by the quarter hour with a gap over midnight, by the hour and once a day."""
    meters = [
        meter("q", "01A00"),
        meter("h", "01B00", step_min=60),
        meter("d", "01C00", node="c", step_min=1440),
    ]
    readings = {1: curve(15, 1, gap=(120, 230)), 2: curve(60, 2), 3: curve(1440, 3)}
    factors = [Factor("01000", "kgco2", Decimal("0.5366"), grade="V")]
    area = Node("o", NodeType.INSTITUTION, zone=ZONE, area_m2=Decimal("731.5"))
    edges = [("o", "b"), ("o", "c")]
    return asked(meters, half_past(), readings, nodes=[area], factors=factors, edges=edges)


STEPS = [("15m", "15min"), ("1h", "hour"), ("1d", "day")]


@pytest.mark.parametrize("code", ["q", "h", "d"])
@pytest.mark.parametrize(("interval", "step"), STEPS)
def test_money_of_a_meter_in_every_bucket_is_the_figures(mixed, code, interval, step):
    query = f"SELECT {COLUMNS} FROM meters WHERE meter = '{code}' AND {WEEK} "
    rows = mixed.rows(query + f"GROUP BY time({interval}) {TZ}")
    with mixed.view() as view:
        costs = figures.costs_of_each(
            view, figures.energy(view, view.key_of(code), DAY, LAST, step)
        )
    if not any(one.money for one in costs):
        assert rows == {}
        return
    ((_, found),) = rows.items()
    assert len(found) == len(costs)
    for row, cost in zip(found, costs, strict=True):
        assert row[1:] == (wanted(cost) if cost.money else [None] * 6)


@pytest.mark.parametrize("step", ["15min", "hour", "day"])
def test_energy_quality_and_carbon_of_a_node_are_the_figures(mixed, step):
    interval = {"15min": "15m", "hour": "1h", "day": "1d"}[step]
    found = mixed.one(
        'SELECT sum("value"), mean("measured"), mean("known"), sum("kgco2"), sum("remainder"), '
        f"sum(\"per_m2\") FROM energy WHERE node = 'o' AND item = '01000' AND {WEEK} "
        f"GROUP BY time({interval}) {TZ}"
    )
    with mixed.view() as view:
        energy = figures.energy(view, view.key_of("o", "01000"), DAY, LAST, step)
        carbon = [one.whole for one, _ in figures.emissions_of_each(view, energy)]
        rest = {}
        for coarse in energy.remainder:
            for start, amount in zip(coarse.start_us.tolist(), coarse.values(), strict=True):
                rest[start] = rest.get(start, 0) + (amount or 0)
    for n, row in enumerate(found):
        amount, start = energy.values()[n], int(energy.start_us[n])
        assert row[0] == start // 1000
        assert row[1] == amount / 10**6
        assert row[2] == int(energy.shares[n, 0]) / 10_000
        assert row[3] == 1 - int(energy.shares[n, 3]) / 10_000
        assert row[4] == float(carbon[n])
        assert row[5] == rest.get(start, 0) / 10**6
        assert row[6] == float(figures.per_each(Decimal(amount) / 10**6, Decimal("731.5")))
    assert bool(rest) == (step != "day")


def test_hours_and_their_remainder_are_the_day(mixed):
    query = (
        'SELECT sum("value") + sum("remainder") FROM energy '
        f"WHERE node = 'o' AND item = '01000' AND {WEEK} GROUP BY time({{}}) {TZ}"
    )
    days = [row[1] for row in mixed.one(query.format("1d"))]
    for interval in ("1h", "15m", "6h", "7h"):
        found = mixed.one(query.format(interval))
        assert sum(round(row[1] * 10**6) for row in found) == round(sum(days) * 10**6)


SPANS = st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS)).filter(lambda s: s[0] < s[1])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SPANS, st.sampled_from(["", "GROUP BY time(1d)", "GROUP BY time(2d)", "GROUP BY time(3d)"]))
def test_any_stretch_of_days_is_the_figure_of_these_days(mixed, span, group):
    start, end = (DAY + timedelta(days=place) for place in span)
    found = mixed.one(
        f'SELECT {COLUMNS}, sum("value"), mean("measured") FROM energy WHERE node = \'o\' AND '
        f"item = '01000' AND time >= '{start}' AND time < '{end}' {group} {TZ}"
    )
    edges = [max(row[0] * 1000, day_bounds(start, ZONE)[0]) for row in found]
    edges.append(day_bounds(end, ZONE)[0])
    with mixed.view() as view:
        key = view.key_of("o", "01000")
        for row, left, right in zip(found, edges, edges[1:], strict=False):
            first, last = (local_day(at, ZONE) for at in (left, right - 1))
            energy = figures.stretches(view, key, [(first, last)])
            assert row[1:7] == wanted(figures.cost(view, key, first, last))
            assert row[7] == energy.values()[0] / 10**6
            assert row[8] == int(energy.shares[0, 0]) / 10_000


def test_a_range_that_cuts_days_takes_whole_days_whole(mixed):
    """From 10:37 on: quarters, hours, then days; what is coarser begins outside or is added."""
    query = (
        'SELECT sum("value"), sum("remainder") FROM energy WHERE node = \'o\' AND '
        "item = '01000' AND time >= '{} 10:37:00' AND time < '{}' {}"
    )
    [[_, value, rest]] = mixed.one(query.format(DAY, LAST + timedelta(days=1), TZ))
    with mixed.view() as view:
        key = view.key_of("o", "01000")
        days = sum(figures.energy(view, key, DAY + timedelta(days=1), LAST, "day").values())
        begin = midnight() + 11 * HOUR_US
        hours = figures.energy(view, key, DAY, DAY, "hour")
        first = sum(figures.between(hours, begin, 2**62).values())
        quarter = figures.energy(view, key, DAY, DAY, "15min")
        head = sum(figures.between(quarter, begin - HOUR_US // 4, begin).values())
    assert value == (days + first + head) / 10**6
    assert rest == 0


@pytest.mark.parametrize("label", ["hour", "hours", "day", "weekday"])
def test_labels_of_a_range_that_cuts_a_slot_hold_what_begins_in_it(mixed, label):
    query = (
        "SELECT sum(\"value\"), sum(remainder) FROM energy WHERE node = 'o' AND item = '01000' AND "
        f"time >= '{DAY} 10:37:21' AND time < '{LAST}' {{}} {TZ}"
    )
    [[_, value, rest]] = mixed.one(query.format(""))
    parts = mixed.rows(query.format(f'GROUP BY "{label}"')).values()
    sums = [sum(round((rows[0][n] or 0) * 10**6) for rows in parts) for n in (1, 2)]
    assert sum(sums) == round((value + rest) * 10**6)


def test_questions_by_the_hour_take_what_is_read_by_the_hour(mixed):
    query = (
        "SELECT sum(\"value\") FROM energy WHERE node = 'o' AND item = '01000' AND "
        f"{WEEK} GROUP BY "
    )
    with mixed.view() as view:
        key = view.key_of("o", "01000")
        hours = sum(figures.energy(view, key, DAY, LAST, "hour").values())
        days = sum(figures.energy(view, key, DAY, LAST, "day").values())
    for label, amount in (("hour", hours), ("hours", hours), ("weekday", days), ("day", days)):
        parts = mixed.rows(query + f'"{label}" {TZ}').values()
        assert sum(round(rows[0][1] * 10**6) for rows in parts) == amount
    power = mixed.one(
        f"SELECT mean(\"power\") FROM energy WHERE node = 'o' AND item = '01000' AND {WEEK} "
        f"GROUP BY time(1d) {TZ}"
    )
    assert [row[1] for row in power] == pytest.approx(
        [row / 24e6 for row in daily(mixed, hours=True)], rel=1e-12
    )


def daily(asked, *, hours):
    with asked.view() as view:
        key = view.key_of("o", "01000")
        found = figures.energy(view, key, DAY, LAST, "hour" if hours else "day").values()
    return [sum(found[n * 24 : n * 24 + 24]) for n in range(DAYS)]


@pytest.mark.parametrize(("most", "questions"), [(4_000, 1), (1, 3)])
@pytest.mark.parametrize(
    ("bound", "question", "together"),
    [("ROWS_AT_ONCE", "_rows_of", False), ("COLUMNS_AT_ONCE", "day_columns", True)],
)
def test_several_series_are_one_question_up_to_a_bound(
    mixed, monkeypatch, most, questions, bound, question, together
):
    monkeypatch.setattr(energy, bound, most)
    monkeypatch.setattr(columns, "can_tell", lambda *_: together)
    found, read = [], getattr(View, question)

    def recorded(view, keys, *span):
        found.append(len(keys))
        return read(view, keys, *span)

    monkeypatch.setattr(View, question, recorded)
    rows = mixed.rows(f"SELECT sum(kwh) FROM meters WHERE {WEEK} GROUP BY time(1d), meter {TZ}")
    assert rows
    assert (len(found), sum(found)) == (questions, 3)


def test_meters_of_two_tariffs_each_at_its_own(asked):
    own = [*half_past(), price("flat", 0, 1440, "0.5", meter="y")]
    found = asked(
        [meter("x", "01A00"), meter("y", "01B00", step_min=60)],
        own,
        {1: curve(15, 1), 2: curve(60, 2)},
    )
    query = f"SELECT {COLUMNS} FROM {{}} AND {WEEK} {TZ}"
    [row] = found.one(query.format("energy WHERE node = 'o' AND item = '01000'"))
    parts = [found.one(query.format(f"meters WHERE meter = '{code}'"))[0] for code in "xy"]
    with found.view() as view:
        assert row[1:] == wanted(figures.cost(view, view.key_of("o", "01000"), DAY, LAST))
        costs = [figures.cost(view, view.key_of(code), DAY, LAST) for code in "xy"]
        for part, cost in zip(parts, costs, strict=True):
            assert part[1:] == wanted(cost)
        [[_, both]] = found.one(
            f"SELECT sum(cost) FROM meters WHERE meter =~ /^(x|y)$/ AND {WEEK} {TZ}"
        )
        assert both == float(sum(cost.sole.amount for cost in costs)) == row[1]


def test_all_of_an_answer_is_of_one_revision_and_says_so(mixed, monkeypatch):
    """The books move between two statements of a request: both are of the first revision."""
    query = f"SELECT sum(value), sum(cost) {ENERGY} {TZ}"
    before, revision = mixed.one(query), mixed.books.books.revision("o")
    moved = SimpleNamespace(done=False)
    run = select.run

    def run_and_move(statement, view, tables):
        found = run(statement, view, tables)
        if not moved.done:
            moved.done = True
            times, values = curve(60, 2)
            mixed.books.push(2, times[-1:], values[-1:] + 4)
            mixed.books.ledger.step()
        return found

    monkeypatch.setattr(select, "run", run_and_move)
    answer = mixed.post(f"{query};{query}")
    assert answer.headers["X-Greenoffice-Revision"] == f"o={revision}"
    for result in answer.json()["results"]:
        assert result["series"][0]["values"] == before
    assert mixed.books.books.revision("o") > revision
    after = mixed.post(query)
    assert after.headers["X-Greenoffice-Revision"] == f"o={mixed.books.books.revision('o')}"
    assert after.json()["results"][0]["series"][0]["values"] != before


def test_an_answer_without_books_names_no_revision(mixed):
    assert "X-Greenoffice-Revision" not in mixed.post("SHOW DATABASES").headers
