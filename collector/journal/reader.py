"""Reading the journal from any process, while its writers go on writing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

from collector.journal.record import Located, Record, RecordPlace
from collector.journal.segment import (
    BROKEN_FILE,
    NEXT_OFFSET,
    UNREADABLE,
    WRITER_FILE,
    JournalRow,
    columns_of,
    decode,
    decode_one,
    end_told_by,
    find_segment,
    open_for_reading,
    raise_if_passing,
    segment_files,
    segment_name,
    segment_number,
    split_segment,
)
from metering.errors import NotFound, Unavailable

T = TypeVar("T")

_PAGE_ROWS = 16  # bounds memory: a row may hold a few MiB
_MOST_BYTES = 16 << 20
"""Of the payloads that are given at once, or a little more."""
_FROM = (
    "SELECT {columns} FROM batch WHERE first_offset >= coalesce("
    "(SELECT max(first_offset) FROM batch WHERE first_offset <= ?1), 0)"
    " AND first_offset + count > ?1 ORDER BY first_offset LIMIT ?2"
)
REPAIR = "see what is lost: greenoffice journal verify DATA; then: greenoffice journal repair DATA"


class JournalReader:
    """Reads every writer's folder under ``root``; safe to share between threads.

    Checksums are verified and offsets have no gaps: where a segment is damaged or was cut short,
    reading raises Unavailable with the file and the place, and gives nothing from behind it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._left = 0
        """How much more the read that is under way may give [bytes]."""
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
        """Up to ``limit`` records from a place on, over segment boundaries, in order; fewer where
        they are large.

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
            found = self._batches(folder, writer_no, n, (offset, 1)) if folder else []
        for row in found:
            if row.first_offset <= offset:
                return _one(row, offset - row.first_offset, folder, n)
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
            return RecordPlace(segment_number(writer_no, n), self._end(folder, writer_no, n))

    def close(self) -> None:
        """Let go of the segments that are open; a later read opens them again."""
        with self._lock:
            for _, connection in self._open.values():
                connection.close()
            self._open.clear()

    def _read(self, folder: Path, writer_no: int, n: int, offset: int, limit: int) -> list[Located]:
        found: list[Located] = []
        self._left = _MOST_BYTES
        if find_segment(folder, n) is None:
            n, offset = _following(folder, n), 0
        try:
            while n and len(found) < limit and self._left > 0:
                n, offset = self._read_segment(folder, (writer_no, n, offset), limit, found)
        except Unavailable:
            if not found:
                raise  # else what lies before the damage comes first
        return found

    def _read_segment(
        self, folder: Path, place: tuple[int, int, int], limit: int, found: list[Located]
    ) -> tuple[int, int]:
        """Add records of a segment; (number, offset) to go on at, number 0 for not at all."""
        writer_no, n, offset = place
        closed = find_segment(folder, n + 1) is not None  # asked before its last rows are
        segment, reached, empty = segment_number(writer_no, n), offset, True
        for row in self._rows(folder, writer_no, n, offset):
            first = max(reached - row.first_offset, 0)  # a packed row may hold more before it
            records = _all(row, folder, n)[first : first + limit - len(found)]
            places = range(row.first_offset + first, row.first_offset + first + len(records))
            found.extend(map(Located, repeat(segment), places, records))
            reached, empty = row.end, False
            self._left -= sum([len(record.payload) for record in records])
            if len(found) >= limit or self._left <= 0:
                return 0, 0
        if closed and not _ended(folder, n, reached):
            raise damaged(folder, n, f"it ends at record {reached}, others came after it")
        if empty and offset:
            self._require_read_before(folder, writer_no, n, offset)
        return (n + 1 if closed else 0), 0

    def _require_read_before(self, folder: Path, writer_no: int, n: int, offset: int) -> None:
        """Who has read on never comes back to what a segment lost: it is said before, unless the
        segment behind tells of it."""
        end = self._end(folder, writer_no, n)
        following = find_segment(folder, n + 1)
        told = None if following is None else end_told_by(following, n)
        if max(end, told or 0) < offset:
            raise damaged(folder, n, f"it ends at record {end}, and was read to {offset} before")

    def _end(self, folder: Path, writer_no: int, n: int) -> int:
        row = self._query(folder, writer_no, n, NEXT_OFFSET, ())
        end = row[0][0] if row else 0
        if not isinstance(end, int):
            raise damaged(folder, n, f"its last row ends at {end!r}")
        return end

    def _rows(self, folder: Path, writer_no: int, n: int, offset: int) -> Iterator[JournalRow]:
        """Rows that hold ``offset`` and what follows it; a few at a time, never a snapshot."""
        while True:
            rows = self._batches(folder, writer_no, n, (offset, _PAGE_ROWS))
            for row in rows:
                if row.first_offset > offset:
                    raise damaged(folder, n, f"records {offset} to {row.first_offset - 1} are gone")
                offset = row.end
                yield row
            if len(rows) < _PAGE_ROWS:
                return

    def _batches(
        self, folder: Path, writer_no: int, n: int, place: tuple[int, int]
    ) -> list[JournalRow]:
        found = self._query(folder, writer_no, n, _FROM, place)
        try:
            return [JournalRow.stored(row) for row in found]
        except BROKEN_FILE as error:
            raise _unreadable(folder, n, error) from error

    def _query(
        self, folder: Path, writer_no: int, n: int, sql: str, parameters: tuple[int, ...]
    ) -> list[Any]:
        for attempt in range(3):
            try:
                connection = self._connect(folder, writer_no, n)
                if connection is None:
                    return []
                wanted = sql.format(columns=columns_of(connection))
                return connection.execute(wanted, parameters).fetchall()
            except sqlite3.OperationalError as error:
                self._forget(writer_no)
                if "no such table" in str(error):
                    return []  # created this instant, not one batch in it yet
                if attempt == 2:
                    raise _unreadable(folder, n, error) from error
            except BROKEN_FILE as error:
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


def _ended(folder: Path, n: int, reached: int) -> bool:
    """Whether a closed segment holds no more than what was reached, as the next one says."""
    following = find_segment(folder, n + 1)
    if following is None:
        return True
    end = end_told_by(following, n)
    return end is None or reached >= end


def _all(row: JournalRow, folder: Path, n: int) -> list[Record]:
    return _decoded(row, lambda: decode(row.codec, row.data), folder, n)


def _one(row: JournalRow, index: int, folder: Path | None, n: int) -> Record:
    assert folder is not None
    return _decoded(row, lambda: decode_one(row.codec, row.data, index), folder, n)


def _decoded(row: JournalRow, read: Callable[[], T], folder: Path, n: int) -> T:
    try:
        if row.whole:
            return read()
    except UNREADABLE:
        pass
    at = f"a checksum of records {row.first_offset} to {row.end - 1} does not fit"
    raise damaged(folder, n, at)


def damaged(folder: Path, n: int, what: str) -> Unavailable:
    """The error of a segment that is not as it was written."""
    return Unavailable(
        f"a journal segment is damaged: {what}",
        field="segment",
        value=segment_name(folder, n),
        fix=REPAIR,
    )


def _unreadable(folder: Path, n: int, error: Exception) -> Unavailable:
    raise_if_passing(error, segment_name(folder, n))
    return Unavailable(
        f"a journal segment is damaged, it cannot be read: {error}",
        field="segment",
        value=segment_name(folder, n),
        fix=REPAIR,
    )
