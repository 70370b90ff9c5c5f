"""What a rebuild leaves once the journal's oldest segments have expired: everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector.journal.segment import segment_files
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from proofs.steps import last_json, run

SMALL_SEGMENTS = "\n[journal]\nsegment_mb = 1\n"
"""Settings under which a demo's journal has many segments."""


def rebuilt_after_expiry(folder: DataFolder) -> dict[str, Any]:
    """Take the older half of each writer's segments away, as retention would, and rebuild a
    platform that is stopped; what of its books is lost or restated by that."""
    before = _rows(folder)
    expired = sum(_expire(writer) for writer in sorted(folder.journal.iterdir()))
    told = last_json(run("rebuild", str(folder.root)))
    return {
        "segments_expired": expired,
        "rows_lost": len(before - _rows(folder)),
        "restated": told["restated"],
        "book_hash": told["book_hash"],
    }


def _rows(folder: DataFolder) -> set[tuple[object, ...]]:
    return {(row.key, row.day, row.total) for row in open_stores(folder).books.digest_rows()}


def _expire(writer: Path) -> int:
    numbers = segment_files(writer)
    gone = numbers[: len(numbers) // 2]
    for n in gone:
        for file in writer.glob(f"{n:08d}.*"):
            file.unlink()
    return len(gone)
