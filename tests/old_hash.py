"""The book hash as versions before r0038 told it: all rows in one, by key and day."""

from __future__ import annotations

import hashlib

from metering.bookhash import row_fields
from metering.ports import BookDigest


def old_hash(store: BookDigest) -> str:
    digest = hashlib.sha256()
    for row in store.digest_rows():
        if row.total is not None:
            for field in row_fields(row):
                digest.update(len(field).to_bytes(4, "big"))
                digest.update(field)
    return digest.hexdigest()
