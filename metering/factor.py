"""Factors that turn energy into carbon and standard coal: dated rows that name their source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from metering.items import covers
from metering.validity import ALWAYS, Validity


@dataclass(frozen=True)
class Factor:
    """`value` of `quantity` per canonical unit of the item, with its source. The quantities are
    kgco2, kgce, and kgco2_market and kgce_equal for the other basis of each.

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
        """Whether it was seen in an official text (grade V)."""
        return self.grade.startswith("V")


def factor_on(factors: Iterable[Factor], quantity: str, item: str, day: date) -> Factor | None:
    """The factor that holds for an item on a day; the narrowest item wins; None if none."""
    fitting = [
        f for f in factors if f.quantity == quantity and covers(f.item, item) and f.valid.holds(day)
    ]
    return max(fitting, key=lambda f: (len(f.item.rstrip("0")), f.valid.first), default=None)


class Coal(StrEnum):
    """By what energy that was bought is turned into standard coal."""

    EQUIVALENT = "equivalent"
    """The heat that is in it."""
    EQUAL = "equal"
    """What was burnt to supply it."""


class Carbon(StrEnum):
    """By what energy that was bought is turned into carbon dioxide."""

    LOCATION = "location"
    """The mean of the grid or network that it comes from."""
    MARKET = "market"
    """What was contracted."""


@dataclass(frozen=True)
class Bases:
    """On which bases an answer tells coal and carbon."""

    coal: Coal = Coal.EQUIVALENT
    carbon: Carbon = Carbon.LOCATION


USUAL_BASES: Final = Bases()
OTHERWISE: Final = {
    ("kgce", Coal.EQUAL): "kgce_equal",
    ("kgco2", Carbon.MARKET): "kgco2_market",
}
"""The quantity whose factors hold on a basis that is not the usual one."""
BOUGHT: Final = ("01000", "04000", "05000")
"""Energy that somebody makes of other energy: what it stands for depends on the basis. Of fuels
both are the same."""


def factor_by(
    factors: Iterable[Factor], quantity: str, item: str, day: date, bases: Bases
) -> Factor | None:
    """The factor of kgco2 or kgce for an item on a day, on the bases asked for. A fuel without one
    for another basis has the usual one; electricity, heat and cold have none then."""
    own = list(factors)
    basis = bases.coal if quantity == "kgce" else bases.carbon
    other = OTHERWISE.get((quantity, basis))
    found = None if other is None else factor_on(own, other, item, day)
    if found is not None or (other is not None and any(covers(one, item) for one in BOUGHT)):
        return found
    return factor_on(own, quantity, item, day)
