"""When the ledger's loop goes on at once, when it waits, and when it says that it is at rest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from greenoffice.booking import LedgerWork
from ledger import LedgerReport


def work_of(*reports: LedgerReport) -> tuple[LedgerWork, list[str]]:
    told, rested = iter(reports), list[str]()
    ledger = SimpleNamespace(step=lambda: next(told))
    assembly = cast("Any", SimpleNamespace(ledger=ledger, now_us=lambda: 7))
    return LedgerWork(assembly, rests=lambda: rested.append("rests")), rested


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
