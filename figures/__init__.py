"""Figures: what is told of the books, each rule once, every answer at one revision.

Figures.view ──▶ energy ──▶ worth ──▶ indicators, data-centre ratios
"""

from figures.cases import CaseSums, sum_of_cases
from figures.datacentre import (
    LEAST_COVER,
    RATIOS,
    ROLES,
    Ratio,
    RoleEnergy,
    centres,
    meters_of,
    ratio,
    role_energy,
)
from figures.differences import beyond, beyond_amount, beyond_each, sub_items
from figures.energy import STEPS, at, energy, native_step, silent
from figures.hours import HourPrice, at_hour_prices, hour_prices
from figures.indicators import WATER, Indicator, Total, canonical, indicators_of, per_each, total_of
from figures.months import month_quality, month_total
from figures.periods import Cost, Money, PeriodCost
from figures.series import Energy, Period, by_month, periods
from figures.view import Figures, View
from figures.worth import (
    Emission,
    Worth,
    carbon,
    cost,
    costs_of_each,
    emissions_of_each,
    less,
    total,
    worth,
    worth_of_each,
)

__all__ = [
    "LEAST_COVER",
    "RATIOS",
    "ROLES",
    "STEPS",
    "WATER",
    "CaseSums",
    "Cost",
    "Emission",
    "Energy",
    "Figures",
    "HourPrice",
    "Indicator",
    "Money",
    "Period",
    "PeriodCost",
    "Ratio",
    "RoleEnergy",
    "Total",
    "View",
    "Worth",
    "at",
    "at_hour_prices",
    "beyond",
    "beyond_amount",
    "beyond_each",
    "by_month",
    "canonical",
    "carbon",
    "centres",
    "cost",
    "costs_of_each",
    "emissions_of_each",
    "energy",
    "hour_prices",
    "indicators_of",
    "less",
    "meters_of",
    "month_quality",
    "month_total",
    "native_step",
    "per_each",
    "periods",
    "ratio",
    "role_energy",
    "silent",
    "sub_items",
    "sum_of_cases",
    "total",
    "total_of",
    "worth",
    "worth_of_each",
]
