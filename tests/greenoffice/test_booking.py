"""When the ledger's loop goes on at once, when it waits, and when it says that it is at rest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from greenoffice.booking import LedgerWork
from ledger import LedgerReport


def work_of(*reports: LedgerReport) -> tuple[LedgerWork, list[str]]:
    told, rested = iter(reports), list[str]()
    ledger = SimpleNamespace(step=lambda late: next(told))
    stores = SimpleNamespace(marks=SimpleNamespace(waiting=lambda: 0))
    assembly = cast("Any", SimpleNamespace(ledger=ledger, now_us=lambda: 7, stores=stores))
    return LedgerWork(assembly, rests=lambda: rested.append("rests")), rested


class Flood:
    """A ledger for which marks come in, live ones and others, and each step takes a while."""

    def __init__(self) -> None:
        self.now_s, self.takes_s = 100.0, 2.0
        self.live = self.late = 0
        self.steps: list[bool] = []
        marks = SimpleNamespace(waiting=lambda: self.live + self.late)
        assembly = SimpleNamespace(
            ledger=self, now_us=lambda: 7, stores=SimpleNamespace(marks=marks)
        )
        self.work = LedgerWork(cast("Any", assembly), clock=lambda: self.now_s)

    def step(self, late: bool) -> LedgerReport:
        waiting, done = self.live + self.late, self.live + (self.late if late else 0)
        report = LedgerReport(marks=done, waiting=waiting, late=self.late if late else 0)
        self.now_s += self.takes_s if report.late else 0.01
        self.live, self.late = 0, 0 if late else self.late
        self.steps.append(late)
        return report

    def comes(self, live: int = 0, late: int = 0) -> tuple[float, float]:
        """Marks come, it works once; how long it pauses."""
        self.live, self.late = self.live + live, self.late + late
        assert self.work() is False
        return self.work.pauses()


def test_while_readings_come_in_what_is_not_live_waits_and_costs_a_quarter_of_the_time() -> None:
    flood = Flood()
    flood.comes(late=5)
    assert flood.steps == [True]  # nothing was done before: at once
    while flood.now_s < 140:
        pauses = flood.comes(live=1, late=7)
        flood.now_s += pauses[0]
        assert pauses == (0.05, 5.0) if flood.steps[-1] else pauses == (0.05, 0.05)
    busy = sum(2 for late in flood.steps if late)
    assert 8 <= busy <= 14
    assert flood.live == 0


def test_what_is_not_live_is_done_as_soon_as_no_more_comes() -> None:
    flood = Flood()
    flood.comes(late=5)
    flood.comes(late=7)
    assert (flood.steps, flood.late) == ([True, False], 7)
    assert flood.work.pauses() == (0.05, 0.05)
    flood.comes()
    assert (flood.steps, flood.late) == ([True, False, True], 0)
    assert flood.work.pauses() == (0.05, 5.0)


def test_it_waits_no_longer_than_ten_seconds() -> None:
    flood = Flood()
    flood.takes_s = 60.0
    flood.comes(late=1)
    flood.now_s += 9.9
    flood.comes(late=1)
    flood.now_s += 0.2
    flood.comes(late=1)
    assert flood.steps == [True, False, True]


@pytest.mark.parametrize(
    ("marks", "waiting", "goes_on", "rests"),
    [
        (0, 0, False, True),
        (3, 3, False, True),
        (3, 5, True, False),
        (0, 2, False, False),
    ],
    ids=["nothing waits", "all is booked", "more is ready", "a batch is not committed yet"],
)
def test_it_rests_where_all_that_was_marked_is_booked(
    marks: int, waiting: int, goes_on: bool, rests: bool
) -> None:
    work, rested = work_of(LedgerReport(marks=marks, waiting=waiting))
    assert work() is goes_on
    assert (rested == ["rests"], work.idle_us == 7) == (rests, rests)
