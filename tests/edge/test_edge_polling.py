"""Real questions to simulated meters, and what goes wrong with them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pymodbus.server import ModbusSerialServer

from edge import Poller, Spool, check_meters, read_config, spool_state
from edge.checking import CheckedRegister
from edge.modbus import ModbusLine, Unanswered, read_meter
from edge.values import EdgeReading
from metering.errors import ConfigurationError
from simulators import MeterFault, ModbusMeter
from simulators.modbus_meter import meter_device

NOW_US = 1_764_000_000_000_000


def meter(kwh: float = 1234.5, fault: MeterFault = MeterFault.NONE) -> ModbusMeter:
    return ModbusMeter(NOW_US, kwh, 0.0, fault)


def checked(file: Path) -> dict[str, CheckedRegister]:
    async def gathered() -> list[CheckedRegister]:
        return [one async for one in check_meters(read_config(file).meters)]

    found = asyncio.run(gathered())
    return {f"{one.meter.name}.{one.register.name if one.register else ''}": one for one in found}


def test_every_register_is_read_and_shown(served: Any, configured: Callable[..., Path]) -> None:
    with served(meter(), ModbusMeter(NOW_US, 20.0, 0.0)) as port:
        found = checked(configured(("E1", port, 1), ("E2", port, 2)))
    assert len(found) == 20
    assert all(one.fits for one in found.values())
    assert (found["E1.import"].value, found["E2.import"].value) == (1234.5, 20.0)
    assert (found["E1.frequency"].value, found["E1.voltage_l3"].value) == (50.0, 230.0)


def test_a_wrong_word_order_is_seen_in_the_check(
    served: Any, configured: Callable[..., Path]
) -> None:
    with served(meter()) as port:
        found = checked(configured(("E1", port, 1), more='order = "little"\n'))
    assert not found["E1.frequency"].fits
    assert found["E1.frequency"].other == 50.0


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (MeterFault.SILENT, "no answer"),
        (MeterFault.GARBAGE, "no answer"),
        (MeterFault.REFUSING, "exception 6"),
    ],
)
def test_a_meter_that_gives_no_answer_says_why_and_answers_again_later(
    fault: MeterFault, told: str, served: Any, configured: Callable[..., Path]
) -> None:
    broken = meter(fault=fault)
    with served(broken) as port:
        (one,) = read_config(configured(("E1", port, 1))).meters
        line = ModbusLine(one.line)

        async def asked_twice() -> list[Any]:
            with pytest.raises(Unanswered, match=told):
                await read_meter(line, one, lambda: NOW_US)
            broken.fault = MeterFault.NONE
            readings, silent = await read_meter(line, one, lambda: NOW_US)
            line.close()
            assert silent == []
            return readings

        readings = asyncio.run(asked_twice())
    assert {one.point: one.value for one in readings}["E1.import"] == 1234.5
    assert {one.time_us for one in readings} == {NOW_US}


@contextmanager
def wired() -> Iterator[tuple[str, str]]:
    """Two serial ports, the one's ends wired to the other's."""
    pairs = [pty.openpty() for _ in range(2)]
    for one in (end for pair in pairs for end in pair):
        tty.setraw(one)
    (left, left_port), (right, right_port) = pairs

    def carried(source: int, target: int) -> None:
        with suppress(OSError):  # the ports are closed at the end
            while said := os.read(source, 4096):
                os.write(target, said)

    wires = [
        threading.Thread(target=carried, args=ends, daemon=True)
        for ends in ((left, right), (right, left))
    ]
    for wire in wires:
        wire.start()
    yield os.ttyname(left_port), os.ttyname(right_port)
    for one in (left_port, right_port, left, right):
        os.close(one)


def test_a_meter_on_a_serial_port_is_read_by_rtu(configured: Callable[..., Path]) -> None:
    async def asked(meter_port: str, file: Path) -> list[EdgeReading]:
        device = meter_device(1, meter(), lambda: NOW_US)
        server: Any = ModbusSerialServer([device], port=meter_port, baudrate=9600)
        await server.serve_forever(background=True)
        (one,) = read_config(file).meters
        line = ModbusLine(one.line)
        readings, _ = await read_meter(line, one, lambda: NOW_US)
        line.close()
        await server.shutdown()
        return readings

    with wired() as (meter_port, edge_port):
        file = configured(("E1", 9, 1))
        text = file.read_text()
        file.write_text(text.replace('host = "127.0.0.1"\nport = 9', f'serial = "{edge_port}"'))
        readings = asyncio.run(asked(meter_port, file))
    assert {one.point: one.value for one in readings}["E1.import"] == 1234.5


def polled(file: Path, enough: Callable[[], bool]) -> None:
    """Run a poller until there is enough in its spool."""
    config, stop = read_config(file), threading.Event()

    async def until_enough(poller: Poller) -> None:
        running = asyncio.create_task(poller.run())
        while not enough() and not running.done():
            await asyncio.sleep(0.05)
        stop.set()
        await running

    with Spool(config.spool, config.max_bytes, NOW_US) as spool:
        poller = Poller(config.meters, spool, lambda: time.time_ns() // 1000, stop)
        asyncio.run(until_enough(poller))


def test_a_dead_line_and_a_silent_meter_hold_up_no_other_line(
    served: Any, configured: Callable[..., Path], tmp_path: Path
) -> None:
    """One address takes connections and never answers, one refuses them, one has no values."""
    hole = socket.create_server(("127.0.0.1", 0))
    refused = socket.socket()
    refused.bind(("127.0.0.1", 0))
    with (
        hole,
        refused,
        served(meter()) as good,
        served(meter(fault=MeterFault.NOT_A_NUMBER)) as odd,
    ):
        ports = (good, hole.getsockname()[1], refused.getsockname()[1], odd)
        names = ("good", "hole", "refused", "odd")
        file = configured(*((name, port, 1) for name, port in zip(names, ports, strict=True)))
        folder = tmp_path / "edge-spool"

        def enough() -> bool:
            states = {one.name: one for one in spool_state(folder).meters}
            return len(states) == 4 and spool_state(folder).waiting >= 4

        polled(file, enough)
        states = {one.name: one for one in spool_state(folder).meters}
    assert states["good"].failures == 0
    assert all(states[name].problem and states[name].read_us is None for name in names[1:])
    assert "no value" in states["odd"].problem
    with Spool(folder, 10**8, NOW_US) as spool:
        kept = [json.loads(one.readings) for one in spool.waiting(100, ())]
    assert {one["point"].split(".")[0] for readings in kept for one in readings} == {"good"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"interval_s = 1": "interval_s = 7"}, "quarter hours"),
        ({"interval_s = 1": "interval_s = 2700"}, None),
        ({"interval_s = 1": "interval_s = 5400"}, None),
        ({"interval_s = 1": "interval_s = 4500"}, "quarter hours"),
        ({'host = "127.0.0.1"\nport = 9': 'serial = "/dev/ttyS9"\nbaud = 9'}, "baud"),
        ({'host = "127.0.0.1"\nport = 9': "port = 9"}, "by its host or by a serial port"),
        ({"eastron-sdm630": "nothing"}, "no profile of that name"),
        ({"device = 1": 'device = 1\nregisters = ["heat"]'}, "no such register"),
        ({"[[meters]]": "[meter]"}, "meter"),
        ({"edge.password": "nowhere.password"}, "password cannot be read"),
        ({'name = "s/g"': 'name = "s"'}, "gateway.name"),
    ],
)
def test_a_configuration_is_checked(
    change: dict[str, str], told: str | None, configured: Callable[..., Path]
) -> None:
    file = configured(("E1", 9, 1))
    text = file.read_text()
    for before, after in change.items():
        assert before in text
        text = text.replace(before, after)
    file.write_text(text)
    if told is None:
        assert len(read_config(file).meters) == 1
        return
    with pytest.raises(ConfigurationError, match=told) as refused:
        read_config(file)
    assert refused.value.field
    assert refused.value.fix


def test_two_meters_of_one_name_are_refused(configured: Callable[..., Path]) -> None:
    with pytest.raises(ConfigurationError, match="one name"):
        read_config(configured(("E1", 9, 1), ("E1", 9, 2)))
