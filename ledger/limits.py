"""What a register can do: how its readings become book units, where it wraps, how fast it runs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from metering.localtime import HOUR_US, MINUTE_US
from metering.quantity import I64
from metering.reading import F64
from metering.registry import Installation, Meter
from metering.units import BOOK_UNITS, equivalent, unit

_SAFE = float(2**53)
"""Beyond it a float skips integers, and a day of such values would not add up in 63 bits."""


@dataclass(frozen=True)
class RegisterLimits:
    """Bounds of one register in book units [mWh, mL, kJ] and microseconds."""

    step_us: int
    """The meter's native step."""
    max_per_hour: int | None = None
    """Most that can pass in an hour, as registered; None where nobody said."""
    modulus: int | None = None
    """What one turn of the register holds; None where the width is unknown."""
    signed: bool = False
    """Whether the register may fall in normal work: then limits hold both ways."""

    @classmethod
    def of(cls, meter: Meter, installation: Installation, counted: str) -> RegisterLimits:
        """From the registry; `digits` are counted in the sent unit, before the ratio. `counted` is
        the canonical unit of the point."""
        modulus = None
        if installation.digits is not None:
            turn = 10**installation.digits * _sent_factor(counted, installation)
            modulus = round(turn * book_factor(meter, installation.ratio, counted))
        fastest = meter.max_per_hour
        return cls(
            meter.step_min * MINUTE_US,
            None if fastest is None else round(fastest * _per_canonical(meter)),
            modulus,
            installation.signed,
        )

    @property
    def flat_us(self) -> int:
        """How long a register must stand still before that means anything."""
        return max(2 * self.step_us, HOUR_US)


def book_factor(meter: Meter, ratio: Decimal, counted: str) -> Fraction:
    """Book units per canonical unit of the point, the transformer ratio included; of a power per
    hour of it."""
    return Fraction(ratio) * equivalent(counted, meter.unit) * _per_canonical(meter)


def to_book_units(values: F64, factor: Fraction | float | F64) -> tuple[I64, NDArray[np.bool_]]:
    """(integers, usable): rint(value * factor), one rounding a reading.

    Not usable: NaN, infinities, and beyond 2**53; those integers are 0.
    """
    exact = float(factor) if isinstance(factor, Fraction) else factor
    scaled = np.rint(values * exact)
    usable = np.abs(scaled) < _SAFE
    if usable.all():
        return scaled.astype(np.int64), usable
    return np.where(usable, scaled, 0.0).astype(np.int64), usable


def _per_canonical(meter: Meter) -> int:
    return BOOK_UNITS[meter.unit].per_canonical


def _sent_factor(counted: str, installation: Installation) -> Fraction:
    sent = unit(installation.register_unit)
    return sent.factor if sent.canonical == counted else Fraction(1)
