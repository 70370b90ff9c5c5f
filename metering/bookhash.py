"""The book hash: one number for everything that is booked.

SHA-256 over the current settled rows in natural order, each as its natural key and its
content, every field preceded by its length. Left out are revisions, row ids and times of
recording, and days of which nothing is known, which say no more than days without a row. So the
hash is equal whatever the order of arrival, the store or the number of restarts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from metering.book import BookRow
from metering.ports import BookStore


def book_hash(store: BookStore, before: date | None = None, institution: str | None = None) -> str:
    """The hash in hex over local days earlier than `before`; None means all days."""
    digest = hashlib.sha256()
    for row in store.digest_rows(institution):
        if row.total is not None and (before is None or row.day < before):
            for field in _fields(row):
                digest.update(len(field).to_bytes(4, "big"))
                digest.update(field)
    return digest.hexdigest()


def _fields(row: BookRow) -> Iterator[bytes]:
    key = row.key
    for text in (key.institution, key.kind, key.code, key.item, row.day.isoformat()):
        yield text.encode()
    yield str(row.step_min).encode()
    yield row.slots.astype("<i8").tobytes()
    for shares in (row.shares, row.hour_shares, row.day_shares):
        yield shares.astype("<u2").tobytes()
    yield ",".join(map(str, row.spill)).encode()
    yield b"" if row.total is None else str(row.total).encode()
