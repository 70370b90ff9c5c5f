"""A copy of the tree in which a change is made, and its own tests are run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofs.mutation.draw import Mutant

SLOWER = 5
"""A change that makes a test take so many times as long has been noticed."""
LEAST_CPU_S, LEAST_WALL_S = 20, 600
"""Given to every test and run beside. CPU counts, for on a busy machine tests take no more of it;
the clock on the wall ends what waits for ever."""
HOUR_S = 3600
NO_TESTS = 5
UNHURRIED = ["-o", "timeout=0"]
"""No test fails because the machine has other things to do."""
AT_IMPORT = ""
WATCHED = "watched.json"


@dataclass
class OwnTests:
    """Tests of a package, by what they run through."""

    folder: str
    takes: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each test."""
    through: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    """By module and line, tests; AT_IMPORT for what runs while they are collected."""

    def of(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """(tests that run through a line, those that can notice it otherwise): all others where
        the line runs at import or is a part of a statement; the quickest first."""
        lines = self.through.get(mutant.module, {})
        first = max((line for line in lines if line <= mutant.line), default=0)
        near = lines.get(first, set()) & self.takes.keys()
        alone = first == mutant.line and AT_IMPORT not in lines[first]
        return self._quickest(near), [] if alone else self._quickest(self.takes.keys() - near)

    def _quickest(self, tests: set[str]) -> list[str]:
        return sorted(tests, key=lambda one: (self.takes[one], one))


class TreeCopy:
    """A folder with the tree as it is in the checkout, and a process that runs tests in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._warm: subprocess.Popen[str] | None = None

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
        """Run all tests once, unchanged, as they are run later; what each runs through. They
        must pass."""
        self._warm_up(tests)
        out = self.root / WATCHED
        job = {"tests": [tests], "options": UNHURRIED, "package": package}
        status = self._run({**job, "out": str(out), "wall_s": HOUR_S, "compile": True})
        if status != 0:
            raise RuntimeError(f"the tests in {tests} do not pass as they are (status {status})")
        told = json.loads(out.read_text(encoding="utf-8"))
        through = {
            module: {int(line): set(names) for line, names in lines.items()}
            for module, lines in told["through"].items()
        }
        return OwnTests(tests, told["takes"], through)

    def notices(self, mutant: Mutant, tests: OwnTests) -> bool:
        """Whether the tests fail with the change."""
        if self._warm is None:
            self._warm_up(tests.folder)
        file = self.root / mutant.module
        original, changed_at = file.read_bytes(), file.stat().st_mtime_ns
        try:
            file.write_text(mutant.source(original.decode()), encoding="utf-8")
            os.utime(file, ns=(changed_at, changed_at + 10**10))  # not what is compiled
            return any(self._fails(some, tests) for some in tests.of(mutant) if some)
        finally:
            file.write_bytes(original)
            os.utime(file, ns=(changed_at, changed_at))

    def close(self) -> None:
        """End the process."""
        if self._warm is not None:
            self._warm.communicate()
            self._warm = None

    def _fails(self, wanted: Sequence[str], tests: OwnTests) -> bool:
        longer = SLOWER * sum(tests.takes[one] for one in wanted)
        most = {one: LEAST_CPU_S + SLOWER * tests.takes[one] for one in wanted}
        limits = {"most": most, "wall_s": int(LEAST_WALL_S + 20 * longer)}
        options = ["-x", *UNHURRIED]
        status = self._run({"tests": list(wanted), "options": options, **limits})
        if status == NO_TESTS:
            raise RuntimeError(f"no test was run of {wanted[:3]}")
        return status != 0

    def _warm_up(self, tests: str) -> None:
        """Import what others wrote and the tests use; compile the tree."""
        out = self.root / WATCHED
        job = {"tests": [tests], "options": ["--collect-only"], "out": str(out)}
        self._run({**job, "wall_s": HOUR_S, "compile": True})
        imports = json.loads(out.read_text(encoding="utf-8"))["modules"]
        self._run({**job, "wall_s": HOUR_S, "imports": imports})

    def _run(self, job: dict[str, Any]) -> int:
        """Status of a run of pytest."""
        if self._warm is None:
            self._warm = subprocess.Popen(
                [sys.executable, "-m", "proofs.mutation.warm"],
                cwd=self.root,
                env={**os.environ, "PYTHONPATH": str(self.root), "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        pipe_in, pipe_out = self._warm.stdin, self._warm.stdout
        if pipe_in is None or pipe_out is None:
            raise RuntimeError("no pipes")
        print(json.dumps(job), file=pipe_in, flush=True)
        return int(pipe_out.readline())
