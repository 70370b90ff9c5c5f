"""What a simulated shared platform keeps: the latest entry of each key, and where it stands.

Entries, the cursor behind them and the counts of a page are one transaction: killed at any
moment, it holds a page whole or not at all, and asks for the same page again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = Mapping[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    key TEXT PRIMARY KEY, institution TEXT NOT NULL, node TEXT NOT NULL, item TEXT NOT NULL,
    day TEXT NOT NULL, revision INTEGER NOT NULL, unit TEXT NOT NULL, value TEXT,
    amount INTEGER, shares TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (institution TEXT PRIMARY KEY, cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counted (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
KEEP_HIGHEST = """
INSERT INTO entry VALUES (:key, :institution, :node, :item, :day, :revision, :unit, :value,
    :amount, :shares)
ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, unit = excluded.unit,
    value = excluded.value, amount = excluded.amount, shares = excluded.shares
WHERE excluded.revision > entry.revision
"""


class SharedEntries:
    """One SQLite file, durable at every commit."""

    def __init__(self, file: Path) -> None:
        self._con = sqlite3.connect(file, timeout=30)
        self._con.execute("PRAGMA journal_mode = WAL")
        self._con.execute("PRAGMA synchronous = FULL")
        self._con.executescript(SCHEMA)

    def cursor(self, institution: str) -> str | None:
        """Where to go on; None at first."""
        found = self._con.execute("SELECT cursor FROM place WHERE institution = ?", [institution])
        row = found.fetchone()
        return None if row is None else str(row[0])

    def take(self, institution: str, entries: Sequence[Entry], cursor: str) -> None:
        """A page: entries that are newer than what is held, and the cursor behind them.

        Entries of another institution are counted as leaked and not kept.
        """
        own = [entry for entry in entries if _is_of(entry, institution)]
        with self._con:
            self._add("leaked", len(entries) - len(own))
            for entry in own:
                self._keep(entry)
            self._con.execute("REPLACE INTO place VALUES (?, ?)", [institution, cursor])

    def forget(self, institution: str) -> None:
        """Begin an institution again: its cursor is of no use any more."""
        with self._con:
            self._con.execute("DELETE FROM entry WHERE institution = ?", [institution])
            self._con.execute("DELETE FROM place WHERE institution = ?", [institution])
            self._add("begun_again", 1)

    def add(self, name: str, count: int = 1) -> None:
        """Count something that happened."""
        with self._con:
            self._add(name, count)

    def count(self, name: str) -> int:
        """How often it was counted: starts, taken, restated, repeated, refused, leaked."""
        found = self._con.execute("SELECT count FROM counted WHERE name = ?", [name]).fetchone()
        return 0 if found is None else int(found[0])

    def days(self, institution: str) -> dict[tuple[str, str, str], tuple[str | None, int | None]]:
        """(value, amount) by (node, item, local day) of the latest entries."""
        rows = self._con.execute(
            "SELECT node, item, day, value, amount FROM entry WHERE institution = ?", [institution]
        )
        return {(node, item, day): (value, amount) for node, item, day, value, amount in rows}

    def close(self) -> None:
        """Let go of the file; what was committed stays."""
        self._con.close()

    def _keep(self, entry: Entry) -> None:
        held = self._con.execute("SELECT 1 FROM entry WHERE key = ?", [entry["key"]]).fetchone()
        row = {**entry, "shares": json.dumps(entry["shares"])}
        newer = self._con.execute(KEEP_HIGHEST, row).rowcount > 0
        if not newer:
            self._add("repeated", 1)
            return
        self._add("taken", 1)
        self._add("restated", int(held is not None))

    def _add(self, name: str, count: int) -> None:
        self._con.execute(
            "INSERT INTO counted VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET count = count + excluded.count",
            [name, count],
        )


def _is_of(entry: Entry, institution: str) -> bool:
    return bool(
        entry["institution"] == institution and str(entry["key"]).startswith(f"{institution}/")
    )
