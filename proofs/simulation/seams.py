"""The product's modules with simulated time, threads, chance and files in place of the system's.

Nothing of the product is changed: the modules that `import time`, `threading`, `secrets`,
`sqlite3`, `os` or `fcntl` find another one under that name for as long as a simulation lasts.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import ModuleType
from typing import Any

from collector.connection import Connection
from proofs.simulation.disk import Fcntl, Os
from proofs.simulation.runtime import Threading, VirtualLoop
from proofs.simulation.sqlite import Sqlite

ROOMS = ("collector", "ledger", "greenoffice.loops", "metering")
"""Packages and modules that are given simulated parts."""
_REPLACED: tuple[ModuleType, ...] = (time, threading, secrets, sqlite3, os, fcntl)


class _Time:
    """Virtual time: what is measured with never jumps."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.monotonic = self.perf_counter = self.time = loop.time


class _Secrets:
    """Chance by the seed."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def token_hex(self, size: int) -> str:
        """So many bytes, as hex digits."""
        return self._random.randbytes(size).hex()


@contextmanager
def simulated(loop: VirtualLoop, random: Random, pause: Callable[[], None]) -> Iterator[None]:
    """Give the product simulated parts; `pause` is called around whatever takes time."""
    parts: dict[ModuleType, Any] = {
        time: _Time(loop),
        threading: Threading(loop),
        secrets: _Secrets(random),
        sqlite3: Sqlite(pause),
        os: Os(),
        fcntl: Fcntl(),
    }
    found = [
        (module, name, value)
        for module in _modules()
        for name, value in vars(module).items()
        if isinstance(value, ModuleType) and value in _REPLACED
    ]
    for module, name, value in found:
        setattr(module, name, parts[value])
    # Where a set of connections is gone through, the order must not be that of their addresses.
    Connection.__hash__ = _hash_of  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        del Connection.__hash__
        for module, name, value in found:
            setattr(module, name, value)


def _hash_of(connection: Connection) -> int:
    return int(connection.id, 16) >> 4


def _modules() -> list[ModuleType]:
    return [
        module
        for name, module in sorted(sys.modules.items())
        if any(name == room or name.startswith(f"{room}.") for room in ROOMS)
    ]
