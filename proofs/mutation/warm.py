"""A process that has imported others' code once, and forks for every run of tests.

    tree.py ── job, one line of JSON ──▶ this process ── fork ──▶ pytest, on the tree as it is now
            ◀── status of pytest ───────              ◀─ exit ──

Nothing of the tree itself is imported before the fork, so each run reads the tree anew.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis import Phase, settings

ENDED = -1
"""Status of a run that was ended: it took too long, or a signal ended it."""
MOST_BYTES = 4 << 30
"""Of memory for a run: a change that takes it all is noticed, and the machine goes on."""
QUIET = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly")


class Watch:
    """What is asked of a run: tests, what they run through, what they import."""

    def __init__(self, through: coverage.Coverage | None, most: Mapping[str, float]) -> None:
        self._most = most
        """CPU seconds that a test may take before the run is ended; without bound where unsaid."""
        self.takes: dict[str, float] = defaultdict(float)
        """CPU seconds of each test function, all its parameters together, with its fixtures."""
        self._through = through

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Whether a test fails is asked, not the least example with which it does."""
        phases = (Phase.explicit, Phase.reuse, Phase.generate)
        settings.register_profile("noticed", settings(), phases=phases)
        settings.load_profile("noticed")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Any:
        """Lines run from the first fixture on belong to the test."""
        name, started = item.nodeid.split("[")[0], time.process_time()
        if self._through is not None:
            self._through.switch_context(name)
        signal.setitimer(signal.ITIMER_PROF, self._most.get(name, 0))
        done = yield
        if self._through is not None:
            self._through.switch_context("")
        self.takes[name] += time.process_time() - started
        return done

    def told(self) -> dict[str, Any]:
        """Tests with their seconds; by module and line the tests, "" for what runs at import;
        modules of others."""
        lines: dict[str, dict[int, list[str]]] = {}
        if self._through is not None:
            data = self._through.get_data()
            lines = {
                os.path.relpath(file): {
                    line: sorted(set(tests))
                    for line, tests in data.contexts_by_lineno(file).items()
                }
                for file in data.measured_files()
            }
        return {"takes": self.takes, "through": lines, "modules": _of_others()}


def main() -> None:
    """Answer jobs until there are no more."""
    reply = os.fdopen(os.dup(1), "w")
    _quiet(1)
    for line in sys.stdin:
        job = json.loads(line)
        print(_forked(job), file=reply, flush=True)
        for name in job.get("imports", ()):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _forked(job: dict[str, Any]) -> int:
    """Status of pytest; ENDED where it had to be ended. All that it started ends with it."""
    child = os.fork()
    if not child:
        os._exit(_run(job))
    ended, until = (0, 0), time.monotonic() + job["wall_s"]
    while not ended[0] and time.monotonic() < until:
        ended = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if not ended[0]:
        os.waitpid(child, 0)
        return ENDED
    return os.WEXITSTATUS(ended[1]) if os.WIFEXITED(ended[1]) else ENDED


def _run(job: dict[str, Any]) -> int:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    _quiet(0, 1, 2)
    sys.dont_write_bytecode = not job.get("compile", False)
    through = _started(job["package"]) if job.get("package") else None
    watch = Watch(through, job.get("most", {}))
    status = int(pytest.main([*QUIET, *job["options"], *job["tests"]], plugins=[watch]))
    if through is not None:
        through.stop()
    if job.get("out"):
        Path(job["out"]).write_text(json.dumps(watch.told()), encoding="utf-8")
    return status


def _started(package: str) -> coverage.Coverage:
    found = coverage.Coverage(
        data_file=None, source=[package], config_file=False, concurrency="thread"
    )
    found.start()
    return found


def _quiet(*streams: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(nowhere, stream)


def _of_others() -> list[str]:
    """Modules that are not of the tree, in the order in which they were imported."""
    root = str(Path.cwd())
    return [
        name
        for name, module in list(sys.modules.items())
        if not (getattr(module, "__file__", None) or root).startswith(root)
    ]


if __name__ == "__main__":
    main()
