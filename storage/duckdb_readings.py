"""Readings in an embedded DuckDB file, owned by one process.

    reading   point, time_us, value, flag, order key, lineage      one row per (point, time)
    latest    the same columns of the newest row, first_us and     one row per point
              readings: how many rows the point has

Times are plain BIGINT microseconds, not TIMESTAMP: numpy's int64 goes in and out without a
conversion, block statistics prune on it just as well, and no zone can creep in. There is no
primary key, because its index slows every insert and has to fit in memory; instead an upsert
deletes equal identities inside the batch's own time ranges and inserts, in one transaction.

All writes pass one lock. Reads work on cursors of their own and see the last commit; those of a
session can be interrupted.
"""

# ruff: noqa: S608 - the only text put into SQL is the column list

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from metering.errors import ConfigurationError, Damaged, StorageFull, Unavailable
from metering.ports import ReadingReader, ReadingStore
from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.columns import DAY_US, check_even, last_of_each, time_ranges
from storage.duckdb_extents import Extents
from storage.duckdb_statements import (
    COLUMNS,
    delete,
    extents,
    fetch,
    forget,
    insert,
    look_again_at,
    nearest,
    prepare,
    renew_latest,
    scan,
)

_DAMAGED = (
    "could not read enough bytes",
    "not a valid duckdb database",
    "corrupt",
    "replaying wal",
    "checksum",
    "deserializ",
    "serialization error",
    "internal error",
)
"""What the engine says of a file that is not as it was written."""
_HEADERS = 3 * 4096
"""Of the file, before its first block [bytes]."""
_LAST_BLOCK = """
SELECT max(greatest(block_id, coalesce(list_max(additional_block_ids), -1))), max(block_size)
FROM (SELECT * FROM pragma_storage_info('reading')
      UNION ALL BY NAME SELECT * FROM pragma_storage_info('latest')
      UNION ALL BY NAME SELECT -1 AS block_id)
CROSS JOIN (SELECT block_size FROM pragma_database_size() WHERE database_name = current_database())
"""
"""Of those that hold rows; the engine cuts free blocks off the end of the file by itself."""
_WINDOWS_US = (DAY_US, 8 * DAY_US, 64 * DAY_US, 512 * DAY_US, 2**62)
"""How far `before` and `after` look further each time."""
_FULL = ("no space left", "disk full", "disk quota", "file too large")


class _Reads(ReadingReader):
    """What is asked of the file, each on a cursor that is handed out."""

    def _cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        raise NotImplementedError

    def _extents(self) -> Extents:
        raise NotImplementedError

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        if not len(points):
            return ReadingColumns.empty()
        with self._cursor() as con:
            return scan(con, np.unique(np.asarray(points, np.int64)), start_us, end_us)

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        return self._neighbours(points, time_us, count, back=True)

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        return self._neighbours(points, time_us, count, back=False)

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        return self._extents().among(np.asarray(points, np.int64)).newest

    def spans(self, points: Sequence[int]) -> dict[int, tuple[int, int]]:
        known = self._extents().among(np.asarray(points, np.int64))
        times = zip(known.first_us.tolist(), known.last_us.tolist(), strict=True)
        return dict(zip(known.point.tolist(), times, strict=True))

    def count(self, points: Sequence[int] | None = None) -> int:
        known = self._extents()
        asked = known if points is None else known.among(np.asarray(points, np.int64))
        return int(asked.count.sum())

    def counts(self, points: Sequence[int], start_us: int, end_us: int) -> dict[int, int]:
        if not len(points):
            return {}
        with self._cursor() as con:
            con.register("asked", {"point": np.unique(np.asarray(points, np.int64))})
            rows = con.execute(
                "SELECT point, count(*) FROM reading SEMI JOIN asked USING (point)"
                " WHERE time_us >= ? AND time_us < ? GROUP BY point",
                [start_us, end_us],
            ).fetchall()
        return {int(point): int(count) for point, count in rows}

    def _neighbours(
        self, points: Sequence[int], time_us: int, count: int, *, back: bool
    ) -> ReadingColumns:
        """The nearest rows on one side, in windows that grow until each point has enough."""
        known = self._extents().among(np.asarray(points, np.int64))
        known = known.take(known.first_us < time_us if back else known.last_us >= time_us)
        if not len(known) or (back and count == 1 and (known.last_us < time_us).all()):
            return known.newest
        found: list[ReadingColumns] = []
        have = np.zeros(len(known), np.int64)
        edge = time_us
        with self._cursor() as con:
            for width in _WINDOWS_US:
                lacking = known.take(have < count)
                if not len(lacking):
                    break
                near, far, whole = _window(lacking, edge, width, back=back)
                part = scan(con, lacking.point, *((far, near) if back else (near, far)))
                found.append(part)
                place = np.searchsorted(known.point, part.point)
                have += np.bincount(place, minlength=len(known))
                have[known.first_us >= far if back else known.last_us < far] = count
                if whole:
                    break
                edge = far
        return nearest(ReadingColumns.concat(found).sorted(), count, back=back)


def _window(lacking: Extents, edge: int, width: int, *, back: bool) -> tuple[int, int, bool]:
    """(near end, far end, whether nothing lies beyond it) of what is looked through next; the far
    end is included going back, the other one going on."""
    if back:
        near, limit = min(edge, int(lacking.last_us.max()) + 1), int(lacking.first_us.min())
        return near, max(limit, near - width), near - width <= limit
    near, limit = max(edge, int(lacking.first_us.min())), int(lacking.last_us.max()) + 1
    return near, min(limit, near + width), near + width >= limit


class DuckDBReadings(_Reads, ReadingStore):
    """A ReadingStore on one DuckDB file.

    Raises ConfigurationError where the file cannot be opened, Damaged where it is not as it was
    written, StorageFull on a full disk and Unavailable on any other trouble of the engine.
    """

    def __init__(self, path: Path | str, *, memory_limit: str = "400MB", threads: int = 2) -> None:
        self.path = str(path)
        self._settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "checkpoint_threshold": "32MB",
            "preserve_insertion_order": True,
        }
        self._writing = threading.RLock()
        self._closed = False
        self._damage: Damaged | None = None
        self._known: Extents | None = None
        """What is in the file; None where that has to be asked again."""
        self._con = self._open()

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        return self._extents().hold(point, time_us)

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        """One lookup per cluster of times, so that a stray old reading does not widen it."""
        parts = []
        old = self._extents().hold(point, time_us)
        if not old.any():
            return ReadingColumns.empty()
        point, time_us = point[old], time_us[old]
        with self._cursor() as con:
            for low, high, rows in time_ranges(time_us):
                con.register("asked", {"point": point[rows], "time_us": time_us[rows]})
                parts.append(
                    fetch(
                        con,
                        f"SELECT {COLUMNS} FROM reading SEMI JOIN asked USING (point, time_us)"
                        " WHERE time_us BETWEEN ? AND ?",
                        [low, high],
                    )
                )
        return ReadingColumns.concat(parts).sorted()

    def upsert(self, rows: ReadingColumns) -> None:
        check_even(rows)
        if not len(rows):
            return
        batch = last_of_each(rows)
        with self._writing:
            before = self._extents()
            again = batch.take(before.hold(batch.point, batch.time_us))
            replaced = [np.zeros(0, np.int64)]
            with self._transaction() as con:
                for low, high, chosen in time_ranges(again.time_us):
                    replaced.append(delete(con, again.take(chosen), low, high))
                insert(con, batch)
                after = before.wider(batch, np.concatenate(replaced))
                renew_latest(con, after.among(batch.point))
            self._known = after

    def clear(self) -> None:
        with self._transaction() as con:
            con.execute("DELETE FROM reading")
            con.execute("DELETE FROM latest")
            self._known = None

    def drop(self, rows: ReadingColumns) -> None:
        gone = rows.take(self._extents().hold(rows.point, rows.time_us))
        if not len(gone):
            return
        with self._transaction() as con:
            for low, high, chosen in time_ranges(gone.time_us):
                delete(con, gone.take(chosen), low, high)
            look_again_at(con, np.unique(gone.point))
            self._known = None

    def forget(self, segments: Sequence[int]) -> None:
        with self._transaction() as con:
            forget(con, np.unique(np.asarray(segments, np.int64)))
            self._known = None

    def copy_to(self, target: Path) -> None:
        """One consistent state of the readings as a new file, while writing goes on."""
        with self._cursor() as con:
            path = str(target).replace("'", "''")
            con.execute(f"ATTACH '{path}' AS backup")
            try:
                con.execute("COPY FROM DATABASE " + _current(con) + " TO backup")
            finally:
                con.execute("DETACH backup")

    def reach(self) -> dict[int, tuple[int, int]]:
        """By number of the journal's writer the (segment, offset) of the last message that a
        reading is from. Reads two columns of the whole file."""
        with self._cursor() as con:
            rows = con.execute(
                "WITH last AS (SELECT max(segment) AS segment FROM reading GROUP BY segment >> 24)"
                " SELECT segment, max(message_offset) FROM reading SEMI JOIN last USING (segment)"
                " GROUP BY segment"
            ).fetchall()
        return {int(segment) >> 24: (int(segment), int(offset)) for segment, offset in rows}

    def check_length(self) -> None:
        """Damaged where blocks of the file are gone; looks at no content."""
        with self._cursor() as con:
            last, length = con.execute(_LAST_BLOCK).fetchone() or (0, 0)
        told = _HEADERS + (int(last) + 1) * int(length)
        try:
            there = Path(self.path).stat().st_size
        except OSError:
            there = 0
        if there < told:
            raise damaged_readings(self.path, f"{there} of {told} bytes are there")

    def check_whole(self) -> None:
        """Damaged where a block does not fit its checksum; reads the whole file."""
        self.check_length()
        with self._cursor() as con:
            con.execute("SELECT max(hash(reading)) FROM reading").fetchone()
            con.execute("SELECT max(hash(latest)) FROM latest").fetchone()

    def session(self) -> DuckDBSession:
        """A reader whose calls, one at a time, can be interrupted from another thread."""
        return DuckDBSession(self._cursor, self._extents)

    def close(self) -> None:
        with self._writing:
            self._closed, self._known = True, None
            self._con.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            con = duckdb.connect(self.path, config=self._settings)
            prepare(con)
        except duckdb.Error as error:
            if _is_damage(error, self.path):
                raise damaged_readings(self.path, _first_line(error)) from error
            raise ConfigurationError(
                f"the readings file cannot be opened: {_first_line(error)}",
                field="readings file",
                value=self.path,
                fix="stop the process that holds it, or check the folder's rights and space",
            ) from error
        return con

    def _extents(self) -> Extents:
        known = self._known
        if known is None:
            with self._writing:
                if self._known is None:
                    with self._cursor() as con:
                        self._known = extents(con)
                known = self._known
        return known

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        con = None
        if self._damage is not None:
            raise self._damage
        try:
            con = self._con.cursor()
            yield con
        except duckdb.Error as error:
            raise _translated(error, self.path) from error
        finally:
            if con is not None:
                con.close()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._writing:
            try:
                with self._con.cursor() as con:
                    con.begin()
                    yield con
                    con.commit()
            except duckdb.Error as error:
                self._known = None
                self._recover()
                raise _translated(error, self.path) from error

    def _recover(self) -> None:
        """A failed write may leave the engine refusing all further work: then open it anew.

        Where that fails too, the next write tries again; until then reads are Unavailable.
        """
        try:
            self._con.execute("SELECT 1 FROM latest LIMIT 1")
        except duckdb.Error:
            self._con.close()
            if not self._closed:
                with suppress(ConfigurationError):
                    try:
                        self._con = self._open()
                        self._damage = None
                    except Damaged as damage:
                        self._damage = damage


class DuckDBSession(_Reads):
    """Reads for one asker, who may go away in the middle of a call."""

    def __init__(
        self,
        cursor: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
        extents: Callable[[], Extents],
    ) -> None:
        self._of_store, self._of_points = cursor, extents
        self._lock = threading.Lock()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._gone = False

    def interrupt(self) -> None:
        """End the call that runs, and any later one, with Unavailable."""
        with self._lock:
            self._gone = True
            if self._running is not None:
                self._running.interrupt()

    def _extents(self) -> Extents:
        self._ask()
        return self._of_points()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._of_store() as con:
            self._begin(con)
            try:
                yield con
            finally:
                with self._lock:
                    self._running = None

    def _begin(self, con: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._ask()
            self._running = con

    def _ask(self) -> None:
        """Unavailable where nobody waits for answers any more."""
        if self._gone:
            raise Unavailable(
                "the call was interrupted", field="readings", fix="ask again if it is needed"
            )


def _current(con: duckdb.DuckDBPyConnection) -> str:
    """The quoted name that the engine gave to its file."""
    row = con.execute("SELECT current_database()").fetchone()
    return '"' + str(row[0]).replace('"', '""') + '"' if row else ""


def damaged_readings(path: Path | str, detail: str) -> Damaged:
    """The error of a readings file that is not as it was written."""
    return Damaged(
        f"the readings file is damaged: {detail}; the journal has all readings it reaches back to",
        field="readings file",
        value=str(path),
        fix="stop the platform, then: greenoffice rebuild DATA; the damaged file is kept",
    )


def _is_damage(error: duckdb.Error, path: str) -> bool:
    """Whether the engine says so; what the file's own path says is no sign."""
    text = str(error).replace(str(Path(path).parent.absolute()), "").replace(path, "").lower()
    return any(sign in text for sign in _DAMAGED)


def _translated(error: duckdb.Error, path: str) -> Unavailable:
    text = str(error).lower()
    if _is_damage(error, path):
        return damaged_readings(path, _first_line(error))
    if any(sign in text for sign in _FULL):
        return StorageFull(
            "the disk of the readings file is full; nothing of the batch was stored",
            field="readings file",
            fix="free space: intake goes on by itself",
        )
    return Unavailable(
        f"the readings file does not answer: {_first_line(error)}",
        field="readings file",
        fix="look at the file and its disk: work goes on by itself once it answers",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
