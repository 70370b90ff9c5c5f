"""What an edge has read, on its own disk until the platform has it, and for a while after.

    put ─▶ waiting ─▶ published ─▶ acknowledged ─▶ kept, to be sent again on request ─▶ gone
                 └────── over max_bytes, the oldest: lost, and told so ──────┘

One SQLite file (WAL, synchronous=FULL): what `put` returned from survives a power cut. Where there
is more than `max_bytes`, messages that were acknowledged go first, the oldest first; then the
oldest of those that wait, and they are counted as lost. Their numbers are missing from then on, so
the platform sees the gap, asks for it, and is told `not_kept`.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from edge.values import EdgeReading
from metering.errors import ConfigurationError

FILE = "spool.db"
LOCK = "spool.lock"
_VERSION = 1
_OVERHEAD = 100
"""Bytes of a message beside its payload: numbers, times and the page's share."""
_SCHEMA = """
CREATE TABLE message (
    number INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL, seq INTEGER NOT NULL,
    time_us INTEGER NOT NULL, waiting INTEGER NOT NULL, readings BLOB NOT NULL,
    UNIQUE (session, seq));
CREATE INDEX message_waiting ON message (number) WHERE waiting;
CREATE INDEX message_kept ON message (number) WHERE NOT waiting;
CREATE INDEX message_time ON message (time_us);
CREATE TABLE meter (
    name TEXT PRIMARY KEY, read_us INTEGER, tried_us INTEGER NOT NULL, failures INTEGER NOT NULL,
    problem TEXT NOT NULL);
CREATE TABLE told (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class SpooledMessage:
    """A message as it lies in the spool: the readings of one meter at one instant."""

    number: int
    session: int
    seq: int
    readings: bytes
    """A JSON array."""


@dataclass(frozen=True)
class MeterState:
    """What is known of a meter: when it answered last, and what is the matter since."""

    name: str
    read_us: int | None
    tried_us: int
    failures: int
    problem: str


@dataclass(frozen=True)
class SpoolState:
    """How a spool stands."""

    waiting: int
    oldest_us: int | None
    kept: int
    told: dict[str, int]
    """`lost` messages, `clock_jumps` and the `session`, where there are any."""
    meters: tuple[MeterState, ...]


class Spool:
    """The spool of one edge; no second process may open its folder. For use by several threads."""

    def __init__(self, folder: Path, max_bytes: int, now_us: int) -> None:
        self._lock_file = _claimed(folder)
        self._mutex = threading.Lock()
        self._max_bytes = max_bytes
        try:
            self._db = _opened(folder / FILE)
            with self._db:
                # Above the last one, and above those of a spool that was lost with its disk.
                self.session = max(_told(self._db).get("session", 0) + 1, now_us // 1_000_000)
                _tell(self._db, "session", self.session)
        except BaseException:
            self._lock_file.close()
            raise
        self._seq = 0
        self._bytes = int(
            self._db.execute(
                "SELECT COALESCE(SUM(LENGTH(readings) + ?), 0) FROM message", (_OVERHEAD,)
            ).fetchone()[0]
        )

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        self._lock_file.close()

    def put(self, meter: str, readings: Sequence[EdgeReading], now_us: int) -> int:
        """Keep what was read of a meter as one message; returns how many older ones were lost for
        it. sqlite3.OperationalError where the disk takes no more: then nothing was kept."""
        told = json.dumps([_as_json(one) for one in readings], separators=(",", ":")).encode()
        time_us = max((one.time_us for one in readings), default=now_us)
        size = len(told) + _OVERHEAD
        with self._mutex:
            with self._db:
                freed, lost = self._make_room(size)
                self._db.execute(
                    "INSERT INTO message (session, seq, time_us, waiting, readings)"
                    " VALUES (?, ?, ?, 1, ?)",
                    (self.session, self._seq + 1, time_us, told),
                )
                self._db.execute(
                    "INSERT OR REPLACE INTO meter VALUES (?, ?, ?, 0, '')",
                    (meter, time_us, now_us),
                )
            self._seq += 1
            self._bytes += size - freed
        return lost

    def failed(self, meter: str, problem: str, now_us: int) -> None:
        """Note that a meter did not answer."""
        with self._mutex, self._db:
            self._db.execute(
                "INSERT INTO meter VALUES (?, NULL, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET"
                " tried_us = excluded.tried_us, problem = excluded.problem,"
                " failures = failures + 1",
                (meter, now_us, problem),
            )

    def count(self, name: str, more: int) -> None:
        """Add to what is told of the spool."""
        with self._mutex, self._db:
            _tell(self._db, name, _told(self._db).get(name, 0) + more)

    def waiting(self, most: int, without: Iterable[int]) -> list[SpooledMessage]:
        """The oldest messages that wait, at most `most`, without those numbers."""
        under_way = set(without)
        with self._mutex:
            rows = self._db.execute(
                "SELECT number, session, seq, readings FROM message WHERE waiting"
                " ORDER BY number LIMIT ?",
                (most + len(under_way),),
            ).fetchall()
        found = [SpooledMessage(*row) for row in rows if row[0] not in under_way]
        return found[:most]

    def acknowledged(self, numbers: Iterable[int]) -> None:
        """Note that the platform has these messages."""
        with self._mutex, self._db:
            self._db.executemany(
                "UPDATE message SET waiting = 0 WHERE number = ?", [(one,) for one in numbers]
            )

    def again_by_number(self, session: int, first: int, last: int) -> int:
        """Let messages of a session wait again, first and last included; returns how many."""
        return self._again("session = ? AND seq BETWEEN ? AND ?", (session, first, last))

    def again_by_time(self, start_us: int, until_us: int) -> int:
        """Let messages of a time wait again, without its end; returns how many."""
        return self._again("time_us >= ? AND time_us < ?", (start_us, until_us))

    def _again(self, where: str, values: tuple[int, ...]) -> int:
        statement = f"UPDATE message SET waiting = 1 WHERE {where}"  # noqa: S608 - own texts alone
        with self._mutex, self._db:
            return self._db.execute(statement, values).rowcount

    def _make_room(self, size: int) -> tuple[int, int]:
        """(bytes that went, messages that were lost by it) so that `size` more fit."""
        freed = lost = 0
        while self._bytes + size - freed > self._max_bytes:
            row = self._oldest("NOT waiting") or self._oldest("waiting")
            if row is None:
                break
            self._db.execute("DELETE FROM message WHERE number = ?", (row[0],))
            freed += row[1] + _OVERHEAD
            lost += row[2]
        if lost:
            _tell(self._db, "lost", _told(self._db).get("lost", 0) + lost)
        return freed, lost

    def _oldest(self, which: str) -> tuple[int, int, int] | None:
        statement = "SELECT number, LENGTH(readings), waiting FROM message"
        found: tuple[int, int, int] | None = self._db.execute(
            f"{statement} WHERE {which} ORDER BY number LIMIT 1"
        ).fetchone()
        return found


def spool_state(folder: Path) -> SpoolState:
    """How the spool of a folder stands, also while another process has it open; ConfigurationError
    where there is none."""
    file = folder / FILE
    if not file.is_file():
        raise ConfigurationError(
            "no edge has run with this configuration yet",
            field="spool.folder",
            value=str(folder),
            fix="start it with: greenoffice edge FILE",
        )
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        waiting, oldest_us = db.execute(
            "SELECT COUNT(*), MIN(time_us) FROM message WHERE waiting"
        ).fetchone()
        (kept,) = db.execute("SELECT COUNT(*) FROM message WHERE NOT waiting").fetchone()
        meters = db.execute("SELECT * FROM meter ORDER BY name").fetchall()
        states = tuple(MeterState(*row) for row in meters)
        return SpoolState(waiting, oldest_us, kept, _told(db), states)
    finally:
        db.close()


def _as_json(reading: EdgeReading) -> dict[str, object]:
    return {
        "point": reading.point,
        "kind": reading.kind,
        "unit": reading.unit,
        "time": reading.time_us // 1000,
        "value": reading.value,
    }


def _told(db: sqlite3.Connection) -> dict[str, int]:
    return dict(db.execute("SELECT name, value FROM told").fetchall())


def _tell(db: sqlite3.Connection, name: str, value: int) -> None:
    db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (name, value))


def _claimed(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"the spool's folder cannot be used: {error.strerror}",
            field="spool.folder",
            value=str(folder),
            fix="name a folder that this user may write to",
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ConfigurationError(
            "another edge works with this spool",
            field="spool.folder",
            value=str(folder),
            fix="stop the other process, or name a folder of its own",
        ) from error
    return file


def _opened(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=5.0, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise ConfigurationError(
                "the spool is of another version",
                field="spool.folder",
                value=version,
                fix="use the version that wrote it until all is sent, then a new folder",
            )
        if version == 0:
            db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")
    except sqlite3.DatabaseError as broken:
        db.close()
        raise ConfigurationError(
            f"the spool cannot be read: {broken}",
            field="spool.folder",
            value=str(file.parent),
            fix="keep this folder aside, and name a new one",
        ) from broken
    except BaseException:
        db.close()
        raise
    return db
