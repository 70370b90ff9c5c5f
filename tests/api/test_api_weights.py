"""What is asked is weighed by series, days and fineness; the ordinary is light."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from fastapi import Request
from fastapi.datastructures import State

from api.influxql import weight
from api.reach import Reach
from api.weights import LIGHT, is_heavy
from metering.access import ApiKey, Role, Scope
from metering.closing import Closing, Signed
from metering.reading import Kind
from metering.registry import Installation, Meter, Point, Registry
from metering.registry.facts.accounts import Account
from tests.api.conftest import NOW_US, registry

NODE = "node = 'campus'"


@pytest.fixture(scope="module")
def reach() -> Reach:
    known = registry()
    return Reach(known, Scope.of(ApiKey("k", "k", "", Role.READ), known))


def weighed(reach: Reach, days: int, columns: str, condition: str, groups: str) -> int:
    text = f"SELECT {columns} WHERE time >= now() - {days}d AND {condition} GROUP BY {groups}"
    return weight(text, NOW_US, reach)


@pytest.mark.parametrize(
    ("days", "columns", "condition", "groups"),
    [
        (31, 'sum("kwh") FROM energy', NODE, "time(1d), item"),
        (31, 'mean("power") FROM energy', NODE, 'time(1d), "hour"'),
        (7, 'mean("power") FROM meters', "role != ''", "time(1h), meter"),
        (92, 'sum("cost") FROM energy', NODE, "time(31d), item"),
        (3660, 'sum("kwh") FROM energy', f"{NODE} AND item = '01000'", "item"),
        (3700, 'sum("count") FROM findings', "state = 'open'", "pattern"),
    ],
)
def test_what_boards_ask_is_light(reach, days, columns, condition, groups) -> None:
    assert weighed(reach, days, columns, condition, groups) <= LIGHT


@pytest.mark.parametrize(
    ("days", "columns", "condition", "groups"),
    [
        (9490, 'sum("kwh") FROM energy', NODE, "hours, day, weekday, hour"),
        (9490, 'sum("kwh") FROM energy', f"({NODE} OR item = '01000')", "node, item"),
        (9490, 'sum("kwh") FROM energy', f"{NODE} AND time < now()", "time(1h), item"),
        (366, 'sum("priced") FROM energy', f"{NODE} AND time < now()", "time(1h), item"),
        (3660, 'sum("cost") FROM energy', "type = 'building'", "time(1h), node, item"),
        (366, 'mean("value") FROM readings', "role != ''", "time(1d)"),
    ],
)
def test_long_and_fine_is_heavy(reach, days, columns, condition, groups) -> None:
    assert weighed(reach, days, columns, condition, groups) > LIGHT


def test_what_is_told_by_itself_weighs_more(reach) -> None:
    asked = f"SELECT sum(cost) FROM energy WHERE time >= now() - 90d AND {NODE} GROUP BY time(1h)"
    light = weight(asked, NOW_US, reach)
    for other in (asked.replace("FROM ", 'FROM "as_of_c1".'), f"{asked}, currency"):
        assert weight(other, NOW_US, reach) > 5 * light
    assert weight(asked, NOW_US, reach, "as_of_c1") > 5 * light


def test_places_with_meters_of_several_steps_are_told_by_themselves() -> None:
    known = registry()
    steps = {
        code: replace(one, step_min=15 if n else 60)
        for n, (code, one) in enumerate(sorted(known.meters.items()))
    }
    one, other = (
        Reach(replace(known, meters=own), Scope.of(ApiKey("k", "k", "", Role.READ), known))
        for own in (known.meters, steps)
    )
    asked = f"SELECT sum(kwh) FROM energy WHERE time >= now() - 90d AND {NODE} GROUP BY time(1h)"
    assert weight(asked, NOW_US, other) > 5 * weight(asked, NOW_US, one)


def test_statements_add_up_and_the_future_costs_nothing(reach) -> None:
    one = 'SELECT sum("kwh") FROM energy WHERE time >= now() - 30d'
    assert weight(f"{one};{one}", NOW_US, reach) == 2 * weight(one, NOW_US, reach)
    assert weight(f"{one} AND time < now() + 9000d", NOW_US, reach) == weight(one, NOW_US, reach)


def crowded(meters: int) -> Registry:
    """So many more electricity meters and role meters, each with a point."""
    known = registry()
    more = [Meter(f"more-{n}", "canteen", "01000") for n in range(meters)]
    roles = [Meter(f"it-{n}", "dc", "01D10", dc_role="it") for n in range(meters)]
    points = [
        Point(1000 + n, "campus/gw-1", one.code, Kind.REGISTER, "kWh")
        for n, one in enumerate([*more, *roles])
    ]
    served = zip([*more, *roles], points, strict=True)
    return replace(
        known,
        meters={**known.meters, **{one.code: one for one in [*more, *roles]}},
        points={**known.points, **{one.id: one for one in points}},
        installations=(*known.installations, *(Installation(m.code, p.id) for m, p in served)),
    )


FEW, TEN, SOME, MANY = crowded(0), crowded(10), crowded(30), crowded(100)
YEAR, SEASON, MONTH, DAY = (
    f"start={day}&end=2026-11-24"
    for day in ("2025-11-24", "2026-07-30", "2026-10-25", "2026-11-23")
)


def closed(number: int) -> Closing | None:
    """c1 is a month, c2 a quarter, c3 a year; c4 is of an institution that is none, c6 of one with
    few series."""
    first, body = {
        1: (date(2026, 10, 1), "bureau"),
        2: (date(2026, 8, 1), "bureau"),
        3: (date(2025, 11, 1), "bureau"),
        4: (date(2026, 10, 1), "nobody"),
        6: (date(2026, 10, 1), "school"),
    }.get(number, (None, ""))
    if first is None:
        return None
    last, by = date(2026, 10, 31), Signed(1, "somebody", "k")
    return Closing(body, "2026-10", first, last, 1, 1, 1, "", "", by, number=number)


def heavy(
    known: Registry, path: str, kept: bool = False, method: str = "GET", entered: int = 0
) -> bool:
    found = SimpleNamespace(issue=lambda institution, month: "one" if kept else None)
    filed = SimpleNamespace(
        statements=lambda kinds, subjects, *, before, limit: (
            [SimpleNamespace(subject=min(subjects))] * min(entered, limit)
        )
    )
    platform = SimpleNamespace(
        registry=lambda: known,
        now_us=lambda: NOW_US,
        reports=found,
        statements=filed,
        closings=SimpleNamespace(closing=closed),
    )
    app = SimpleNamespace(state=State({"platform": platform, "reaches": {}}))
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode()}
    request = Request({**scope, "headers": [], "server": ("x", 80), "app": app, "state": {}})
    request.state.key = ApiKey("k", "k", "", Role.READ)
    return is_heavy(request)


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (FEW, f"energy?node=campus&item=01000&step=day&{YEAR}"),
        (FEW, f"energy?node=campus&item=01000&step=month&{YEAR}"),
        (FEW, f"energy?node=campus&item=01000&step=hour&{MONTH}"),
        (MANY, f"energy?below=campus&step=day&fields=quantity,shares&{YEAR}"),
        (FEW, f"energy?meter=office-a-total,canteen-water&step=hour&{YEAR}"),
        (FEW, f"energy/parts?node=campus&item=01000&{MONTH}"),
        (FEW, f"energy/parts?node=campus&item=02000&{YEAR}"),
        (FEW, f"datacentre?node=dc&{YEAR}"),
        (MANY, f"datacentre?node=dc&{MONTH}"),
        (MANY, f"datacentre?node=campus&{DAY}"),
        (FEW, f"energy/lineage?node=campus&item=01000&{MONTH}"),
        (SOME, f"energy/lineage?node=campus&item=01000&{DAY}"),
        (SOME, "energy/lineage?node=campus&item=01000&step=day&time=2026-11-23T10:00:00Z"),
        (MANY, f"energy/lineage?node=office-a&item=01000&{MONTH}"),
        (MANY, f"energy/lineage?meter=more-1&{MONTH}"),
        (MANY, f"energy/lineage?node=campus&item=01000&{YEAR}"),
        (FEW, f"verdicts?node=campus&{SEASON}"),
        (MANY, f"verdicts?node=office-a&{SEASON}"),
        (MANY, f"verdicts?node=campus&{YEAR}"),
        (MANY, f"points/1/readings?{YEAR}"),
        (MANY, "reports/bureau/2026-10/issues"),
        (MANY, "reports/bureau?month=October"),
        (FEW, "reports/school?month=2026-10"),
    ],
)
def test_what_is_asked_in_passing_is_light(known: Registry, asked: str) -> None:
    """Also what is refused however little or much it would cost."""
    assert not heavy(known, f"/v1/{asked}")


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (FEW, "energy?node=campus&item=01000&step=day&start=2023-11-24&end=2026-11-24"),
        (FEW, f"energy?node=campus&item=01000&step=hour&{SEASON}"),
        (FEW, f"energy?node=campus&item=01000&step=native&{MONTH}"),
        (MANY, f"energy?below=campus&step=hour&fields=quantity&{YEAR}"),
        (MANY, f"energy?below=campus&step=day&{YEAR}"),
        (FEW, f"energy?node=campus,dc&step=hour&fields=quantity&{SEASON}"),
        (FEW, f"energy?meter=dc-it,canteen-water&as_of=c1&step=hour&{SEASON}"),
        (FEW, f"energy/parts?node=campus&item=01000&{YEAR}"),
        (FEW, f"energy/parts?node=campus&{YEAR}"),
        (MANY, f"datacentre?node=dc&{YEAR}"),
        (TEN, f"energy/lineage?node=campus&item=01000&{MONTH}"),
        (MANY, "energy/lineage?node=campus&item=01000&step=month&time=2026-10-15"),
        (FEW, "reports/bureau?month=2026-10"),
        (FEW, "reports/bureau?month=2026-10&format=json&provisional=true"),
    ],
)
def test_what_takes_a_third_of_a_second_is_heavy(known: Registry, asked: str) -> None:
    assert heavy(known, f"/v1/{asked}")


def test_verdicts_are_weighed_by_the_totals_that_a_place_may_be_the_sum_of() -> None:
    total = FEW.meters["office-a-total"]
    totals = {f"t-{n}": replace(total, code=f"t-{n}") for n in range(300)}
    many = replace(FEW, meters={**FEW.meters, **totals})
    assert not heavy(many, f"/v1/verdicts?node=canteen&{MONTH}")
    assert heavy(many, f"/v1/verdicts?node=campus&{MONTH}")


def with_accounts(count: int, demand: str = "") -> Registry:
    accounts = tuple(Account(f"a-{n}", "office-a-total", demand=demand) for n in range(count))
    return replace(FEW, more={**FEW.more, "account": accounts})


def test_bills_are_weighed_by_accounts_and_audits_by_what_was_entered() -> None:
    few, many = with_accounts(5), with_accounts(40)
    for path in ("/v1/bill", "/v1/bill/file"):
        assert heavy(many, f"{path}?node=campus&month=2026-10")
        assert not heavy(many, f"{path}?account=a-1&month=2026-10")
        assert not heavy(many, f"{path}?node=canteen&month=2026-10")
        assert not heavy(few, f"{path}?node=campus&month=2026-10")
    sliding = with_accounts(5, "sliding")
    assert heavy(sliding, "/v1/bill?node=campus&month=2026-10")
    assert not heavy(sliding, "/v1/bill?account=a-1&month=2026-10")
    assert heavy(sliding, "/v1/bills?limit=10", entered=50)
    assert heavy(few, "/v1/bills", entered=50)
    assert heavy(few, "/v1/bills?limit=1000", entered=1000)
    assert not heavy(few, "/v1/bills?limit=10", entered=50)
    assert not heavy(few, "/v1/bills", entered=10)
    assert not heavy(few, "/v1/bills?limit=many", entered=0)


@pytest.mark.parametrize(
    ("known", "name"), [(FEW, "c1"), (FEW, "c3"), (SOME, "c1"), (MANY, "c1"), (MANY, "c1?limit=0")]
)
def test_what_became_of_a_closing_is_weighed_by_its_days_and_series(known, name) -> None:
    assert heavy(known, f"/v1/closings/{name}")


@pytest.mark.parametrize("name", ["/c6", "/c4", "/c5", "/c", "/c01", "/c1/2", "", "?institution=x"])
def test_a_month_of_few_series_is_light_and_what_there_is_none_of(name) -> None:
    assert not heavy(MANY, f"/v1/closings{name}")
    assert not heavy(MANY, "/v1/closings/c3", method="POST")


def test_a_report_that_is_kept_is_light_and_what_changes_something_is_answered_in_place() -> None:
    assert not heavy(FEW, "/v1/reports/bureau?month=2026-10", kept=True)
    assert not heavy(FEW, "/v1/reports/bureau/2026-10/issues", method="POST")
