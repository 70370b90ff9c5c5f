"""A log never breaks work, never floods, never grows without end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from greenoffice import supervisor
from greenoffice.logs import RepeatedLines, UnbreakableStream

CHILD = """
import logging, threading, sys
import structlog
from greenoffice.clock import ShiftedClock
from greenoffice.logs import set_up_logs
from greenoffice.threads import end_with_threads
set_up_logs("one", ShiftedClock())
log = structlog.get_logger()
"""


def child(code: str, stderr: int) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", CHILD + code]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, timeout=60, check=False)


def test_a_full_disk_under_the_log_raises_nowhere() -> None:
    """/dev/full refuses every write as a full disk does."""
    code = """
try:
    raise OSError("the work failed")
except OSError:
    log.exception("in a handler")
    logging.getLogger("library").exception("in a library")
    print("a warning", file=sys.stderr)
print("went on")
"""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = child(code, full)
    finally:
        os.close(full)
    assert (done.returncode, done.stdout) == (0, b"went on\n")


def test_what_was_dropped_is_told_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open("/dev/full", os.O_WRONLY)
    stream = UnbreakableStream(descriptor)
    for _ in range(3):
        assert stream.write("x\n") == 2
    room = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(room, descriptor)
    stream.write("on\n")
    stream.write("again\n")
    os.close(room)
    os.close(descriptor)
    told, *others = [line for line in path.read_text().splitlines() if line]
    assert json.loads(told) == {"level": "error", "event": "log lines lost", "lost": 3}
    assert others == ["on", "again"]


def test_of_alike_lines_the_first_are_kept_and_the_others_counted() -> None:
    now = 0.0
    lines = RepeatedLines(most=3, window_s=60, now_s=lambda: now)
    assert [lines.left_out("a") for _ in range(5)] == [0, 0, 0, None, None]
    assert lines.left_out("b") == 0
    now = 60.0
    assert [lines.left_out("a") for _ in range(4)] == [2, 0, 0, None]
    now = 120.0
    assert lines.left_out("a") == 1


def test_a_flood_of_alike_lines_is_a_few_lines() -> None:
    code = """
for n in range(5000):
    log.warning("connection refused", address=str(n))
    logging.getLogger("asyncio").error("no handles for %s", n)
log.info("another")
"""
    done = child(code, subprocess.PIPE)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 41
    assert sum("connection refused" in line for line in lines) == 20
    assert json.loads(lines[-1])["event"] == "another"
    assert {json.loads(line)["process"] for line in lines} == {"one"}


def test_the_server_of_http_logs_like_everybody() -> None:
    code = """
from greenoffice.api_process import server_config
from greenoffice.settings import HttpSettings
server_config(None, HttpSettings(), 1024)
for n in range(100):
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
try:
    raise OSError("no handles")
except OSError:
    logging.getLogger("asyncio").exception("accept failed")
"""
    lines = child(code, subprocess.PIPE).stderr.decode().splitlines()
    assert len(lines) == 21
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    assert (first["event"], first["level"]) == ("Invalid HTTP request received.", "warning")
    assert "no handles" in last["exception"]


def test_nothing_is_said_after_the_end() -> None:
    """Libraries in C print what is left when the interpreter has gone; nobody can use that."""
    late = "import atexit, os\natexit.register(lambda: os.write(2, b'3 leaked'))\n"
    for code, told in ((late, b"3 leaked"), (late + CHILD, b"")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stderr == told


def test_a_thread_that_dies_ends_its_process() -> None:
    code = """
end_with_threads()
def work():
    raise KeyError("a mistake")
thread = threading.Thread(target=work, name="worker")
thread.start()
thread.join(30)
print("went on")
"""
    done = child(code, subprocess.PIPE)
    assert (done.returncode, done.stdout) == (70, b"")
    told = json.loads(done.stderr.decode().splitlines()[-1])
    assert (told["level"], told["thread"]) == ("critical", "worker")
    assert "a mistake" in told["exception"]


def test_a_long_log_is_put_aside_and_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 1_000)
    log = tmp_path / "one.log"
    with log.open("ab", buffering=0) as file:
        file.write(b"x" * 1_001)
        supervisor._keep_short(log)
        assert log.read_bytes() == b""
        file.write(b"on")
    supervisor._keep_short(log)
    assert log.read_bytes() == b"on"
    assert (tmp_path / "one.log.1").read_bytes() == b"x" * 1_001
