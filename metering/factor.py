"""Factors that turn energy into carbon and standard coal: dated rows that name their source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from metering.errors import InvalidInput
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

    @property
    def unusual(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of each that is not the usual one, such as ("coal", "equal")."""
        own = (("coal", self.coal, Coal.EQUIVALENT), ("carbon", self.carbon, Carbon.LOCATION))
        return tuple((name, str(one)) for name, one, usual in own if one is not usual)

    def quantity(self, quantity: str) -> str:
        """The quantity whose factors turn energy into kgco2 or kgce here."""
        basis = self.coal if quantity == "kgce" else self.carbon
        return OTHERWISE.get((quantity, basis), quantity)


def bases_named(coal: str, carbon: str) -> Bases:
    """Bases by their names; InvalidInput for a name that there is not."""
    if coal not in set(Coal):
        raise _no_basis("coal", coal, Coal)
    if carbon not in set(Carbon):
        raise _no_basis("carbon", carbon, Carbon)
    return Bases(Coal(coal), Carbon(carbon))


def _no_basis(field: str, value: str, known: Iterable[str]) -> InvalidInput:
    return InvalidInput(
        "no such basis", field=field, value=value, fix=f"one of: {', '.join(known)}"
    )


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
    asked = bases.quantity(quantity)
    found = factor_on(own, asked, item, day)
    if found is not None or (asked != quantity and any(covers(one, item) for one in BOUGHT)):
        return found
    return factor_on(own, quantity, item, day)
