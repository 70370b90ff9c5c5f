"""A simulated three-phase meter on Modbus TCP, with what goes wrong on real lines.

Its registers stand where an Eastron SDM630 has them (input registers, floats of 32 bits, the high
word first); they are written down here once more, so that a profile is held against something.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from metering.extras import extra

HOUR_US = 3_600_000_000
_GARBAGE = bytes(range(200, 240))
VOLTS, HERTZ = 230.0, 50.0


class MeterFault(StrEnum):
    """What a simulated meter does wrong."""

    NONE = "none"
    SILENT = "silent"
    REFUSING = "refusing"
    GARBAGE = "garbage"
    NOT_A_NUMBER = "not_a_number"


@dataclass
class ModbusMeter:
    """A meter that counts a constant power from an instant on."""

    start_us: int
    start_kwh: float
    power_kw: float
    fault: MeterFault = MeterFault.NONE

    def import_kwh(self, now_us: int) -> float:
        """What its register shows [kWh]."""
        return self.start_kwh + self.power_kw * (now_us - self.start_us) / HOUR_US

    def words(self, now_us: int) -> dict[int, tuple[int, int]]:
        """By address, the two words that stand there."""
        amps = self.power_kw * 1000 / VOLTS / 3
        values = {
            **dict.fromkeys((0, 2, 4), VOLTS),
            **dict.fromkeys((6, 8, 10), amps),
            52: self.power_kw * 1000,
            70: HERTZ,
            72: self.import_kwh(now_us),
            74: 0.0,
        }
        if self.fault == MeterFault.NOT_A_NUMBER:
            values = dict.fromkeys(values, float("nan"))
        return {at: struct.unpack(">HH", struct.pack(">f", one)) for at, one in values.items()}


def serve_meters(
    meters: dict[int, ModbusMeter],
    host: str,
    port: int,
    now_us: Callable[[], int],
    stop: threading.Event,
) -> None:
    """Serve meters by their device id at one address until stopped. What goes to the wire is wrong
    where any of them is silent or talks garbage."""
    asyncio.run(_serve(meters, host, port, now_us, stop))


async def _serve(
    meters: dict[int, ModbusMeter],
    host: str,
    port: int,
    now_us: Callable[[], int],
    stop: threading.Event,
) -> None:
    with extra("edge"):
        from pymodbus.server import ModbusTcpServer

    def sent(sending: bool, data: bytes) -> bytes:
        faults = {meter.fault for meter in meters.values()}
        if sending and MeterFault.SILENT in faults:
            return b""
        return _GARBAGE if sending and MeterFault.GARBAGE in faults else data

    devices = [meter_device(id, meter, now_us) for id, meter in meters.items()]
    server: Any = ModbusTcpServer(devices, address=(host, port), trace_packet=sent)
    await server.serve_forever(background=True)
    while not stop.is_set():
        await asyncio.sleep(0.05)
    await server.shutdown()


def meter_device(id: int, meter: ModbusMeter, now_us: Callable[[], int]) -> Any:
    """A meter as a device of the Modbus library's servers, of any transport."""
    from pymodbus.constants import ExcCodes
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def looked(
        _function: int,
        start: int,
        _address: int,
        _count: int,
        registers: list[int],
        _set: object,
    ) -> Any:
        if meter.fault == MeterFault.REFUSING:
            return ExcCodes.DEVICE_BUSY
        for address, words in meter.words(now_us()).items():
            registers[address - start : address - start + 2] = words
        return None

    block = SimData(address=0, count=80, values=0, datatype=DataType.REGISTERS)
    return SimDevice(id=id, simdata=[block], action=looked)
