"""What a process tells of its parts' health: a file in `run/`, written anew each second."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

EVERY_S = 1.0
ROOM = 4096
"""What is told takes a multiple of this, the block of most disks [bytes]."""
SILENT_S = 10.0
"""A process that said nothing for so long does not run."""

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


def tell_all(file: Path, error: str) -> None:
    """Write that no part of the process is ready, for one reason."""
    parts = PARTS.get(file.stem, (file.stem,))
    tell(file, {part: {"ok": False, "error": error} for part in parts})


def heard(file: Path) -> Parts:
    """What was told last; the parts of the process that the file is named after, none of them ok,
    where nothing was lately."""
    name = file.stem
    try:
        told = json.loads(file.read_text())
    except (OSError, ValueError):
        return _silent(name, f"the {name} process does not run")
    silent_s = time.time() - told["at"]
    if silent_s > SILENT_S:
        return _silent(name, f"the {name} process has not been heard of for {silent_s:.0f} s")
    parts: Parts = told["parts"]
    return parts


def _silent(process: str, error: str) -> Parts:
    return {name: {"ok": False, "error": error} for name in PARTS.get(process, (process,))}
