"""What a place will come to by the end of the day, the month or the year, and its budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

import figures
from analytics import Outlook, beyond, forecast_rest, outlook
from api.caller import Caller
from api.usecases.energy import Days, Head, head_of
from figures import Energy, View
from metering.book import SeriesKey
from metering.localtime import day_bounds, days_between, local_day, month_start, next_month
from metering.quality import MISSING, WHOLE
from metering.quantity import ABSENT
from metering.registry.facts.budgets import KIND, MONTHLY, YEARLY, EnergyBudget

HISTORY_DAYS: Final = 1096
"""Three years: a year's end is judged by two of them."""
MOST_MISSING: Final = WHOLE // 100
"""Of a day or an hour that counts as known whole [1/10,000]."""
HOURS_OF_DAYS: Final = 70
"""Days before the running one whose hours are looked at."""
LATELY: Final = 28
"""Days whose mean price is that of the days to come."""
FINE: Final = Decimal("0.001")

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Until(StrEnum):
    """The end to which is looked."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Foreseen:
    """An amount at the end of the period, between bounds [canonical unit, or money]."""

    total: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class MoneyTold:
    """The money of it, in one currency."""

    currency: str
    told: Foreseen


@dataclass(frozen=True)
class BudgetTold:
    """A budget of the period beside what is expected."""

    budget: EnergyBudget
    expected: Decimal | None
    """At the period's end; None where nothing is foretold."""
    passed_on: date | None
    """The first day on whose end more is used, as booked or as expected; None for none."""


@dataclass(frozen=True)
class Forecasts:
    """A running period of a series to its end."""

    head: Head
    until: Until
    so_far: int | None
    """Book units, as booked by now."""
    up_to_us: int | None
    """The instant that today is known to; None where nothing of it is."""
    told: Foreseen | None
    """None where too little is known: of a month or year seven of the last 28 days, and days of
    each kind that is to come; of the running day its hours, and five earlier days of its kind."""
    stretches: int
    """Earlier stretches that the bounds rest on."""
    known_days: int
    """Days before today that are known whole."""
    filled: tuple[date, ...]
    """Days of the period that lack readings."""
    money: MoneyTold | None
    """None where any of it has no price, or prices are in several currencies."""
    days: tuple[tuple[date, Decimal], ...]
    """Today and the days to come, with what is expected of each; none for the running day."""
    budgets: tuple[BudgetTold, ...]


def forecasts(caller: Caller, key: SeriesKey, until: Until) -> Forecasts:
    """The running day, month or year of a series to its end, as of now."""
    with caller.view() as view:
        return forecasts_of(view, key, until)


def forecasts_of(view: View, key: SeriesKey, until: Until) -> Forecasts:
    """At the revision of a view."""
    today = local_day(view.now_us, view.zone(key))
    past = _Past.read(view, key, today, _period(until, today))
    found = _running_day(view, past) if until is Until.DAY else past.outlook()
    spent = None if found is None else _spent(view, past, found)
    whole = found is not None and until is not Until.DAY
    return Forecasts(
        head=head_of(view, key, past.span),
        until=until,
        so_far=figures.over(view, key, past.span.first, today).amount,
        up_to_us=_up_to(view, key, today),
        told=_told(found) if found else None,
        stretches=found.stretches if found else 0,
        known_days=int(np.isfinite(past.known).sum()),
        filled=past.filled(found) if found and whole else (),
        money=MoneyTold(spent.currency, _told(spent.by_day)) if spent else None,
        days=past.to_come(found) if found and whole else (),
        budgets=tuple(_beside(past, one, found, spent) for one in budgets_of(view, key, until)),
    )


def _period(until: Until, today: date) -> Days:
    """The running day, month or year."""
    if until is Until.DAY:
        return Days(today, today)
    if until is Until.MONTH:
        return Days(month_start(today), next_month(today) - timedelta(days=1))
    return Days(date(today.year, 1, 1), date(today.year, 12, 31))


@dataclass(frozen=True, eq=False)
class _Past:
    """What is known of a series by day, up to yesterday."""

    key: SeriesKey
    today: date
    span: Days
    booked: Energy
    """By day."""
    known: Floats
    """(n,) [canonical unit]; NaN of a day that is not known whole."""
    working: Bools
    """(n + days to come,)"""

    @classmethod
    def read(cls, view: View, key: SeriesKey, today: date, span: Days) -> _Past:
        first, last = today - timedelta(days=HISTORY_DAYS), today - timedelta(days=1)
        booked = figures.energy(view, key, first, last, "day")
        days = days_between(first, span.last)
        working = np.array([view.registry.calendar.is_working(day) for day in days])
        return cls(key, today, span, booked, _known(booked), working)

    @property
    def begun(self) -> int:
        """Days of the period before today."""
        return (self.today - self.span.first).days

    @property
    def now(self) -> int:
        """The place of today among the days."""
        return self.known.size

    def outlook(self) -> Outlook | None:
        """The period by day."""
        return outlook(self.known, self.working, self.begun)

    def filled(self, found: Outlook) -> tuple[date, ...]:
        """Days of the period that lack readings."""
        days = np.flatnonzero(found.filled).tolist()
        return tuple(self.span.first + timedelta(days=n) for n in days)

    def to_come(self, found: Outlook) -> tuple[tuple[date, Decimal], ...]:
        """Today and the days after it."""
        days = days_between(self.today, self.span.last)
        return tuple(zip(days, map(_exact, found.days[self.begun :].tolist()), strict=True))


def _known(booked: Energy) -> Floats:
    """(n,) amounts [canonical unit] of the periods that are known whole, else NaN."""
    whole = (booked.quantity != ABSENT) & (booked.shares[:, MISSING] <= MOST_MISSING)
    per = figures.per_canonical(booked.key.item)
    return np.where(whole, booked.quantity.astype(np.float64) / per, np.nan)


def _running_day(view: View, past: _Past) -> Outlook | None:
    """The running day as a period of its own, by its hours and earlier days of its kind."""
    first = past.today - timedelta(days=HOURS_OF_DAYS)
    found = figures.energy(view, past.key, first, past.today, "hour")
    if any(np.any(one.quantity != ABSENT) for one in found.remainder):
        return None
    whole = np.isfinite(_known(found))
    own = replace(found, quantity=np.where(whole, found.quantity, ABSENT))
    days, hours = figures.by_clock_hour(own, view.now_us)
    if not days or days[-1] != past.today:
        return None
    kinds = past.working[[past.now - (past.today - day).days for day in days]]
    passed = int(np.argmin(np.append(np.isfinite(hours[-1]), False)))
    told = forecast_rest(hours[kinds == kinds[-1]], passed)
    if told is None:
        return None
    begun = float(hours[-1, :passed].sum())
    whole_day, bounds = np.array([begun + told.total]), beyond(told.bounds, begun)
    return Outlook(whole_day, np.array([False]), bounds, told.stretches)


@dataclass(frozen=True, eq=False)
class _Spent:
    """The money of a period by day."""

    currency: str
    by_day: Outlook


def _spent(view: View, past: _Past, found: Outlook) -> _Spent | None:
    """What is booked at its price, the rest at the mean price of its kind of day lately."""
    recent, currency = _money(view, past.booked, max(LATELY, past.begun))
    if currency is None:
        return None
    size = recent.size
    energy, working = past.known[-size:], past.working[past.now - size : past.now]
    lately = slice(size - LATELY, size)
    prices = [_mean_price(recent[lately], energy[lately], working[lately] == k) for k in (0, 1)]
    first = past.now - past.begun
    kinds = past.working[first : first + found.days.size].astype(np.int64)
    money = found.days * np.array(prices)[kinds]
    own = np.arange(past.begun)[~found.filled[: past.begun]]
    money[own] = recent[size - past.begun :][own]
    if not np.isfinite(money).all():
        return None
    total = float(money.sum())
    price = total / found.total if found.total else 0.0
    off = beyond(found.bounds, -found.total)
    bounds = None if off is None else (total + off[0] * price, total + off[1] * price)
    return _Spent(currency, Outlook(money, found.filled, bounds, found.stretches))


def _money(view: View, booked: Energy, count: int) -> tuple[Floats, str | None]:
    """(count,) money of the last days, NaN where any of a day has no price, and its currency; None
    where there is none or there are several. A day on which nothing was used cost nothing."""
    after = int(booked.end_us[-1])
    recent = figures.between(booked, int(booked.start_us[-count]), after)
    soles = [one.sole for one in figures.costs_of_each(view, recent)]
    currencies = {one.currency for one in soles if one is not None}
    amounts = np.array([np.nan if one is None else float(one.amount) for one in soles])
    amounts[recent.quantity == 0] = 0.0
    return amounts, currencies.pop() if len(currencies) == 1 else None


def _mean_price(money: Floats, energy: Floats, of_kind: Bools) -> float:
    """Money by energy over the days of a kind on which both are known, of all days where none is;
    NaN where nothing was used."""
    known = np.isfinite(money) & np.isfinite(energy)
    own = known & of_kind if (known & of_kind).any() else known
    used = float(energy[own].sum())
    return float(money[own].sum()) / used if used else float("nan")


def _up_to(view: View, key: SeriesKey, today: date) -> int | None:
    """The instant to which today is known at its finest step."""
    reached = figures.reached(view, key, today)
    return day_bounds(today, view.zone(key))[0] + reached[min(reached)] if reached else None


def budgets_of(view: View, key: SeriesKey, until: Until) -> Iterator[EnergyBudget]:
    """Those of the running month or year of a place and item; none of the day, or of a meter."""
    today = local_day(view.now_us, view.zone(key))
    each = {Until.MONTH: MONTHLY, Until.YEAR: YEARLY}.get(until)
    for one in KIND.of(view.registry):
        own = key.kind == "node" and (one.node, one.item) == (key.code, key.item)
        if own and one.budget_each == each and one.valid.holds(_period(until, today).first):
            yield one


def _beside(
    past: _Past, one: EnergyBudget, found: Outlook | None, spent: _Spent | None
) -> BudgetTold:
    """A budget of energy beside the energy, one of money beside the money of its currency."""
    own = found
    if one.budget_unit:
        own = spent.by_day if spent is not None and spent.currency == one.budget_unit else None
    if own is None:
        return BudgetTold(one, None, None)
    day = own.passes(float(one.budgeted))
    passed_on = None if day is None else past.span.first + timedelta(days=day)
    return BudgetTold(one, _exact(own.total), passed_on)


def _told(found: Outlook) -> Foreseen:
    low, high = map(_exact, found.bounds) if found.bounds else (None, None)
    return Foreseen(_exact(found.total), low, high)


def _exact(amount: float) -> Decimal:
    """Rounded to 0.001: an estimate has no more digits."""
    return Decimal(amount).quantize(FINE)
