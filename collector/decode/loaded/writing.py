"""A part of a loaded table as bytes for the journal."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from metering.quantity import I64
from metering.reading import F64


@dataclass(frozen=True, eq=False)
class LoadedPart:
    """Some readings of one point of a table; both arrays (n,)."""

    file: str
    point: str
    """The gateway's own name of it."""
    unit: str
    """'' is that in which the point sends."""
    time_us: I64
    """[us UTC]"""
    value: F64
    """In the unit; finite."""


def payload_of(part: LoadedPart) -> bytes:
    """The payload that `decode` reads back; who loaded it, and when, the record says."""
    return msgspec.json.encode(
        {
            "file": part.file,
            "point": part.point,
            "unit": part.unit or None,
            "times_us": part.time_us.tolist(),
            "values": part.value.tolist(),
        }
    )
