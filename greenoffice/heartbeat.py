"""What a process tells of its parts' health: a file in `run/`, written anew each second."""

from __future__ import annotations

import fcntl
import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from metering.shard import read_name

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


def parts_of(process: str) -> tuple[str, ...]:
    """Names of the parts of a process; one that does a share of the work has those of the whole."""
    whole = read_name(process)[0]
    return PARTS.get(whole, (whole,))


TAKEN = "taken"
"""What the intake tells of each writer's journal: the place up to which it is taken in."""
REFUSED = "refused"
"""Likewise what the gateways are to be told of what it refused."""
HELD = "held"
"""What the listener tells of each gateway that it holds back."""
TROUBLES = "troubles"
"""Likewise of each that it turned away or cut off."""
CERTIFICATES = "certificates"
"""Likewise of each address of which it refused a certificate."""
SUBSCRIBED = "subscribed"
"""Likewise to what each subscribed where nothing is ever published."""


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


def stand_by_file(file: Path, who: str) -> Path:
    """Where a process that stands by tells of itself, beside the file of the one that works."""
    named = "".join(sign if sign.isalnum() else "-" for sign in who)
    return file.with_name(f"{file.stem}.stands-by-{named}.json")


def quiet(file: Path) -> list[Path]:
    """Files of those that stood by and are not heard of any more."""
    return [one for one in stand_by_files(file) if _told(one)[0] > SILENT_S]


def tell_all(file: Path, error: str) -> None:
    """Write that no part of the process is ready, for one reason."""
    tell(file, _silent(file.stem, error))


def heard(file: Path) -> Parts:
    """What was told last, with who stands by; of a process that does not tell what one says that
    stands by; the parts of the process that the file is named after, none of them ok, where
    nothing was lately."""
    name = file.stem
    if gone(file):
        return _silent(name, f"the {name} process does not run")
    silent_s, parts = _told(file)
    ready = [told for at_s, told in map(_told, stand_by_files(file)) if at_s <= SILENT_S]
    if silent_s <= SILENT_S:
        whole = read_name(name)[0]
        if ready and whole in parts:
            waiting = [who for told in ready for who in told[whole]["stands_by"]]
            parts[whole]["stands_by"] = waiting
        return parts
    away = f"the {name} process does not run"
    if silent_s != math.inf:
        away = f"the {name} process has not been heard of for {silent_s:.0f} s"
    if not ready:
        return _silent(name, away)
    told = ready[0]
    if silent_s != math.inf:  # an owner that hangs is none; what stands by says what it knows
        for part in told.values():
            part["error"], part["ok"] = part["error"] or away, False
    return told


def stand_by_files(file: Path) -> list[Path]:
    """Where those tell that stand by, beside the file of the one that works."""
    return sorted(file.parent.glob(f"{file.stem}.stands-by-*.json"))


def _told(file: Path) -> tuple[float, Parts]:
    """How long ago [s], infinite where nothing is there, and what."""
    try:
        told = json.loads(file.read_text())
        return time.time() - told["at"], told["parts"]
    except (OSError, ValueError):
        return math.inf, {}


def hold(file: Path) -> IO[bytes] | None:
    """Show, as long as the answer is kept open, that a process which tells there is alive. Several
    may; the system lets go for one that dies, however it does. None where it cannot be shown.

    What one told that died is said of no other: that its journal is damaged, say, once it was
    repaired. The file stays, since a full disk has no room for another."""
    if gone(file):
        tell_all(file, f"the {file.stem} process has just begun")
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
    return {name: {"ok": False, "error": error} for name in parts_of(process)}
