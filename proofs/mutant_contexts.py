"""A plugin of pytest: which test file runs which line, and how long each takes.

Loaded by name while coverage measures; lines get the test's file as their context, and the seconds
of each file go to the file that MUTANT_SECONDS names.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path

import coverage

_seconds: dict[str, float] = defaultdict(float)
_started: dict[str, float] = {}


def pytest_runtest_logstart(nodeid: str) -> None:
    """A test begins: its file is the context from now on."""
    _started[nodeid] = time.monotonic()
    measuring = coverage.Coverage.current()
    if measuring is not None:
        measuring.switch_context(nodeid.partition("::")[0])


def pytest_runtest_logfinish(nodeid: str) -> None:
    """A test has ended: its seconds go to its file."""
    _seconds[nodeid.partition("::")[0]] += time.monotonic() - _started[nodeid]


def pytest_sessionfinish() -> None:
    """What each file took."""
    Path(os.environ["MUTANT_SECONDS"]).write_text(json.dumps(_seconds), encoding="utf-8")
