"""Lines of the report: one node's figure of one item over a month, compared with other months.

All energy, money and carbon come from figures; only months are compared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from figures import Cost, Energy, View, Worth, energy, worth
from metering.book import SeriesKey
from metering.items import category
from metering.localtime import next_month
from metering.quality import MEASURED
from metering.units import BOOK_UNITS
from reports.model import ComparedMonth, MoneyLine, ReportLine, Shares, Spent

COMPARABLE = 9_900
"""Measured time from which months are compared, by default 99 % [1/10,000]. A month's
apportioned share is a gap that reaches out of it: how much of it belongs to the month is not
known."""
CHANGE_DIGITS = Decimal("0.000001")


@dataclass(frozen=True)
class Made:
    """A line with what it is worth."""

    line: ReportLine
    worth: Worth


@dataclass(frozen=True)
class LineMaker:
    """Makes the lines of one month from one view of the books."""

    view: View
    month: date
    comparable: int = COMPARABLE

    def make(self, key: SeriesKey) -> Made:
        """The line of a node and item."""
        first, last = bounds(self.month)
        whole = energy(self.view, key, first, last, "month", name_silent=True)
        value = worth(self.view, key, first, last)
        amount, shares = whole.values()[0], as_shares(whole)
        provisional = bool(whole.provisional[0])
        now = amount if self._comparable(shares) and not provisional else None
        unit = category(key.item).unit
        line = ReportLine(
            node=key.code,
            item=key.item,
            unit=unit,
            book_unit=BOOK_UNITS[unit].name,
            amount=amount,
            shares=shares,
            provisional=provisional,
            last_month=self._past(key, month_before(self.month), now),
            last_year=self._past(key, year_before(self.month), now),
            kgco2=value.kgco2.whole,
            kgce=value.kgce.whole,
            daily=tuple(energy(self.view, key, first, last, "day").values()),
            silent=whole.silent,
            unpriced=value.cost.unpriced,
            **vars(spent(value.cost)),
        )
        return Made(line, value)

    def _past(self, key: SeriesKey, month: date, now: int | None) -> ComparedMonth:
        then = energy(self.view, key, *bounds(month), "month")
        amount = then.values()[0]
        if amount is None:
            return ComparedMonth(None, None, "absent")
        if not self._comparable(as_shares(then)) or bool(then.provisional[0]):
            return ComparedMonth(None, None, "incomplete")
        if now is None or amount == 0:
            return ComparedMonth(amount, None)
        return ComparedMonth(amount, (Decimal(now - amount) / abs(amount)).quantize(CHANGE_DIGITS))

    def _comparable(self, shares: Shares) -> bool:
        return shares[MEASURED] >= self.comparable


def spent(cost: Cost) -> Spent:
    """Money as the report says it."""
    sole = cost.sole
    return Spent(
        cost=sole.amount if sole else None,
        currency=sole.currency if sole else "",
        cost_low=sole.low if sole else None,
        cost_high=sole.high if sole else None,
        money=tuple(
            MoneyLine(one.currency, one.amount, one.low, one.high, one.shares) for one in cost.money
        ),
        all_priced=cost.all_priced,
    )


def bounds(month: date) -> tuple[date, date]:
    """First and last day of a month given by its first day."""
    return month, next_month(month) - timedelta(days=1)


def month_before(month: date) -> date:
    """The month before, by its first day."""
    return (month - timedelta(days=1)).replace(day=1)


def year_before(month: date) -> date:
    """The same month a year before, by its first day."""
    return month.replace(year=month.year - 1)


def as_shares(energy: Energy) -> Shares:
    """The shares of a series of one period."""
    measured, apportioned, estimated, missing = (int(part) for part in energy.shares[0])
    return measured, apportioned, estimated, missing
