"""Degree days: how much heating and cooling the weather of some days asks for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import isnan
from typing import Final

HEATED_BELOW, COOLED_ABOVE = 18.0, 26.0
"""Daily mean of the outdoor temperature [C]."""
_TENTHS: Final = Decimal("0.1")


def degree_days(means: Iterable[float]) -> Decimal | None:
    """Degree days [K d], heating and cooling together, of daily means of the outdoor temperature
    [C]; None where one of them is NaN, or there is none."""
    days = list(means)
    if not days or any(map(isnan, days)):
        return None
    found = (max(HEATED_BELOW - one, 0.0, one - COOLED_ABOVE) for one in days)
    return Decimal(str(sum(found))).quantize(_TENTHS)
