"""An edge as a process, and what the command line asks of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edge import (
    TEMPLATE,
    CheckedRegister,
    EdgeConfig,
    EdgePusher,
    MeterState,
    Poller,
    Spool,
    check_meters,
    profile_names,
    read_config,
    spool_state,
)
from greenoffice.clock import ShiftedClock
from greenoffice.logs import set_up_logs
from greenoffice.signals import stop_event
from metering.errors import Conflict
from metering.extras import extra
from metering.localtime import iso
from simulators import MeterFault, ModbusMeter, serve_meters


def write_template(file: Path) -> None:
    """A commented configuration; Conflict where the file is there already."""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(TEMPLATE.format(file=file.name, profiles=", ".join(profile_names())))
    except FileExistsError:
        raise Conflict(
            "the file is there already", field="file", value=str(file), fix="name another file"
        ) from None


def run_edge(file: Path, clock: ShiftedClock | None = None) -> None:
    """Read meters and push what they say until terminated, by this machine's clock or another."""
    config, clock = read_config(file), clock or ShiftedClock()
    set_up_logs("edge", clock)
    quiet_library()
    stop = stop_event()
    with Spool(config.spool, config.max_bytes, clock.now_us()) as spool:
        pusher = EdgePusher(config, spool, clock.now_us, stop)
        with ThreadPoolExecutor(1, thread_name_prefix="push") as pool:
            pushing = pool.submit(_until_it_ends, pusher, stop)
            try:
                asyncio.run(Poller(config.meters, spool, clock.now_us, stop).run())
            finally:
                stop.set()
            pushing.result()


def check_edge(config: EdgeConfig) -> list[CheckedRegister]:
    """Every register of every meter once."""
    quiet_library()

    async def gathered() -> list[CheckedRegister]:
        return [one async for one in check_meters(config.meters)]

    return asyncio.run(gathered())


def check_lines(found: list[CheckedRegister]) -> Iterator[str]:
    """A table of what was read, a line each; what does not fit is marked."""
    row = "{:<24} {:>6} {:<4} {:<20} {:>18} {:<6} {}".format
    yield row("point", "at", "type", "words", "value", "unit", "")
    for one in found:
        if one.register is None:
            yield row(one.meter.name, "", "", "", "", "", f"! {one.problem}")
            continue
        words = " ".join(f"{word:04x}" for word in one.words)
        shown = "-" if one.value is None else f"{one.value:.10g}"
        mark = "" if one.fits else "?"
        if not one.fits and one.other is not None:
            mark = f"? other word order: {one.other:.10g}"
        name = f"{one.meter.name}.{one.register.name}"
        register = one.register
        yield row(name, register.address, register.type, words, shown, register.unit, mark)


def edge_status(file: Path) -> dict[str, object]:
    """How the edge of a configuration stands: queue, losses, meters."""
    config = read_config(file)
    state = spool_state(config.spool)
    known = {one.name: one for one in state.meters}
    return {
        "gateway": config.gateway.name,
        "waiting": state.waiting,
        "oldest": _told(state.oldest_us),
        "kept": state.kept,
        "lost": state.told.get("lost", 0),
        "clock_jumps": state.told.get("clock_jumps", 0),
        "session": state.told.get("session"),
        "meters": [_meter_told(one.name, known.get(one.name)) for one in config.meters],
    }


def simulate_meters(host: str, port: int, count: int, fault: MeterFault) -> None:
    """Serve simulated meters, device 1 and on, until terminated."""
    clock, stop = ShiftedClock(), stop_event()
    now_us = clock.now_us()
    meters = {id: ModbusMeter(now_us, 1000.0 * id, 2.0 + id, fault) for id in range(1, count + 1)}
    quiet_library()
    serve_meters(meters, host, port, clock.now_us, stop)


def _until_it_ends(pusher: EdgePusher, stop: threading.Event) -> None:
    try:
        pusher.run()
    finally:
        stop.set()  # an edge that cannot push is started anew by who supervises it


def quiet_library() -> None:
    """What the Modbus library has to say is told in our own words; ConfigurationError where it is
    not installed."""
    with extra("edge"):
        import pymodbus  # noqa: F401 - asked for here, so that its absence is told before any work
    logging.getLogger("pymodbus.internal").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def _meter_told(name: str, state: MeterState | None) -> dict[str, object]:
    if state is None:
        return {"name": name, "read": None, "tried": None, "failures": 0, "problem": ""}
    times = {"read": _told(state.read_us), "tried": _told(state.tried_us)}
    return {"name": name, **times, "failures": state.failures, "problem": state.problem}


def _told(time_us: int | None) -> str | None:
    return None if time_us is None else iso(time_us)
