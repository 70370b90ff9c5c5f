"""Appending to the journal: one transaction and one row per group commit.

A batch is durable when `append` returns (SQLite WAL, synchronous=FULL). After a crash
SQLite's own recovery keeps every batch that returned, and never half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import structlog

from collector.journal import pack
from collector.journal.record import Record, RecordPlace
from collector.journal.segment import (
    BROKEN_FILE,
    INSERT,
    LAST_ROW,
    MSGPACK,
    SCHEMA,
    SET_ORIGIN,
    WRITER_FILE,
    JournalRow,
    columns_of,
    encode,
    is_passing,
    next_offset,
    open_for_reading,
    packed_path,
    plain_path,
    segment_files,
    segment_number,
    tell_end,
    told_end,
)
from metering.errors import ConfigurationError, StorageFull, Unavailable

_log = structlog.get_logger()

END_S = 1.0
"""Between two syncs of the note of where the journal ends [s]."""

_FULL_CODES = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN"}


class JournalWriter:
    """The one writer of a journal folder; safe to share between the threads of its process.

    now_us: the clock [us since the epoch], asked only to find expired segments.
    segment_bytes: a segment that holds this much [bytes] is closed.
    retention_days: closed segments whose last record is older are deleted.
    max_pages: cap on a segment's size in 4 KiB pages, None for none: lets a quota, or a
    test, meet a full disk early.
    housekeep: compress and expire in a thread of its own, at the start and after each rotation.
    written: called when records have become durable, before `append` returns.

    Raises ConfigurationError where the folder cannot be used or has another writer.
    """

    def __init__(
        self,
        folder: Path,
        writer_no: int,
        *,
        now_us: Callable[[], int],
        segment_bytes: int = 64 << 20,
        retention_days: int = 1096,
        max_pages: int | None = None,
        housekeep: bool = True,
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.writer_no = writer_no
        self._now_us = now_us
        self._segment_bytes = segment_bytes
        self._retention_us = retention_days * 86_400_000_000
        self.max_pages = max_pages
        self._housekeep = housekeep
        self._tell_written = written
        self._housekeeping = threading.Lock()
        self._appending = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._lock_file = _claim(folder, writer_no)
        self._n = max(segment_files(folder), default=1)
        self._origin: int | None = None
        """Where the segment before ended; None where that is not known."""
        self._end_known = False
        self._next = 0
        self._written = 0
        self._told_s = 0.0
        """When the end was last synced [s]."""
        self._owes_sync = False
        self._open_recovered()
        self._start_housekeeping()

    @property
    def end(self) -> RecordPlace:
        """The place the next record will get."""
        return RecordPlace(segment_number(self.writer_no, self._n), self._next)

    def append(self, records: Sequence[Record]) -> RecordPlace:
        """Make records durable; the place of the first, the others follow it in order.

        Raises StorageFull on a full disk and Unavailable on any other failure of the disk:
        then the batch counts as not written, and the writer may be used again.
        """
        blobs = encode(records)
        with self._appending:
            return self._append(records, blobs) if records else self.end

    def compress_closed(self) -> int:
        """Compress every closed segment and delete the expired ones; how many were compressed."""
        with self._housekeeping:
            compressed = pack.compress_closed(self.folder)
            pack.delete_expired(self.folder, self._now_us() - self._retention_us)
        return compressed

    def close(self) -> None:
        """Close the open segment and give the folder free; a running compression ends first."""
        with self._housekeeping, self._appending:
            if self._connection is not None:
                tell_end(self.folder, self._n, self._next, sync=True)
                _take_log_in(self._connection)
            self._close_segment()
            self._lock_file.close()

    def _append(self, records: Sequence[Record], blobs: Sequence[bytes]) -> RecordPlace:
        try:
            connection = self._ready()
            first = RecordPlace(segment_number(self.writer_no, self._n), self._next)
            self._sync_owed(time.monotonic())
            arrived_us = max(record.arrived_us for record in records)
            row = JournalRow.of(first.offset, arrived_us, MSGPACK, blobs)
            connection.execute(INSERT, row)
        except (sqlite3.Error, OSError) as error:
            self._close_segment()
            raise _storage_error(error, self.folder) from error
        self._next += len(records)
        self._written += len(row.data)
        self._tell_end(time.monotonic())
        self._tell_written()
        return first

    def _tell_end(self, now_s: float) -> None:
        """Write down where the journal ends: what a damaged write-ahead log takes away is missed
        then. It stands as soon as the system has it; against a loss of power it is synced too,
        once a second, or before the next write where that comes later."""
        sync = now_s - self._told_s >= END_S
        if sync:
            self._told_s = now_s
        self._owes_sync = not sync
        tell_end(self.folder, self._n, self._next, sync=sync)

    def _sync_owed(self, now_s: float) -> None:
        if self._owes_sync and now_s - self._told_s >= END_S:
            self._owes_sync = False
            tell_end(self.folder, self._n, self._next, sync=True)

    def _open_recovered(self) -> None:
        """Open the newest segment; a damaged one is left for the reader to name.

        One that holds something is never written on: what may have been cut off its end would be
        given away again, and a reader that had been there would pass over it."""
        try:
            self._ready()
        except sqlite3.OperationalError as error:
            self._close_segment()
            _log.error("journal cannot be opened yet", folder=str(self.folder), error=str(error))
        except BROKEN_FILE as error:
            self._pass_over_damaged(error)
            self._ready()

    def _find_end(self) -> None:
        """Where to go on, and where the segment before ended. Asked until there is an answer: a
        disk that is full at the start is no reason to write on a segment that holds something."""
        try:
            if packed_path(self.folder, self._n).exists():
                self._origin = _end_of(packed_path(self.folder, self._n))
                self._n += 1
            elif plain_path(self.folder, self._n).exists():
                self._origin = _end_of(plain_path(self.folder, self._n), recover=True)
                self._n += 1 if self._origin is not None else 0
            self._pass_over_lost()
        except BROKEN_FILE as error:
            if is_passing(error):
                raise
            self._pass_over_damaged(error)
        self._end_known = True

    def _pass_over_damaged(self, error: Exception) -> None:
        self._close_segment()
        damaged = plain_path(self.folder, self._n)
        _log.error("journal segment is damaged", file=damaged.name, error=str(error))
        told_n, told_offset = told_end(self.folder) or (0, 0)
        self._origin = told_offset if told_n == self._n else None
        self._n += 1

    def _pass_over_lost(self) -> None:
        """Begin behind what was noted as written, where the newest segment ends earlier. One that
        was made and not yet begun does not say where the one before it ended: the note does."""
        told_n, told_offset = told_end(self.folder) or (0, 0)
        if told_n and told_n == self._n - 1:
            self._origin = max(self._origin or 0, told_offset)
        elif told_n == self._n and told_offset:
            self._n, self._origin = self._n + 1, told_offset

    def _ready(self) -> sqlite3.Connection:
        if self._connection is not None and self._next and self._written >= self._segment_bytes:
            self._rotate()
        if self._connection is None:
            if not self._end_known:
                self._find_end()
            reached = self._next
            self._open_segment(reached)
            if self._next < reached:  # damage took some away: their places are not given again
                self._next = reached
                self._rotate()
        assert self._connection is not None
        return self._connection

    def _rotate(self) -> None:
        if self._connection is not None:
            _take_log_in(self._connection)
        self._close_segment()
        self._n, self._origin, self._next = self._n + 1, self._next, 0
        self._open_segment()
        self._start_housekeeping()

    def _start_housekeeping(self) -> None:
        if self._housekeep:
            threading.Thread(target=self._housekeep_once, name="journal-pack", daemon=True).start()

    def _housekeep_once(self) -> None:
        try:
            self.compress_closed()
        except Exception as error:  # a damaged segment is the reader's to tell
            _log.warning("journal compression put off", folder=str(self.folder), error=str(error))

    def _open_segment(self, reached: int = 0) -> None:
        """reached: where it ended as far as is known, which the note must go on saying even where
        the file no longer does."""
        path = plain_path(self.folder, self._n)
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection = connection
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if self.max_pages is not None:
            connection.execute(f"PRAGMA max_page_count={int(self.max_pages)}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            connection.execute(statement)
        if self._origin is not None:
            connection.execute(SET_ORIGIN, (self._n - 1, self._origin))
        connection.execute("COMMIT")
        self._next = next_offset(connection)
        if not self._next and not reached:  # its name is to be durable with that of the segment
            tell_end(self.folder, self._n, 0, sync=True)
        pack.sync_folder(self.folder)
        self._written = path.stat().st_size

    def _close_segment(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except sqlite3.Error as error:
            _log.warning("journal segment closed badly", n=self._n, error=str(error))


def _take_log_in(connection: sqlite3.Connection) -> None:
    """While somebody reads, closing leaves the write-ahead log beside the file, and a crash then
    takes it in up to its first damaged page; so it is done before, where it can be."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout=500")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _end_of(path: Path, *, recover: bool = False) -> int | None:
    """The offset after the last record of a segment; its write-ahead log is taken in where a crash
    left one. None where there is nothing in it, so that it may still be begun; DataError where
    the last row is damaged, so that nobody can tell."""
    connection = sqlite3.connect(path) if recover else open_for_reading(path)
    with contextlib.closing(connection):
        connection.execute("PRAGMA busy_timeout=5000")
        try:
            columns = columns_of(connection)
            found = connection.execute(LAST_ROW.format(columns=columns)).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
    if found is None:
        return 0 if "NULL" in columns else None
    row = JournalRow.stored(found)
    if not row.whole:
        raise sqlite3.DataError(f"{path.name}: a checksum of its last row does not fit")
    return row.end


def _claim(folder: Path, writer_no: int) -> IO[str]:
    """Lock the folder for this process, and write down whose it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / WRITER_FILE).open("a+", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"the journal folder cannot be used: {error.strerror}",
            field="journal",
            value=str(folder),
            fix="choose a folder this user may write to",
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _mark(file, writer_no)
    except BlockingIOError as error:
        file.close()
        raise ConfigurationError(
            "another process writes this journal",
            field="journal",
            value=str(folder),
            fix="stop the other process, or give this one a folder of its own",
        ) from error
    except ConfigurationError:
        file.close()
        raise
    return file


def _mark(file: IO[str], writer_no: int) -> None:
    file.seek(0)
    found = file.read().strip()
    if not found:
        file.write(f"{writer_no}\n")
        file.flush()
        os.fsync(file.fileno())
    elif found != str(writer_no):
        raise ConfigurationError(
            f"the journal folder belongs to writer {found}",
            field="writer_no",
            value=writer_no,
            fix=f"open it as writer {found}, or choose another folder",
        )


def _storage_error(error: sqlite3.Error | OSError, folder: Path) -> Unavailable:
    """The error of the platform for a failure of the disk."""
    name = getattr(error, "sqlite_errorname", "")
    full = name in _FULL_CODES or getattr(error, "errno", None) == 28
    kind = StorageFull if full else Unavailable
    return kind(
        "the disk is full; nothing was acknowledged" if full else f"the journal fails: {error}",
        field="journal",
        value=str(folder),
        fix="free space on this disk; senders deliver again by themselves"
        if full
        else "look at the disk; senders deliver again by themselves",
    )
