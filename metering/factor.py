"""Factors that turn energy into carbon and standard coal: dated rows that name their source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from metering.items import covers
from metering.validity import ALWAYS, Validity


@dataclass(frozen=True)
class Factor:
    """`value` of `quantity` (kgco2, kgce) per canonical unit of the item, with its source.

    `grade`: V seen in an official text, S secondary, M from memory; M shows as unverified.
    """

    item: str
    quantity: str
    value: Decimal
    region: str = ""
    valid: Validity = ALWAYS
    source: str = ""
    grade: str = ""

    @property
    def verified(self) -> bool:
        return self.grade.startswith("V")


def factor_on(factors: Iterable[Factor], quantity: str, item: str, day: date) -> Factor | None:
    """The factor that holds for an item on a day; the narrowest item wins; None if none."""
    fitting = [
        f for f in factors if f.quantity == quantity and covers(f.item, item) and f.valid.holds(day)
    ]
    return max(fitting, key=lambda f: (len(f.item.rstrip("0")), f.valid.first), default=None)
