"""How many records lie between a place and the end of a writer's journal."""

from __future__ import annotations

from contextlib import closing
from functools import lru_cache
from pathlib import Path

from collector.journal.reader import REPAIR
from collector.journal.segment import (
    BROKEN_FILE,
    WRITER_FILE,
    end_told_by,
    find_segment,
    next_offset,
    open_for_reading,
    raise_if_passing,
    segment_files,
    segment_name,
    split_segment,
)
from metering.errors import Unavailable


def records_behind(root: Path, writer_no: int, segment: int, offset: int) -> int:
    """Records of a writer from a place on, over all its segments; those of a segment that was
    deleted are not counted. Raises Unavailable where a segment cannot be read."""
    folder = _folder(root, writer_no)
    if folder is None:
        return 0
    first = split_segment(segment)[1]
    numbers = [n for n in segment_files(folder) if n >= first]
    counts = (_end(folder, n) - (offset if n == first else 0) for n in numbers)
    return sum(max(0, count) for count in counts)


def _folder(root: Path, writer_no: int) -> Path | None:
    for file in root.glob(f"*/{WRITER_FILE}"):
        if file.read_text(encoding="ascii").strip() == str(writer_no):
            return file.parent
    return None


def _end(folder: Path, n: int) -> int:
    """Records in a segment."""
    return _last(folder, n) if find_segment(folder, n + 1) is None else _closed(folder, n)


@lru_cache(maxsize=8_192)
def _closed(folder: Path, n: int) -> int:
    """Of one that is written no more: as the one behind it says, else as it says itself."""
    following = find_segment(folder, n + 1)
    told = None if following is None else end_told_by(following, n)
    return _last(folder, n) if told is None else told


def _last(folder: Path, n: int) -> int:
    for _ in range(2):  # a plain segment may give way to its packed one just now
        path = find_segment(folder, n)
        if path is None:
            return 0
        try:
            with closing(open_for_reading(path)) as connection:
                return next_offset(connection)
        except BROKEN_FILE as error:
            if "no such table" in str(error):
                return 0  # created this instant
            refused: Exception = error
    raise_if_passing(refused, segment_name(folder, n))
    raise Unavailable(
        f"a journal segment is damaged, it cannot be read: {refused}",
        field="segment",
        value=segment_name(folder, n),
        fix=REPAIR,
    ) from refused
