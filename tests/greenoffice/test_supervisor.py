"""Supervision: what dies is restarted, what is stopped stays stopped, children do not outlive."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard, tell
from greenoffice.supervisor import ChildSpec, Supervisor, exclusive
from metering.errors import Conflict
from proofs.steps import alive

SLEEPER = """
import os, sys, time
from greenoffice import supervisor
from greenoffice.parent import end_with_parent
end_with_parent(int(sys.argv[-1]))
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


@pytest.fixture(autouse=True)
def sleepers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children run a sleeper in place of the platform's processes."""
    package = tmp_path / "path" / "sleeper"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(SLEEPER)
    original = subprocess.Popen

    def sleeping(command: list[str], **options: object) -> object:
        if "greenoffice" in command:
            command = [sys.executable, str(package / "__main__.py"), *command[3:]]
        return original(command, **options)

    monkeypatch.setattr("greenoffice.supervisor.subprocess.Popen", sleeping)


def until(condition: Callable[[], bool], tend: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "gave up waiting"
        tend()
        time.sleep(0.05)


def test_a_killed_child_is_started_again(folder: DataFolder) -> None:
    supervisor = Supervisor(folder, [ChildSpec("one", ["x"]), ChildSpec("two", ["y"])])
    supervisor.start()
    try:
        old = supervisor.pids()
        os.kill(old["one"], signal.SIGKILL)
        until(lambda: supervisor.pids().get("one", old["one"]) != old["one"], supervisor.tend)
        assert supervisor.pids()["two"] == old["two"]
        assert supervisor.restarts() == {"one": 1, "two": 0}
    finally:
        supervisor.stop()


def test_stop_ends_every_child(folder: DataFolder) -> None:
    supervisor = Supervisor(folder, [ChildSpec("one", ["x"])])
    supervisor.start()
    pids = supervisor.pids().values()
    supervisor.stop()
    assert not any(alive(pid) for pid in pids)


def test_a_folder_has_one_supervisor(folder: DataFolder) -> None:
    supervisor = Supervisor(folder, [ChildSpec("one", ["x"])])
    supervisor.start()
    try:
        with pytest.raises(Conflict, match="in use"), exclusive(folder):
            pass
    finally:
        supervisor.stop()
    with exclusive(folder):
        pass


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    child = tmp_path / "child.py"
    child.write_text(SLEEPER)
    parent = tmp_path / "parent.py"
    parent.write_text(
        "import os, subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, {str(child)!r}, str(os.getpid())])\n"
        "print(p.pid, flush=True)\ntime.sleep(600)\n"
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, str(parent)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
    ) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        time.sleep(1.0)
        assert alive(pid)
        running.kill()
        until(lambda: not alive(pid))


def test_what_a_dead_child_told_of_itself_is_forgotten(folder: DataFolder) -> None:
    """Health shall not believe a heartbeat of a process that was killed a moment ago."""
    supervisor = Supervisor(folder, [ChildSpec("one", ["x"])])
    folder.run.mkdir()
    tell(folder.heartbeat("one"), {"one": {"ok": True, "error": ""}})
    supervisor.start()
    try:
        assert heard(folder.heartbeat("one"))["one"]["error"] == "the one process does not run"
        tell(folder.heartbeat("one"), {"one": {"ok": True, "error": ""}})
        os.kill(supervisor.pids()["one"], signal.SIGKILL)
        until(lambda: not heard(folder.heartbeat("one"))["one"]["ok"], supervisor.tend)
        assert supervisor.restarts() == {"one": 1}
    finally:
        supervisor.stop()


def test_a_full_disk_ends_no_supervision(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the list of processes nor a log can be written: the child runs, and is restarted."""

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "no space left on device")

    supervisor = Supervisor(folder, [ChildSpec("one", ["x"])])
    supervisor.start()
    try:
        (folder.logs / "one.log").unlink()
        folder.logs.rmdir()
        monkeypatch.setattr(Path, "write_text", full)
        old = supervisor.pids()["one"]
        os.kill(old, signal.SIGKILL)
        until(lambda: supervisor.pids().get("one", old) != old, supervisor.tend)
        assert "no reason given" in supervisor.troubles()[0]
    finally:
        supervisor.stop()


def test_a_child_that_the_system_has_no_room_for_is_started_later(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, real = [], subprocess.Popen

    def crowded(*arguments: object, **options: object) -> object:
        if not room:
            raise OSError(24, "too many open files")
        return real(*arguments, **options)

    monkeypatch.setattr("greenoffice.supervisor.subprocess.Popen", crowded)
    supervisor = Supervisor(folder, [ChildSpec("one", ["x"])])
    supervisor.start()
    try:
        assert supervisor.pids() == {}
        assert supervisor.troubles() == ["one cannot be started now: too many open files"]
        room.append(True)
        until(lambda: "one" in supervisor.pids(), supervisor.tend)
    finally:
        supervisor.stop()
