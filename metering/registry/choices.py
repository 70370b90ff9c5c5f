"""Columns of the registry files of which only some values are possible, and which those are."""

from __future__ import annotations

from typing import Final

from metering.calendar import DayKind
from metering.reading import Kind
from metering.registry.facts import accounts, charges, limits, tiers
from metering.registry.model import Direction, NodeType
from metering.registry.places import DC_ROLES, STEPS
from metering.registry.prices import FACTOR_UNITS, TARIFF_DAYS
from metering.units import UNITS

YES_NO: Final = ("", "yes", "no")
CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("tree.csv", "type"): tuple(NodeType),
    ("meters.csv", "total"): YES_NO,
    ("meters.csv", "step_min"): ("", *map(str, STEPS)),
    ("meters.csv", "dc_role"): DC_ROLES,
    ("points.csv", "kind"): tuple(Kind),
    ("points.csv", "unit"): tuple(UNITS),
    ("points.csv", "signed"): YES_NO,
    ("points.csv", "direction"): ("", *Direction),
    ("tariff.csv", "days"): TARIFF_DAYS,
    ("calendar.csv", "kind"): tuple(DayKind),
    ("factors.csv", "quantity"): tuple(FACTOR_UNITS),
    ("accounts.csv", "power_factor"): accounts.STANDARDS,
    ("accounts.csv", "demand"): accounts.DEMANDS,
    ("charges.csv", "basis"): tuple(charges.Basis),
    ("charges.csv", "adjusted"): YES_NO,
    ("charges.csv", "taxed"): YES_NO,
    ("charges.csv", "included"): YES_NO,
    ("charges.csv", "per"): charges.PERS,
    ("limits.csv", "name"): (*limits.SIZES, *limits.COUNTS),
    ("power_factors.csv", "standard"): accounts.STANDARDS[1:],
    ("tiers.csv", "period"): ("", *tiers.PERIODS),
}
"""By (file, column); '' is what the file says where the column is left empty."""


def choices(file: str, column: str) -> tuple[str, ...]:
    """All values that a column may have; () where they are not counted."""
    return CHOICES.get((file, column), ())
