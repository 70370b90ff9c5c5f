"""What is asked is weighed by series, days and fineness; the ordinary is light."""

from __future__ import annotations

import pytest

from api.influxql import weight
from api.reach import Reach
from api.weights import LIGHT
from metering.access import ApiKey, Role, Scope
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
        (366, 'sum("kwh") FROM energy', f"{NODE} AND time < now()", "time(1h), item"),
        (62, 'sum("cost") FROM energy', "type = 'building'", "time(1h), node, item"),
        (366, 'mean("value") FROM readings', "role != ''", "time(1d)"),
    ],
)
def test_long_and_fine_is_heavy(reach, days, columns, condition, groups) -> None:
    assert weighed(reach, days, columns, condition, groups) > LIGHT


def test_statements_add_up_and_the_future_costs_nothing(reach) -> None:
    one = 'SELECT sum("kwh") FROM energy WHERE time >= now() - 30d'
    assert weight(f"{one};{one}", NOW_US, reach) == 2 * weight(one, NOW_US, reach)
    assert weight(f"{one} AND time < now() + 9000d", NOW_US, reach) == weight(one, NOW_US, reach)
