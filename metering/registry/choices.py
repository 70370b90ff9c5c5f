"""Columns of the registry files of which only some values are possible, and which those are."""

from __future__ import annotations

from typing import Final

from metering.registry.kinds import TABLES
from metering.registry.places import STEPS

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (name, column): values if column in table.required else ("", *values)
    for name, table in TABLES.items()
    for column, values in {
        **table.closed,
        **({"step_min": tuple(map(str, STEPS))} if name == "meters.csv" else {}),
    }.items()
}
"""By (file, column); '' is what the file says where the column is left empty."""


def choices(file: str, column: str) -> tuple[str, ...]:
    """All values that a column may have; () where they are not counted."""
    return CHOICES.get((file, column), ())
