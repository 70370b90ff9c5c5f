"""A figure with its sub-items of the next level, and what they leave: the table adds up.

    total        01000                          100 kWh    62.00
    parts        01A00  01B00 ...                92 kWh    59.00
    difference   total less parts, exactly        8 kWh     3.00

The difference is a row of its own: what no sub-meter sees, and the money of parts that have
prices of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from figures.differences import beyond, beyond_amount, sub_items
from figures.energy import over
from figures.periods import Cost
from figures.view import View
from figures.worth import Emission, Worth, less, worth
from metering.book import SeriesKey
from metering.localtime import days_between
from metering.quality import Shares


@dataclass(frozen=True, eq=False)
class Held:
    """Energy of a figure over whole local days, and what it is worth."""

    item: str
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares | None
    """(4,) of expected time [1/10,000]; None for a difference, which is not measured."""
    provisional: bool
    worth: Worth


@dataclass(frozen=True, eq=False)
class Parts:
    """A figure, its sub-items of the next level, and the total less all of these."""

    total: Held
    parts: tuple[Held, ...]
    difference: Held


def parts(view: View, key: SeriesKey, first: date, last: date) -> Parts:
    """A node's figure and its parts on the local days first..last, both included."""
    codes = items_below(view, key, first, last)
    keys = [SeriesKey(key.institution, key.kind, key.code, code) for code in codes]
    view.load([key, *keys], first, last)
    total = held(view, key, first, last)
    found = tuple(held(view, one, first, last) for one in keys)
    return Parts(total, found, _difference(total, found))


def held(view: View, key: SeriesKey, first: date, last: date) -> Held:
    """A series over the local days first..last as one."""
    period = over(view, key, first, last)
    own = worth(view, key, first, last)
    return Held(key.item, period.amount, period.shares, period.provisional, own)


def items_below(view: View, key: SeriesKey, first: date, last: date) -> list[str]:
    """Items directly below a node's item among those that the node has figures of on any of
    the days, sorted; where a level is left out, those of the next."""
    known = {item for day in days_between(first, last) for item in view.items_of(key.code, day)}
    return sub_items(known, key.item)


def _difference(total: Held, found: Sequence[Held]) -> Held:
    worths = [one.worth for one in found]
    known = total.amount is not None
    own = Worth(
        less(total.worth.cost, [one.cost for one in worths]) if known else Cost(all_priced=False),
        _beyond(total.worth.kgco2, [one.kgco2 for one in worths]),
        _beyond(total.worth.kgce, [one.kgce for one in worths]),
    )
    amount = beyond(total.amount, [one.amount for one in found])
    provisional = total.provisional or any(one.provisional for one in found)
    return Held(total.item, amount, None, provisional, own)


def _beyond(total: Emission, found: Sequence[Emission]) -> Emission:
    """What a total emits beyond its parts."""
    amount = beyond_amount(total.whole, [one.whole for one in found])
    covered = total.covered - sum(one.covered for one in found)
    return Emission(total.quantity, amount, asked=total.asked, covered=covered)
