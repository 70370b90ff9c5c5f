"""A running month as far as it is known, and an earlier one up to the same day and instant.

this month   |1|2|3| ... |24|25----|        the running day as it stands
before       |1|2|3| ... |24|25----..|      the same day up to the same instant
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from figures.energy import over
from figures.periods import Cost
from figures.so_far import Reached, up_to
from figures.view import View
from figures.worth import total, worth
from metering.book import SeriesKey
from metering.localtime import month_start, next_month
from metering.quality import MISSING, WHOLE


@dataclass(frozen=True, eq=False)
class MonthSoFar:
    """The first part of a calendar month."""

    first: date
    last: date
    """The local day in which it ends, whole or in part."""
    amount: int | None
    """Book units; None where nothing is known."""
    known: int
    """Of its time, that of the last day up to now [1/10,000]."""
    cost: Cost


def month_so_far(view: View, key: SeriesKey, today: date) -> MonthSoFar:
    """The month of a running local day as it stands."""
    first = month_start(today)
    found = over(view, key, first, today)
    cost = worth(view, key, first, today).cost
    return MonthSoFar(first, today, found.amount, _known(view, key, first, today), cost)


def month_up_to(
    view: View, key: SeriesKey, month: date, today: date, until: Reached
) -> MonthSoFar | None:
    """An earlier month, told by its first day, up to the day of the month that is today and to
    where that is known; all of it where it has no such day. None where nothing of it is booked."""
    last = min(month + timedelta(days=today.day - 1), next_month(month) - timedelta(days=1))
    if not view.rows(key, month, last):
        return None
    known = _known(view, key, month, last)
    if last.day < today.day:
        amount = over(view, key, month, last).amount
        return MonthSoFar(month, last, amount, known, worth(view, key, month, last).cost)
    cut = up_to(view, key, last, until)
    amounts, costs = [cut.amount], [cut.worth.cost]
    if last > month:
        before = last - timedelta(days=1)
        amounts.append(over(view, key, month, before).amount)
        costs.append(worth(view, key, month, before).cost)
    told = [one for one in amounts if one is not None]
    return MonthSoFar(month, last, sum(told) if told else None, known, total(costs))


def _known(view: View, key: SeriesKey, first: date, last: date) -> int:
    return WHOLE - int(over(view, key, first, last).shares[MISSING])
