"""The book hash: one number for everything that is booked.

SHA-256 over the current settled rows in natural order, each as its natural key and its
content, every field preceded by its length. Left out are revisions, versions of registry and
rules, row ids and times of recording, and days of which nothing is known, which say no more than
days without a row. So the hash is equal whatever the order of arrival, the store or the number of
restarts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from metering.book import BookRow, Part
from metering.ports import BookDigest


def book_hash(store: BookDigest, before: date | None = None, institution: str | None = None) -> str:
    """The hash in hex over local days earlier than `before`; None means all days."""
    digest = hashlib.sha256()
    for row in store.digest_rows(institution):
        if row.total is not None and (before is None or row.day < before):
            for field in _fields(row):
                digest.update(len(field).to_bytes(4, "big"))
                digest.update(field)
    return digest.hexdigest()


def worth_hash(
    store: BookDigest, before: date | None = None, institution: str | None = None
) -> str:
    """Likewise over what the same rows hold by tariff and price window."""
    digest = hashlib.sha256()
    for row in store.digest_rows(institution):
        if row.total is not None and (before is None or row.day < before):
            for field in (*_name(row), *(f for part in row.parts for f in _windows(part))):
                digest.update(len(field).to_bytes(4, "big"))
                digest.update(field)
    return digest.hexdigest()


def _fields(row: BookRow) -> Iterator[bytes]:
    yield from _name(row)
    for part in row.parts:
        yield str(part.step_min).encode()
        yield part.slots.astype("<i8").tobytes()
        for shares in (part.shares, part.hour_shares):
            yield shares.astype("<u2").tobytes()
    yield row.day_shares.astype("<u2").tobytes()
    yield ",".join(map(str, row.spill)).encode()
    yield b"" if row.total is None else str(row.total).encode()


def _name(row: BookRow) -> Iterator[bytes]:
    key = row.key
    for text in (key.institution, key.kind, key.code, key.item, row.day.isoformat()):
        yield text.encode()


def _windows(part: Part) -> Iterator[bytes]:
    scope, windows = part.scope, part.windows
    yield b"" if scope is None else "/".join((scope.kind, scope.code, scope.item)).encode()
    if windows is not None:
        yield ",".join(map(str, windows.offsets)).encode()
        yield windows.quantity.astype("<i8").tobytes()
        yield windows.estimated.astype("<i8").tobytes()
        yield repr([vars(one) for one in windows.crossings]).encode()
