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
    find_segment,
    merge,
    open_for_reading,
    packed_path,
    plain_path,
    segment_files,
)

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 4_000

_Row = tuple[int, int, int, str, bytes]


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
        _write_packed(plain_path(folder, n), draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)


def _write_packed(plain: Path, draft: Path) -> None:
    source = open_for_reading(plain)
    copy = sqlite3.connect(draft, isolation_level=None)
    try:
        copy.execute("PRAGMA synchronous=FULL")
        copy.execute("BEGIN")
        copy.execute(SCHEMA)
        for block in _blocks(source):
            copy.execute(INSERT, _merged(block))
        copy.execute("COMMIT")
        if source.execute(NEXT_OFFSET).fetchone() != copy.execute(NEXT_OFFSET).fetchone():
            raise sqlite3.DataError(f"{plain.name}: the compressed copy is not complete")
    finally:
        copy.close()
        source.close()


def _blocks(source: sqlite3.Connection) -> Iterator[list[_Row]]:
    """Neighbouring rows in groups of about one block."""
    block: list[_Row] = []
    size = count = 0
    for row in source.execute(
        "SELECT first_offset, count, arrived_us, codec, data FROM batch ORDER BY first_offset"
    ):
        block.append(row)
        size += len(row[4])
        count += row[1]
        if size >= BLOCK_BYTES or count >= BLOCK_RECORDS:
            yield block
            block, size, count = [], 0, 0
    if block:
        yield block


def _merged(block: list[_Row]) -> _Row:
    data = merge([(codec, data) for *_, codec, data in block])
    count = sum(row[1] for row in block)
    arrived_us = max(row[2] for row in block)
    return block[0][0], count, arrived_us, MSGPACK_ZLIB, data


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
