"""A copy of the tree in which a change is made, and its own tests are run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from proofs.mutation.draw import Mutant

SLOWER = 5
"""A change that makes the tests take so many times as long has been noticed."""
LEAST_S = 60.0
NO_TESTS = 5


@dataclass
class OwnTests:
    """Tests of a package, by what they run through."""

    folder: str
    seconds: float
    """How long all of them take."""
    through: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    """By module and first line of a statement, tests."""
    takes: dict[str, float] = field(default_factory=dict)
    """Seconds of each test."""

    def of(self, mutant: Mutant) -> list[str]:
        """Tests that run through a line, the quickest first."""
        lines = self.through.get(mutant.module, {})
        first = max((line for line in lines if line <= mutant.line), default=0)
        found = lines.get(first, set()) & self.takes.keys()
        return sorted(found, key=lambda one: (self.takes[one], one))


@dataclass
class TreeCopy:
    """A folder with the tree as it is in the checkout."""

    root: Path

    @classmethod
    def of(cls, checkout: Path, into: Path) -> TreeCopy:
        """A copy of what the checkout has under version control, or would have."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=checkout, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        for name in listed.stdout.splitlines():
            if (checkout / name).is_file():
                target = into / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(checkout / name, target)
        return cls(into)

    def own_tests(self, package: str, tests: str) -> OwnTests:
        """Run all tests once, unchanged; what each runs through. They must pass."""
        started, data, report = time.monotonic(), self.root / ".through", self.root / "report.xml"
        settings = self.root / ".through.ini"
        settings.write_text(
            f"[run]\nsource = {package}\ndynamic_context = test_function\n"
            f"data_file = {data}\nconcurrency = thread\n",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest"]
        unhurried = ["-o", "timeout=0", f"--junitxml={report}"]
        done = self._run([*command, *_QUIET, *unhurried, tests], None)
        if done != 0:
            raise RuntimeError(f"the tests in {tests} do not pass as they are (status {done})")
        seconds = time.monotonic() - started
        takes = _takes(report)
        return OwnTests(tests, seconds, self._through(settings, takes), takes)

    def notices(self, mutant: Mutant, tests: OwnTests) -> bool:
        """Whether the tests fail with the change: those that run through it first, then all."""
        file = self.root / mutant.module
        original = file.read_text(encoding="utf-8")
        compiled = Path(cache_from_source(str(file)))
        try:
            file.write_text(mutant.source(original), encoding="utf-8")
            compiled.unlink(missing_ok=True)
            near = tests.of(mutant)
            return self._fails(near, tests) or self._fails([tests.folder], tests)
        finally:
            file.write_text(original, encoding="utf-8")
            compiled.unlink(missing_ok=True)

    def _fails(self, wanted: Sequence[str], tests: OwnTests) -> bool:
        if not wanted:
            return False
        limit = max(LEAST_S, SLOWER * tests.seconds)
        done = self._run([sys.executable, "-m", "pytest", "-x", *_QUIET, *wanted], limit)
        if done == NO_TESTS:
            raise RuntimeError(f"no test was run of {wanted[:3]}")
        return done != 0

    def _run(self, command: Sequence[str], limit_s: float | None) -> int:
        paths = {"PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, **paths},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            _end(process)

    def _through(
        self, settings: Path, takes: Mapping[str, float]
    ) -> dict[str, dict[int, set[str]]]:
        named = {
            one.removesuffix(".py").replace("/", ".").replace(".py::", "."): one for one in takes
        }
        listed = self.root / "through.json"
        command = [sys.executable, "-m", "coverage", "json", f"--rcfile={settings}"]
        self._run([*command, "--show-contexts", "-o", str(listed)], None)
        told: dict[str, Any] = json.loads(listed.read_text(encoding="utf-8"))["files"]
        found: dict[str, dict[int, set[str]]] = defaultdict(dict)
        for module, one in told.items():
            for line, contexts in one["contexts"].items():
                found[module][int(line)] = {named[one] for one in contexts if one in named}
        return dict(found)


_QUIET = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly")


def _takes(report: Path) -> dict[str, float]:
    """Seconds of each test function, all its parameters together, by what pytest calls it."""
    found: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by us
        name = (case.get("name") or "").split("[")[0]
        file = (case.get("classname") or "").replace(".", "/")
        found[f"{file}.py::{name}"] += float(case.get("time") or 0)
    return dict(found)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever the tests started ends with them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
