"""Values of a table, in the unit that was said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from collector.tables.options import HistoryForm
from metering.tables import NumberForm, is_missing, known_unit, plain_numbers
from metering.units import UNITS


class ValueReader:
    """Reads values, and turns them into the unit that was said."""

    def __init__(self, numbers: NumberForm, form: HistoryForm) -> None:
        self._numbers, self._unit = numbers, form.unit
        self._factors: dict[tuple[str, str], float] = {}

    def read(self, raw: object) -> tuple[float, str]:
        """(value, unit beside it or ''), NaN where there is none; ValueError for no number."""
        if isinstance(raw, float):
            return raw, ""
        if raw is None or (isinstance(raw, str) and is_missing(raw)):
            return math.nan, ""
        if isinstance(raw, int | float | Decimal):
            return float(raw), ""
        if not isinstance(raw, str):
            raise ValueError("not a number")
        try:
            text, unit = self._numbers.read(raw)
        except ValueError:
            raise ValueError("not a number") from None
        value = float(text)
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
            return None if any(map(math.isnan, numbers)) else numbers
        return None

    def becomes(self, first: str) -> str:
        """The unit of a series whose first value has this one."""
        return self._unit or first

    def factor(self, unit: str, wanted: str) -> float:
        """What a value in a unit is to be multiplied by; ValueError where it does not fit."""
        if not unit or unit == wanted:
            return 1.0
        key = (unit, wanted)
        if key not in self._factors:
            sent, kept = UNITS[known_unit(unit)] if known_unit(unit) else None, UNITS.get(wanted)
            if sent is None:
                raise ValueError(f"unknown unit {unit[:16]}")
            if kept is None or sent.canonical != kept.canonical or sent.offset or kept.offset:
                raise ValueError(f"unit {unit[:16]} where {wanted or 'none'} is expected")
            self._factors[key] = float(sent.factor / kept.factor)
        return self._factors[key]
