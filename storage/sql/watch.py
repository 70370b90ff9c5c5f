"""One who asks a database server whether it answers, for all others of a process, and hears what
it tells.

Where it says nothing for too long the door is shut: who waits for an answer, and who comes to ask,
is told so at once. It is open again with the first answer. While nobody waits it is asked seldom:
who does, for a second, has it asked at once.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from metering.errors import GreenOfficeError, Unavailable
from storage.sql.answering import Door
from storage.sql.engine import open_engine, unopened_engine
from storage.sql.faults import DatabaseSilent, translated
from storage.sql.news import EVERYTHING, LISTEN, told

EVERY_S = 1.0
"""How often a server is asked that does not answer, and one for whose answer somebody waits [s]."""
QUIET_S = 5.0
"""The same of one for which nobody waits [s]."""
LEAVE_S = 1.0
"""How long the end of a watch is waited for [s]."""
SILENT_S = 10.0
"""A server that answers nothing for so long hangs. `SELECT 1` needs no disk and waits for no row,
so a busy one answers it in time; a statement of ours may take as long as it needs beside it."""

_log = structlog.get_logger()


class DatabaseWatch:
    """Asks in a thread of its own, over a connection of its own, until the process ends.

    refused: where the watch is the one who opens the database: called, once, with the error of a
        server that is there and does not let this process work; the watch has ended then. The
        door stays shut until the database was opened. None: another one opened it before.
    hear: called with what is news, also with all that may have been missed while the server was
        away. None: nothing is listened to.
    """

    def __init__(
        self,
        url: str,
        door: Door,
        *,
        refused: Callable[[GreenOfficeError], None] | None = None,
        hear: Callable[[bytes], None] | None = None,
        every_s: float = EVERY_S,
        quiet_s: float = QUIET_S,
        silent_s: float = SILENT_S,
    ) -> None:
        self._url = url
        self._door = door
        self._refused = refused
        self._hear = hear
        self._every_s, self._quiet_s = every_s, quiet_s
        self._own = Door(silent_s)
        self._engine: Engine | None = None
        self._line: Connection | None = None
        self._stop = threading.Event()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._impatient = False
        self._thread = threading.Thread(target=self._run, name="database watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._door.look = self._look
        self._thread.start()

    def close(self) -> None:
        """Ask no more; the door stays as it is. An attempt to connect cannot be broken off: it is
        left to its own end where a server hangs."""
        self._door.look = lambda: None
        self._stop.set()
        self._own.shut(_ended())
        self._rouse()
        self._thread.join(LEAVE_S)

    def _look(self) -> None:
        """Somebody waits."""
        if not self._impatient:
            self._impatient = True
            self._rouse()

    def _rouse(self) -> None:
        with suppress(OSError):  # it was roused often enough, or the watch has ended
            self._wake.send(b".")

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                asked_s = time.monotonic()
                self._impatient = False
                if not self._asked():
                    return
                self._rest(asked_s)
        finally:
            self._hang_up()
            if self._engine is not None:
                self._engine.dispose()
            self._woken.close()
            self._wake.close()

    def _rest(self, asked_s: float) -> None:
        """Until it is to be asked again; what it tells meanwhile is heard."""
        while not self._stop.is_set():
            soon = self._impatient or self._line is None or self._door.why is not None
            left_s = asked_s + (self._every_s if soon else self._quiet_s) - time.monotonic()
            if left_s <= 0 or not self._heard(left_s):
                return

    def _heard(self, longest_s: float) -> bool:
        """Wait for news, or for somebody who waits; False where the connection has ended."""
        looking = select.poll()
        looking.register(self._woken, select.POLLIN)
        driver = None if self._line is None else self._driver(self._line)
        if driver is not None:
            looking.register(driver.fileno(), select.POLLIN)
        for place, _ in looking.poll(longest_s * 1000):
            if place == self._woken.fileno():
                self._woken.recv(4096)
                continue
            if driver is None or not self._taken(driver.pgconn):
                return False
        return True

    def _taken(self, connection: Any) -> bool:
        """Pass on what came, unasked; False where that was the end of the connection."""
        try:
            connection.consume_input()
        except Exception:  # it says so again when it is asked
            return False
        while (found := connection.notifies()) is not None:
            self._tell(found.extra)
        return bool(connection.status == 0)

    def _tell(self, payload: bytes) -> None:
        if self._hear is not None and (what := told(payload.decode("utf-8", "replace"))):
            self._hear(what)

    def _asked(self) -> bool:
        """Ask once; False where there is no use in asking again."""
        try:
            self._ask()
        except Unavailable as away:
            self._hang_up()
            self._note(away)
        except GreenOfficeError as refused:
            self._hang_up()
            if self._refused is not None:
                self._refused(refused)
                return False
        else:
            self._door.open()
        return True

    def _ask(self) -> None:
        if self._engine is None and self._refused is not None:
            self._engine = open_engine(self._url, door=self._own)
        if self._engine is None:
            self._engine = unopened_engine(self._url, door=self._own)
        try:
            if self._line is None:
                self._line = self._connected(self._engine)
            else:
                self._line.exec_driver_sql("SELECT 1")
        except DBAPIError as error:
            raise translated(error, self._engine.url) from error

    def _connected(self, engine: Engine) -> Connection:
        """A connection that listens; what was told before is not known."""
        line = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if self._hear is None:
            line.exec_driver_sql("SELECT 1")
            return line
        self._driver(line).add_notify_handler(lambda found: self._tell(found.payload.encode()))
        line.exec_driver_sql(LISTEN)
        self._hear(EVERYTHING)
        return line

    @staticmethod
    def _driver(line: Connection) -> Any:
        return line.connection.driver_connection

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            try:
                line.invalidate()
                line.close()
            except Exception as error:  # it had ended already
                _log.debug("a connection ended badly", error=str(error))

    def _note(self, away: Unavailable) -> None:
        """A server that was opened and is not there refuses each caller by itself, at once."""
        if self._engine is None or isinstance(away, DatabaseSilent):
            if self._door.why is None:
                _log.warning("the database says nothing", error=str(away))
            self._door.shut(away)
        else:
            self._door.open()


def _ended() -> Unavailable:
    return Unavailable(
        "the database is not asked any more",
        field="database",
        fix="nothing to do: the process ends",
    )
