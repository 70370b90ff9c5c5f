"""Gateways over real MQTT: nothing is lost to cut connections, kills or pauses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from metering.errors import ConfigurationError
from metering.localtime import HOUR_US, parse_instant
from simulators import SimulatorSettings, load_campus, published, run, summary
from simulators.campus import ZONE
from simulators.devices import Devices
from simulators.message import READING
from simulators.plan import GatewayPlan
from simulators.world import World

ROOT = Path(__file__).parents[2]
START_US = parse_instant("2026-10-01T00:00:00+08:00")
NOW_US = START_US + 60 * HOUR_US
GATEWAYS = ("gw-a", "gw-b", "gw-canteen", "gw-dc")


class Endpoint(Protocol):
    """The acknowledging endpoint of conftest."""

    received: list[tuple[str, bytes]]
    users: set[str | None]
    drop_after: int | None
    holding: threading.Event
    port: int

    def hold(self, after: int) -> None: ...
    def release(self) -> None: ...


def settings_for(folder: Path, port: int, *, live_interval_s: int = 0) -> SimulatorSettings:
    return SimulatorSettings(
        folder,
        seed=5,
        start_us=START_US,
        now_us=NOW_US,
        host="127.0.0.1",
        port=port,
        passwords=dict.fromkeys(GATEWAYS, "secret"),
        live_interval_s=live_interval_s,
    )


def received(endpoint: Endpoint) -> dict[tuple[str, str], set[int]]:
    """Reported times that reached the endpoint, by gateway and registered point."""
    registered = {point.key for point in load_campus().points}
    found: dict[tuple[str, str], set[int]] = {}
    for topic, payload in endpoint.received:
        gateway = topic.split("/")[3]
        try:
            message = json.loads(payload)
        except ValueError:
            continue
        for row in message["readings"] if "session" in message else ():
            assert f"{gateway}/{row['point']}" in registered
            times = found.setdefault((gateway, row["point"]), set())
            times.add(parse_instant(row["time"]))
    return found


def planned() -> dict[tuple[str, str], set[int]]:
    campus = load_campus()
    devices = Devices(World(5, START_US, NOW_US, ZONE, campus.calendar), campus)
    found: dict[tuple[str, str], set[int]] = {}
    for gateway in campus.gateways:
        plan = GatewayPlan(devices, campus, gateway)
        for number in range(len(plan)):
            for entry in plan.message(number, 1).entries:
                if entry.kind == READING:
                    found.setdefault((gateway, entry.point), set()).add(entry.time_us)
    return found


def in_files(folder: Path) -> dict[tuple[str, str], set[int]]:
    return {key: set(times.tolist()) for key, times in published(folder).items()}


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 30 s")


def test_the_whole_history_arrives(endpoint: Endpoint, tmp_path: Path) -> None:
    run(settings_for(tmp_path, endpoint.port), lambda: NOW_US, threading.Event())
    assert received(endpoint) == in_files(tmp_path) == planned()
    assert endpoint.users == {f"campus/{gateway}" for gateway in GATEWAYS}
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress["history_done"]
    assert progress["messages_planned"] == progress["messages_acknowledged"]
    assert progress["messages_planned"] == len(endpoint.received)
    counts = summary(tmp_path)
    assert counts.published == sum(map(len, planned().values()))
    assert counts.duplicates_published > 0
    assert counts.bad_published > 0


def test_a_cut_connection_loses_nothing_and_keeps_the_order(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.drop_after = 30
    run(settings_for(tmp_path, endpoint.port), lambda: NOW_US, threading.Event())
    assert received(endpoint) == in_files(tmp_path) == planned()
    for gateway in GATEWAYS:
        unique = dict.fromkeys(p for t, p in endpoint.received if f"/{gateway}/" in t)
        campus = load_campus()
        devices = Devices(World(5, START_US, NOW_US, ZONE, campus.calendar), campus)
        plan = GatewayPlan(devices, campus, gateway)
        expected = dict.fromkeys(plan.message(n, 1).payload for n in range(len(plan)))
        assert list(unique) == list(expected)


PROGRAM = """
import sys, threading
from pathlib import Path
from simulators import SimulatorSettings, run
folder, port, start_us, now_us = Path(sys.argv[1]), *map(int, sys.argv[2:])
passwords = dict.fromkeys(("gw-a", "gw-b", "gw-canteen", "gw-dc"), "secret")
settings = SimulatorSettings(folder, 5, start_us, now_us, "127.0.0.1", port, passwords,
                             live_interval_s=0)
run(settings, lambda: now_us, threading.Event())
"""


def start_process(folder: Path, port: int) -> subprocess.Popen[bytes]:
    arguments = [str(folder), str(port), str(START_US), str(NOW_US)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT)


def test_killed_again_and_again_it_publishes_the_same_readings(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    for enough in (20, 50, 90):
        endpoint.hold(enough)
        process = start_process(tmp_path, endpoint.port)
        try:
            assert endpoint.holding.wait(60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        endpoint.release()
        for key, times in in_files(tmp_path).items():
            assert times <= received(endpoint)[key]
    process = start_process(tmp_path, endpoint.port)
    assert process.wait(60) == 0
    assert received(endpoint) == in_files(tmp_path) == planned()
    sessions = {json.loads(p)["session"] for _, p in endpoint.received if b'"session"' in p}
    assert sessions == {1, 2, 3, 4}


def test_live_after_a_pause_fills_it(endpoint: Endpoint, tmp_path: Path) -> None:
    run(settings_for(tmp_path, endpoint.port), lambda: NOW_US, threading.Event())
    stop, later_us = threading.Event(), NOW_US + 3 * HOUR_US + 77_000_000
    live = settings_for(tmp_path, endpoint.port, live_interval_s=10)
    going = threading.Thread(target=run, args=(live, lambda: later_us, stop))
    going.start()
    present_us = later_us // 10_000_000 * 10_000_000
    try:
        wait_until(lambda: all(max(t) == present_us for t in in_files(tmp_path).values()))
    finally:
        stop.set()
        going.join()
    pause = {NOW_US + n * HOUR_US // 4 for n in range(1, 13)} | {present_us}
    for key, times in in_files(tmp_path).items():
        assert times == planned()[key] | pause


def test_a_folder_keeps_its_world(endpoint: Endpoint, tmp_path: Path) -> None:
    run(settings_for(tmp_path, endpoint.port), lambda: NOW_US, threading.Event())
    other = SimulatorSettings(
        tmp_path, 6, START_US, NOW_US, "127.0.0.1", endpoint.port, dict.fromkeys(GATEWAYS, "x")
    )
    with pytest.raises(ConfigurationError, match="seed = 6"):
        run(other, lambda: NOW_US, threading.Event())
    file = tmp_path / "simulation.json"
    stored = json.loads(file.read_text())
    assert stored.pop("more_waste") is False  # folders of before do not say it
    file.write_text(json.dumps(stored))
    run(settings_for(tmp_path, endpoint.port), lambda: NOW_US, threading.Event())
    more = replace(settings_for(tmp_path, endpoint.port), more_waste=True)
    with pytest.raises(ConfigurationError, match="more_waste = True"):
        run(more, lambda: NOW_US, threading.Event())


def test_a_gateway_without_password_is_named(tmp_path: Path) -> None:
    bare = SimulatorSettings(tmp_path, 5, START_US, NOW_US, "127.0.0.1", 1, {})
    with pytest.raises(ConfigurationError, match="gw-a"):
        run(bare, lambda: NOW_US, threading.Event())


def test_live_messages_must_meet_the_quarter_hours(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="live_interval_s = 7"):
        SimulatorSettings(tmp_path, 5, START_US, NOW_US, "h", 1, {}, live_interval_s=7)
