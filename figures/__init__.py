"""Figures: what is told of the books, each rule once, every answer at one revision.

Figures.view ──▶ energy ──▶ worth ──▶ indicators, data-centre ratios
"""

from figures.balance import Balance, DayBalance, DayTerm, balance
from figures.base_load import BaseLoads, base_loads
from figures.cases import CaseSums, sum_of_cases
from figures.complete import complete_months
from figures.counting import counted_meters
from figures.datacentre import (
    CATEGORIES,
    LEAST_COVER,
    RATIOS,
    ROLES,
    Ratio,
    RoleEnergy,
    RoleSum,
    centres,
    meters_of,
    ratio,
    role_energy,
    role_sums,
)
from figures.differences import beyond, beyond_amount, beyond_each, sub_items
from figures.energy import STEPS, at, energy, native_step, over, silent, stretches, within
from figures.hours import HourPrice, at_hour_prices, hour_prices
from figures.indicators import (
    REACTIVE,
    WATER,
    Indicator,
    Total,
    canonical,
    indicators_of,
    per_each,
    total_of,
)
from figures.irregularity import Irregularity, irregularity
from figures.month_so_far import MonthSoFar, month_so_far, month_up_to
from figures.months import month_quality, month_total
from figures.nested import Counted, counted
from figures.parts import Held, Parts, held, parts
from figures.periods import Cost, Money, PeriodCost
from figures.power import by_clock_hour, drawable, mean_power
from figures.series import Energy, Period, between, by_month, periods
from figures.shared import SharedPart, shared_parts
from figures.sheet_money import SheetMoney
from figures.sheets import FIELDS, FigureSheet, Scaled, plain_sheets, sheets
from figures.sizes import area_of, parts_of_place, persons_of
from figures.so_far import Reached, SoFar, change, reached, so_far, up_to
from figures.view import AsOf, Figures, View
from figures.worth import (
    Emission,
    Worth,
    carbon,
    cost,
    costs_of_each,
    emissions_of_each,
    less,
    per_canonical,
    total,
    worth,
    worth_of_each,
)

__all__ = [
    "CATEGORIES",
    "FIELDS",
    "LEAST_COVER",
    "RATIOS",
    "REACTIVE",
    "ROLES",
    "STEPS",
    "WATER",
    "AsOf",
    "Balance",
    "BaseLoads",
    "CaseSums",
    "Cost",
    "Counted",
    "DayBalance",
    "DayTerm",
    "Emission",
    "Energy",
    "FigureSheet",
    "Figures",
    "Held",
    "HourPrice",
    "Indicator",
    "Irregularity",
    "Money",
    "MonthSoFar",
    "Parts",
    "Period",
    "PeriodCost",
    "Ratio",
    "Reached",
    "RoleEnergy",
    "RoleSum",
    "Scaled",
    "SharedPart",
    "SheetMoney",
    "SoFar",
    "Total",
    "View",
    "Worth",
    "area_of",
    "at",
    "at_hour_prices",
    "balance",
    "base_loads",
    "between",
    "beyond",
    "beyond_amount",
    "beyond_each",
    "by_clock_hour",
    "by_month",
    "canonical",
    "carbon",
    "centres",
    "change",
    "complete_months",
    "cost",
    "costs_of_each",
    "counted",
    "counted_meters",
    "drawable",
    "emissions_of_each",
    "energy",
    "held",
    "hour_prices",
    "indicators_of",
    "irregularity",
    "less",
    "mean_power",
    "meters_of",
    "month_quality",
    "month_so_far",
    "month_total",
    "month_up_to",
    "native_step",
    "over",
    "parts",
    "parts_of_place",
    "per_canonical",
    "per_each",
    "periods",
    "persons_of",
    "plain_sheets",
    "ratio",
    "reached",
    "role_energy",
    "role_sums",
    "shared_parts",
    "sheets",
    "silent",
    "so_far",
    "stretches",
    "sub_items",
    "sum_of_cases",
    "total",
    "total_of",
    "up_to",
    "within",
    "worth",
    "worth_of_each",
]
