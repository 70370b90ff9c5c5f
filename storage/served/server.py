"""Beside the one that owns the readings: answers questions, and never writes.

A thread serves each connection, on cursors of its own, so that long questions do not hold up short
ones. Another looks four times a second whether those who wait for a long answer are still there:
where one is gone its call is interrupted.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from metering.errors import ConfigurationError, GreenOfficeError, Unavailable
from metering.ports import ReadingReader
from storage.served.frames import BrokenFrame, SocketFrame, receive, send
from storage.served.place import SocketPlace
from storage.served.questions import answered, frame_of_error, frames_of

MOST_CONNECTIONS: Final = 128
SEND_S: Final = 60.0
"""Who takes nothing of an answer for so long is given up."""
LOOK_S: Final = 0.25
CLOSE_S: Final = 5.0

log = structlog.get_logger()


class InterruptibleReader(ReadingReader, Protocol):
    """Reads one call at a time, each of which another thread can end."""

    def interrupt(self) -> None:
        """End the call that runs with Unavailable."""
        ...


class ReadingsOwner(Protocol):
    """Whoever owns the readings; `storage.DuckDBReadings` is it."""

    def session(self) -> InterruptibleReader:
        """A reader for one connection."""
        ...


@dataclass
class ReadingsServer:
    """Serves one store at one place until it is closed."""

    store: ReadingsOwner
    place: SocketPlace
    _listening: socket.socket | None = None
    _connections: set[socket.socket] = field(default_factory=set)
    _calls: dict[socket.socket, InterruptibleReader] = field(default_factory=dict)
    """What runs at the moment, by its connection."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Listen, and serve in threads that end with the process; ConfigurationError where the
        socket cannot be made."""
        try:
            self._listening = self.place.listening()
        except OSError as refused:
            raise ConfigurationError(
                f"the socket of the readings cannot be made: {refused.strerror}",
                field="socket",
                value=str(self.place.path),
                fix="check the folder's rights and space",
            ) from refused
        for name, work in (("readings-accept", self._accept), ("readings-look", self._look)):
            threading.Thread(target=work, name=name, daemon=True).start()

    def close(self) -> None:
        """Stop listening, end the calls that run and let all connections go; then the store may be
        closed."""
        self._closed.set()
        if self._listening is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            self._listening.close()
            self.place.remove()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + CLOSE_S
        while (running := self._running()) and time.monotonic() < deadline:
            for _, session in running:
                session.interrupt()
            time.sleep(0.02)

    def _accept(self) -> None:
        assert self._listening is not None
        while not self._closed.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                time.sleep(LOOK_S)  # out of handles, or closed
                continue
            try:
                threading.Thread(
                    target=self._serve, args=(connection,), name="readings-serve", daemon=True
                ).start()
            except RuntimeError:  # no thread to be had: who asked asks again
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._answer_all(connection)
            except (OSError, BrokenFrame):
                pass  # who asked is gone, or is none of ours
            except Exception:
                log.exception("a connection to the readings failed")
            finally:
                with self._lock:
                    self._connections.discard(connection)

    def _answer_all(self, connection: socket.socket) -> None:
        if not self._admit(connection):
            connection.settimeout(SEND_S)
            receive(connection)
            send(connection, frame_of_error(_too_many()))
            return
        session = self.store.session()
        while (asked := receive(connection)) is not None:
            self._answer(connection, session, asked)

    def _admit(self, connection: socket.socket) -> bool:
        with self._lock:
            if len(self._connections) >= MOST_CONNECTIONS or self._closed.is_set():
                return False
            self._connections.add(connection)
            return True

    def _answer(
        self, connection: socket.socket, session: InterruptibleReader, asked: SocketFrame
    ) -> None:
        with self._noted(connection, session):
            try:
                frames = frames_of(answered(session, asked))
            except GreenOfficeError as refused:
                frames = iter([frame_of_error(refused)])
            except Exception as failed:
                log.exception("a question about readings failed")
                frames = iter([frame_of_error(_failed(failed))])
        connection.settimeout(SEND_S)
        for frame in frames:
            send(connection, frame)
        connection.settimeout(None)

    @contextlib.contextmanager
    def _noted(self, connection: socket.socket, session: InterruptibleReader) -> Iterator[None]:
        with self._lock:
            self._calls[connection] = session
        try:
            yield
        finally:
            with self._lock:
                del self._calls[connection]

    def _look(self) -> None:
        """End calls that nobody waits for any more."""
        while not self._closed.wait(LOOK_S):
            for connection, session in self._running():
                if _is_gone(connection):
                    session.interrupt()

    def _running(self) -> list[tuple[socket.socket, InterruptibleReader]]:
        with self._lock:
            return list(self._calls.items())


def _is_gone(connection: socket.socket) -> bool:
    """Whether the other side has ended; while it waits for an answer it sends nothing."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _too_many() -> Unavailable:
    return Unavailable(
        "too many connections to the readings at once",
        field="connections",
        value=MOST_CONNECTIONS,
        fix="ask again in a moment",
    )


def _failed(failed: Exception) -> Unavailable:
    return Unavailable(
        f"the readings could not be read: {type(failed).__name__}",
        field="readings",
        fix="see the log of the process that owns them",
    )
