"""A figure as the page prints it: rounded for people, exact for machines.

    <data class="figure" data-figure="cost" data-code="office-a" data-item="01000" data-start=
    "2026-11-23" data-end="2026-11-24" data-currency="CNY" value="281.04">¥281</data>

`value` is the exact decimal that the API gives for the same question, empty where it is not
known. `data-start` and `data-end` are local dates, or instants where a figure ends in a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import figures
from api.decimals import exact, plain
from api.page import formats
from figures import Cost, Emission, Held, Money

UNLINKED = ("cost_low", "cost_high", "ratio")
"""Kinds of figures that stand beside what they are made of."""
DIFFERENCE = "difference"


@dataclass(frozen=True)
class Shown:
    """One figure."""

    kind: str
    """energy, cost, cost_low, cost_high, kgco2, kgce, ratio."""
    value: str
    """Exact; '' where not known."""
    text: str
    of: Of
    currency: str = ""
    link: str | None = None
    """Where the page tells what it rests on, where that is not told by what it is of."""
    basis: str = ""
    """Of carbon and coal on another basis than the usual one: the quantity of its factors."""

    @property
    def way(self) -> str:
        """Where the page tells what it rests on; '' where nothing more is told."""
        if self.link is not None:
            return self.link
        of = self.of
        if not self.value or not of.code or self.kind in UNLINKED:
            return ""
        asked = {"code": of.code, "item": of.item, "start": of.start, "end": of.end}
        if of.name in figures.ROLES:
            asked["role"] = of.name
        if of.name == DIFFERENCE:
            asked["rest"] = "1"
        if of.as_of:
            asked["as_of"] = of.as_of
        return f"/lineage?{urlencode(asked)}"


@dataclass(frozen=True)
class Of:
    """What figures are of."""

    code: str
    item: str
    start: str
    end: str
    name: str = ""
    """Tells apart figures of the same code and item: difference, a role, a ratio."""
    as_of: str = ""
    """The closing whose figures they are; '' of those that stand."""


@dataclass(frozen=True)
class MoneyShown:
    """A sum in one currency, with what it may have been."""

    cost: Shown
    low: Shown
    high: Shown
    spread: bool
    """Whether the two differ."""


@dataclass(frozen=True)
class WorthShown:
    """A row of a table of figures."""

    label: str
    energy: Shown
    money: tuple[MoneyShown, ...]
    """One a currency; one without a value where not all of the energy has a price."""
    kgco2: Shown
    kgce: Shown
    provisional: bool = field(default=False)


def of_days(code: str, item: str, first: date, last: date, name: str = "") -> Of:
    """Figures of the local days first..last, both included."""
    return Of(code, item, first.isoformat(), (last + timedelta(days=1)).isoformat(), name)


def energy(amount: int | None, of: Of, *, unit: bool = True) -> Shown:
    """Booked energy, with its unit or without."""
    text = formats.energy(amount, of.item) if unit else formats.amount(amount, of.item)
    return Shown("energy", exact(amount, of.item) or "", text, of)


def money(cost: Cost, of: Of) -> tuple[MoneyShown, ...]:
    """Money of each currency; a single dash where it does not hold all of the energy. Bounds
    are printed where they differ, and stand there for machines where they do not."""
    if not cost.money or not cost.all_priced:
        none, low, high = (Shown(k, "", "", of) for k in ("cost", "cost_low", "cost_high"))
        return (MoneyShown(replace(none, text="–"), low, high, spread=False),)
    return tuple(_of_currency(one, of) for one in cost.money)


def _of_currency(one: Money, of: Of) -> MoneyShown:
    spread = one.low != one.high
    low = _money("cost_low", one.low, one.currency, of)
    high = _money("cost_high", one.high, one.currency, of)
    if not spread:
        low, high = replace(low, text=""), replace(high, text="")
    return MoneyShown(_money("cost", one.amount, one.currency, of), low, high, spread)


def carbon(emission: Emission, of: Of, *, unit: bool = True) -> Shown:
    """Carbon dioxide; a dash where no factor covers all of the energy."""
    amount = emission.whole
    if amount is None:
        return Shown("kgco2", "", "–", of, basis=_basis(emission))
    text = formats.number(amount) + (" kg CO₂" if unit else "")
    return Shown("kgco2", plain(amount), text, of, basis=_basis(emission))


def coal(emission: Emission, of: Of, *, unit: bool = True) -> Shown:
    """Standard coal; a dash where no factor covers all of the energy."""
    amount = emission.whole
    if amount is None:
        return Shown("kgce", "", "–", of, basis=_basis(emission))
    text = formats.number(amount) + (" kgce" if unit else "")
    return Shown("kgce", plain(amount), text, of, basis=_basis(emission))


def _basis(emission: Emission) -> str:
    return "" if emission.asked == emission.quantity else emission.asked


def ratio(value: Decimal | None, text: str, of: Of) -> Shown:
    """A ratio as it is shown; a dash where it is not stated."""
    return Shown("ratio", "" if value is None else plain(value), "–" if value is None else text, of)


def row(label: str, held: Held, of: Of) -> WorthShown:
    """Energy, money and carbon side by side."""
    return WorthShown(
        label,
        energy(held.amount, of, unit=False),
        money(held.worth.cost, of),
        carbon(held.worth.kgco2, of, unit=False),
        coal(held.worth.kgce, of, unit=False),
        held.provisional,
    )


def _money(kind: str, amount: Decimal, currency: str, of: Of) -> Shown:
    return Shown(kind, plain(amount), formats.money(amount, currency), of, currency)
