"""Who watches a process: one that shows no life is ended, one that is not well is left alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard, stand_by_file, tell
from greenoffice.ports import usable_port
from greenoffice.threads import DIED
from greenoffice.watching import Heartbeats, watch
from metering.errors import InvalidInput

EAGER = "Patience(look_s=0.4, silent=8, starting=500, leave_s=3.0)"
PROGRAM = f"""
import sys
from pathlib import Path
from greenoffice.watching import Patience, watch
sys.exit(watch(Path(sys.argv[1]), sys.argv[2], {EAGER}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    ports: set[int] = {0}
    for _ in range(3):
        ports.add(usable_port(0, ports))
    http, mqtt, metrics = sorted(ports - {0})
    return init(tmp_path / "data", http, mqtt, metrics, "en")


@contextmanager
def watched(folder: DataFolder, process: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", PROGRAM, str(folder.root), process]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    below: list[psutil.Process] = []
    try:
        until(lambda: bool(psutil.Process(running.pid).children()))
        below = psutil.Process(running.pid).children()
        yield running
    finally:
        if running.poll() is None:
            running.terminate()
        running.wait(90)
        left = [one for one in below if one.is_running() and one.status() != "zombie"]
        for one in left:
            one.kill()
        assert left == []


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def well(folder: DataFolder, process: str) -> bool:
    return all(part["ok"] for part in heard(folder.heartbeat(process)).values())


@pytest.mark.long
@pytest.mark.parametrize("process", ["collector", "work", "api"])
def test_a_process_that_hangs_is_ended(folder: DataFolder, process: str) -> None:
    with watched(folder, process) as running:
        if process == "api":
            until(lambda: answers(folder))
        else:
            until(lambda: well(folder, "collector" if process == "collector" else "ledger"))
        time.sleep(2)  # it has been heard of
        (child,) = psutil.Process(running.pid).children()
        child.suspend()
        assert running.wait(120) == DIED


def answers(folder: DataFolder) -> bool:
    port = folder.settings().http.port
    listening = [c for c in psutil.net_connections() if c.status == psutil.CONN_LISTEN]
    return port in [c.laddr.port for c in listening]


@pytest.mark.long
def test_a_process_that_is_not_well_goes_on(folder: DataFolder) -> None:
    """Its broker is away: gateways of the listener are served all the same."""
    with folder.settings_file.open("a") as file:
        file.write('\n[broker]\nurl = "mqtt://127.0.0.1:1"\n')
    with watched(folder, "collector") as running:
        until(lambda: bool(heard(folder.heartbeat("collector")).get("broker", {}).get("error")))
        time.sleep(8)  # more than twice as long as a silent one is waited for
        assert running.poll() is None
        assert not well(folder, "collector")


@pytest.mark.long
def test_who_is_asked_to_end_asks_its_process_and_says_how_it_went(folder: DataFolder) -> None:
    with watched(folder, "collector") as running:
        until(lambda: well(folder, "collector"))
        running.terminate()
        assert running.wait(60) == 0


def test_a_process_that_ends_by_itself_is_not_held_up(folder: DataFolder) -> None:
    """Its status is what Docker sees: here that of settings which are of no use."""
    with folder.settings_file.open("a") as file:
        file.write('\n[database]\nurl = "no address"\n')
    command = [sys.executable, "-c", PROGRAM, str(folder.root), "work"]
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 78


def test_only_what_is_another_than_before_is_a_sign_of_life(tmp_path: Path) -> None:
    file = tmp_path / "ledger.json"
    alive = Heartbeats([file])
    assert not alive()
    tell(file, {"ledger": {"ok": False, "error": "away"}})
    assert alive()
    assert not alive()
    tell(file, {"ledger": {"ok": False, "error": "away"}})
    assert alive()


def test_who_stands_by_gives_signs_of_life_beside_what_the_owner_told(tmp_path: Path) -> None:
    """Also while no owner tells: a server that is away for long ends nobody who waits for it."""
    file = tmp_path / "intake.json"
    tell(stand_by_file(file, "host:7"), {"intake": {"ok": False, "error": "away"}})
    alive = Heartbeats([file])
    assert not alive()
    assert not alive()
    tell(stand_by_file(file, "host:7"), {"intake": {"ok": False, "error": "away"}})
    assert alive()


def test_a_process_that_there_is_not_is_refused(folder: DataFolder) -> None:
    with pytest.raises(InvalidInput, match="collector, intake, ledger, work"):
        watch(folder.root, "broker")
