"""The look for waste, as the platform's work does it."""

from __future__ import annotations

from types import SimpleNamespace

from figures import Figures
from greenoffice.looking import AnalyticsWork
from greenoffice.settings import AnalyticsSettings
from metering.finding import Case, Changes, Finding
from metering.registry import Node, NodeType, Registry, SpaceEdge
from storage import memory_stores
from storage.memory import MemoryReadings

NOW_US = 10**15
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
    waste_kwh=1.0,
    waste_low_kwh=1.0,
    waste_high_kwh=1.0,
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
