"""One line of meters, asked over Modbus TCP or RTU; what goes wrong comes as Unanswered.

After an answer that did not come the line is opened anew: on RTU an answer has no number, and one
that comes too late would be taken for that of the next question.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from edge.config import EdgeMeter, LineAddress
from edge.requests import ReadRequest, requests_for
from edge.values import EdgeReading, number
from metering.errors import ConfigurationError
from metering.extras import extra

Words = dict[str, list[int]]
"""By register, what stands in it."""


_LONGEST_S = 60.0
"""For the library; each meter's own timeout is shorter, and bounds opening the line too."""


class Unanswered(Exception):
    """A meter that gave no answer, or none of use; says why in a few words."""


class ModbusLine:
    """A line, opened when it is first needed; for one question at a time."""

    def __init__(self, address: LineAddress) -> None:
        self.address = address
        self._client: Any = None

    async def words(self, meter: EdgeMeter) -> Words:
        """All that a meter is asked for, in requests of adjacent registers; Unanswered where one of
        them failed as often as the meter may be asked."""
        found: Words = {}
        for request in requests_for(meter.registers, meter.profile.most):
            read = await self._patiently(meter, request)
            for register in request.registers:
                start = register.address - request.address
                found[register.name] = read[start : start + register.words]
        return found

    def close(self) -> None:
        """Let the line go; the next question opens it again."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _patiently(self, meter: EdgeMeter, request: ReadRequest) -> list[int]:
        for left in range(meter.config.retries, -1, -1):
            try:
                return await self._asked(meter, request)
            except Unanswered:
                if not left:
                    raise
        raise AssertionError

    async def _asked(self, meter: EdgeMeter, request: ReadRequest) -> list[int]:
        timeout_s = meter.config.timeout_s
        try:
            answer = await asyncio.wait_for(self._read(meter, request), timeout_s)
        except ConfigurationError:
            raise
        except Exception as failed:  # whatever the library makes of what came off the wire
            self.close()
            if self.address.serial:
                await asyncio.sleep(timeout_s)  # what is still under way comes and goes
            raise Unanswered(f"no answer: {type(failed).__name__}") from failed
        if answer.isError():
            code = getattr(answer, "exception_code", "?")
            raise Unanswered(f"refused registers from {request.address} (exception {code})")
        if len(answer.registers) != request.count:
            self.close()
            raise Unanswered(f"{len(answer.registers)} registers in place of {request.count}")
        return list(answer.registers)

    async def _read(self, meter: EdgeMeter, request: ReadRequest) -> Any:
        if self._client is None:
            self._client = _client(self.address)
        if not self._client.connected and not await self._client.connect():
            raise ConnectionError
        holding = meter.profile.function == 3
        read = self._client.read_holding_registers if holding else self._client.read_input_registers
        return await read(request.address, count=request.count, device_id=meter.config.device)


def _client(address: LineAddress) -> Any:
    with extra("edge"):
        from pymodbus import FramerType
        from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
    # With an error it writes all that came, in digits: a meter that floods would fill the log, and
    # hold up every line while that is written. What went wrong is told as Unanswered.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    if address.serial:
        return AsyncModbusSerialClient(
            address.serial,
            baudrate=address.baud,
            parity=address.parity,
            stopbits=address.stop_bits,
            timeout=_LONGEST_S,
            retries=0,
            reconnect_delay=0,
        )
    framer = FramerType.RTU if address.framing == "rtu" else FramerType.SOCKET
    return AsyncModbusTcpClient(
        address.host,
        port=address.port,
        framer=framer,
        timeout=_LONGEST_S,
        retries=0,
        reconnect_delay=0,
    )


async def read_meter(
    line: ModbusLine, meter: EdgeMeter, now_us: Callable[[], int]
) -> tuple[list[EdgeReading], list[str]]:
    """(readings, registers that have nothing to tell) of a meter, at the instant that its last
    answer came; Unanswered where it did not answer."""
    words = await line.words(meter)
    time_us = now_us()
    readings, silent = [], []
    for register in meter.registers:
        value = number(register, words[register.name], meter.order)
        if value is None:
            silent.append(register.name)
            continue
        point = f"{meter.name}.{register.name}"
        readings.append(EdgeReading(point, register.kind, register.unit, time_us, value))
    return readings, silent


def by_line(meters: Sequence[EdgeMeter]) -> dict[LineAddress, list[EdgeMeter]]:
    """Meters by the line that they are on, in the order of the configuration."""
    lines: dict[LineAddress, list[EdgeMeter]] = {}
    for meter in meters:
        lines.setdefault(meter.line, []).append(meter)
    return lines
