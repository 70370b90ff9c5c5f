"""Readings over a local socket: who may connect, what is refused, and owners that come and go."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from metering.errors import InvalidInput, NotFound, StorageFull, Unavailable
from metering.reading import ReadingColumns
from proofs.steps import wait_until
from storage import DuckDBReadings, MemoryReadings
from storage.served import ReadingsServer, ServedReadings, SocketPlace
from storage.served.frames import BODY_BYTES, BrokenFrame, SocketFrame, receive, send
from storage.served.questions import CHUNK_ROWS, MOST_POINTS
from storage.served.server import MOST_CONNECTIONS

ROOT = Path(__file__).resolve().parents[2]


def rows(count: int, point: int = 1) -> ReadingColumns:
    """A reading a second of one point; its value is its number."""
    number = np.arange(count, dtype=np.int64)
    same = np.full(count, point, np.int64)
    flag = np.zeros(count, np.int16)
    return ReadingColumns(
        same, number * 1_000_000, number.astype(float), flag, number, number, same, number, number
    )


class Sessions:
    """A store whose sessions are made by a function."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def session(self) -> Any:
        return self.make()


class Scripted(MemoryReadings):
    """A session that answers a count with what it was told to do."""

    def __init__(self, act: Callable[[Scripted], int]) -> None:
        super().__init__()
        self.act = act
        self.interrupted = threading.Event()

    def count(self, points: Sequence[int] | None = None) -> int:
        return self.act(self)

    def interrupt(self) -> None:
        self.interrupted.set()


@pytest.fixture
def place(tmp_path: Path) -> SocketPlace:
    return SocketPlace(tmp_path / "run" / "readings.sock")


@pytest.fixture
def serve(place: SocketPlace) -> Iterator[Callable[[Any], ReadingsServer]]:
    """Serves a store at the place; closed at the end."""
    started: list[ReadingsServer] = []

    def start(store: Any) -> ReadingsServer:
        server = ReadingsServer(store, place)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBReadings]:
    made = DuckDBReadings(tmp_path / "readings.duckdb", threads=1)
    yield made
    made.close()


def test_only_the_owner_may_connect(place: SocketPlace, serve: Any, store: DuckDBReadings) -> None:
    serve(store)
    mode = place.path.lstat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_long_path_is_a_link_to_a_short_private_folder(
    tmp_path: Path, store: DuckDBReadings
) -> None:
    place = SocketPlace(tmp_path / ("a" * 60) / ("b" * 60) / "readings.sock")
    server = ReadingsServer(store, place)
    server.start()
    target = place.path.readlink()
    assert len(os.fsencode(target)) < 100
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    store.upsert(rows(3))
    assert ServedReadings(place).count() == 3
    server.close()
    assert not target.parent.exists()
    assert not place.path.is_symlink()


def test_what_a_killed_owner_left_is_taken_away(
    tmp_path: Path, serve: Any, store: DuckDBReadings
) -> None:
    place = SocketPlace(tmp_path / ("a" * 120) / "readings.sock")
    place.listening().close()
    left = place.path.readlink().parent
    server = ReadingsServer(store, place)
    server.start()
    assert not left.exists()
    assert ServedReadings(place).count() == 0
    server.close()


def test_long_answers_come_in_frames_and_whole(
    place: SocketPlace, serve: Any, store: DuckDBReadings
) -> None:
    count = 2 * CHUNK_ROWS + 17
    store.upsert(rows(count))
    serve(store)
    found = ServedReadings(place).scan([1], 0, count * 1_000_000)
    for got, wanted in zip(vars(found).values(), vars(rows(count)).values(), strict=True):
        assert got.dtype == wanted.dtype
        assert np.array_equal(got, wanted)


@pytest.mark.parametrize(
    "error",
    [
        StorageFull("full", field="readings file", fix="free space"),
        NotFound("none", field="point", value=7, fix="name another"),
        InvalidInput("bad", field="points", value="x", fix="send less"),
    ],
)
def test_errors_arrive_as_they_were(place: SocketPlace, serve: Any, error: Exception) -> None:
    def refuse(_: Scripted) -> int:
        raise error

    serve(Sessions(lambda: Scripted(refuse)))
    with pytest.raises(type(error)) as refused:
        ServedReadings(place).count()
    assert str(refused.value) == str(error)


def test_a_fault_of_the_owner_is_unavailable_and_the_connection_goes_on(
    place: SocketPlace, serve: Any
) -> None:
    answers: list[Any] = [ZeroDivisionError("secret"), 5]

    def act(_: Scripted) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    serve(Sessions(lambda: Scripted(act)))
    reader = ServedReadings(place)
    with pytest.raises(Unavailable, match="ZeroDivisionError") as refused:
        reader.count()
    assert "secret" not in str(refused.value)
    assert reader.count() == 5


def test_nobody_there_is_unavailable_with_a_fix(place: SocketPlace) -> None:
    with pytest.raises(Unavailable, match="does not run") as refused:
        ServedReadings(place).count()
    assert refused.value.field == "readings"
    assert refused.value.fix


def test_an_owner_that_says_nothing_is_given_up(place: SocketPlace, serve: Any) -> None:
    serve(Sessions(lambda: Scripted(lambda self: int(self.interrupted.wait(60)))))
    with pytest.raises(Unavailable, match="has not answered"):
        ServedReadings(place, silence_s=0.2).count()


def test_a_call_that_nobody_waits_for_is_interrupted(place: SocketPlace, serve: Any) -> None:
    session = Scripted(lambda self: int(self.interrupted.wait(60)))
    serve(Sessions(lambda: session))
    connection = place.connected(5)
    send(connection, SocketFrame({"ask": "count"}))
    assert not session.interrupted.wait(0.6)
    connection.close()
    assert session.interrupted.wait(10)


def test_an_interrupted_statement_ends(store: DuckDBReadings) -> None:
    """One that would take for ever, interrupted in the middle; and the session asks no more."""
    session = store.session()
    begun, ended = threading.Event(), []

    def endless() -> None:
        try:
            with session._cursor() as con:
                begun.set()
                con.execute("SELECT count(*) FROM range(1000000000000) a, range(1000000) b")
        except Unavailable as stopped:
            ended.append(stopped)

    thread = threading.Thread(target=endless)
    thread.start()
    assert begun.wait(10)
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline:
        session.interrupt()
        thread.join(0.1)
    assert len(ended) == 1
    with pytest.raises(Unavailable, match="interrupted"):
        session.count()
    assert store.count() == 0
    assert isinstance(ended[0].__cause__, duckdb.Error)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        struct.pack("<4sIQ", b"GOR1", 1 << 30, 0),
        struct.pack("<4sIQ", b"GOR1", 2, 1 << 40) + b"{}",
        struct.pack("<4sIQ", b"GOR1", 3, 0) + b"\xff\xfe\xfd",
        struct.pack("<4sIQ", b"GOR1", 2, 0) + b"[]",
        struct.pack("<4sIQ", b"GOR1", 2, 8) + b"{}12345678",
    ],
)
def test_what_is_no_question_costs_its_sender_alone(
    place: SocketPlace, serve: Any, store: DuckDBReadings, sent: bytes
) -> None:
    serve(store)
    connection = place.connected(5)
    connection.sendall(sent)
    with suppress(ConnectionResetError):  # where some of it was never read
        assert connection.recv(1) == b""
    assert ServedReadings(place).count() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"ask": "upsert"},
        {"ask": "clear"},
        {"ask": "scan"},
        {"ask": "scan", "start_us": "0", "end_us": 1},
        {},
    ],
)
def test_a_question_that_is_none_is_refused_with_a_fix(
    place: SocketPlace, serve: Any, store: DuckDBReadings, fields: dict[str, Any]
) -> None:
    """Nothing can be written over the socket."""
    serve(store)
    connection = place.connected(5)
    send(connection, SocketFrame(fields, (np.array([1]),)))
    answer = receive(connection)
    assert answer is not None
    assert answer.fields["error"] == "invalid_input"
    assert answer.fields["field"]
    assert answer.fields["fix"]


def test_a_frame_keeps_its_limits() -> None:
    here, there = socket.socketpair()
    with here, there, pytest.raises(BrokenFrame):
        send(here, SocketFrame({}, (np.zeros(BODY_BYTES // 8 + 1),)))


def test_more_points_than_a_frame_holds_are_refused(place: SocketPlace) -> None:
    with pytest.raises(InvalidInput, match="at most"):
        ServedReadings(place).latest(range(MOST_POINTS + 1))


def test_calls_run_side_by_side(place: SocketPlace, serve: Any) -> None:
    """All of them are in the middle of their call at once, or the barrier would break."""
    together = threading.Barrier(5, timeout=30)
    serve(Sessions(lambda: Scripted(lambda _: together.wait())))
    reader = ServedReadings(place)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(reader.count())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2, 3, 4]


def test_too_many_connections_are_told_so(
    place: SocketPlace, serve: Any, store: DuckDBReadings
) -> None:
    server = serve(store)
    held = [place.connected(5) for _ in range(MOST_CONNECTIONS)]
    wait_until("all of them", lambda: len(server._connections) == MOST_CONNECTIONS, 10, 0.02)
    with pytest.raises(Unavailable, match="too many connections"):
        ServedReadings(place).count()
    for connection in held:
        connection.close()
    wait_until("room again", lambda: ServedReadings(place).count() == 0, 10, 0.02)


def test_without_a_thread_one_connection_is_lost_and_no_more(
    place: SocketPlace, serve: Any, store: DuckDBReadings, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(store)
    started: list[int] = []

    def start(self: threading.Thread) -> None:
        started.append(1)
        if len(started) == 1:
            raise RuntimeError("can't start new thread")
        original(self)

    original = threading.Thread.start
    monkeypatch.setattr("storage.served.server.threading.Thread.start", start)
    with pytest.raises(Unavailable):
        ServedReadings(place).count()
    assert ServedReadings(place).count() == 0


def test_a_restart_in_the_middle_of_calls_gives_whole_answers_or_none(
    place: SocketPlace, serve: Any, store: DuckDBReadings
) -> None:
    """Each call is answered rightly or is Unavailable; after the last start, answered."""
    count = CHUNK_ROWS + 100
    store.upsert(rows(count))
    server = serve(store)
    reader, stop = ServedReadings(place), threading.Event()
    told: list[Any] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                told.append(int(reader.scan([1], 0, count * 1_000_000).value.sum()))
            except Unavailable as away:
                told.append(away)
            except Exception as wrong:
                told.append(f"wrong: {wrong!r}")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        seen = len(told)
        wait_until("more calls", lambda seen=seen: len(told) > seen + 3, 30, 0.02)  # type: ignore[misc]
        server.close()
        server = serve(store)
    wait_until("an answer", lambda: isinstance(told[-1], int), 30, 0.02)
    stop.set()
    for thread in threads:
        thread.join()
    right = count * (count - 1) // 2
    assert [one for one in told if one != right and not isinstance(one, Unavailable)] == []
    assert reader.count() == count


OWNER = """
import sys, time
from pathlib import Path
from storage import DuckDBReadings
from storage.served import ReadingsServer, SocketPlace
store = DuckDBReadings(Path(sys.argv[1]), threads=1)
ReadingsServer(store, SocketPlace(Path(sys.argv[2]))).start()
print("serves", flush=True)
time.sleep(600)
"""


def test_a_killed_owner_is_found_again(tmp_path: Path, place: SocketPlace) -> None:
    file = tmp_path / "readings.duckdb"
    store = DuckDBReadings(file, threads=1)
    store.upsert(rows(10))
    store.close()
    reader = ServedReadings(place)
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", OWNER, str(file), str(place.path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"serves\n"
            assert reader.count() == 10
            owner.send_signal(signal.SIGKILL)
            owner.wait()
        with pytest.raises(Unavailable, match="does not run"):
            reader.count()


def test_a_header_is_json_without_objects_of_ours() -> None:
    """What travels is numbers and text, whoever reads it."""
    here, there = socket.socketpair()
    with here, there:
        send(here, SocketFrame({"ask": "count"}, (np.array([1, 2]),)))
        _, header, body = struct.unpack("<4sIQ", there.recv(16))
        assert json.loads(there.recv(header)) == {"ask": "count", "columns": [["i8", 2]]}
        assert np.frombuffer(there.recv(body), np.int64).tolist() == [1, 2]
