"""The look for waste, as the platform's work does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from figures import Figures
from greenoffice.looking import AnalyticsWork
from greenoffice.settings import AnalyticsSettings
from metering.errors import Unavailable
from metering.finding import Case, Changes, Finding
from metering.localtime import HOUR_US, day_bounds
from metering.registry import Node, NodeType, Registry, SpaceEdge
from storage import memory_stores
from storage.memory import MemoryReadings
from tests.analytics.test_analytics_feeding import FIRST as FIRST_DAY
from tests.analytics.test_analytics_feeding import World, registry

NOW_US = 10**15
SETTLED_US = 30 * 60 * 1_000_000
"""After midnight the day before is settled."""
FOUND = Finding(
    institution="o",
    node="s",
    meter="m",
    item="01000",
    pattern="weekend_run",
    start_us=0,
    end_us=1,
    hours_us=(0,),
    expected=0,
    measured=1,
    waste=1.0,
    waste_low=1.0,
    waste_high=1.0,
    cost=None,
    currency="",
    kgco2=None,
    confidence=1.0,
    baseline_version="v",
    cause="holiday_table_missing",
    action="add_exception",
)


def test_a_look_that_sees_nothing_of_a_meter_leaves_its_cases_as_they_were_told() -> None:
    registry = Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
            "s": Node("s", NodeType.SITE),
        },
        space=(SpaceEdge("o", "s"),),
    )
    stores = memory_stores()
    stores.findings.record(Changes((Case(FOUND),)), now_us=1)
    before = stores.findings.list(None)
    parts = SimpleNamespace(
        settings=SimpleNamespace(analytics=AnalyticsSettings()),
        stores=stores,
        readings=MemoryReadings(),
        registry=lambda: registry,
        figures=Figures(stores.books, lambda: registry, lambda: NOW_US),
        now_us=lambda: NOW_US,
    )
    resting = SimpleNamespace(idle_us=0)
    work = AnalyticsWork(parts, resting)  # type: ignore[arg-type]
    assert work() is False
    assert work.began_us == 0
    resting.idle_us = 1
    assert work() is False
    assert stores.findings.list(None) == before
    assert (work.began_us, work.findings) == (NOW_US, 0)


def office_days(count: int) -> np.ndarray:
    """1 kWh an hour in office hours of working days, and a tenth else."""
    hour = np.arange(count * 24)
    day, hour = hour // 24, hour % 24
    return np.where((day % 7 < 5) & (hour >= 8) & (hour < 18), 1.0, 0.1)


def working(world: World) -> AnalyticsWork:
    """A process that has just begun, over the world's stores."""
    settings = AnalyticsSettings(interval_s=5, history_days=30)
    parts = SimpleNamespace(
        settings=SimpleNamespace(analytics=settings),
        stores=world.stores,
        readings=world.readings,
        registry=lambda: world.registry,
        figures=Figures(world.books, lambda: world.registry, lambda: world.now_us),
        now_us=lambda: world.now_us,
    )
    return AnalyticsWork(parts, SimpleNamespace(idle_us=2**62))  # type: ignore[arg-type]


def test_versions_are_fitted_on_more_than_the_window_and_asked_for_by_length() -> None:
    """The window of 30 days shows neither 80 days of history nor the 92nd: for a version that is
    due, more is read."""
    world = World(registry())
    world.stores = replace(memory_stores(), books=world.books)  # type: ignore[attr-defined]
    world.use("hourly", office_days(100))
    told = []
    work = working(world)
    for days in (80, 81, 91, 92, 93, 99):
        world.now_us = day_bounds(FIRST_DAY + timedelta(days=days), "Asia/Shanghai")[0] + SETTLED_US
        with world.view():
            assert work() is False
        versions = world.stores.baselines.versions(["fine", "hourly", "daily"])
        told.append([(one.meter, one.number, one.days) for one in versions])
        if days == 92:
            work = working(world)
    first, second = ("hourly", 1, 80), ("hourly", 2, 92)
    assert told == [[first], [first], [first], [first, second], [first, second], [first, second]]
    waiting = world.stores.baselines.progress(["fine", "hourly", "daily"])
    assert [(one.meter, one.days) for one in waiting] == [("daily", 0), ("fine", 0)]


def test_a_site_that_fails_stops_no_other_and_is_tried_again() -> None:
    """Told as long as it fails; the others are looked at when they are due."""
    nodes = {"o": Node("o", NodeType.INSTITUTION, zone="UTC")}
    nodes |= {code: Node(code, NodeType.SITE) for code in ("a", "bad", "z")}
    known = Registry(nodes=nodes, space=tuple(SpaceEdge("o", code) for code in ("a", "bad", "z")))
    now_us, looked, broken = NOW_US, [], {"bad"}
    parts = SimpleNamespace(
        settings=SimpleNamespace(analytics=AnalyticsSettings(interval_s=300)),
        stores=memory_stores(),
        registry=lambda: known,
        now_us=lambda: now_us,
    )
    work = AnalyticsWork(parts, SimpleNamespace(idle_us=10**18))  # type: ignore[arg-type]

    def look(site: str, _registry: Registry) -> int:
        looked.append(site)
        if site in broken:
            raise IndexError("index 24 is out of bounds")
        return 2

    work._look = look  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(Unavailable, match="index 24") as told:
            work()
        assert (told.value.field, told.value.value) == ("site", "bad")
    assert (looked, work.findings, work.began_us) == (["a", "bad", "z"], 4, NOW_US)
    now_us += 60_000_000
    with pytest.raises(Unavailable):
        work()
    assert looked[3:] == ["bad"]
    broken.clear()
    now_us += 60_000_000
    assert work() is False
    assert (looked[4:], work.findings) == (["bad"], 6)
    now_us += 180_000_000
    assert work() is False
    assert looked[5:] == ["a", "bad", "z"]


def test_a_store_that_is_away_is_no_sites_fault() -> None:
    known = Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
            "s": Node("s", NodeType.SITE),
        },
        space=(SpaceEdge("o", "s"),),
    )
    parts = SimpleNamespace(
        settings=SimpleNamespace(analytics=AnalyticsSettings()),
        stores=memory_stores(),
        registry=lambda: known,
        now_us=lambda: NOW_US,
    )
    work = AnalyticsWork(parts, SimpleNamespace(idle_us=10**18))  # type: ignore[arg-type]

    def away(_site: str, _registry: Registry) -> int:
        raise Unavailable("no answer")

    work._look = away  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="no answer"):
        work()
    assert (work.failing, work.began_us) == ({}, 0)


def test_what_ran_in_the_night_is_marked_in_the_morning_and_gone_a_day_later() -> None:
    """The running day is looked at in each quarter of it: a plant that ran from one to four is seen
    at six, although no complete day has changed. Of more there would be a case, and no mark."""
    world = World(registry())
    world.stores = replace(memory_stores(), books=world.books)  # type: ignore[attr-defined]
    use = office_days(102) * np.random.default_rng(1).normal(1, 0.02, 102 * 24)
    night = 100 * 24 + 1
    use[night : night + 3] += 0.3
    midnight_us = day_bounds(FIRST_DAY + timedelta(days=100), "Asia/Shanghai")[0]
    work, seen = working(world), {}
    for hour in (0, 5, 6, 24, 47, 48):
        world.use("hourly", use[: 100 * 24 + hour])
        world.now_us = midnight_us + hour * HOUR_US + SETTLED_US
        with world.view():
            assert work() is False
        marks = world.stores.findings.day_marks(None, now_us=world.now_us)
        seen[hour] = [(one.meter, (one.start_us - midnight_us) // HOUR_US) for one in marks]
    mark = ("hourly", 1)
    assert seen == {0: [], 5: [], 6: [mark], 24: [mark], 47: [mark], 48: []}
