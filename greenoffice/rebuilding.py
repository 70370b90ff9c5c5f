"""`greenoffice rebuild`: readings and books again from the journal."""

from __future__ import annotations

import sys

from greenoffice.folder import DataFolder
from greenoffice.parts import IntakeWork, Parts
from metering.bookhash import book_hash, worth_hash
from metering.localtime import iso


def rebuild_folder(folder: DataFolder) -> dict[str, object]:
    """Forget readings, intake and books, make all of them again, and tell the books' hash."""
    parts = Parts.open(folder)
    try:
        parts.stores.books.clear()
        _say("reading the journal")
        taken = parts.intake.rebuild()
        IntakeWork(parts)()
        _say(f"{taken.readings} readings from {taken.records} records; booking")
        rows = 0
        while (step := parts.ledger.step()).marks:
            rows += step.rows
            _say(f"{rows} days booked, {parts.stores.marks.waiting()} ranges to go")
        return {
            "records": taken.records,
            "readings": taken.readings,
            "rows": rows,
            "at": iso(parts.now_us()),
            "book_hash": book_hash(parts.stores.books),
            "worth_hash": worth_hash(parts.stores.books),
        }
    finally:
        parts.close()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
