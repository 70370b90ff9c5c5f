"""Reading the journal from any process, while its writers go on writing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from collector.journal.record import Located, Record, RecordPlace
from collector.journal.segment import (
    NEXT_OFFSET,
    WRITER_FILE,
    decode,
    decode_one,
    find_segment,
    open_for_reading,
    segment_files,
    segment_number,
    split_segment,
)
from metering.errors import NotFound, Unavailable

_PAGE_ROWS = 16  # bounds memory: a row may hold a few MiB
_FROM = (
    "SELECT first_offset, count, codec, data FROM batch WHERE first_offset >= coalesce("
    "(SELECT max(first_offset) FROM batch WHERE first_offset <= ?1), 0)"
    " AND first_offset + count > ?1 ORDER BY first_offset LIMIT ?2"
)


class JournalReader:
    """Reads every writer's folder under ``root``; safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._open: dict[int, tuple[Path, sqlite3.Connection]] = {}

    def writers(self) -> list[int]:
        """Numbers of the writers that have a folder here, ascending."""
        return sorted(self._folders())

    def segments(self) -> list[int]:
        """Numbers of all segments that are here, of every writer, ascending."""
        return sorted(
            segment_number(writer_no, n)
            for writer_no, folder in self._folders().items()
            for n in segment_files(folder)
        )

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Up to ``limit`` records from a place on, over segment boundaries, in order.

        The place is the one wanted next: after (s, o) ask for (s, o + 1). Segment 0, or one
        deleted since, means the oldest there is. An empty list: nothing new yet.
        """
        folder = self._folders().get(writer_no)
        if folder is None:
            return []
        with self._lock:
            return self._read(folder, writer_no, split_segment(segment)[1], offset, limit)

    def record(self, segment: int, offset: int) -> Record:
        """The record at one place; NotFound where there is none (any more)."""
        writer_no, n = split_segment(segment)
        folder = self._folders().get(writer_no)
        with self._lock:
            rows = self._query(folder, writer_no, n, _FROM, (offset, 1)) if folder else []
        for first, _, codec, data in rows:
            if first <= offset:
                return decode_one(codec, data, offset - first)
        raise NotFound(
            "no such record in the journal",
            field="segment, offset",
            value=(segment, offset),
            fix="it may have expired: look at the journal's retention",
        )

    def end(self, writer_no: int) -> RecordPlace:
        """The place the writer's next record will get; (0, 0) where nothing was ever written."""
        folder = self._folders().get(writer_no)
        numbers = segment_files(folder) if folder else []
        if folder is None or not numbers:
            return RecordPlace(0, 0)
        n = numbers[-1]
        with self._lock:
            row = self._query(folder, writer_no, n, NEXT_OFFSET, ())
        return RecordPlace(segment_number(writer_no, n), row[0][0] if row else 0)

    def close(self) -> None:
        """Let go of the segments that are open; a later read opens them again."""
        with self._lock:
            for _, connection in self._open.values():
                connection.close()
            self._open.clear()

    def _read(self, folder: Path, writer_no: int, n: int, offset: int, limit: int) -> list[Located]:
        found: list[Located] = []
        if find_segment(folder, n) is None:
            n, offset = _following(folder, n), 0
        while n and len(found) < limit:
            closed = find_segment(folder, n + 1) is not None  # asked before its last rows are
            segment = segment_number(writer_no, n)
            for first, _, codec, data in self._rows(folder, writer_no, n, offset):
                for at, record in enumerate(decode(codec, data), first):
                    if at >= offset and len(found) < limit:
                        found.append(Located(segment, at, record))
                if len(found) >= limit:
                    break
            else:
                n, offset = (n + 1 if closed else 0), 0
        return found

    def _rows(
        self, folder: Path, writer_no: int, n: int, offset: int
    ) -> Iterator[tuple[int, int, str, bytes]]:
        """Rows that hold ``offset`` and what follows it; a few at a time, never a snapshot."""
        while True:
            rows = self._query(folder, writer_no, n, _FROM, (offset, _PAGE_ROWS))
            yield from rows
            if len(rows) < _PAGE_ROWS:
                return
            offset = rows[-1][0] + rows[-1][1]

    def _query(
        self, folder: Path, writer_no: int, n: int, sql: str, parameters: tuple[int, ...]
    ) -> list[tuple[int, int, str, bytes]]:
        for attempt in range(3):
            try:
                connection = self._connect(folder, writer_no, n)
                return connection.execute(sql, parameters).fetchall() if connection else []
            except sqlite3.OperationalError as error:
                self._forget(writer_no)
                if "no such table" in str(error):
                    return []  # created this instant, not one batch in it yet
                if attempt == 2:
                    raise _unreadable(folder, n, error) from error
            except sqlite3.DatabaseError as error:
                self._forget(writer_no)
                raise _unreadable(folder, n, error) from error
        return []

    def _connect(self, folder: Path, writer_no: int, n: int) -> sqlite3.Connection | None:
        """The connection to a segment; the last one of each writer is kept open."""
        path = find_segment(folder, n)
        if path is None:
            return None
        kept = self._open.get(writer_no)
        if kept is not None and kept[0] == path:
            return kept[1]
        self._forget(writer_no)
        connection = open_for_reading(path)
        self._open[writer_no] = (path, connection)
        return connection

    def _forget(self, writer_no: int) -> None:
        kept = self._open.pop(writer_no, None)
        if kept is not None:
            kept[1].close()

    def _folders(self) -> dict[int, Path]:
        """Folder of each writer, by the number it wrote down."""
        folders = {}
        for file in self.root.glob(f"*/{WRITER_FILE}"):
            number = file.read_text(encoding="ascii").strip()
            if number.isdecimal():
                folders[int(number)] = file.parent
        return folders


def _following(folder: Path, n: int) -> int:
    """The next higher segment number that exists, 0 where there is none."""
    return next((number for number in segment_files(folder) if number > n), 0)


def _unreadable(folder: Path, n: int, error: sqlite3.Error) -> Unavailable:
    return Unavailable(
        f"a journal segment cannot be read: {error}",
        field="segment",
        value=f"{folder.name}/{n:08d}",
        fix="put the file back from a backup, or move it away to go on without it",
    )
