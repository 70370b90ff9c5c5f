"""The look for waste, as the platform's work does it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from figures import Figures
from greenoffice.parts import AnalyticsWork
from greenoffice.settings import AnalyticsSettings
from metering.finding import Finding
from metering.registry import Node, NodeType, Registry, SpaceEdge
from storage import memory_stores
from storage.memory import MemoryReadings

NOW_US = 10**15
CASE = Finding(
    id="old",
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


def test_what_a_look_no_longer_finds_is_withdrawn_at_its_institution() -> None:
    registry = Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
            "s": Node("s", NodeType.SITE),
        },
        space=(SpaceEdge("o", "s"),),
    )
    stores = memory_stores()
    stores.findings.save([CASE, replace(CASE, id="away", institution="p")])
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
    assert len(stores.findings.list(None)) == 2
    resting.idle_us = 1
    assert work() is False
    assert [one.id for one in stores.findings.list(None)] == ["away"]
    assert (work.began_us, work.findings) == (NOW_US, 0)
