"""A running day as far as it is known, and an earlier one up to the same instant.

    today      |----|----|----|--        the running slot as it stands
    before     |----|----|----|--..|     the same slot by time up to the same minute

What is read at another step is known to another instant: each step of the earlier day is cut
where the running day's own step ends, so that like is compared with like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from figures.energy import energy as energy_of
from figures.periods import Tally
from figures.pricing import Priced, begun, of_slots, priced
from figures.view import View
from figures.worth import Emission, Worth, emissions, per_canonical, worth
from ledger import day_edges
from metering.book import BookRow, SeriesKey
from metering.localtime import DAY_MIN, MINUTE_US
from metering.quality import MISSING, WHOLE, from_times
from metering.quantity import ABSENT

Reached = Mapping[int, int]
"""Step [min] -> how much of the day is known at that step [us]."""
DIGITS = Decimal("0.000001")


@dataclass(frozen=True, eq=False)
class SoFar:
    """The first part of a local day."""

    day: date
    amount: int | None
    """Book units; None where nothing is known."""
    complete: bool
    """Whether every slot up to there is known."""
    worth: Worth


def reached(view: View, key: SeriesKey, day: date) -> Reached:
    """How far a day is known, by step: up to now where the running slot has a value, else up to
    the end of the last slot that has one. Empty where nothing is known."""
    row = view.rows(key, day, day).get(day)
    found: dict[int, int] = {}
    for part in row.parts if row else ():
        starts, ends = day_edges(day, view.zone(key), part.step_min)
        present = np.flatnonzero(part.slots != ABSENT)
        if present.size:
            end = min(int(ends[present[-1]]), view.now_us) - int(starts[0])
            found[part.step_min] = max(found.get(part.step_min, 0), end)
    return found


def so_far(view: View, key: SeriesKey, day: date) -> SoFar:
    """The day as it stands: all that is booked of it."""
    found = energy_of(view, key, day, day, "day")
    row = view.rows(key, day, day).get(day)
    complete = row is not None and _complete(row, reached(view, key, day))
    return SoFar(day, found.values()[0], complete, worth(view, key, day, day))


def up_to(view: View, key: SeriesKey, day: date, until: Reached) -> SoFar:
    """The part of an earlier day up to where another one is known; the slot that this cuts is
    divided by time, and its money is estimated."""
    row = view.rows(key, day, day).get(day)
    tally, amounts = Tally(per_canonical(key.item)), list[int]()
    weights: list[tuple[int, int]] = []
    for part in row.parts if row else ():
        if row and (passed := until.get(part.step_min, 0)):
            own, amount, missing = _cut(priced(view, key, row, part), passed, tally.per_canonical)
            tally.take(own)
            weights.append((missing, part.meters))
            amounts += [] if amount is None else [amount]
    total = sum(amounts) if amounts else None
    return SoFar(
        day,
        total,
        row is not None and _complete(row, until),
        Worth(tally.cost(_mean(weights)), *_emitted(view, key, day, total)),
    )


def _emitted(
    view: View, key: SeriesKey, day: date, amount: int | None
) -> tuple[Emission, Emission]:
    """(kgCO2, kgce) of an amount under the day's factors."""
    of_day = energy_of(view, key, day, day, "day")
    quantity = np.array([ABSENT if amount is None else amount], dtype=np.int64)
    return emissions(view, replace(of_day, quantity=quantity), [(0, 1)])[0]


def change(now: Decimal | int | None, before: Decimal | int | None) -> Decimal | None:
    """How much more or less, as a share of before, rounded to 0.000001; None where one is not
    known or there was nothing before."""
    if now is None or before is None or before <= 0:
        return None
    return (Decimal(now) / Decimal(before) - 1).quantize(DIGITS)


def _complete(row: BookRow, until: Reached) -> bool:
    """Whether all slots are known up to there; what is read once a day is not expected yet."""
    for part in row.parts:
        passed = until.get(part.step_min, 0)
        count = -(-passed // (part.step_min * MINUTE_US))
        if not passed and part.step_min < DAY_MIN:
            return False
        if np.any(part.slots[:count] == ABSENT):
            return False
    return True


def _cut(one: Priced, passed_us: int, per: int) -> tuple[Tally, int | None, int]:
    """(tally, quantity, share of time that is missing) of a part up to an instant of its day."""
    slots, size = one.part.slots, one.part.step_min * MINUTE_US
    if one.part.step_min >= DAY_MIN:
        size = one.bounds[1] - one.bounds[0]
    whole, rest = divmod(passed_us, size)
    quality = from_times(one.part.shares[: whole + (rest > 0)].astype(np.int64).sum(0)[None, :])
    tally = of_slots(one, [(0, whole)], quality, per)[0]
    known = slots[:whole][slots[:whole] != ABSENT]
    amounts = [int(known.sum())] if known.size else []
    if rest and whole < len(slots) and slots[whole] != ABSENT:
        pieces = begun(one, whole, rest)
        amounts.append(sum(quantity for _, quantity in pieces))
        for price, quantity in pieces:
            tally.estimated[price] += quantity
    return tally, sum(amounts) if amounts else None, int(quality[0, MISSING])


def _mean(weights: list[tuple[int, int]]) -> int:
    """Of shares [1/10,000], each with its weight; all of it where there is none."""
    whole = sum(weight for _, weight in weights)
    return sum(share * weight for share, weight in weights) // whole if whole else WHOLE
