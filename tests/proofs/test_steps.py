"""Waiting for a state: not longer than the process lives that is to bring it about."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from greenoffice.demo.progress import DemoProgress, DemoReadiness
from greenoffice.folder import DataFolder
from metering.errors import Unavailable
from proofs.steps import HANGS_S, wait_looked_at, wait_until


def test_a_state_is_waited_for_through_errors_of_the_platform() -> None:
    answers = iter([Unavailable("not yet", field="a", value=1, fix="wait"), OSError(), False, True])

    def ready() -> bool:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    wait_until("it", ready, every_s=0.0)
    assert next(answers, None) is None


def test_a_process_that_ended_is_not_waited_for() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(Unavailable, match="gave up waiting for it: the process ended") as told:
        wait_until("it", lambda: False, HANGS_S, 0.01, of=ended)
    assert told.value.value == 3


def test_what_is_reached_counts_though_the_process_ended() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    wait_until("it", lambda: True, of=ended)


def test_a_demo_that_died_says_so(tmp_path: Path) -> None:
    demo = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(Unavailable, match="the process ended"):
        wait_looked_at(DataFolder(tmp_path), demo)


@pytest.mark.parametrize(
    ("told", "reached"),
    [
        ([(True, 5, 3)], False),
        ([(True, 5, 11)], False),
        ([(True, 15, 3), (True, 15, 15)], False),
        ([(True, 15, 3), (True, 25, 16)], True),
        ([(False, 15, 16), (False, 15, 16)], False),
        ([(True, 15, 20), (False, 15, 20)], False),
    ],
    ids=[
        "not looked at",
        "idle before all was in",
        "looked at once",
        "looked after it",
        "on its way",
        "not now",
    ],
)
def test_what_was_told_before_all_was_taken_in_does_not_count(
    told: list[tuple[bool, int, int]], reached: bool
) -> None:
    readiness = DemoReadiness()
    found = [
        readiness.reached(
            DemoProgress(
                history_done=done, waiting_messages=0, ledger_idle_us=idle, analysed_us=looked
            ),
            now_us=10,
        )
        for done, idle, looked in told
    ]
    assert found[-1] is reached
