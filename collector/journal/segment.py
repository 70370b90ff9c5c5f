"""Segment files: their names, their one table and the blobs in it.

A writer's folder::

    writer                    the writer's number; locked while a writer is open
    00000001.packed.sqlite    closed and compressed, immutable
    00000002.sqlite           closed, not yet compressed (a higher number exists)
    00000003.sqlite           open: the highest number, WAL, one row per group commit

A packed file has a name of its own, so a write-ahead log that a crash left beside the
original can never be replayed into it. Where both exist the packed one counts.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from collector.journal.record import Record

WRITER_FILE = "writer"
WRITER_SHIFT = 24
MAX_SEGMENTS = (1 << WRITER_SHIFT) - 1
PLAIN, PACKED = ".sqlite", ".packed.sqlite"
MSGPACK, MSGPACK_ZLIB = "msgpack", "msgpack+zlib"

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS batch (first_offset INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " arrived_us INTEGER NOT NULL, codec TEXT NOT NULL, data BLOB NOT NULL)"
)
INSERT = "INSERT INTO batch (first_offset, count, arrived_us, codec, data) VALUES (?, ?, ?, ?, ?)"
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
    packed = packed_path(folder, n)
    if packed.exists():
        return packed
    plain = plain_path(folder, n)
    return plain if plain.exists() else None


def segment_files(folder: Path) -> list[int]:
    """Numbers of the segments in a folder, ascending."""
    names = (path.name for path in folder.glob(f"*{PLAIN}"))
    stems = {name.removesuffix(PACKED).removesuffix(PLAIN) for name in names}
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def encode(records: Sequence[Record]) -> bytes:
    """A blob of codec ``msgpack``."""
    return _encoder.encode(records)


def decode(codec: str, data: bytes) -> list[Record]:
    """The records of a blob."""
    return _records.decode(_inflate(codec, data))


def decode_one(codec: str, data: bytes, index: int) -> Record:
    """One record of a blob, without decoding its neighbours."""
    return _record.decode(_raws.decode(_inflate(codec, data))[index])


def merge(blobs: Sequence[tuple[str, bytes]]) -> bytes:
    """Several blobs as one of codec ``msgpack+zlib``, the records in order."""
    raws = [raw for codec, data in blobs for raw in _raws.decode(_inflate(codec, data))]
    return zlib.compress(_encoder.encode(raws), 6)


def _inflate(codec: str, data: bytes) -> bytes:
    return zlib.decompress(data) if codec == MSGPACK_ZLIB else data


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection that any thread may use, one at a time."""
    mode = "mode=ro&immutable=1" if path.name.endswith(PACKED) else "mode=ro"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
    )
    connection.execute("PRAGMA busy_timeout=5000")
    return connection
