"""One who asks a database server whether it answers, for all others of a process.

Where it says nothing for too long the door is shut: who waits for an answer, and who comes to ask,
is told so at once. It is open again with the first answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine, text

from metering.errors import GreenOfficeError, Unavailable
from storage.sql.answering import Door
from storage.sql.engine import open_engine, reading, unopened_engine
from storage.sql.faults import DatabaseSilent

EVERY_S = 1.0
SILENT_S = 10.0
"""A server that answers nothing for so long hangs. `SELECT 1` needs no disk and waits for no row,
so a busy one answers it in time; a statement of ours may take as long as it needs beside it."""

_log = structlog.get_logger()


class DatabaseWatch:
    """Asks in a thread of its own, over a connection of its own, until the process ends.

    refused: where the watch is the one who opens the database: called, once, with the error of a
        server that is there and does not let this process work; the watch has ended then. The
        door stays shut until the database was opened. None: another one opened it before.
    """

    def __init__(
        self,
        url: str,
        door: Door,
        *,
        refused: Callable[[GreenOfficeError], None] | None = None,
        every_s: float = EVERY_S,
        silent_s: float = SILENT_S,
    ) -> None:
        self._url = url
        self._door = door
        self._refused = refused
        self._every_s = every_s
        self._own = Door(silent_s)
        self._engine: Engine | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more; the door stays as it is."""
        self._stop.set()
        self._own.shut(_ended())
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if not self._asked():
                    return
                self._stop.wait(self._every_s)
        finally:
            if self._engine is not None:
                self._engine.dispose()

    def _asked(self) -> bool:
        """Ask once; False where there is no use in asking again."""
        try:
            self._ask()
        except Unavailable as away:
            self._note(away)
        except GreenOfficeError as refused:
            if self._refused is not None:
                self._refused(refused)
                return False
        else:
            self._door.open()
        return True

    def _ask(self) -> None:
        if self._engine is None and self._refused is not None:
            self._engine = open_engine(self._url, door=self._own)
            return
        if self._engine is None:
            self._engine = unopened_engine(self._url, door=self._own)
        with reading(self._engine) as con:
            con.execute(text("SELECT 1"))

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
