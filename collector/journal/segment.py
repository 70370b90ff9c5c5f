"""Segment files: their names, their one table and the blobs in it.

A writer's folder::

    writer                    the writer's number; locked while a writer is open
    end                       how far the newest segment reached, noted with each batch
    00000001.packed.sqlite    closed and compressed, immutable
    00000002.sqlite           closed, not yet compressed (a higher number exists)
    00000003.sqlite           open: the highest number, WAL, one row per group commit

A packed file has a name of its own, so a write-ahead log that a crash left beside the
original can never be replayed into it. Where both exist the packed one counts.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import UnionType
from typing import NamedTuple

import msgspec

from collector.journal.record import Record
from metering.errors import Unavailable

WRITER_FILE = "writer"
END_FILE = "end"
_END_BYTES = 64
WRITER_SHIFT = 24
MAX_SEGMENTS = (1 << WRITER_SHIFT) - 1
PLAIN, PACKED = ".sqlite", ".packed.sqlite"
MSGPACK, MSGPACK_ZLIB = "msgpack", "msgpack+zlib"

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS batch (first_offset INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " arrived_us INTEGER NOT NULL, codec TEXT NOT NULL, data BLOB NOT NULL,"
    " crc INTEGER NOT NULL, sums BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS origin (n INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL)",
)
"""`crc` is over the row, `sums` has one for each record; `origin` says where the segment before
ended, so that one which was cut short is noticed."""
INSERT = (
    "INSERT INTO batch (first_offset, count, arrived_us, codec, data, crc, sums)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
SET_ORIGIN = "INSERT OR REPLACE INTO origin (n, next_offset) VALUES (?, ?)"
ORIGIN = "SELECT next_offset FROM origin WHERE n = ?"
LAST_ROW = "SELECT {columns} FROM batch ORDER BY first_offset DESC LIMIT 1"
_OLD_COLUMNS = 5
NEXT_OFFSET = "SELECT first_offset + count FROM batch ORDER BY first_offset DESC LIMIT 1"

_encoder = msgspec.msgpack.Encoder()
_records = msgspec.msgpack.Decoder(list[Record])
_raws = msgspec.msgpack.Decoder(list[msgspec.Raw])
_record = msgspec.msgpack.Decoder(Record)


def segment_number(writer_no: int, n: int) -> int:
    """The int64 that lineage carries for file ``n`` of a writer."""
    return writer_no << WRITER_SHIFT | n


def split_segment(segment: int) -> tuple[int, int]:
    """(writer_no, n) of a segment number."""
    return segment >> WRITER_SHIFT, segment & MAX_SEGMENTS


def plain_path(folder: Path, n: int) -> Path:
    """The file of a writer's segment as long as it is written to, and until it is compressed."""
    return folder / f"{n:08d}{PLAIN}"


def packed_path(folder: Path, n: int) -> Path:
    """The file of a writer's segment once it is compressed."""
    return folder / f"{n:08d}{PACKED}"


def find_segment(folder: Path, n: int) -> Path | None:
    """The file that counts for segment ``n``, or None where it does not exist."""
    packed, plain = packed_path(folder, n), plain_path(folder, n)
    if packed.exists():
        return packed
    if plain.exists():
        return plain
    return packed if packed.exists() else None  # it gave way between the two looks


def segment_files(folder: Path) -> list[int]:
    """Numbers of the segments in a folder, ascending."""
    names = (path.name for path in folder.glob(f"*{PLAIN}"))
    stems = {name.removesuffix(PACKED).removesuffix(PLAIN) for name in names}
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def tell_end(folder: Path, n: int, next_offset: int, *, sync: bool) -> None:
    """Note that segment n reaches at least so far, in place and within one sector of the disk, so
    that there is never half a note; `sync` it against a loss of power too. A full disk keeps the
    note before."""
    note = f"{n} {next_offset}".ljust(_END_BYTES - 1) + "\n"
    try:
        descriptor = os.open(folder / END_FILE, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.pwrite(descriptor, note.encode("ascii"), 0)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        return


def told_end(folder: Path) -> tuple[int, int] | None:
    """(segment number, offset) of the last note; None where there is none, or it is damaged."""
    try:
        n, offset = (folder / END_FILE).read_text(encoding="ascii").split()
        return int(n), int(offset)
    except (OSError, ValueError):
        return None


class JournalRow(NamedTuple):
    """A row of a segment: the records of one group commit, or of one compressed block."""

    first_offset: int
    records: int
    arrived_us: int
    codec: str
    data: bytes
    crc: int | None
    """None in segments written before rows had one, as `sums`."""
    sums: bytes | None

    @classmethod
    def of(cls, first: int, arrived_us: int, codec: str, blobs: Sequence[bytes]) -> JournalRow:
        """The row of encoded records, with its checksums."""
        data = _encoder.encode([msgspec.Raw(blob) for blob in blobs])
        data = zlib.compress(data, 6) if codec == MSGPACK_ZLIB else data
        sums = struct.pack(f"<{len(blobs)}I", *map(zlib.crc32, blobs))
        crc = _row_crc(first, len(blobs), arrived_us, codec, data)
        return cls(first, len(blobs), arrived_us, codec, data, crc, sums)

    @classmethod
    def stored(cls, values: Sequence[object]) -> JournalRow:
        """The row as the file has it; one with values of other types is damaged, and not whole.
        DataError of one without a place, as where the table's own definition is damaged."""
        first = values[0]
        if all(isinstance(*pair) for pair in zip(values, _TYPES, strict=True)):
            return cls._make(values)
        if not isinstance(first, int):
            raise sqlite3.DataError(f"a row has no place, but {first!r}")
        return cls(first, 1, 0, MSGPACK, b"", -1, b"")

    @property
    def end(self) -> int:
        """The offset after its last record."""
        return self.first_offset + self.records

    @property
    def whole(self) -> bool:
        """Whether it is as it was written, as far as its checksum says."""
        return self.crc is None or self.crc == _row_crc(*self[:5])

    def blobs(self) -> list[bytes]:
        """Its records, each encoded; raises `UNREADABLE` where it holds none."""
        return [bytes(raw) for raw in _raws.decode(_inflate(self.codec, self.data))]


_TYPES: tuple[type | UnionType, ...] = (
    int,
    int,
    int,
    str,
    bytes,
    int | None,
    bytes | None,
)
UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, zlib.error, UnicodeDecodeError)
"""What decoding raises of bytes that are no records."""
BROKEN_FILE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises of a damaged file; the second where its own message quotes the damage."""
_NOT_NOW = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR_LOCK",
    "SQLITE_IOERR_NOMEM",
    "SQLITE_IOERR_SHM",
    "SQLITE_LOCKED",
    "SQLITE_NOMEM",
    "SQLITE_PERM",
)
"""With what its errors begin that are for want of room, handles, memory, a right or a turn."""


def is_passing(error: Exception) -> bool:
    """Whether an error tells nothing of the file: who waits, or mends what is lacking, reads it. A
    damaged file is another matter, since its records are given up."""
    return getattr(error, "sqlite_errorname", "").startswith(_NOT_NOW)


def raise_if_passing(error: Exception, segment: str) -> None:
    """Unavailable where an error tells nothing of the file."""
    if is_passing(error):
        raise Unavailable(
            f"a journal segment cannot be read now: {error}",
            field="segment",
            value=segment,
            fix="free space on this disk, or raise the limit of open files (ulimit -n)",
        ) from error


def segment_name(folder: Path, n: int) -> str:
    """A segment, as errors name it."""
    return f"{folder.name}/{n:08d}"


def _row_crc(first: int, count: int, arrived_us: int, codec: str, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(f"{first} {count} {arrived_us} {codec}".encode()))


def encode(records: Sequence[Record]) -> list[bytes]:
    """Each record on its own, as `JournalRow.of` wants them."""
    return [_encoder.encode(record) for record in records]


def decode(codec: str, data: bytes) -> list[Record]:
    """The records of a blob."""
    return _records.decode(_inflate(codec, data))


def decode_one(codec: str, data: bytes, index: int) -> Record:
    """One record of a blob, without decoding its neighbours."""
    return _record.decode(_raws.decode(_inflate(codec, data))[index])


def is_record(blob: bytes) -> bool:
    """Whether it can be read; checksums say more, where there are any."""
    try:
        _record.decode(blob)
    except UNREADABLE:
        return False
    return True


def _inflate(codec: str, data: bytes) -> bytes:
    return zlib.decompress(data) if codec == MSGPACK_ZLIB else data


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection that any thread may use, one at a time.

    What a crash left half written beside the file is taken back before: who may only read cannot
    do it, and would take the file for a damaged one."""
    if path.name.endswith(PACKED):
        return _read_only(path, "mode=ro&immutable=1")
    connection = _read_only(path, "mode=ro")
    try:
        connection.execute("PRAGMA schema_version")
    except BROKEN_FILE as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_READONLY"):
            _take_back(path)
    return connection


def _read_only(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _take_back(path: Path) -> None:
    """Have SQLite undo a write that was broken off; it leaves one that goes on alone."""
    with suppress(*BROKEN_FILE), closing(sqlite3.connect(path, isolation_level=None)) as own:
        own.execute("PRAGMA busy_timeout=5000")
        own.execute("PRAGMA schema_version")


def columns_of(connection: sqlite3.Connection) -> str:
    """What to select of a row; segments of before have no checksums, and two columns less. Where
    damage renamed those of the checksums they are taken by their place: a segment is never taken
    for one of before, whose records are believed. DataError where there are other columns."""
    names = [str(row[1]) for row in connection.execute("PRAGMA table_info(batch)")]
    sums = "ifnull(crc, -1), ifnull(sums, x'')"
    if len(names) == _OLD_COLUMNS:
        sums = "NULL, NULL"
    elif len(names) == _OLD_COLUMNS + 2:
        crc, own = ('"' + name.replace('"', '""') + '"' for name in names[_OLD_COLUMNS:])
        sums = f"ifnull({crc}, -1), ifnull({own}, x'')"
    elif names:
        raise sqlite3.DataError(f"the table of records has the columns {', '.join(names)}")
    return f"first_offset, count, arrived_us, codec, data, {sums}"


def next_offset(connection: sqlite3.Connection) -> int:
    """The offset after the last record, 0 where there is none; DataError where it is no number."""
    row = connection.execute(NEXT_OFFSET).fetchone()
    if row is None:
        return 0
    if not isinstance(row[0], int):
        raise sqlite3.DataError(f"the last row ends at {row[0]!r}")
    return row[0]


def end_told_by(path: Path, n: int) -> int | None:
    """Where segment n ended, as the file of the one behind it says; None where that does not, or
    is damaged itself."""
    try:
        with closing(open_for_reading(path)) as connection:
            return origin_in(connection, n)
    except BROKEN_FILE as error:
        raise_if_passing(error, segment_name(path.parent, n + 1))
        return None


def origin_in(connection: sqlite3.Connection, n: int) -> int | None:
    """Where segment n ended, as the segment behind it says; None where it does not, or says what
    is no place: a flipped bit turns a number into nothing, a text or bytes."""
    try:
        row = connection.execute(ORIGIN, (n,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    told = row[0] if row else None
    return told if isinstance(told, int) and told >= 0 else None
