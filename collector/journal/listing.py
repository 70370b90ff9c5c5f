"""What the journal consists of: its segments, each with its state and what lies in it.

::

    expired ... | compressed | compressed | closed | open
    ◀── older than is kept      ◀── a higher number exists ──▶   written to

Nothing is changed by looking, and no more than two rows of a segment are read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from collector.journal.segment import (
    BROKEN_FILE,
    LAST_ROW,
    PACKED,
    UNREADABLE,
    WRITER_FILE,
    JournalRow,
    columns_of,
    decode_one,
    find_segment,
    open_for_reading,
    raise_if_passing,
    segment_files,
    segment_name,
    segment_number,
)

State = Literal["open", "closed", "compressed", "expired", "damaged"]
_FIRST_ROW = "SELECT {columns} FROM batch ORDER BY first_offset LIMIT 1"


@dataclass(frozen=True)
class SegmentListed:
    """A segment as it lies there."""

    writer: str
    """Name of the writer's folder."""
    segment: int
    """As lineage has it."""
    file: str
    """'' of one that has expired."""
    state: State
    messages: int | None
    """Records; None where that cannot be told."""
    bytes: int
    """Of its file and what is written beside it [bytes]."""
    first_us: int | None
    """Arrival of its first record [us]; None where it has none, or none that can be read."""
    last_us: int | None
    """Of its last group of records the latest arrival [us]; likewise."""


def list_segments(root: Path) -> Iterator[SegmentListed]:
    """All segments under `root`, writer by writer and oldest first; those that expired come as
    one, which bears the number of the last of them. One that is damaged is listed as such.
    Unavailable where a segment cannot be read now."""
    for file in sorted(root.glob(f"*/{WRITER_FILE}")):
        number = file.read_text(encoding="ascii").strip()
        if number.isdecimal():
            yield from _of_writer(file.parent, int(number))


def _of_writer(folder: Path, writer_no: int) -> Iterator[SegmentListed]:
    numbers = segment_files(folder)
    if numbers and numbers[0] > 1:
        last = segment_number(writer_no, numbers[0] - 1)
        yield SegmentListed(folder.name, last, "", "expired", None, 0, None, None)
    for n in numbers:
        if (found := _listed(folder, writer_no, n, n == numbers[-1])) is not None:
            yield found


def _listed(folder: Path, writer_no: int, n: int, newest: bool) -> SegmentListed | None:
    """None of one that expired between the two looks."""
    for last_try in (False, True):  # a plain segment may give way to its packed one just now
        path = find_segment(folder, n)
        if path is None:
            return None
        packed = path.name.endswith(PACKED)
        state: State = "compressed" if packed else "open" if newest else "closed"
        try:
            messages, first_us, last_us = _ends(path)
        except (*BROKEN_FILE, *UNREADABLE) as error:
            if not last_try:
                continue
            raise_if_passing(error, segment_name(folder, n))
            state, messages, first_us, last_us = "damaged", None, None, None
        segment, size = segment_number(writer_no, n), _size(path)
        return SegmentListed(
            folder.name, segment, path.name, state, messages, size, first_us, last_us
        )
    return None


def _ends(path: Path) -> tuple[int, int | None, int | None]:
    """(records, first arrival, last arrival)."""
    with closing(open_for_reading(path)) as connection:
        try:
            columns = columns_of(connection)
            first, last = (
                connection.execute(sql.format(columns=columns)).fetchone()
                for sql in (_FIRST_ROW, LAST_ROW)
            )
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0, None, None  # created this instant
            raise
    if first is None or last is None:
        return 0, None, None
    begins, ends = JournalRow.stored(first), JournalRow.stored(last)
    if not (begins.whole and ends.whole):
        raise sqlite3.DataError(f"{path.name}: a checksum does not fit")
    return ends.end, decode_one(begins.codec, begins.data, 0).arrived_us, ends.arrived_us


def _size(path: Path) -> int:
    found = (path.with_name(path.name + suffix) for suffix in ("", "-wal"))
    return sum(one.stat().st_size for one in found if one.exists())
