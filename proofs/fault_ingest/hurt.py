"""`python -m proofs.fault_ingest.hurt COMMAND ...`: a command of the platform that can be hurt.

It is the command itself, but for its databases and the two calls around a write to the store: where
the file named by `CONTROL` asks for it, the process kills itself there, stands still, or is told by
its disk that it is full or broken.

    commit:FOLDER    a group commit of that folder of the journal      before, after
    append:FOLDER    the same until its caller knows of it             after
    post             rows to the store of readings                     before, after
    take             what the intake commits, with its checkpoint      before, after
    checkpoint       the row of the checkpoint alone                   before
    letter           rows of dead letters                              before
    keep:spool       what an edge read, to its spool                   before, after
    told:spool       what the platform acknowledged to an edge         before
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

CONTROL: Final = "GREENOFFICE_PROOF_HURT"
"""Variable that names the file: `WHEN POINT ACT`, as `before commit:listener kill`."""
_ERRORS: Final = {
    "eio": ("disk I/O error", "SQLITE_IOERR_WRITE"),
    "enospc": ("database or disk is full", "SQLITE_FULL"),
}
_JOURNAL: Final = re.compile(r"journal/([^/]+)/\d+\.sqlite$")
_TABLES: Final = {"checkpoint": "checkpoint", "dead_letter": "letter"}
_SPOOL: Final = re.compile(r"edge-spool/spool\.db$")
_IN_SPOOL: Final = {
    "INSERT INTO message (": "keep:spool",
    "UPDATE message SET waiting = 0": "told:spool",
}
_INSERTED: Final = re.compile(r"\s*(?:INSERT|REPLACE)[\w ]* INTO (\w+)", re.IGNORECASE)


def point_of(database: str, statement: str) -> str:
    """Which point a statement on a database file is; '' for none."""
    if _SPOOL.search(database):
        starts = (point for start, point in _IN_SPOOL.items() if statement.startswith(start))
        return next(starts, "")
    found = _INSERTED.match(statement)
    if found is None:
        return ""
    journal = _JOURNAL.search(database)
    if journal is not None:
        return f"commit:{journal[1]}" if found[1] == "batch" else ""
    return _TABLES.get(found[1], "")


def reached(when: str, point: str) -> None:
    """Do what is asked for at this point. sqlite3.OperationalError where the disk is to fail."""
    control = Path(os.environ[CONTROL])
    while (asked := _asked(control))[:2] == [when, point]:
        control.with_suffix(".done").touch()
        if asked[2] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if asked[2] in _ERRORS:
            message, name = _ERRORS[asked[2]]
            failed = sqlite3.OperationalError(message)
            failed.sqlite_errorname = name
            raise failed
        time.sleep(0.05)


def _asked(control: Path) -> list[str]:
    try:
        return control.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


class HurtCursor(sqlite3.Cursor):
    """Reaches its point before and after a statement."""

    def execute(self, statement: str, *given: Any) -> Any:
        return self._through(super().execute, statement, *given)

    def executemany(self, statement: str, *given: Any) -> Any:
        return self._through(super().executemany, statement, *given)

    def _through(self, run: Callable[..., Any], statement: str, *given: Any) -> Any:
        point = point_of(getattr(self.connection, "place", ""), statement)
        if not point:
            return run(statement, *given)
        reached("before", point)
        done = run(statement, *given)
        reached("after", point)
        return done


class HurtDatabase(sqlite3.Connection):
    """A connection that knows its file."""

    def __init__(self, database: Any, *given: Any, **named: Any) -> None:
        super().__init__(database, *given, **named)
        self.place = str(database)

    def cursor(self, *_: Any) -> Any:
        return super().cursor(HurtCursor)

    def execute(self, statement: str, *given: Any) -> Any:
        return self.cursor().execute(statement, *given)

    def executemany(self, statement: str, *given: Any) -> Any:
        return self.cursor().executemany(statement, *given)


def _around(kind: type, name: str, point: Callable[[Any], str]) -> None:
    """Let a method of a class reach its point."""
    original = getattr(kind, name)

    def through(self: Any, *given: Any) -> Any:
        reached("before", point(self))
        done = original(self, *given)
        reached("after", point(self))
        return done

    setattr(kind, name, through)


def _hurt() -> None:
    plain = sqlite3.connect

    def connect(*given: Any, **named: Any) -> Any:
        return plain(*given, **{"factory": HurtDatabase, **named})

    sqlite3.connect = sqlite3.dbapi2.connect = connect
    from collector import JournalWriter
    from storage.duckdb_readings import DuckDBReadings
    from storage.influx.readings import InfluxReadings
    from storage.sql.intake import SqlIntake

    _around(JournalWriter, "append", lambda journal: f"append:{journal.folder.name}")
    for store in (DuckDBReadings, InfluxReadings):
        _around(store, "upsert", lambda _: "post")
    _around(SqlIntake, "commit", lambda _: "take")


if __name__ == "__main__":
    _hurt()
    from greenoffice.entry import main

    main()
