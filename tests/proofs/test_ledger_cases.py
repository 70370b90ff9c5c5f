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
SOUND = 117
"""Of the recorded cases; a change of the ledger may raise it and never lower it."""


@pytest.fixture(scope="module")
def verdicts() -> list[dict[str, Any]]:
    if not (CASES / "run_case.py").is_file():
        pytest.skip(f"no recorded cases in {CASES} (GREENOFFICE_CASES)")
    command = [sys.executable, "run_case.py", "cases", "--project", str(ROOT)]
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
