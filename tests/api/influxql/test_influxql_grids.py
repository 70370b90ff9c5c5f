"""Grids tell what rows one by one tell: the slow way is the oracle, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.influxql.engine import exact, grid, select
from api.influxql.engine.aggregate import aggregate
from api.influxql.engine.grid import GridTable, NotAlike
from api.influxql.engine.rows import FieldKind, Grid, GridValues, Series, Values
from api.influxql.language.tree import Aggregate, Select, Selected
from api.influxql.tables import columns, energy
from metering.factor import Factor
from metering.registry import Node, NodeType
from tests.api.influxql.conftest import DAY, DAYS, LAST, TZ, ZONE, curve, half_past
from tests.ledger.conftest import meter

AMOUNTS = ("value", "kwh", "remainder", "kgco2", "kgce")
MONEY = ("cost", "cost_low", "cost_high")
SHARES = ("measured", "apportioned", "estimated", "missing", "known")
SHOWN = [
    *(f"sum({field})" for field in (*AMOUNTS, *MONEY, "per_m2")),
    *(f"mean({field})" for field in (*SHARES, "power", "value")),
    *(f"{name}({field})" for name in ("min", "max", "first", "last") for field in ("power", "kwh")),
    *("count(power)", "count(kwh)", "1 - mean(known)", "sum(kwh) / sum(remainder)"),
]
RANGES = [
    f"time >= '{DAY}' AND time < '{LAST}'",
    f"time >= '{DAY}'",
    f"time >= '{DAY}T05:37:00Z' AND time < '{LAST}T17:12:00Z'",
    "time >= now() - 40h AND time <= now()",
    f"time >= '2026-02-20' AND time < '{LAST}'",
]
WHERE = ["", " AND hours = 'office'", " AND weekday =~ /^[13]$/", " AND currency = 'CNY'"]
SOURCES = [
    ("energy WHERE node = 'o' AND item = '01000'", ""),
    ("energy WHERE under = 'o'", "node, item"),
    ("meters WHERE under = 'o'", "meter"),
    ("meters WHERE meter =~ /^[xyz]$/", "meter, hour"),
    ("energy WHERE category = '01000' AND item_level = '1'", "node, item_zh"),
    ("meters WHERE meter = 'x'", "day"),
]
TIMES = ["", "time(15m)", "time(1h)", "time(6h)", "time(1d)", "time(2d)", "time(7h)"]


@pytest.fixture
def office(asked):
    """Two meters by the quarter hour, one of them with gaps, one by the hour and one by the day."""
    meters = [
        meter("x", "01A00"),
        meter("y", "01B00", node="c"),
        meter("z", "01B00", step_min=60),
        meter("d", "01C00", node="c", step_min=1440),
    ]
    readings = {
        1: curve(15, 1),
        2: curve(15, 5, gap=(120, 230)),
        3: curve(60, 2),
        4: curve(1440, 3),
    }
    factors = [
        Factor("01000", "kgco2", Decimal("0.5366"), grade="V"),
        Factor("01000", "kgce", Decimal("0.1229")),
    ]
    area = Node("o", NodeType.INSTITUTION, zone=ZONE, area_m2=Decimal("731.5"))
    edges = [("o", "b"), ("o", "c")]
    return asked(meters, half_past(), readings, nodes=[area], factors=factors, edges=edges)


def grouped(*by):
    """GROUP BY what there is."""
    named = ", ".join(one for one in by if one)
    return f" GROUP BY {named}" if named else ""


statements = st.builds(
    lambda shown, where, source, span, bucket, fill: (
        f"SELECT {', '.join(shown)} FROM {source[0]} AND {span}{where}"
        + (
            f" GROUP BY {', '.join(one for one in (bucket, source[1]) if one)}"
            if bucket or source[1]
            else ""
        )
        + f"{fill} {TZ}"
    ),
    st.lists(st.sampled_from(SHOWN), min_size=1, max_size=3),
    st.sampled_from(WHERE),
    st.sampled_from(SOURCES),
    st.sampled_from(RANGES),
    st.sampled_from(TIMES),
    st.sampled_from(["", " fill(none)", " ORDER BY time DESC LIMIT 7"]),
)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(statement=statements)
def test_grids_answer_as_rows_do(office, statement):
    found = office.post(statement)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "can_tell", lambda *_: False)
        wanted = office.post(statement)
    assert (found.status_code, found.json()) == (wanted.status_code, wanted.json()), statement


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("sum(kwh) FROM meters WHERE under = 'o' AND {} GROUP BY time(1d), meter", 1),
        ("mean(measured) FROM meters WHERE meter =~ /x|y/ AND {} GROUP BY time(6h), meter", 1),
        ("sum(cost) FROM meters WHERE meter = 'x' AND {} GROUP BY time(1h)", 2),
        ("min(power) FROM energy WHERE node = 'b' AND {} GROUP BY time(1d), item", 1),
        ("sum(kwh) FROM meters WHERE under = 'o' AND {} GROUP BY currency, meter", 0),
    ],
)
def test_what_boards_ask_comes_as_grids(office, monkeypatch, statement, count):
    """Else the law above compares rows with rows."""
    found, take = [], GridTable.take
    monkeypatch.setattr(GridTable, "take", lambda *a: found.append(1) or take(*a))
    assert office.rows(f"SELECT {statement.format(RANGES[0])} {TZ}")
    assert (len(found) >= count) if count else not found


def test_hours_without_books_are_no_values(office, monkeypatch):
    asked = "SELECT {} FROM meters WHERE meter = 'x' AND time >= '{}' GROUP BY hour " + TZ
    monkeypatch.setattr(energy, "MOST_SLOTS", 24 * (DAYS + 1))
    long_ago = "2001-01-01"
    found = [
        {hour: rows[0][1] for hour, rows in office.rows(asked.format("sum(kwh)", since)).items()}
        for since in (DAY, long_ago)
    ]
    assert found[0] == found[1]
    refused = office.post(asked.format("mean(missing)", long_ago))
    assert (refused.status_code, refused.json()["field"]) == (400, "time")
    assert "more than" in refused.json()["error"]
    monkeypatch.setattr(energy, "MOST_SLOTS", 24 * (DAYS - 1))
    assert office.post(asked.format("sum(kwh)", DAY)).status_code == 400


def test_a_range_has_an_end_all_the_same(office, monkeypatch):
    monkeypatch.setattr(energy, "MOST_ASKED", 24 * 30)
    asked = "SELECT sum(kwh) FROM meters WHERE meter = 'x' AND time >= '{}' GROUP BY hour " + TZ
    assert office.post(asked.format(DAY)).status_code == 200
    assert office.post(asked.format("2001-01-01")).status_code == 400


@pytest.mark.parametrize("together", [True, False])
def test_null_is_no_value_of_an_answer(office, monkeypatch, together):
    monkeypatch.setattr(columns, "can_tell", lambda *_: together)
    asked = "SELECT sum(kwh) FROM meters WHERE meter = 'x' AND time >= '{}' GROUP BY time(1d) " + TZ
    monkeypatch.setattr(select, "MOST_POINTS", DAYS)
    [rows] = office.rows(asked.format("2026-01-01")).values()
    assert len(rows) > 10 * DAYS
    monkeypatch.setattr(select, "MOST_POINTS", DAYS - 1)
    refused = office.post(asked.format("2026-01-01")).json()
    assert (refused["field"], refused["value"]) == ("time", f"{DAYS} values")
    monkeypatch.setattr(grid, "MOST_CELLS", len(rows) - 1)
    assert office.post(asked.format("2026-01-01")).status_code == 400


FUNCTIONS = ("sum", "mean", "min", "max", "first", "last", "count")


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=6, max_size=6),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(0, 3_600), min_size=6, max_size=6),
    st.sampled_from(FUNCTIONS),
    st.booleans(),
    st.booleans(),
)
def test_a_grid_is_put_together_as_its_rows(rows, weights, function, by_series, weighed):
    known = np.array([[one is not None for one in row] for row in rows])
    amounts = np.array([[one or 0 for one in row] for row in rows], np.int64)
    weight = np.array(weights, np.int64) if weighed else None
    kind = FieldKind.SHARE if weighed else FieldKind.AMOUNT
    one, bounds = Aggregate(function, "f"), np.array([0, 20, 40, 60, 80])
    tags = ("meter",) if by_series else ()
    table = GridTable(
        Select((Selected(one, "f"),), "t", interval_us=20, tags=tags), {"f": kind}, bounds
    )
    series = tuple(Series({"meter": str(n)}) for n in range(len(rows)))
    times = np.array([0, 10, 20, 50, 55, 59])
    whole = function == "sum" or (function == "mean" and weighed)
    values = GridValues(amounts, known, 1000, weight)
    try:
        table.take(Grid(series, times, {"f": values}, whole))
        (found,) = table.columns()
    except NotAlike:
        assert function in ("first", "last")
        assert len(rows) > 1
        return
    groups = [[n] for n in range(len(rows))] if by_series else [list(range(len(rows)))]
    for place, group in enumerate(groups):
        own = exact.objects(
            amount if there else np.nan
            for n in group
            for amount, there in zip(amounts[n].tolist(), known[n], strict=True)
        )
        own_weight = None if weight is None else np.tile(weight.astype(float), len(group))
        at = np.tile(times, len(group))
        order = np.argsort(at, kind="stable")
        place_of = np.searchsorted(bounds, at[order], side="right") - 1
        wanted = aggregate(function, Values(own, 1000, own_weight).of(order), place_of, 4)
        assert np.array_equal(found[place], wanted, equal_nan=True)


def test_what_64_bits_do_not_hold_is_left_to_rows():
    one = Aggregate("sum", "f")
    asked = Select((Selected(one, "f"),), "t")
    table = GridTable(asked, {"f": FieldKind.AMOUNT}, np.array([0, 10]))
    large = GridValues(np.full((2, 3), 2**60, np.int64))
    with pytest.raises(NotAlike):
        table.take(Grid((Series({}), Series({})), np.arange(3), {"f": large}, True))
