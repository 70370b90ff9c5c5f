"""Stores that do not always answer, as a database server elsewhere: before a call took effect, or
after, so that whoever asked does not know. They outlive every process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from metering.errors import Unavailable
from proofs.simulation.runtime import Killed, is_dead

CHANGING = frozenset(("mark", "upsert", "commit", "clear", "forget", "tell"))
"""Calls of which the outcome may be unknown."""


class StoreTrouble:
    """How the stores are just now."""

    def __init__(
        self, random: Random, faults: Counter[str], pause: Callable[[float], None]
    ) -> None:
        self.away = False
        self.unknown = 0.0
        """The share of changes that take effect and are not answered."""
        self.random, self.faults, self.pause = random, faults, pause
        self.fuse: int | None = None
        """So many changes more until `on_fuse`; None for never."""
        self.on_fuse: Callable[[], None] = lambda: None

    def burn(self) -> None:
        """Before and after each change: here a process may be killed."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                self.on_fuse()
                if is_dead():
                    raise Killed


class UnsureStore:
    """A store behind a line that may break; what it can is told by the store itself."""

    def __init__(self, store: object, trouble: StoreTrouble) -> None:
        self._store, self._trouble = store, trouble

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        def asked(*arguments: Any, **options: Any) -> Any:
            trouble = self._trouble
            changes = name in CHANGING
            trouble.pause(0.9 if changes else 0.1)
            if trouble.away:
                trouble.faults["store_away"] += 1
                raise _no_answer(name)
            if changes:
                trouble.burn()
            result = call(*arguments, **options)
            if changes:
                trouble.burn()
                trouble.pause(0.9)
                if trouble.random.random() < trouble.unknown:
                    trouble.faults["store_unknown"] += 1
                    raise _no_answer(name)
            return result

        return asked


def _no_answer(call: str) -> Unavailable:
    return Unavailable(
        "the store does not answer", field="store", value=call, fix="look at its server"
    )
