"""Book rows to columns and back.

    slots         int64 little-endian, 8 bytes a slot
    shares        uint16 little-endian, 4 a slot; NULL where wholly measured
    hour_shares, day_shares   likewise; spill: 3 uint16, NULL where all zero

Nothing is compressed. zlib would shrink a day of slots to about a quarter, but a day is read
far more often than written and would then cost twice as much to unpack; the shares, which
would shrink most, are NULL on nearly every row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Row as SqlRow

from metering import quality
from metering.book import BookRow, SeriesKey
from metering.localtime import day_number, day_of_number
from metering.quality import Shares
from metering.quantity import I64


def packed(row: BookRow, series_id: int, revision: int) -> dict[str, Any]:
    """The columns of a row."""
    return {
        "series_id": series_id,
        "day": day_number(row.day),
        "revision": revision,
        "superseded_at": None,
        "step_min": row.step_min,
        "provisional": row.provisional,
        "total": row.total,
        "slots": row.slots.astype("<i8").tobytes(),
        "shares": _packed_shares(row.shares, len(row.slots)),
        "hour_shares": _packed_shares(row.hour_shares, _hours(row.slots, row.step_min)),
        "day_shares": _packed_shares(row.day_shares.reshape(-1, 4), 1),
        "spill": np.array(row.spill, "<u2").tobytes() if any(row.spill) else None,
    }


def unpacked(row: SqlRow[Any], key: SeriesKey) -> BookRow:
    """The row of a result that has the columns of `packed`. Its arrays are read-only."""
    slots = np.frombuffer(row.slots, "<i8")
    return BookRow(
        key=key,
        day=day_of_number(row.day),
        step_min=row.step_min,
        slots=slots,
        shares=_shares(row.shares, len(slots)),
        hour_shares=_shares(row.hour_shares, _hours(slots, row.step_min)),
        total=row.total,
        day_shares=_shares(row.day_shares, 1)[0],
        spill=_spill(row.spill),
        provisional=row.provisional,
        revision=row.revision,
    )


def _hours(slots: I64, step_min: int) -> int:
    """How many hours a day has that is made of these slots."""
    return -(-len(slots) * step_min // 60)


def _packed_shares(shares: Shares, expected: int) -> bytes | None:
    """None only where `_shares` can give the same back."""
    whole = bool((shares[:, quality.MEASURED] == quality.WHOLE).all())
    return None if whole and len(shares) == expected else shares.astype("<u2").tobytes()


def _shares(data: bytes | None, count: int) -> Shares:
    if data is None:
        return quality.all_of(quality.MEASURED, count)
    return np.frombuffer(data, "<u2").reshape(-1, 4)


def _spill(data: bytes | None) -> tuple[int, int, int]:
    if data is None:
        return (0, 0, 0)
    before, after, through = np.frombuffer(data, "<u2").tolist()
    return (before, after, through)
