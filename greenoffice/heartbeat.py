"""What a process tells of its parts' health: a file in `run/`, written anew each second."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

EVERY_S = 1.0
ROOM = 4096
"""What is told takes a multiple of this, the block of most disks [bytes]."""
SILENT_S = 10.0
"""A process that said nothing for so long does not get on, if it runs."""
ALIVE = ".alive"
"""Ending of the file that a process holds as long as it lives."""

Parts = dict[str, dict[str, Any]]
"""By name of the part: `ok`, and whatever else it tells."""
PARTS = {"intake": ("intake", "readings"), "ledger": ("ledger", "analytics")}
"""Of the processes that have others than one of their own name."""

TAKEN = "taken"
"""What the intake tells of each writer's journal: the place up to which it is taken in."""
HELD = "held"
"""What the listener tells of each gateway that it holds back."""


def tell(file: Path, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Write how the parts are now; a full disk must not end the process that tells, nor silence it:
    then the room that the file has is written over."""
    partial = file.with_suffix(".partial")
    text = json.dumps({"at": time.time(), "parts": parts}).encode()
    text = text.ljust(-(-len(text) // ROOM) * ROOM)
    try:
        partial.write_bytes(text)
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        with suppress(OSError), file.open("r+b") as there:
            there.write(text)


def heard(file: Path) -> Parts:
    """What was told last; the parts of the process that the file is named after, none of them ok,
    where nothing was lately."""
    name = file.stem
    if gone(file):
        return _silent(name, f"the {name} process does not run")
    try:
        told = json.loads(file.read_text())
    except (OSError, ValueError):
        return _silent(name, f"the {name} process does not run")
    silent_s = time.time() - told["at"]
    if silent_s > SILENT_S:
        return _silent(name, f"the {name} process has not been heard of for {silent_s:.0f} s")
    parts: Parts = told["parts"]
    return parts


def hold(file: Path) -> IO[bytes] | None:
    """Show, as long as the answer is kept open, that a process which tells there is alive. Several
    may; the system lets go for one that dies, however it does. None where it cannot be shown."""
    try:
        alive = file.with_suffix(ALIVE).open("ab")
        fcntl.flock(alive, fcntl.LOCK_SH)
    except OSError:  # a full disk, or files that know no locks: then only silence tells
        return None
    return alive


def gone(file: Path) -> bool:
    """Whether every process that told there has died; False where that cannot be seen."""
    try:
        with file.with_suffix(ALIVE).open("rb") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # nobody ever held it, somebody does, or these files know no locks
        return False
    return True


def _silent(process: str, error: str) -> Parts:
    return {name: {"ok": False, "error": error} for name in PARTS.get(process, (process,))}
