"""The book hash: one number for everything that is booked.

    row         key and content, every field preceded by its length
    day         SHA-256 over an institution's rows of a local day, by their keys
    month       SHA-256 over its days       2026-11-23, day; ...
    institution SHA-256 over its months     2026-11, month; ...
    the hash    SHA-256 over institutions   bureau, institution; ...

Of current settled rows. Left out are revisions, versions of registry and rules, row ids and times
of recording, and days of which nothing is known, which say no more than days without a row; a
month or an institution without a day is none. So the hash is equal whatever the order of
arrival, the store or the number of restarts. A store that keeps the hashes of days and months tells
the whole at the cost of what changed since it was asked last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby

from metering.book import BookRow, Part
from metering.ports import BookDigest

DayHash = tuple[date, bytes]
Months = Mapping[str, bytes]
"""Hash of each month that has one, by `2026-11`."""


def book_hash(store: BookDigest, before: date | None = None, institution: str | None = None) -> str:
    """The hash in hex over local days earlier than `before`; None means all days."""
    return _hash_of(store, before, institution, row_fields)


def worth_hash(
    store: BookDigest, before: date | None = None, institution: str | None = None
) -> str:
    """Likewise over what the same rows hold by tariff and price window."""
    return _hash_of(store, before, institution, worth_fields)


def hash_of_days(
    rows: Iterable[BookRow], fields: Callable[[BookRow], Iterator[bytes]]
) -> list[DayHash]:
    """The hash of each day of one institution's rows (sorted by key, in any order of days), days
    rising; those of which nothing is known are left out."""
    found: dict[date, hashlib._Hash] = {}
    for row in rows:
        if row.total is not None:
            own = found.setdefault(row.day, hashlib.sha256())
            for field in fields(row):
                own.update(_said(field))
    return [(day, own.digest()) for day, own in sorted(found.items())]


def hash_of_months(days: Iterable[DayHash]) -> dict[str, bytes]:
    """The hash of each month of days, which rise."""
    return {
        month: _hash((day.isoformat(), own) for day, own in some)
        for month, some in groupby(days, lambda one: one[0].isoformat()[:7])
    }


def hash_of_institutions(institutions: Iterable[tuple[str, Months]]) -> str:
    """The hash in hex of institutions by their months; those without any are left out."""
    ordered = sorted((name, months) for name, months in institutions if months)
    return _hash((name, _hash(sorted(months.items()))) for name, months in ordered).hex()


def row_fields(row: BookRow) -> Iterator[bytes]:
    """What the hash is made of, of a row."""
    yield from _name(row)
    for part in row.parts:
        yield str(part.step_min).encode()
        yield part.slots.astype("<i8").tobytes()
        for shares in (part.shares, part.hour_shares):
            yield shares.astype("<u2").tobytes()
    yield row.day_shares.astype("<u2").tobytes()
    yield ",".join(map(str, row.spill)).encode()
    yield b"" if row.total is None else str(row.total).encode()


def worth_fields(row: BookRow) -> Iterator[bytes]:
    """What the hash of what it is worth is made of, of a row."""
    yield from _name(row)
    for part in row.parts:
        yield from _windows(part)


def _hash_of(
    store: BookDigest,
    before: date | None,
    institution: str | None,
    fields: Callable[[BookRow], Iterator[bytes]],
) -> str:
    rows = store.digest_rows(institution)
    return hash_of_institutions(
        (
            name,
            hash_of_months(
                hash_of_days((row for row in own if before is None or row.day < before), fields)
            ),
        )
        for name, own in groupby(rows, lambda row: row.key.institution)
    )


def _hash(named: Iterable[tuple[str, bytes]]) -> bytes:
    found = hashlib.sha256()
    for name, own in named:
        found.update(_said(name.encode()))
        found.update(_said(own))
    return found.digest()


def _said(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big") + field


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
