"""Is the journal as it was written? Every segment read through, and a damaged one written anew.

A repair keeps each record whose checksum fits, puts a record of kind `lost` in the place of each
that is gone, so that no place of another changes, and moves the damaged file to `damaged/`.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from collector.journal.pack import sync_folder
from collector.journal.record import Record
from collector.journal.segment import (
    BROKEN_FILE,
    INSERT,
    MSGPACK_ZLIB,
    SCHEMA,
    SET_ORIGIN,
    UNREADABLE,
    WRITER_FILE,
    JournalRow,
    columns_of,
    encode,
    end_told_by,
    find_segment,
    is_record,
    open_for_reading,
    packed_path,
    raise_if_passing,
    segment_files,
    segment_name,
    split_segment,
    told_end,
)
from metering.errors import Unavailable

DAMAGED = "damaged"
_BLOCK = 4_000
_MOST = 1 << 32
"""No segment has more records."""


@dataclass(frozen=True)
class JournalFault:
    """Records of a segment that are gone, or damage that cost none."""

    first: int
    """Offset of the first one of them; `after` is that behind the last one, the same for none."""
    after: int | None
    """None where nobody can tell how many there were."""
    detail: str

    @property
    def lost(self) -> int | None:
        """How many."""
        return None if self.after is None else self.after - self.first


@dataclass
class CheckedSegment:
    """What one segment holds."""

    folder: Path
    n: int
    records: int = 0
    """Those that are there, with a checksum that fits or with none."""
    unchecked: int = 0
    """Those of them without a checksum: written before there were any."""
    lost_before: int = 0
    """Places that an earlier repair filled."""
    faults: list[JournalFault] = field(default_factory=list)
    arrived_us: int = 0
    """When the last of its records arrived, as far as that can be read."""
    _end: int = 0

    @property
    def name(self) -> str:
        """The segment, as errors name it."""
        return segment_name(self.folder, self.n)

    @property
    def end(self) -> int:
        """The offset after the last record that is known of."""
        gone = max((f.after or f.first for f in self.faults), default=0)
        return max(self._end, gone)

    def take(self, at: int, blob: bytes) -> None:
        """Count a record that is there."""
        self.records += 1
        self.lost_before += blob == LOST
        self._end = at + 1


LOST = encode([Record("lost", 0, "", "", "", "", b"")])[0]
"""What stands in the place of a record that is gone."""

ALL_THERE = "the file is damaged, its records are all there"
NOWHERE: Mapping[int, tuple[int, int]] = {}
Keep = Callable[[int, bytes], None]


def check_journal(
    root: Path, read_to: Mapping[int, tuple[int, int]] = NOWHERE
) -> Iterator[CheckedSegment]:
    """Each segment of each writer, read through to its end. `read_to`: by writer the (segment,
    offset) that was to be read next at some time before, so that there must be records up to it."""
    for marker in sorted(root.glob(f"*/{WRITER_FILE}")):
        number = marker.read_text("ascii").strip()
        segment, offset = read_to.get(int(number) if number.isdecimal() else 0, (0, 0))
        for n in segment_files(marker.parent):
            own = offset if n == split_segment(segment)[1] else 0
            yield check_segment(marker.parent, n, own)


def check_segment(
    folder: Path, n: int, read_to: int = 0, keep: Keep = lambda _at, _blob: None
) -> CheckedSegment:
    """One segment; `keep` gets the place and the bytes of each record that is there. Unavailable
    where it cannot be read for want of room, handles or memory: that is no damage."""
    found = CheckedSegment(folder, n)
    path, ended = find_segment(folder, n), _end_told_by_next(folder, n)
    if path is None:
        return found
    # asked before the rows are read: whoever writes meanwhile notes only what is there
    reached = max(ended or 0, read_to, _noted_end(folder, n))
    try:
        with closing(open_for_reading(path)) as connection:
            for row, following in _with_next(_readable(connection), ended):
                _row(found, row, following, keep)
            _gap(found, found.end, reached, "the segment was cut short")
            if not found.faults:
                _structure(found, connection)
    except BROKEN_FILE as error:
        raise_if_passing(error, found.name)
        after = reached or None
        found.faults.append(JournalFault(found.end, after, f"the file cannot be read: {error}"))
    return found


def repair_segment(folder: Path, n: int, read_to: int = 0) -> tuple[CheckedSegment, Path]:
    """Write a damaged segment anew from what can be read; what that was, and where the damaged
    file is now. Nobody may write the journal meanwhile.

    What was found is what counts as lost: the file may have worsened since an earlier look.
    Unavailable where the new one cannot be written."""
    blobs: dict[int, bytes] = {}
    found = check_segment(folder, n, read_to, keep=blobs.__setitem__)
    arrived_us = found.arrived_us or _written_us(folder, n)
    draft = packed_path(folder, n).with_suffix(".repair")
    origin = _origin_of(folder, n)
    try:
        _write_anew(draft, found, arrived_us, blobs, None if origin is None else (n - 1, origin))
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            f"a journal segment cannot be written anew: {error}",
            field="segment",
            value=segment_name(folder, n),
            fix="free space on this disk; the damaged file is as it was: repair it again",
        ) from error
    kept = _put_aside(folder, n)
    draft.replace(packed_path(folder, n))
    sync_folder(folder)
    return found, kept


def _write_anew(
    draft: Path,
    found: CheckedSegment,
    arrived_us: int,
    blobs: Mapping[int, bytes],
    origin: tuple[int, int] | None,
) -> None:
    """A packed segment of what was found; in the place of what was not a record says so."""
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous=FULL")
        copy.execute("BEGIN")
        for statement in SCHEMA:
            copy.execute(statement)
        if origin is not None:
            copy.execute(SET_ORIGIN, origin)
        for first in range(0, found.end, _BLOCK):
            block = range(first, min(first + _BLOCK, found.end))
            row = JournalRow.of(
                first, arrived_us, MSGPACK_ZLIB, [blobs.get(at, LOST) for at in block]
            )
            copy.execute(INSERT, row)
        copy.execute("COMMIT")


def _with_next(
    rows: Iterator[JournalRow], ended: int | None
) -> Iterator[tuple[JournalRow, int | None]]:
    """Each row with the place where the next one begins, or where the segment ended, as far as
    that can be believed. A row whose checksum fits is believed before the note of the end, which
    has none."""
    row = next(rows, None)
    while row is not None:
        following = next(rows, None)
        if following is not None and following.whole:
            yield row, following.first_offset
        else:
            yield row, ended if following is None else None
        row = following


def _row(found: CheckedSegment, row: JournalRow, following: int | None, keep: Keep) -> None:
    """The records of a row: of one that is whole all that can be read, which without checksums is
    all that is known of them; else those whose own checksum fits, where it
    touches a neighbour and so is at its place for sure."""
    at = found.end
    try:
        blobs = row.blobs()
    except UNREADABLE:
        blobs = []
    sums, amiss = _sums(row), "a checksum does not fit"
    if row.whole and len(blobs) == row.records:
        fits, amiss = [is_record(blob) for blob in blobs], "it is no record"
        found.arrived_us = max(found.arrived_us, row.arrived_us)
    elif blobs and len(sums) == len(blobs) and row.first_offset in (at, _less(following, sums)):
        fits = [zlib.crc32(blob) == told for blob, told in zip(blobs, sums, strict=True)]
    else:
        _gap(found, at, following or at + max(len(sums), 1), "a checksum does not fit")
        return
    _gap(found, at, row.first_offset, "nothing is stored of them")
    for place, (blob, fine) in enumerate(zip(blobs, fits, strict=True), row.first_offset):
        if fine:
            found.take(place, blob)
            found.unchecked += row.sums is None
            keep(place, blob)
        else:
            _gap(found, place, place + 1, amiss)
    if not row.whole and all(fits):
        found.faults.append(JournalFault(found.end, found.end, ALL_THERE))


def _sums(row: JournalRow) -> tuple[int, ...]:
    """The checksums of a row's records, as far as there are any."""
    count = len(row.sums or b"") // 4
    return struct.unpack(f"<{count}I", (row.sums or b"")[: 4 * count])


def _less(following: int | None, sums: Sequence[int]) -> int | None:
    return None if following is None else following - len(sums)


def _structure(found: CheckedSegment, connection: sqlite3.Connection) -> None:
    """A fault that costs no record: all are there, but a reader may not find them."""
    (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if told != "ok":
        found.faults.append(JournalFault(found.end, found.end, ALL_THERE))


def _gap(found: CheckedSegment, first: int, after: int, detail: str) -> None:
    """A fault of [first, after), as one with the fault before it where they touch."""
    if first >= after:
        return
    last = found.faults[-1] if found.faults else None
    if last is not None and last.after == first and last.detail == detail:
        found.faults[-1] = JournalFault(last.first, after, detail)
    else:
        found.faults.append(JournalFault(first, after, detail))


def _readable(connection: sqlite3.Connection) -> Iterator[JournalRow]:
    """The rows that can be read, around pages that cannot; raises where nothing can."""
    wanted = "SELECT {columns} FROM batch WHERE first_offset >= ? ORDER BY first_offset LIMIT 1"
    sql = wanted.format(columns=columns_of(connection))
    at = 0
    while True:
        try:
            found = connection.execute(sql, (at,)).fetchone()
        except BROKEN_FILE as error:
            if "no such table" in str(error):
                return
            found = _beyond(connection, sql, at, error)
        if found is None:
            return
        row = JournalRow.stored(found)
        if row.first_offset >= at:  # else the tree of the file is out of order
            yield row
        at = max(row.end if row.whole else 0, row.first_offset + 1, at + 1)


def _beyond(
    connection: sqlite3.Connection, sql: str, at: int, error: Exception
) -> tuple[object, ...] | None:
    """The first row behind a page that cannot be read; the error where there is no telling."""

    def seek(place: int) -> tuple[object, ...] | Literal["broken"] | None:
        try:
            row: tuple[object, ...] | None = connection.execute(sql, (place,)).fetchone()
        except BROKEN_FILE:
            return "broken"
        return row

    low, step = at, 1
    while seek(low + step) == "broken":
        low, step = low + step, step * 2
        if low > _MOST:
            raise error
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seek(middle) == "broken" else (low, middle)
    found = seek(high)
    if found is None:
        raise error
    return None if found == "broken" else found


def _written_us(folder: Path, n: int) -> int:
    """When the file was written last: it expires as if its records had arrived then."""
    path = find_segment(folder, n)
    return 0 if path is None else path.stat().st_mtime_ns // 1000


def _end_told_by_next(folder: Path, n: int) -> int | None:
    following = find_segment(folder, n + 1)
    return None if following is None else end_told_by(following, n)


def _noted_end(folder: Path, n: int) -> int:
    """Where the writer noted that the newest segment ends; 0 for another. The segment after it will
    say so once it is begun, and what is short of that be told as lost: so it is now."""
    noted_n, offset = told_end(folder) or (0, 0)
    return offset if noted_n == n else 0


def _origin_of(folder: Path, n: int) -> int | None:
    path = find_segment(folder, n)
    return None if path is None else end_told_by(path, n - 1)


def _put_aside(folder: Path, n: int) -> Path:
    """Move all files of a segment to `damaged/`, under a name that is free."""
    target = folder / DAMAGED
    target.mkdir(mode=0o700, exist_ok=True)
    stem = f"{n:08d}"
    number = 1
    while list(target.glob(f"{number}-{stem}.*")):
        number += 1
    for path in sorted(folder.glob(f"{stem}.*")):
        if not path.name.endswith(".repair"):
            path.rename(target / f"{number}-{path.name}")
    return target / f"{number}-{stem}"
