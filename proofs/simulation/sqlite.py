"""The standard library's `sqlite3`, as far as the journal uses it, over the simulated disk.

Whatever is asked may take time before and after, in which others go on, and a process may be gone
after it. A row is fetched at once, so that no statement is left open over such a time.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import apsw

from proofs.simulation.disk import SHM, VFS, disk
from proofs.simulation.runtime import PROCESS, Killed, Process, is_dead

Pause = Callable[[], None]


class FetchedRows:
    """The rows of a statement."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        """The next row, or None."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Those that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows


class SimulatedConnection:
    """A connection of the present process, which the system closes with it."""

    def __init__(self, path: str, *, uri: bool, pause: Pause) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        flags |= apsw.SQLITE_OPEN_URI if uri else 0
        self._pause = pause
        self._path = None if "immutable" in path else _file_of(path)
        self._process: Process | None = PROCESS.get()
        self._connection: apsw.Connection | None = _told(
            lambda: apsw.Connection(path, flags=flags, vfs=VFS)
        )
        if self._process is not None:
            self._process.at_death.append(self.close)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> FetchedRows:
        """Run one statement to its end."""
        if (
            "busy_timeout" in sql
        ):  # whoever has a file locked here never does for longer than a turn
            return FetchedRows([])
        self._pause()
        connection = self._connection
        if connection is None:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        self._share_memory()
        rows: list[Any] = _told(lambda: connection.execute(sql, tuple(parameters)).fetchall())
        if is_dead():
            raise Killed  # within the statement
        self._pause()
        return FetchedRows(rows)

    def _share_memory(self) -> None:
        """What readers and writers share takes room on the disk as soon as the first one comes."""
        if self._path is not None and disk().full and not Path(f"{self._path}{SHM}").exists():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
            disk().faults["disk_full"] += 1
            raise error

    def close(self) -> None:
        """Close it; of a process that is gone nothing is tidied up."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._process is not None and not is_dead() and self._process.alive:
            self._process.at_death.remove(self.close)
        else:
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        with contextlib.suppress(apsw.Error):  # as the standard library, which tells nothing here
            connection.close(True)


def _file_of(path: str) -> str:
    return unquote(path.removeprefix("file://").partition("?")[0])


class Sqlite:
    """In the place of the module. pause: lets time pass."""

    def __init__(self, pause: Pause) -> None:
        self._pause = pause

    def connect(self, path: object, *, uri: bool = False, **_: Any) -> SimulatedConnection:
        """A connection to a file of the disk."""
        return SimulatedConnection(str(path), uri=uri, pause=self._pause)

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)


_OPERATIONAL = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.ProtocolError,
    apsw.SQLError,
    apsw.AbortError,
    apsw.InterruptError,
)


def _told(ask: Callable[[], Any]) -> Any:
    """What is answered, or the error that the standard library has for it."""
    try:
        return ask()
    except UnicodeDecodeError as error:
        raise sqlite3.OperationalError(f"Could not decode to UTF-8: {error.reason}") from error
    except apsw.Error as error:
        kind: type[sqlite3.Error] = sqlite3.DatabaseError
        if isinstance(error, _OPERATIONAL):
            kind = sqlite3.OperationalError
        elif isinstance(error, apsw.ConstraintError):
            kind = sqlite3.IntegrityError
        told = kind(str(error).removeprefix(f"{type(error).__name__}: "))
        told.sqlite_errorname = _name(error)
        raise told from error


def _name(error: apsw.Error) -> str:
    if isinstance(error, apsw.FullError):
        return "SQLITE_FULL"
    names = {**apsw.mapping_result_codes, **apsw.mapping_extended_result_codes}
    return str(names.get(getattr(error, "extendedresult", 1), "SQLITE_ERROR"))
