"""A journal in a backup: the same folders and segments, each as one file.

{writer}/writer                   the writer's number
{writer}/{n:08d}.packed.sqlite    closed and compressed: immutable, copied as it is
{writer}/{n:08d}.sqlite           any other: in use, copied by SQLite itself
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from metering.errors import Unavailable
from storage.backup.manifest import Place
from storage.backup.sqlite_files import copy_sqlite

_NUMBER_FILE = "writer"
_PLAIN, _PACKED = ".sqlite", ".packed.sqlite"
_SHIFT = 24
_NEXT_OFFSET = "SELECT first_offset + count FROM batch ORDER BY first_offset DESC LIMIT 1"


def back_up_journal(journal: Path, target: Path) -> None:
    """Copy all segments while their writers go on; what comes meanwhile may or may not be in it.

    Unavailable, naming the segment, where one cannot be read.
    """
    for marker in sorted(journal.glob(f"*/{_NUMBER_FILE}")):
        folder = target / marker.parent.name
        folder.mkdir(parents=True)
        shutil.copyfile(marker, folder / _NUMBER_FILE)
        for n in _segments(marker.parent):
            _copy_segment(marker.parent, folder, n)


def journal_ends(journal: Path) -> dict[int, Place]:
    """Per writer the place after its last record, of a journal that nobody writes or that only
    grows meanwhile; writers that never wrote are left out."""
    ends = {}
    for marker in sorted(journal.glob(f"*/{_NUMBER_FILE}")):
        number = marker.read_text("ascii").strip()
        numbers = _segments(marker.parent)
        if number.isdecimal() and numbers:
            last = numbers[-1]
            offset = _next_offset(marker.parent, last)
            ends[int(number)] = (int(number) << _SHIFT | last, offset)
    return ends


def journal_starts(journal: Path) -> dict[int, int]:
    """Per writer the number of its oldest segment that is still there."""
    starts = {}
    for marker in sorted(journal.glob(f"*/{_NUMBER_FILE}")):
        number = marker.read_text("ascii").strip()
        numbers = _segments(marker.parent)
        if number.isdecimal() and numbers:
            starts[int(number)] = int(number) << _SHIFT | numbers[0]
    return starts


def _segments(folder: Path) -> list[int]:
    names = (path.name.removesuffix(_PACKED) for path in folder.glob(f"*{_PLAIN}"))
    stems = {name.removesuffix(_PLAIN) for name in names}
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def _copy_segment(folder: Path, target: Path, n: int) -> None:
    """The writer may compress a segment while it is copied: then the compressed one is there."""
    plain, packed = f"{n:08d}{_PLAIN}", f"{n:08d}{_PACKED}"
    for _ in range(2):
        try:
            if (folder / packed).exists():
                shutil.copyfile(folder / packed, target / packed)
            elif (folder / plain).exists():
                copy_sqlite(folder / plain, target / plain)
        except (FileNotFoundError, sqlite3.Error) as error:
            (target / plain).unlink(missing_ok=True)
            (target / packed).unlink(missing_ok=True)
            failed: Exception = error
        else:
            return  # copied, or expired while the segments before it were
    raise Unavailable(
        f"a journal segment cannot be copied: {failed}",
        field="segment",
        value=f"{folder.name}/{n:08d}",
        fix="look at the disk; a damaged segment can be moved away",
    ) from failed


def _next_offset(folder: Path, n: int) -> int:
    packed = folder / f"{n:08d}{_PACKED}"
    path = packed if packed.exists() else folder / f"{n:08d}{_PLAIN}"
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as con:
            row = con.execute(_NEXT_OFFSET).fetchone()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return 0  # made this instant, not one batch in it yet
        raise Unavailable(
            f"a journal segment is damaged, it cannot be read: {error}",
            field="segment",
            value=f"{folder.name}/{n:08d}",
            fix="look whether the file can be read; a damaged one is in an earlier backup",
        ) from error
    return int(row[0]) if row else 0
