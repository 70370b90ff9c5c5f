"""Figures: what is told of the books, each rule once, every answer at one revision.

Figures.view ──▶ energy ──▶ worth ──▶ indicators, data-centre ratios
"""

from figures.energy import STEPS, at, energy, native_step, silent
from figures.months import month_quality, month_total
from figures.periods import Cost, Money, PeriodCost
from figures.series import Energy, Period, by_month, periods
from figures.view import Figures, View
from figures.worth import (
    Emission,
    HourPrice,
    Worth,
    carbon,
    cost,
    costs_of_each,
    emissions_of_each,
    hour_prices,
    less,
    total,
    worth,
    worth_of_each,
)

__all__ = [
    "STEPS",
    "Cost",
    "Emission",
    "Energy",
    "Figures",
    "HourPrice",
    "Money",
    "Period",
    "PeriodCost",
    "View",
    "Worth",
    "at",
    "by_month",
    "carbon",
    "cost",
    "costs_of_each",
    "emissions_of_each",
    "energy",
    "hour_prices",
    "less",
    "month_quality",
    "month_total",
    "native_step",
    "periods",
    "silent",
    "total",
    "worth",
    "worth_of_each",
]
