"""Recorded ledger cases reach the product: each is judged, none breaks on a room that moved."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASES = (ROOT / os.environ.get("GREENOFFICE_CASES", "../shared/cases")).resolve() / "ledger"
BROKEN = re.compile(r"\w*(Error|Exception) in ")
"""How the runner tells that a case ended in an error of the program instead of a verdict."""
SOUND = 121
"""Of the recorded cases; a change of the ledger may raise it and never lower it."""


@pytest.fixture(
    scope="module", params=[1, pytest.param(3, marks=pytest.mark.long)], ids="{} orders".format
)
def verdicts(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Of each case, its messages in one order of batches, or in two random ones as well."""
    if not (CASES / "run_case.py").is_file():
        pytest.skip(f"no recorded cases in {CASES} (GREENOFFICE_CASES)")
    command = [sys.executable, "run_case.py", "cases", "--project", str(ROOT)]
    command += ["--seeds", str(request.param)]
    done = subprocess.run(command, cwd=CASES, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found, done.stderr
    return [one for one in found if "case" in one]


@pytest.mark.timeout(600)
def test_every_case_gets_a_verdict(verdicts: list[dict[str, Any]]) -> None:
    assert [one["why"] for one in verdicts if BROKEN.search(str(one["why"]))] == []


@pytest.mark.timeout(600)
def test_no_case_is_lost(verdicts: list[dict[str, Any]]) -> None:
    assert sum(one["ok"] is True for one in verdicts) >= SOUND


PLACE = "2026-03-03T{}:00+08:00"
WH = 25_000
"""What passes in each quarter hour."""


def moved_case(at: dict[str, Any], runs: list[tuple[str, int, int]]) -> dict[str, Any]:
    """A meter that moves to another building on the second of three days; `runs` (rule, slots, Wh
    of each) are of the second building."""
    rows = [[900 * n + 4, 900 * n, 500 + n * WH / 1000] for n in range(3 * 96 + 1)]
    slots = [
        {"n": count, "rule": rule, "truth": wh, "low": wh, "high": wh + 1, "tol": 1}
        for rule, count, wh in runs
    ]
    whole, part = 3 * 96 * WH, sum(count * wh for _, count, wh in runs)
    return {
        **{"schema": 1, "name": "moved", "kind": "moved", "note": "It was taken to a new place."},
        **{"zone": "Asia/Shanghai", "first_day": "2026-03-02", "days": 3},
        **{"origin_utc": "2026-03-01T16:00:00Z", "needs": ["instant"], "tariff": []},
        "tree": [
            {"code": "o", "parent": None, "type": "institution"},
            {"code": "s", "parent": "o", "type": "site", "zone": "Asia/Shanghai"},
            {"code": "b", "parent": "s", "type": "building"},
            {"code": "c", "parent": "s", "type": "building"},
        ],
        "meters": [
            {
                **{"code": "m", "node": "b", "category": "electricity", "item": None},
                **{"unit": "kWh", "kind": "register", "interval_min": None, "step_min": 15},
                **{"digits": None, "max_per_hour": 400, "ratio": 1, "total": False},
                **{"direction": "import", "signed": False, "stream": "m"},
            }
        ],
        "events": [{"type": "meter_moved", "meter": "m", "node": "c", **at}],
        "batches": [{"stream": "m", "rows": rows[:100]}, {"stream": "m", "rows": rows[100:]}],
        "expected": [
            {
                **{"of": {"meter": "m"}, "step_min": 15, "days": []},
                **{"slots": [{"n": 288, "rule": "sum", "truth": WH, "high": WH + 1, "tol": 1}]},
                "total": [whole, whole, whole],
            },
            {
                **{"of": {"node": "c", "item": "01000"}, "step_min": 15, "days": []},
                **{"slots": slots, "total": [part, part, part + 1]},
            },
        ],
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("at", "runs"),
    [
        (
            {"at": PLACE.format("14:35")},
            [("free", 96 + 58, 0), ("part", 1, WH * 2 // 3), ("exact", 96 + 37, WH)],
        ),
        (
            {"at": PLACE.format("14:45")},
            [("free", 96 + 59, 0), ("exact", 96 + 37, WH)],
        ),
        (
            {"between": [PLACE.format("14:00"), PLACE.format("15:00")]},
            [("free", 96 + 58, 0), ("part", 2, WH), ("exact", 96 + 36, WH)],
        ),
    ],
)
def test_a_meter_that_moves_can_be_stated(
    tmp_path: Path, at: dict[str, Any], runs: list[tuple[str, int, int]]
) -> None:
    if not (CASES / "run_case.py").is_file():
        pytest.skip(f"no recorded cases in {CASES} (GREENOFFICE_CASES)")
    file = tmp_path / "moved.json"
    file.write_text(json.dumps(moved_case(at, runs)))
    command = [sys.executable, "run_case.py", str(file), "--project", str(ROOT)]
    done = subprocess.run(command, cwd=CASES, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout.splitlines()[0])
    assert found["ok"] is True, found
