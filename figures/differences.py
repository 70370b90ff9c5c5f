"""What of a total is in none of its sub-items: a row of its own, so that tables add up.

    01000          total meter
    01A00, 01B00   its sub-items        difference of 01000 = 01000 less 01A00 and 01B00
    01B10          below a sub-item     difference of 01B00 = 01B00 less 01B10

Energy, carbon and coal here; for money see `figures.less`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal, localcontext

from figures.periods import DIGITS
from metering import items


def sub_items(known: Collection[str], item: str) -> list[str]:
    """Those of the items that lie directly below an item, sorted; where a level is left out,
    those of the next."""
    below = {code for code in known if code != item and items.covers(item, code)}
    return sorted(code for code in below if not _between(code, below))


def _between(code: str, below: Collection[str]) -> bool:
    """Whether a wider one of them holds the item already."""
    wider = items.parent(code)
    while wider is not None and wider not in below:
        wider = items.parent(wider)
    return wider is not None


def beyond(whole: int | None, parts: Iterable[int | None]) -> int | None:
    """A total less its parts [book units]: what none of them measured. None where the total is
    not known; a part that is not known takes nothing off, for it measured nothing."""
    return None if whole is None else whole - sum(part for part in parts if part is not None)


def beyond_each(
    whole: Sequence[int | None], parts: Sequence[Sequence[int | None]]
) -> list[int | None]:
    """The same period by period, adding up to the total's sum less the parts': where the total
    is not known, what parts used counts against it; None where nothing is known at all."""
    found = []
    for place, amount in enumerate(whole):
        own = [part[place] for part in parts]
        unknown = amount is None and all(one is None for one in own)
        found.append(None if unknown else beyond(amount or 0, own))
    return found


def beyond_amount(whole: Decimal | None, parts: Iterable[Decimal | None]) -> Decimal | None:
    """As `beyond`, of amounts derived from energy: kgCO2 or kgce, exactly."""
    if whole is None:
        return None
    with localcontext() as context:
        context.prec = DIGITS
        return whole - sum((part for part in parts if part is not None), Decimal(0))
