"""Values of a table, in the unit that was said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from collector.tables.options import HistoryForm
from metering.tables import NumberForm, is_missing, plain_numbers, scaled_unit
from metering.units import UNITS


class ValueReader:
    """Reads values, and turns them into the unit that was said."""

    def __init__(self, numbers: NumberForm, form: HistoryForm) -> None:
        self._numbers, self._unit = numbers, form.unit
        self._factors: dict[tuple[str, str], float] = {}

    def read(self, raw: object) -> tuple[float, str]:
        """(value, unit beside it or ''), NaN where there is none; ValueError for no number."""
        if isinstance(raw, float) and not math.isinf(raw):
            return raw, ""
        if raw is None or (isinstance(raw, str) and is_missing(raw)):
            return math.nan, ""
        if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
            raise ValueError("not a number")
        try:
            text, unit = self._numbers.read(raw) if isinstance(raw, str) else (raw, "")
            value = float(text)
        except (ValueError, OverflowError):
            raise ValueError("not a number") from None
        if math.isinf(value):
            raise ValueError("not a number")
        return value, unit

    def plain(self, raws: Sequence[object]) -> Sequence[float] | None:
        """The values of cells that all are numbers without anything beside them; None where one of
        them is not, or is missing."""
        kinds = set(map(type, raws))
        if kinds == {str} and self._numbers.decimal == ".":
            return plain_numbers(cast(Sequence[str], raws))
        if kinds <= {float, int}:
            numbers = cast(Sequence[float], raws)
            return numbers if all(map(_is_finite, numbers)) else None
        return None

    def becomes(self, first: str) -> str:
        """The unit of a series whose first value has this one."""
        return self._unit or scaled_unit(first)[1]

    def factor(self, unit: str, wanted: str) -> float:
        """What a value in a unit is to be multiplied by; ValueError where it does not fit."""
        if not unit or unit == wanted:
            return 1.0
        key = (unit, wanted)
        if key not in self._factors:
            scale, name = scaled_unit(unit)
            if not name and unit.lower() == wanted.lower():  # small letters, and somebody said
                return 1.0
            sent, kept = UNITS.get(name), UNITS.get(wanted)
            if sent is None:
                raise ValueError(f"unknown unit {unit[:16]}")
            if kept is None or sent.canonical != kept.canonical or sent.offset or kept.offset:
                raise ValueError(f"unit {unit[:16]} where {wanted or 'none'} is expected")
            self._factors[key] = float(scale * sent.factor / kept.factor)
        return self._factors[key]


def _is_finite(number: float) -> bool:
    """Whether it is a number that can be kept; a whole one may be longer than any."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
