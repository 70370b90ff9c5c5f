"""A connection to PostgreSQL whose waits end: libpq itself waits for an answer for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg

from storage.sql.answering import Door
from storage.sql.faults import SILENT

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """Closed where nothing was heard for so long that its door gives up."""

    door = Door()

    def wait(self, gen: Any, *how: Any, **more: Any) -> Any:
        """As the base waits; OperationalError where it is given up."""
        try:
            return super().wait(_watched(gen, self.door), *how, **more)
        except psycopg.errors.ConnectionTimeout:
            self.pgconn.finish()  # whatever was asked, its answer must not be taken for the next
            raise


def connected(door: Door, *given: Any, **named: Any) -> BoundedConnection:
    """A new connection through a door, as `psycopg.connect` takes it."""
    if door.is_given_up(0):
        raise _silent()
    door.look()  # a server that hangs lets nobody in, nor does it refuse
    if door.silent_s is not None:
        most_s = max(2, round(door.silent_s))  # libpq takes 1 for 2
        named["connect_timeout"] = min(int(named.get("connect_timeout", most_s)), most_s)
    made = BoundedConnection.connect(*given, **named)
    made.door = door
    return made


def _watched(
    asking: Generator[Any, Any, T], door: Door, now_s: Callable[[], float] = time.monotonic
) -> Generator[Any, Any, T]:
    """The same conversation with the server, ended where it is given up. Who waits is woken with
    nothing some ten times a second."""
    heard_s = now_s()
    try:
        wanted = next(asking)
        while True:
            ready = yield wanted
            if ready:
                heard_s = now_s()
            elif door.is_given_up(now_s() - heard_s):
                raise _silent()
            wanted = asking.send(ready)
    except StopIteration as done:
        answer: T = done.value
        return answer


def _silent() -> psycopg.Error:
    return psycopg.errors.ConnectionTimeout(f"{SILENT}: the server says nothing")
