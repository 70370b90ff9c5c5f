"""How the API itself is: what found no room is counted, and told by health for a minute.

A full lane, a refused connection or an answer that was ended costs one client; the others are
answered, and the part is ready. It is not where nobody's request gets on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from api.lane import Lane
from metering.errors import GreenOfficeError, Unavailable

PART: Final = "http"
"""Name of the part in health."""
TOLD_S: Final = 60.0
PATIENCE_S: Final = 30.0


@dataclass(frozen=True)
class PartHealth:
    """Whether one part of the platform does its work."""

    ready: bool
    detail: Mapping[str, str | int | float] = field(default_factory=dict)


class Lack(StrEnum):
    """What there was too little of. The first ones are told first."""

    CONNECTIONS = "connections"
    """A connection was refused."""
    WORKERS = "workers"
    """There was no process for what costs much."""
    ANSWERS = "answers"
    """An answer was ended: it took more time or memory than one may."""
    PLACES = "places"
    """A request was refused: too many of its key, or none was done in time."""
    SILENT = "silent"
    """A connection made room that had asked nothing; that is no trouble."""


class Room:
    """What there is room for, and what found none. One event loop notes it, any thread may ask.

    patience_s: how long a request waits for a place before it is refused [s]
    now_s: a clock that only goes forward [s]
    """

    def __init__(
        self, patience_s: float = PATIENCE_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.patience_s = patience_s
        self.connections = 0
        """Of clients, open now."""
        self.light: Lane | None = None
        self.heavy: Lane | None = None
        self.counts: Counter[Lack] = Counter()
        self._now_s = now_s
        self._last: dict[Lack, tuple[float, int | str]] = {}

    def lacked(self, what: Lack, value: int | str = "") -> None:
        """Note that there was too little of something."""
        self.counts[what] += 1
        self._last[what] = self._now_s(), value

    @property
    def waiting(self) -> int:
        """Requests that wait for a place."""
        return sum(lane.waiting for lane in (self.light, self.heavy) if lane)

    def health(self) -> PartHealth:
        """Ready while requests get on; `error` tells of what found no room in the last minute."""
        stands = self.light is not None and self.light.stands(self.patience_s)
        problem = _stands(self.waiting) if stands else self._lately()
        return PartHealth(
            not stands,
            {
                "connections": self.connections,
                "waiting_requests": self.waiting,
                "error": "" if problem is None else str(problem),
            },
        )

    def _lately(self) -> GreenOfficeError | None:
        now_s, last = self._now_s(), dict(self._last)
        for what in Lack:
            if what in last and what is not Lack.SILENT and now_s - last[what][0] <= TOLD_S:
                return error_of(what, last[what][1])
        return None


def error_of(what: Lack, value: int | str) -> GreenOfficeError:
    """What is said of it. value: of connections, how many there may be; of workers, why there is
    none; of answers, what was asked; of places, how many requests of the key waited."""
    if what is Lack.CONNECTIONS:
        return Unavailable(
            "there is no room for another HTTP connection",
            field="connections",
            value=value,
            fix="ask over fewer connections, or raise the limit of open files (ulimit -n)",
        )
    if what is Lack.WORKERS:
        return Unavailable(
            "there is no process to make this answer in",
            field="worker",
            value=value,
            fix="ask again in a moment, or for a shorter range",
        )
    if what is Lack.ANSWERS:
        return Unavailable(
            "an answer took more time or memory than one may, and was ended",
            field="path",
            value=value,
            fix="ask for a shorter range, a wider step, or fewer series",
        )
    return Unavailable(
        "a key asks more at once than it may, and some of it was refused",
        field="requests",
        value=value,
        fix="wait for answers before asking more, and ask for shorter ranges",
    )


def _stands(waiting: int) -> GreenOfficeError:
    return Unavailable(
        "no request gets on: those that are being answered do not end",
        field="requests",
        value=f"{waiting} waiting",
        fix="see which other part is not ready; where none is, end the api process: it starts anew",
    )
