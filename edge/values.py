"""What stands in registers, as numbers."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from edge.profile import Order, ProfileRegister

_FORMATS = {
    "u16": ">H",
    "i16": ">h",
    "u32": ">I",
    "i32": ">i",
    "f32": ">f",
    "u64": ">Q",
    "i64": ">q",
    "f64": ">d",
}
PLAUSIBLE = {
    "Hz": (40.0, 70.0),
    "V": (0.0, 1e6),
    "A": (-1e5, 1e5),
    "W": (-1e9, 1e9),
    "kW": (-1e6, 1e6),
    "Wh": (0.0, 1e13),
    "kWh": (0.0, 1e10),
}
"""By unit, between what a meter of a building shows; what lies outside speaks against a profile."""


@dataclass(frozen=True)
class EdgeReading:
    """One value of a meter, at the instant its answer came [us since 1970]."""

    point: str
    kind: str
    unit: str
    time_us: int
    value: float


def number(register: ProfileRegister, words: Sequence[int], order: Order) -> float | None:
    """The value of a register's words [`register.unit`]; None where the meter has none to tell.

    A meter says so by NaN, by all ones (unsigned), or by the least or the greatest number (signed).
    """
    ordered = words if order == "big" else list(reversed(words))
    packed = b"".join(word.to_bytes(2, "big") for word in ordered)
    (raw,) = struct.unpack(_FORMATS[register.type], packed)
    if isinstance(raw, float):
        value = raw * register.scale
        return value if math.isfinite(value) else None
    if raw in _absent(register):
        return None
    # In decimals: 123456 hundredths are 1234.56, not 1234.5600000000002.
    return float(Decimal(raw) * Decimal(str(register.scale)))


def _absent(register: ProfileRegister) -> tuple[int, ...]:
    bits = 16 * register.words
    if register.type.startswith("u"):
        return ((1 << bits) - 1,)
    return ((1 << (bits - 1)) - 1, -(1 << (bits - 1)))


def plausible(register: ProfileRegister, value: float | None) -> bool:
    """Whether a meter of a building may show that."""
    if value is None:
        return False
    low, high = PLAUSIBLE.get(register.unit, (-1e15, 1e15))
    return low <= value <= high
