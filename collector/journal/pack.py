"""Closed segments: compressed into larger blocks, and deleted when they expire.

The packed file is written beside the original, synced, compared and only then renamed;
the original goes after that. A crash between any two steps leaves a whole segment.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from collector.journal.segment import (
    INSERT,
    MSGPACK_ZLIB,
    NEXT_OFFSET,
    SCHEMA,
    SET_ORIGIN,
    JournalRow,
    columns_of,
    find_segment,
    open_for_reading,
    origin_in,
    packed_path,
    plain_path,
    segment_files,
)

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 4_000


def compress_closed(folder: Path) -> int:
    """Compress every closed segment of a folder; how many were."""
    packed = 0
    for n in segment_files(folder)[:-1]:
        if not packed_path(folder, n).exists():
            _pack(folder, n)
            packed += 1
        _remove_plain(folder, n)
    return packed


def delete_expired(folder: Path, before_us: int) -> list[int]:
    """Delete the oldest closed segments whose last record arrived before; their numbers."""
    deleted = []
    for n in segment_files(folder)[:-1]:
        path = find_segment(folder, n)
        if path is None or not _older(path, before_us):
            break
        _remove_plain(folder, n)
        packed_path(folder, n).unlink(missing_ok=True)
        deleted.append(n)
    return deleted


def sync_folder(folder: Path) -> None:
    """Make created and renamed names durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pack(folder: Path, n: int) -> None:
    target = packed_path(folder, n)
    draft = target.with_name(target.name + ".draft")
    draft.unlink(missing_ok=True)
    try:
        _write_packed(plain_path(folder, n), draft, n)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)


def _write_packed(plain: Path, draft: Path, n: int) -> None:
    source = open_for_reading(plain)
    copy = sqlite3.connect(draft, isolation_level=None)
    try:
        copy.execute("PRAGMA synchronous=FULL")
        copy.execute("BEGIN")
        for statement in SCHEMA:
            copy.execute(statement)
        if (origin := origin_in(source, n - 1)) is not None:
            copy.execute(SET_ORIGIN, (n - 1, origin))
        for block in _blocks(source):
            copy.execute(INSERT, _merged(block, plain.name))
        copy.execute("COMMIT")
        if source.execute(NEXT_OFFSET).fetchone() != copy.execute(NEXT_OFFSET).fetchone():
            raise sqlite3.DataError(f"{plain.name}: the compressed copy is not complete")
    finally:
        copy.close()
        source.close()


def _blocks(source: sqlite3.Connection) -> Iterator[list[JournalRow]]:
    """Neighbouring rows in groups of about one block."""
    block: list[JournalRow] = []
    size = count = 0
    sql = "SELECT {columns} FROM batch ORDER BY first_offset"
    for found in source.execute(sql.format(columns=columns_of(source))):
        row = JournalRow.stored(found)
        block.append(row)
        size += len(row.data)
        count += row.records
        if size >= BLOCK_BYTES or count >= BLOCK_RECORDS:
            yield block
            block, size, count = [], 0, 0
    if block:
        yield block


def _merged(block: list[JournalRow], name: str) -> JournalRow:
    """Damage is not given new checksums: a segment that has any stays as it is."""
    if not all(row.whole for row in block):
        raise sqlite3.DataError(f"{name}: a checksum does not fit")
    blobs = [blob for row in block for blob in row.blobs()]
    arrived_us = max(row.arrived_us for row in block)
    return JournalRow.of(block[0].first_offset, arrived_us, MSGPACK_ZLIB, blobs)


def _older(path: Path, before_us: int) -> bool:
    connection = open_for_reading(path)
    try:
        row = connection.execute(
            "SELECT arrived_us FROM batch ORDER BY first_offset DESC LIMIT 1"
        ).fetchone()
    finally:
        connection.close()
    return row is not None and row[0] < before_us


def _remove_plain(folder: Path, n: int) -> None:
    """Remove a segment's plain file; its name goes last, so a rest is found again."""
    plain = plain_path(folder, n)
    for suffix in ("-wal", "-shm", ""):
        plain.with_name(plain.name + suffix).unlink(missing_ok=True)
