"""A ReadingReader whose answers come from the process that owns the readings."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np

from metering.errors import Unavailable
from metering.ports import ReadingSource
from metering.reading import ReadingColumns
from storage.served.frames import BrokenFrame, Column, SocketFrame, receive, send
from storage.served.place import SocketPlace
from storage.served.questions import error_of, question

SILENCE_S: Final = 120.0
"""An owner that says nothing for so long is taken for stuck."""


class ServedReadings(ReadingSource):
    """Asks over connections of its own, one for each call at a time; safe to share between
    threads.

    A connection that an earlier owner left is made anew: a question changes nothing, so it may be
    asked twice. Raises Unavailable while nobody owns the readings.
    """

    def __init__(self, place: SocketPlace, *, silence_s: float = SILENCE_S) -> None:
        self._place = place
        self._silence_s = silence_s
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        if not len(points):
            return ReadingColumns.empty()
        return self._rows(question("scan", points, start_us=int(start_us), end_us=int(end_us)))

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        if not len(points):
            return ReadingColumns.empty()
        return self._rows(question("before", points, time_us=int(time_us), count=int(count)))

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        if not len(points):
            return ReadingColumns.empty()
        return self._rows(question("after", points, time_us=int(time_us), count=int(count)))

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        return self._rows(question("latest", points)) if len(points) else ReadingColumns.empty()

    def spans(self, points: Sequence[int]) -> dict[int, tuple[int, int]]:
        if not len(points):
            return {}
        _, (of, first, last) = self._asked(question("spans", points))
        times = zip(first.tolist(), last.tolist(), strict=True)
        return dict(zip(of.tolist(), times, strict=True))

    def count(self, points: Sequence[int] | None = None) -> int:
        number, _ = self._asked(question("count", points))
        return number

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        if not len(points):
            return {}
        asked = question("counts", points, start_us=int(start_us), end_us=int(end_us))
        _, (of, many) = self._asked(asked)
        return dict(zip(of.tolist(), many.tolist(), strict=True))

    def close(self) -> None:
        """Let the connections go that no call uses."""
        self._let_go()

    def _rows(self, asked: SocketFrame) -> ReadingColumns:
        _, columns = self._asked(asked)
        return ReadingColumns(*columns)

    def _asked(self, asked: SocketFrame) -> tuple[int, list[Column]]:
        """The number and the columns of an answer."""
        used = self._take()
        if used is not None:
            try:
                return self._over(used, asked)
            except TimeoutError as silent:
                raise self._away(silent) from silent
            except (OSError, BrokenFrame):
                self._let_go()  # the owner they led to is gone
        try:
            return self._over(self._place.connected(self._silence_s), asked)
        except (OSError, BrokenFrame) as failed:
            raise self._away(failed) from failed

    def _over(self, connection: socket.socket, asked: SocketFrame) -> tuple[int, list[Column]]:
        """Ask over a connection, which is kept for the next call where it took a whole answer."""
        try:
            send(connection, asked)
            first = _next(connection)
            answer = None if "error" in first.fields else _whole(connection, first)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)
        if answer is None:
            raise error_of(first.fields)
        return answer

    def _let_go(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> socket.socket | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _away(self, failed: Exception) -> Unavailable:
        silent = isinstance(failed, TimeoutError)
        return Unavailable(
            f"the intake, which owns the readings, has not answered for {self._silence_s:.0f} s"
            if silent
            else "the intake, which owns the readings, does not run",
            field="readings",
            value=str(self._place.path),
            fix="see logs/intake.log: it is started again, and work goes on by itself",
        )


def _next(connection: socket.socket) -> SocketFrame:
    frame = receive(connection)
    if frame is None:
        raise BrokenFrame("the other side ended before its answer")
    return frame


def _whole(connection: socket.socket, first: SocketFrame) -> tuple[int, list[Column]]:
    """The number, and the columns put together as their frames come in."""
    rows = int(first.fields["rows"])
    if not first.columns or len(first.columns[0]) == rows:
        return int(first.fields["number"]), list(first.columns)
    found = [np.empty(rows, column.dtype) for column in first.columns]
    part, at = first, 0
    while True:
        for whole, column in zip(found, part.columns, strict=True):
            whole[at : at + len(column)] = column
        at += len(part.columns[0])
        if at >= rows:
            return int(first.fields["number"]), found
        part = _next(connection)
