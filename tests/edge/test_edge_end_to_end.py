"""Meters that are simulated, an edge, the platform's own collector and intake; and kill -9."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge import Spool, spool_state
from edge.values import EdgeReading
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.stores import open_readings, open_stores
from proofs.steps import COMMAND, run, started, wait_until
from simulators import ModbusMeter
from storage import Stores

DAY_US = 86_400_000_000
WEEKS_US = 21 * DAY_US
QUARTER_US = 900_000_000
ROOM = 10**9
OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item\nm1,b,01000\nm2,b,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\n"
    "s/g,E1.import,register,kWh,m1\ns/g,E2.import,register,kWh,m2\n",
}


@pytest.fixture
def platform(tmp_path: Path) -> tuple[DataFolder, str]:
    """A data folder with a gateway of two points, and the gateway's password."""
    files = tmp_path / "office"
    files.mkdir()
    for name, rows in OFFICE.items():
        (files / name).write_text(rows)
    taken: set[int] = set()
    for preferred in (19580, 13383, 20964):
        taken.add(usable_port(preferred + os.getpid() % 500, taken))
    folder = init(tmp_path / "data", *sorted(taken), "en")
    told = run("registry", "import", str(files), "--data", str(folder.root), "--yes")
    return folder, told.split("password")[1].split()[0]


def weeks_offline(folder: Path, now_us: int) -> int:
    """What two meters said in three weeks in which nobody listened; returns how many messages."""
    with Spool(folder, ROOM, now_us - WEEKS_US) as spool:
        times = range((now_us - WEEKS_US) // QUARTER_US * QUARTER_US, now_us, QUARTER_US)
        for name in ("E1", "E2"):
            for n, time_us in enumerate(times):
                one = EdgeReading(f"{name}.import", "register", "kWh", time_us, 100.0 + n / 4)
                spool.put(name, [one], time_us)
        return 2 * len(times)


def kept(folder: Path) -> set[tuple[str, int]]:
    """(point, time [us]) of all that the spool ever held; nothing of it is gone yet."""
    with closing(sqlite3.connect(f"file:{folder / 'spool.db'}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT json_extract(value, '$.point'), json_extract(value, '$.time') * 1000"
            " FROM message, json_each(readings)"
        ).fetchall()
    return {(str(point), int(time_us)) for point, time_us in rows}


def stored(folder: DataFolder) -> list[tuple[str, int]]:
    """(point, time [us]) of every row of the readings."""
    with closing(open_stores(folder)) as stores, closing(open_readings(folder)) as readings:
        registry = stores.registry.load()
        names = {one.id: one.name for one in registry.points.values()}
        found = readings.scan(sorted(names), 0, 2**52)
        return [
            (names[int(number)], int(at))
            for number, at in zip(found.point, found.time_us, strict=True)
        ]


def taken_in(stores: Stores) -> bool:
    """Whether the intake stands still."""
    before = stores.intake.checkpoint(1)
    time.sleep(2)
    return stores.intake.checkpoint(1) == before


@contextmanager
def killed(*commands: Sequence[str]) -> Iterator[None]:
    """Commands of ours at work, and killed at the end."""
    with ExitStack() as processes:
        begun = [
            processes.enter_context(
                subprocess.Popen([*COMMAND, *command], stdout=subprocess.DEVNULL)
            )
            for command in commands
        ]
        try:
            yield
        finally:
            for process in begun:
                process.send_signal(signal.SIGKILL)


@pytest.mark.long
def test_weeks_offline_and_killed_processes_lose_nothing_and_double_nothing(
    platform: tuple[DataFolder, str],
    served: Any,
    configured: Callable[..., Path],
    tmp_path: Path,
) -> None:
    folder, password = platform
    spool, root = tmp_path / "edge-spool", str(folder.root)
    waited = weeks_offline(spool, time.time_ns() // 1000)
    gateway = f'name = "s/g"\nhost = "127.0.0.1"\nport = {folder.settings().mqtt.port}\n'
    now_us = time.time_ns() // 1000
    meters = [ModbusMeter(now_us, 1000.0, 30.0), ModbusMeter(now_us, 2000.0, 60.0)]
    with served(*meters) as port:
        file = configured(
            *(("E1", port, 1), ("E2", port, 2)),
            gateway=gateway,
            password=password,
            more='registers = ["import"]\n',
        )
        edge = ["edge", "--config", str(file)]
        with killed(edge):
            wait_until("what was read", lambda: spool_state(spool).waiting > waited)
        for through in (500, 1500, 2500):
            with killed(edge, ["collector", root]):
                wait_until(
                    "a part", lambda many=through: spool_state(spool).kept > many, every_s=0.02
                )
        with started(["collector", root]), started(["intake", root]):
            with started(edge):
                wait_until("the queue to drain", lambda: spool_state(spool).waiting < 5)
            with closing(open_stores(folder)) as stores:
                wait_until("the intake", lambda: taken_in(stores))
    with closing(sqlite3.connect(spool / "spool.db")) as db:
        (waiting,) = db.execute("SELECT COUNT(*) FROM message WHERE waiting").fetchone()
    told, rows = kept(spool), stored(folder)
    print({"kept": len(told), "waiting": waiting, "stored": len(rows)})
    assert len(rows) == len(set(rows))  # duplicated 0
    assert set(rows) <= told
    assert len(told - set(rows)) <= waiting  # missing 0
    assert len(told) > waited
