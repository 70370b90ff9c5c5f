"""The month to its end on home: what it will come to, and the budgets of the month and the year."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from api.page import formats
from api.page.places import ELECTRICITY, Place
from api.page.visit import Visit
from api.usecases.forecasts import BudgetTold, Forecasts, Foreseen, Until, budgets_of, forecasts_of
from figures import View
from metering.items import category
from texts import day_of, month_of

FULL = Decimal(100)


@dataclass(frozen=True)
class BudgetLine:
    """A budget in words."""

    name: str
    budgeted: str
    share: str
    """What is expected of it [%]; '' where nothing is foretold."""
    passed_on: str
    """The day on whose end more is used; '' where it will do."""


@dataclass(frozen=True)
class MonthAhead:
    """What the running month will come to; '' for what is not foretold."""

    name: str
    total: str
    span: str
    """Between which it lies four times in five."""
    filled: int
    """Days that lack readings, for which what was usual is taken."""
    budgets: tuple[BudgetLine, ...]


def month_ahead(visit: Visit, view: View, place: Place) -> MonthAhead:
    """Of all electricity; in money where all of it has a price in one currency."""
    key = place.key(place.node)
    month = forecasts_of(view, key, Until.MONTH)
    # A year of prices is read only where somebody budgets it.
    yearly = tuple(budgets_of(view, key, Until.YEAR))
    of_year = forecasts_of(view, key, Until.YEAR).budgets if yearly else ()
    total, span = _amount(month)
    return MonthAhead(
        month_of(month.head.days.first, visit.language),
        total,
        span,
        len(month.filled),
        (
            *(_line(visit, visit.text("Budget of the month"), one) for one in month.budgets),
            *(_line(visit, visit.text("Budget of the year"), one) for one in of_year),
        ),
    )


def _amount(found: Forecasts) -> tuple[str, str]:
    """What is expected, and between what, each '' where it is not known."""
    if found.told is None:
        return "", ""
    told, unit = found.told, ""
    if found.money is not None:
        told, unit = found.money.told, found.money.currency
    return _said(told.total, unit), _span(told, unit)


def _span(told: Foreseen, currency: str) -> str:
    if told.low is None or told.high is None:
        return ""
    return f"{_said(told.low, currency)} – {_said(told.high, currency)}"


def _said(amount: Decimal, currency: str) -> str:
    """Rounded as an estimate is: to whole units where there are a hundred of them."""
    shown = amount.quantize(Decimal(1)) if abs(amount) >= FULL else amount
    if currency:
        return formats.money(shown, currency)
    return f"{formats.number(shown)} {category(ELECTRICITY).unit}"


def _line(visit: Visit, name: str, one: BudgetTold) -> BudgetLine:
    budget = one.budget
    share = None if one.expected is None else one.expected / budget.budgeted * FULL
    return BudgetLine(
        name,
        _said(budget.budgeted, budget.budget_unit),
        "" if share is None else f"{share:.0f} %",
        "" if one.passed_on is None else day_of(one.passed_on, visit.language, year=False),
    )
