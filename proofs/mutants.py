"""Random one-line changes of a package: do its own tests notice?

The work runs in copies of the tree, two at a time. Tests are run once to learn which files of them
run which line; a mutant then meets those that run its line, the quickest first, until one fails.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from coverage import CoverageData

from metering.errors import InvalidInput
from proofs.mutants_draw import Mutant, draw
from proofs.steps import finish, say

ROOT = Path(__file__).parents[1]
COPIES = 2
GOAL = 0.9
TESTS = ("-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider")
SETTINGS = "[run]\nsource = {package}\ndata_file = {data}\n"


@dataclass(frozen=True)
class MeasuredTests:
    """Of a package's tests: what runs what, and what each file takes."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]
    """By source file and line the contexts: test files, '' while modules are imported."""

    def of(self, mutant: Mutant) -> list[str]:
        """Test files that run the line, the quickest first; all where it is run at import."""
        found = set(self.lines.get(mutant.file, {}).get(mutant.line, []))
        chosen = set(self.seconds) if "" in found else found & self.seconds.keys()
        return sorted(chosen, key=lambda file: (self.seconds[file], file))

    def limit_s(self, files: Sequence[str]) -> float:
        """How long those may take before a mutant counts as one that does not end."""
        return 60 + 4 * sum(self.seconds[file] for file in files)


def run_mutants(package: str, count: int, seed: int) -> None:
    """Change a package so many times; prints what was noticed, fails below nine of ten."""
    tests = ROOT / "tests" / package
    if not (ROOT / package).is_dir() or not tests.is_dir():
        raise InvalidInput(
            "no such package with tests of its own",
            field="package",
            value=package,
            fix="such as ledger, figures or collector/intake",
        )
    chosen = draw(ROOT, package, count, seed)
    with tempfile.TemporaryDirectory(prefix="greenoffice-mutants-") as temporary:
        copies = [copy_of_tree(Path(temporary) / str(n)) for n in range(COPIES)]
        say(f"{len(chosen)} mutants of {package}; running its tests once")
        measured = measure(copies[0], package)
        survivors = _survivors(chosen, copies, measured)
    killed = len(chosen) - len(survivors)
    share = round(killed / len(chosen), 3) if chosen else 0.0
    result: dict[str, Any] = {
        "package": package,
        "mutants": len(chosen),
        "killed": killed,
        "share": share,
        "survivors": survivors,
        "seed": seed,
    }
    finish(result, passed=share >= GOAL)


def copy_of_tree(to: Path) -> Path:
    """The files that git knows, as they are now, in another folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def measure(copy: Path, package: str) -> MeasuredTests:
    """Run a package's tests once, as they are, and see what runs what."""
    settings, data, seconds = (copy / f".mutants-{name}" for name in ("rc", "data", "seconds"))
    settings.write_text(SETTINGS.format(package=package, data=data), encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "coverage", "run", f"--rcfile={settings}"),
            *(*TESTS, "-p", "proofs.mutant_contexts", f"tests/{package}"),
        ],
        cwd=copy,
        env=_environment(copy) | {"MUTANT_SECONDS": str(seconds)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InvalidInput(
            f"its tests fail as they are: {done.stdout[-400:]}",
            field="package",
            value=package,
            fix="mend them first",
        )
    covered = CoverageData(str(data))
    covered.read()
    lines = {
        Path(file).relative_to(copy.resolve()).as_posix(): covered.contexts_by_lineno(file)
        for file in covered.measured_files()
    }
    return MeasuredTests(json.loads(seconds.read_text(encoding="utf-8")), lines)


def _survivors(
    chosen: Sequence[Mutant], copies: Sequence[Path], measured: MeasuredTests
) -> list[dict[str, Any]]:
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def told(mutant: Mutant) -> dict[str, Any] | None:
        copy = free.get()
        try:
            return tried(mutant, copy, measured)
        finally:
            free.put(copy)

    found = []
    with ThreadPoolExecutor(len(copies)) as pool:
        for number, one in enumerate(pool.map(told, chosen), start=1):
            if one is not None:
                found.append(one)
                say(f"survives: {one['file']}:{one['line']}: {one['change']}")
            if number % 10 == 0:
                say(f"{number} of {len(chosen)}, {len(found)} survive")
    return found


def tried(mutant: Mutant, copy: Path, measured: MeasuredTests) -> dict[str, Any] | None:
    """What the mutant is, where no test notices it; None where one does."""
    file, tests = copy / mutant.file, measured.of(mutant)
    source = file.read_text(encoding="utf-8")
    changed = mutant.apply(source)
    try:
        file.write_text(changed, encoding="utf-8")
        if tests and not _passes(copy, tests, measured.limit_s(tests)):
            return None
    finally:
        file.write_text(source, encoding="utf-8")
    return {
        "file": mutant.file,
        "line": mutant.line,
        "operator": mutant.operator.removeprefix("core/"),
        "change": _change(source, changed),
        **({} if tests else {"untested": True}),
    }


def _passes(copy: Path, tests: Sequence[str], limit_s: float) -> bool:
    """Whether all tests pass in time."""
    process = subprocess.Popen(
        [sys.executable, *TESTS, *tests],
        cwd=copy,
        env=_environment(copy),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(limit_s) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False


def _environment(copy: Path) -> dict[str, str]:
    """The copy's packages come first, and leave nothing compiled behind."""
    return os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def _change(source: str, changed: str) -> str:
    """The lines taken away and put in."""
    lines = difflib.unified_diff(source.split("\n"), changed.split("\n"), n=0, lineterm="")
    return "  ".join(f"{one[0]} {one[1:].strip()}" for one in list(lines)[2:] if one[0] in "+-")
