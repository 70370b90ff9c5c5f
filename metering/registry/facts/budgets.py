"""budgets.csv: what a place may use, or spend, in each month or year.

Budgets of a place, item, unit and period follow one another; one of the year and one of each month
may hold beside each other, and so may energy and money. Nothing is booked by them: they say on
which day what is used will have passed them (`api.usecases.forecasts`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from metering import items
from metering.registry.kind import FactKind, Reference
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

YEARLY: Final = "yearly"
MONTHLY: Final = "monthly"
EACH: Final = (YEARLY, MONTHLY)


@dataclass(frozen=True)
class EnergyBudget:
    """What a node and all below it may use or spend of an item in a period."""

    node: str
    item: str
    budgeted: Decimal
    """Above 0."""
    budget_unit: str = ""
    """'' for the item's canonical unit [kWh, m3, MJ, kg], else a currency."""
    budget_each: str = YEARLY
    """`yearly` or `monthly`: each calendar year or month that begins in the days of the row."""
    valid: Validity = ALWAYS


def _read(row: Row) -> EnergyBudget:
    item, amount = row.item(), row.number("budgeted", least=0)
    if not row.text("budgeted"):
        row.wrong("budgeted", "the field is empty", "a number above 0")
    elif amount == 0:
        row.wrong("budgeted", "a budget of nothing", "a number above 0")
    return EnergyBudget(
        row.code("node"),
        item,
        amount or Decimal(1),
        _unit(row, item),
        row.one_of("budget_each", EACH) if row.text("budget_each") else YEARLY,
        row.validity(),
    )


def _unit(row: Row, item: str) -> str:
    """'' where the unit is the item's own: two rows of one unit must be found to be of one."""
    text = row.text("budget_unit")
    own = items.category(item).unit if item else ""
    if text.casefold() == own.casefold():
        return ""
    if text and not re.fullmatch("[A-Z]{3}", text):
        fix = f"{own}, or a currency in three capital letters such as CNY"
        row.wrong("budget_unit", "neither the item's unit nor a currency", fix)
    return text


KIND = FactKind(
    name="energy_budget",
    type=EnergyBudget,
    table=Table(
        "budgets.csv",
        ("node", "item", "budgeted"),
        ("budget_unit", "budget_each", *DATED),
        closed={"budget_each": EACH},
        usual={"budget_unit": ("CNY",)},
    ),
    by=("node", "item", "budget_unit", "budget_each", "valid"),
    refers=(Reference("node", "nodes"),),
    apart=("node", "item", "budget_unit", "budget_each"),
    read=_read,
)
