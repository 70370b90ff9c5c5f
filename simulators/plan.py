"""The publication plan of a gateway: a fixed list of messages for the history, then live ones.

Equal seed, start, now and session give equal bytes, so a gateway that was killed goes on with
the message after the last acknowledged one.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from metering.localtime import MINUTE_US
from metering.quantity import I64
from metering.reading import F64
from simulators.campus import Campus, SimPoint
from simulators.delivery import Batch, Correction, Extra, Post, delivery
from simulators.devices import Devices
from simulators.message import (
    DUPLICATE,
    MALFORMED,
    READING,
    SECOND_US,
    MessageEntry,
    Publication,
    malformed,
    payload,
    reading_text,
)

WRONG_BY = 250.0
"""How far a wrong value is off [sent unit]: far enough to look like a spike."""


class GatewayPlan:
    """All messages of one gateway. The history has `len(plan)` messages, numbered from 0."""

    def __init__(
        self, devices: Devices, campus: Campus, gateway: str, *, step_min: int = 15
    ) -> None:
        world = devices.world
        self.gateway = gateway
        self.step_us = step_min * MINUTE_US
        self.points = campus.points_of(gateway)
        self._devices = devices
        self._registers = [n for n, point in enumerate(self.points) if point.meter]
        self._per_hour = 60 // step_min
        self.grid: I64 = np.arange(world.start_us, world.now_us + 1, self.step_us, dtype=np.int64)
        self._values: list[F64] = [devices.shown(point, self.grid) for point in self.points]
        rng = np.random.default_rng([world.seed, zlib.crc32(f"plan {gateway}".encode())])
        hours = -(-(len(self.grid) - 1) // self._per_hour) + 1 if len(self.grid) else 0
        self._posts: list[Post] = delivery(rng, hours, len(self._registers), len(MALFORMED))

    def __len__(self) -> int:
        return len(self._posts)

    @property
    def history_end_us(self) -> int:
        """The last instant of the history."""
        return int(self.grid[-1])

    def message(self, number: int, session: int) -> Publication:
        """Message `number` of the history as sent in that session."""
        post = self._posts[number]
        if isinstance(post, Extra):
            return self._extra(number, post)
        if isinstance(post, Correction):
            return self._correction(number, post, session)
        return self._batch(number, post, session)

    def live(self, number: int, session: int, times_us: Sequence[int], sent_us: int) -> Publication:
        """A message beyond the history: all points at those instants."""
        times = np.array(times_us, dtype=np.int64)
        columns = [self._devices.shown(point, times) for point in self.points]
        rows = [
            (READING, point, int(time), float(values[n]))
            for n, time in enumerate(times)
            for point, values in zip(self.points, columns, strict=True)
            if np.isfinite(values[n])
        ]
        return _message(number, session, number + 1, sent_us, rows)

    def _batch(self, number: int, post: Batch, session: int) -> Publication:
        positions = self._positions(post.hour)
        kind = DUPLICATE if post.copy else READING
        rows = self._rows(positions, kind)
        if post.wrong >= 0:
            rows = self._with_wrong(rows, post.hour, post.wrong)
        if post.again:
            rows += self._rows([positions[0] - 1], DUPLICATE)
        sent_us = int(self.grid[positions[-1]]) + SECOND_US
        return _message(number, session, post.seq, sent_us, rows)

    def _correction(self, number: int, post: Correction, session: int) -> Publication:
        point, position = self._wrong_place(post.hour, post.wrong)
        time_us, value = int(self.grid[position]), self._value(point, position)
        rows = [(READING, point, time_us, value)]
        return _message(number, session, post.seq, time_us + SECOND_US, rows)

    def _extra(self, number: int, post: Extra) -> Publication:
        fault = list(MALFORMED)[post.fault]
        point = self.points[self._registers[number % len(self._registers)]]
        time_us = int(self.grid[self._positions(post.hour)[0]]) + number * SECOND_US
        body, entries = malformed(fault, point, time_us)
        return Publication(number, body, entries)

    def _positions(self, hour: int) -> list[int]:
        """Places on the grid of the readings created in an hour: (end - 1 h, end]."""
        last = hour * self._per_hour
        return [p for p in range(last - self._per_hour + 1, last + 1) if 0 <= p < len(self.grid)]

    def _rows(self, positions: list[int], kind: str) -> list[tuple[str, SimPoint, int, float]]:
        return [
            (kind, point, int(self.grid[position]), float(values[position]))
            for position in positions
            for point, values in zip(self.points, self._values, strict=True)
            if np.isfinite(values[position])
        ]

    def _wrong_place(self, hour: int, wrong: int) -> tuple[SimPoint, int]:
        """The wrong register, or the next one that is not silent then, and where on the grid."""
        position = self._positions(hour)[0]
        turned = self._registers[wrong:] + self._registers[:wrong]
        speaking = (self.points[n] for n in turned if np.isfinite(self._values[n][position]))
        return next(speaking), position

    def _value(self, point: SimPoint, position: int) -> float:
        return float(self._values[self.points.index(point)][position])

    def _with_wrong(
        self, rows: list[tuple[str, SimPoint, int, float]], hour: int, wrong: int
    ) -> list[tuple[str, SimPoint, int, float]]:
        point, position = self._wrong_place(hour, wrong)
        time_us = int(self.grid[position])
        return [
            (kind, p, t, round(v + WRONG_BY, 4) if (p, t) == (point, time_us) else v)
            for kind, p, t, v in rows
        ]


def due_times(last_us: int, now_us: int, interval_us: int, step_us: int) -> list[tuple[int, ...]]:
    """Instants to send now, message by message: the quarter hours missed in a pause since
    `last_us`, up to four a message, then the present one. Empty where nothing is due."""
    present = now_us // interval_us * interval_us
    if present <= last_us:
        return []
    missed = list(range((last_us // step_us + 1) * step_us, present, step_us))
    return [*(tuple(missed[n : n + 4]) for n in range(0, len(missed), 4)), (present,)]


def _message(
    number: int,
    session: int,
    seq: int,
    sent_us: int,
    rows: list[tuple[str, SimPoint, int, float]],
) -> Publication:
    texts = [reading_text(point, time_us, value) for _, point, time_us, value in rows]
    entries = tuple(
        MessageEntry(kind, point.name, time_us, value) for kind, point, time_us, value in rows
    )
    return Publication(number, payload(session, seq, sent_us, texts), entries)
