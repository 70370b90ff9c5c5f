"""Copying a SQLite file while others write to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def copy_sqlite(source: Path, target: Path) -> None:
    """One consistent state of `source` as a single new file without a write-ahead log.

    All pages go in one step, inside one read transaction: copied in parts, a busy database
    would make the copy start over again and again. Raises sqlite3.Error and OSError.
    """
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        old.execute("PRAGMA busy_timeout=30000")
        old.backup(new, pages=-1)
        new.execute("PRAGMA journal_mode=DELETE")
