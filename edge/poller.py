"""Reads all meters, each at its times; every line on its own, so that none waits for another's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from edge.config import EdgeMeter
from edge.due import MINUTE_US, ClockWatch, due_after_failure, next_due
from edge.modbus import ModbusLine, Unanswered, by_line, read_meter
from edge.spool import Spool

_LOOK_S = 0.5
"""So often it is looked whether to stop, and whether the clock was set."""

_log = structlog.get_logger()


@dataclass
class Poller:
    """Reads meters into a spool until it is told to stop."""

    meters: Sequence[EdgeMeter]
    spool: Spool
    now_us: Callable[[], int]
    stop: threading.Event
    _failures: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Read every line at once, and watch the clock."""
        async with asyncio.TaskGroup() as tasks:
            for address, meters in by_line(self.meters).items():
                tasks.create_task(self._line(ModbusLine(address), meters))
            tasks.create_task(self._watch())

    async def _line(self, line: ModbusLine, meters: Sequence[EdgeMeter]) -> None:
        due = {meter.name: self._next(meter) for meter in meters}
        while not self.stop.is_set():
            meter = min(meters, key=lambda one: due[one.name])
            left_us = due[meter.name] - self.now_us()
            if left_us > _interval_us(meter) + MINUTE_US:  # the clock was set back
                due = {one.name: self._next(one) for one in meters}
            elif left_us > 0:
                await asyncio.sleep(min(left_us / 1e6, _LOOK_S))
            else:
                due[meter.name] = await self._read(line, meter)
        line.close()

    async def _read(self, line: ModbusLine, meter: EdgeMeter) -> int:
        """Read a meter, keep what it said; returns when it is read next [us]."""
        try:
            readings, silent = await read_meter(line, meter, self.now_us)
            if not readings:
                raise Unanswered("every register says that it has no value")
        except Unanswered as failed:
            failures = self._failures[meter.name] = self._failures.get(meter.name, 0) + 1
            _log.warning("a meter does not answer", meter=meter.name, why=str(failed))
            await self._kept(self.spool.failed, meter.name, str(failed), self.now_us())
            return due_after_failure(self.now_us(), _interval_us(meter), failures)
        self._failures.pop(meter.name, None)
        if silent:
            _log.info("registers without a value", meter=meter.name, registers=silent)
        lost = await self._kept(self.spool.put, meter.name, readings, self.now_us())
        if lost is None:
            _log.error("no room for what was read", meter=meter.name, readings=len(readings))
        elif lost:
            _log.error("the spool is full: the oldest messages are lost", messages=lost)
        return self._next(meter)

    async def _kept(self, keep: Callable[..., int | None], *what: object) -> int | None:
        """Write into the spool, aside: a slow disk holds up no line. None where it takes none."""
        try:
            return await asyncio.to_thread(keep, *what)
        except sqlite3.OperationalError as refused:
            _log.error("the spool takes nothing", error=str(refused))
            return None

    async def _watch(self) -> None:
        watch = ClockWatch(self.now_us(), time.monotonic_ns() // 1000)
        while not self.stop.is_set():
            await asyncio.sleep(_LOOK_S)
            if jump_us := watch.jumped(self.now_us(), time.monotonic_ns() // 1000):
                _log.warning("the clock was set", by_s=round(jump_us / 1e6, 1))
                await self._kept(self.spool.count, "clock_jumps", 1)

    def _next(self, meter: EdgeMeter) -> int:
        return next_due(self.now_us(), _interval_us(meter))


def _interval_us(meter: EdgeMeter) -> int:
    return meter.config.interval_s * 1_000_000
