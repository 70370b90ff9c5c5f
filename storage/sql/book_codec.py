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


class _Windows(msgspec.Struct, array_like=True):
    offsets: tuple[int, ...]
    quantity: bytes
    estimated: bytes
    """Empty where all zero."""
    crossings: tuple[_Crossing, ...]


class _Terms(msgspec.Struct, array_like=True):
    """What a part has beside its slots."""

    scope: _Scope | None
    meters: int
    windows: _Windows | None


class _Part(msgspec.Struct, array_like=True):
    terms: _Terms
    step_min: int
    slots: bytes
    shares: bytes | None
    hour_shares: bytes | None


class _Parts(msgspec.Struct, array_like=True):
    finest: _Terms
    others: tuple[_Part, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Parts)
_PLAIN = _Terms(None, 1, None)


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
        "slots": finest.slots.astype("<i8").tobytes(),
        "shares": _packed_shares(finest.shares, len(finest.slots)),
        "hour_shares": _packed_shares(finest.hour_shares, _hours(finest.slots, finest.step_min)),
        "day_shares": _packed_shares(row.day_shares.reshape(-1, 4), 1),
        "spill": np.array(row.spill, "<u2").tobytes() if any(row.spill) else None,
        "parts": packed_parts(row),
        "rules": row.rules,
        "registry": row.registry,
    }


def packed_parts(row: BookRow) -> bytes | None:
    """The column `parts`."""
    terms = _terms(row.finest)
    if len(row.parts) == 1 and terms == _PLAIN:
        return None
    return _ENCODER.encode(_Parts(terms, tuple(_packed_part(part) for part in row.parts[1:])))


def unpacked(row: SqlRow[Any], key: SeriesKey) -> BookRow:
    """The row of a result that has the columns of `packed`. Its arrays are read-only."""
    found = _Parts(_PLAIN, ()) if row.parts is None else _DECODER.decode(row.parts)
    finest = _part(found.finest, row.step_min, row.slots, row.shares, row.hour_shares)
    others = (
        _part(one.terms, one.step_min, one.slots, one.shares, one.hour_shares)
        for one in found.others
    )
    return BookRow(
        key=key,
        day=day_of_number(row.day),
        parts=(finest, *others),
        total=row.total,
        day_shares=_shares(row.day_shares, 1)[0],
        spill=_spill(row.spill),
        provisional=row.provisional,
        revision=row.revision,
        rules=row.rules,
        registry=row.registry,
        told=row.told,
        superseded_at=row.superseded_at,
    )


def _terms(part: Part) -> _Terms:
    scope = part.scope
    return _Terms(
        None if scope is None else (scope.kind, scope.code, scope.item),
        part.meters,
        None if part.windows is None else _packed_windows(part.windows),
    )


def _packed_windows(windows: PriceWindows) -> _Windows:
    return _Windows(
        windows.offsets,
        windows.quantity.astype("<i8").tobytes(),
        windows.estimated.astype("<i8").tobytes() if windows.estimated.any() else b"",
        tuple(
            (c.first_us, c.last_us, c.measured, c.window, c.parts, c.negative)
            for c in windows.crossings
        ),
    )


def _packed_part(part: Part) -> _Part:
    return _Part(
        _terms(part),
        part.step_min,
        part.slots.astype("<i8").tobytes(),
        _packed_shares(part.shares, len(part.slots)),
        _packed_shares(part.hour_shares, _hours(part.slots, part.step_min)),
    )


def _part(
    terms: _Terms, step_min: int, slots: bytes, shares: bytes | None, hour_shares: bytes | None
) -> Part:
    amounts = np.frombuffer(slots, "<i8")
    return Part(
        step_min=step_min,
        slots=amounts,
        shares=_shares(shares, len(amounts)),
        hour_shares=_shares(hour_shares, _hours(amounts, step_min)),
        scope=None if terms.scope is None else TariffScope(*terms.scope),
        windows=None if terms.windows is None else _windows(terms.windows),
        meters=terms.meters,
    )


def _windows(found: _Windows) -> PriceWindows:
    quantity = np.frombuffer(found.quantity, "<i8")
    return PriceWindows(
        found.offsets,
        quantity,
        np.frombuffer(found.estimated, "<i8") if found.estimated else np.zeros_like(quantity),
        tuple(Crossing(*one) for one in found.crossings),
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
