"""Book rows to columns and back.

    slots         int64 little-endian, 8 bytes a slot, of the finest part
    shares        uint16 little-endian, 4 a slot; NULL where wholly measured
    hour_shares, day_shares   likewise; spill: 3 uint16, NULL where all zero
    parts         MessagePack: tariff and price windows of the finest part, then the other
                  parts; NULL where the row is one part of one meter without a tariff

Nothing is compressed. zlib would shrink a day of slots to about a quarter, but a day is read
far more often than written and would then cost twice as much to unpack; the shares, which
would shrink most, are NULL on nearly every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from sqlalchemy import Row as SqlRow

from metering import quality
from metering.book import BookRow, Crossing, Part, PriceWindows, SeriesKey
from metering.localtime import day_number, day_of_number
from metering.quality import Shares
from metering.quantity import I64
from metering.tariff import TariffScope

_Scope = tuple[str, str, str]
_Crossing = tuple[int, int, bool, int, tuple[int, ...], bool]


class WindowsKept(msgspec.Struct, array_like=True):
    """Price windows as they are kept."""

    offsets: tuple[int, ...]
    quantity: bytes
    estimated: bytes
    """Empty where all zero."""
    crossings: tuple[_Crossing, ...]

    def unpacked_crossings(self) -> tuple[Crossing, ...]:
        """The crossings as they are told."""
        return tuple(Crossing(*one) for one in self.crossings)


class TermsKept(msgspec.Struct, array_like=True):
    """What a part has beside its slots."""

    scope: _Scope | None
    meters: int
    windows: WindowsKept | None

    def told_scope(self) -> TariffScope | None:
        """The scope as it is told."""
        return None if self.scope is None else TariffScope(*self.scope)


class PartKept(msgspec.Struct, array_like=True):
    """A part that is not the finest of its row."""

    terms: TermsKept
    step_min: int
    slots: bytes
    shares: bytes | None
    hour_shares: bytes | None


class PartsKept(msgspec.Struct, array_like=True):
    """The column `parts`."""

    finest: TermsKept
    others: tuple[PartKept, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(PartsKept)
PLAIN = TermsKept(None, 1, None)
"""Of a part of one meter without a tariff."""
NO_OTHERS = b"\x90"
"""How the column `parts` of a row of one part ends. Of several it does not: it ends with nil, or
with shares, whose last byte is at most 0x27."""


def kept_parts(data: bytes | None) -> PartsKept:
    """What the column `parts` says."""
    return PartsKept(PLAIN, ()) if data is None else _DECODER.decode(data)


def packed(row: BookRow, series_id: int, revision: int) -> dict[str, Any]:
    """The columns of a current row, save whether it is told."""
    finest = row.finest
    return {
        "series_id": series_id,
        "day": day_number(row.day),
        "revision": revision,
        "superseded_at": None,
        "step_min": finest.step_min,
        "provisional": row.provisional,
        "total": row.total,
        "slots": _packed_amounts(finest.slots),
        "shares": _packed_shares(finest.shares, len(finest.slots)),
        "hour_shares": _packed_shares(
            finest.hour_shares, hours_of(len(finest.slots), finest.step_min)
        ),
        "day_shares": _packed_shares(row.day_shares.reshape(-1, 4), 1),
        "spill": np.array(row.spill, "<u2").tobytes() if any(row.spill) else None,
        "parts": packed_parts(row),
        "rules": row.rules,
        "registry": row.registry,
    }


PACKED = (
    *("series_id", "day", "revision", "superseded_at", "step_min", "provisional", "total", "slots"),
    *("shares", "hour_shares", "day_shares", "spill", "parts", "rules", "registry"),
)
"""The columns of `packed`, in their order."""


def packed_parts(row: BookRow) -> bytes | None:
    """The column `parts`."""
    terms = _terms(row.finest)
    if len(row.parts) == 1 and terms == PLAIN:
        return None
    return _ENCODER.encode(PartsKept(terms, tuple(_packed_part(part) for part in row.parts[1:])))


def unpacked(row: SqlRow[Any], key: SeriesKey) -> BookRow:
    """The row of a result that has the columns of `packed`. Its arrays are read-only."""
    return unpacked_raw([getattr(row, name) for name in RAW], key)


RAW = (
    *("day", "revision", "superseded_at", "step_min", "provisional", "total", "slots", "shares"),
    *("hour_shares", "day_shares", "spill", "parts", "rules", "registry", "told"),
)
"""The columns that a row is unpacked from, in this order."""


def unpacked_raw(columns: Sequence[Any], key: SeriesKey) -> BookRow:
    """The row of the columns `RAW` as the driver gives them. Its arrays are read-only."""
    day, revision, superseded_at, step_min, provisional, total, slots, shares = columns[:8]
    hour_shares, day_shares, spill, kept, rules, registry, told = columns[8:]
    found = kept_parts(kept)
    finest = _part(found.finest, step_min, slots, shares, hour_shares)
    others = (
        _part(one.terms, one.step_min, one.slots, one.shares, one.hour_shares)
        for one in found.others
    )
    return BookRow(
        key,
        day_of_number(day),
        (finest, *others) if found.others else (finest,),
        total,
        _shares(day_shares, 1)[0],
        spill_of(spill),
        bool(provisional),
        revision,
        rules,
        registry,
        bool(told),
        superseded_at,
    )


def _terms(part: Part) -> TermsKept:
    scope = part.scope
    return TermsKept(
        None if scope is None else (scope.kind, scope.code, scope.item),
        part.meters,
        None if part.windows is None else _packed_windows(part.windows),
    )


def _packed_windows(windows: PriceWindows) -> WindowsKept:
    return WindowsKept(
        windows.offsets,
        _packed_amounts(windows.quantity),
        _packed_amounts(windows.estimated) if windows.estimated.any() else b"",
        tuple(
            (c.first_us, c.last_us, c.measured, c.window, c.parts, c.negative)
            for c in windows.crossings
        ),
    )


def _packed_part(part: Part) -> PartKept:
    return PartKept(
        _terms(part),
        part.step_min,
        _packed_amounts(part.slots),
        _packed_shares(part.shares, len(part.slots)),
        _packed_shares(part.hour_shares, hours_of(len(part.slots), part.step_min)),
    )


def _part(
    terms: TermsKept, step_min: int, slots: bytes, shares: bytes | None, hour_shares: bytes | None
) -> Part:
    amounts = np.frombuffer(slots, "<i8")
    return Part(
        step_min=step_min,
        slots=amounts,
        shares=_shares(shares, len(amounts)),
        hour_shares=_shares(hour_shares, hours_of(len(amounts), step_min)),
        scope=terms.told_scope(),
        windows=None if terms.windows is None else _windows(terms.windows),
        meters=terms.meters,
    )


def _windows(found: WindowsKept) -> PriceWindows:
    quantity = np.frombuffer(found.quantity, "<i8")
    return PriceWindows(
        found.offsets,
        quantity,
        np.frombuffer(found.estimated, "<i8") if found.estimated else np.zeros_like(quantity),
        found.unpacked_crossings(),
    )


def hours_of(slots: int, step_min: int) -> int:
    """How many hours a day has that is made of so many slots."""
    return -(-slots * step_min // 60)


def _packed_amounts(amounts: I64) -> bytes:
    return np.ascontiguousarray(amounts, "<i8").tobytes()


def _packed_shares(shares: Shares, expected: int) -> bytes | None:
    """None only where `_shares` can give the same back."""
    data = np.ascontiguousarray(shares, "<u2").tobytes()
    return None if data == _measured(expected)[1] else data


def _shares(data: bytes | None, count: int) -> Shares:
    if data is None:
        return _measured(count)[0]
    return np.frombuffer(data, "<u2").reshape(-1, 4)


@lru_cache(maxsize=256)
def _measured(count: int) -> tuple[Shares, bytes]:
    """(count, 4) shares that are wholly measured, and their bytes."""
    shares = quality.all_of(quality.MEASURED, count)
    shares.flags.writeable = False
    return shares, shares.astype("<u2").tobytes()


def spill_of(data: bytes | None) -> tuple[int, int, int]:
    """The column `spill`."""
    if data is None:
        return (0, 0, 0)
    before, after, through = np.frombuffer(data, "<u2").tolist()
    return (before, after, through)
