"""From readings to the case of a balance that drifts: what is told, when it ends, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analytics import look, settle, site_inputs
from api.sentences import sentence
from figures import Figures
from ledger import Ledger
from metering.book import DirtyMark
from metering.finding import Case, CaseState
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from metering.validity import Validity
from storage.memory import MemoryBooks, MemoryFindings, MemoryMarks, MemoryReadings

FIRST, ZONE = date(2026, 3, 2), "Asia/Shanghai"
METERS = ("all", "light", "power", "ac")
BREAKS = 35
"""Days after which something is otherwise."""


def registry() -> Registry:
    """A site whose total holds three sub-items."""
    items = dict(zip(METERS, ("01000", "01A00", "01C00", "01B00"), strict=True))
    return Registry(
        version=1,
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE), "s": Node("s", NodeType.SITE)},
        space=(SpaceEdge("o", "s"),),
        meters={
            code: Meter(code, "s", item, total=code == "all", step_min=60)
            for code, item in items.items()
        },
        points={
            n: Point(n, "s/g", code, Kind.REGISTER, "kWh") for n, code in enumerate(METERS, start=1)
        },
        installations=tuple(Installation(code, n) for n, code in enumerate(METERS, start=1)),
    )


def used(days: int) -> dict[str, np.ndarray]:
    """kWh an hour: three sub-items, and what none of them sees."""
    hours = days * 24
    swing = 1 + 0.01 * np.sin(np.arange(hours) / 37.0)
    found = {"light": 10 * swing, "power": 20 / swing, "ac": np.full(hours, 30.0)}
    return {"all": sum(found.values()) + 3.0, **found}


class World:
    """A site's readings, looked at day after day."""

    def __init__(self, energy: dict[str, np.ndarray], known: Registry | None = None) -> None:
        self.registry = registry() if known is None else known
        self.energy = energy
        self.marks, self.readings = MemoryMarks(), MemoryReadings()
        self.books, self.findings = MemoryBooks(self.marks), MemoryFindings()
        self.silent: dict[str, int] = {}
        """Meter -> day from which it sends nothing."""

    def push(self, days: int) -> None:
        """Every register of the first days."""
        for point, code in enumerate(METERS, start=1):
            until = min(days, self.silent.get(code, days)) * 24
            times = day_bounds(FIRST, ZONE)[0] + np.arange(until + 1) * HOUR_US
            values = np.concatenate([[0.0], np.cumsum(self.energy[code][:until])])
            zeros = np.zeros(len(times), dtype=np.int64)
            numbers = np.arange(len(times), dtype=np.int64)
            rows = ReadingColumns(
                zeros + point, times, values, zeros.astype(np.int16), zeros, numbers, *[zeros] * 3
            )
            self.readings.upsert(rows)
            mark = DirtyMark(point, int(times[0]), int(times[-1]))
            self.marks.mark([mark], writer_no=1, ready=True)

    def look(self, days: int) -> list[Case]:
        """At noon after so many days; all cases of balances."""
        self.push(days)
        now_us = day_bounds(FIRST + timedelta(days=days), ZONE)[0] + 12 * HOUR_US
        args = (lambda: self.registry, lambda: now_us)
        Ledger(self.readings, self.books, self.marks, *args).step()
        with Figures(self.books, *args).view() as view:
            inputs = site_inputs(view, self.readings, "s", history_days=92)
            assert inputs is not None
            seen = look(inputs)
        bodies = {inputs.institution, *inputs.before}
        known = [case for body in sorted(bodies) for case in self.findings.known(body, 0)]
        self.findings.record(settle(known, seen), now_us=now_us)
        return self.findings.list(None, pattern="balance_drift")


def broken(days: int = 60, last: int = 60, factor: float = 0.5) -> World:
    """Lighting counts half of what it uses for some days."""
    energy = used(days)
    energy["light"][BREAKS * 24 : last * 24] *= factor
    return World(energy)


def test_a_case_tells_since_when_how_much_and_who_changed() -> None:
    world = broken()
    assert world.look(BREAKS + 4) == []
    (case,) = world.look(BREAKS + 5)
    told = case.evidence
    assert (told.meter, told.node, told.item, told.institution) == ("all", "s", "01000", "o")
    assert (told.waste, told.cost, told.kgco2) == (0.0, None, None)
    assert told.start_us == day_bounds(FIRST + timedelta(days=BREAKS), ZONE)[0]
    assert len(told.hours_us) == 5 * 24
    assert (told.cause, told.action) == ("part_fell", "check_balance")
    assert told.detail["changed"] == "light"
    assert float(told.detail["per_day"]) == pytest.approx(120, rel=0.03)
    assert float(told.detail["percent"]) == pytest.approx(100 * 120 / 1512, rel=0.03)
    assert told.measured is not None
    assert told.measured == pytest.approx(5 * (72 + 120) * 10**6, rel=0.01)
    assert sentence(told, ZONE, "en").startswith(
        "since 2026-04-06 the total less its sub-meters is 12.7 % of it instead of 4.8 %: +119."
    )
    assert sentence(told, ZONE, "en").endswith("; light changed then")
    assert "每天 +119." in sentence(told, ZONE, "zh-CN")
    (grown,) = world.look(BREAKS + 8)
    assert (grown.number, len(grown.evidence.hours_us)) == (case.number, 8 * 24)


def test_it_ends_when_the_balance_is_back_and_is_not_told_again() -> None:
    world = broken(last=BREAKS + 8)
    world.look(BREAKS + 8)
    assert [one.state for one in world.look(BREAKS + 10)] == [CaseState.OPEN]
    for days in (BREAKS + 11, BREAKS + 12, BREAKS + 20):
        (case,) = world.look(days)
        assert (case.state, case.closed) == (CaseState.CLOSED, "balanced")
        assert case.evidence.end_us == day_bounds(FIRST + timedelta(days=BREAKS + 8), ZONE)[0]
    assert sentence(case.evidence, ZONE, "en").startswith("from 2026-04-06 to 2026-04-13")


def test_what_was_over_before_anybody_looked_is_told_as_over() -> None:
    (case,) = broken(last=BREAKS + 8).look(BREAKS + 15)
    assert (case.state, case.closed) == (CaseState.CLOSED, "balanced")


def test_what_is_expected_is_told_no_more_and_what_is_put_right_only_after_days() -> None:
    for state, later in ((CaseState.EXPECTED, 1), (CaseState.FIXED, 2)):
        world = broken()
        (case,) = world.look(BREAKS + 6)
        world.findings.set_state(case.id, state, by="x", note="", now_us=1)
        assert len(world.look(BREAKS + 10)) == 1
        assert len(world.look(BREAKS + 12)) == later


def test_nothing_is_told_where_a_part_is_silent_and_what_was_told_is_refuted() -> None:
    world = broken()
    world.silent["power"] = BREAKS + 2
    assert world.look(BREAKS + 12) == []
    late = broken()
    (case,) = late.look(BREAKS + 6)
    late.energy["light"][BREAKS * 24 :] *= 2
    (after,) = late.look(BREAKS + 6)
    assert (after.number, after.closed) == (case.number, "refuted")


def test_a_new_sub_meter_begins_a_new_reference() -> None:
    """Half of what lights goes to a sub-meter of its own, which nobody registered at first."""
    known = registry()
    since = FIRST + timedelta(days=BREAKS)
    told = replace(known.meters["power"], valid=Validity(since, None))
    world = World(used(70), replace(known, meters={**known.meters, "power": told}))
    assert world.look(BREAKS + 12) == []
    unregistered = World(used(70))
    unregistered.energy["power"][: BREAKS * 24] = 0.0
    assert len(unregistered.look(BREAKS + 12)) == 1


def test_a_ratio_that_changed_is_the_cause() -> None:
    known = registry()
    since = FIRST + timedelta(days=BREAKS)
    own = [one for one in known.installations if one.meter == "ac"]
    others = tuple(one for one in known.installations if one.meter != "ac")
    turned = (
        replace(own[0], valid=Validity(None, since)),
        replace(own[0], valid=Validity(since, None), ratio=Decimal("0.7")),
    )
    world = World(used(60), replace(known, installations=(*others, *turned)))
    (case,) = world.look(BREAKS + 6)
    assert (case.evidence.cause, case.evidence.detail["changed"]) == ("ratio_changed", "ac")
