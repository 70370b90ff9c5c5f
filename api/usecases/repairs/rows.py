"""Rows of the registry that mend something, whole as a file has them."""

from __future__ import annotations

from collections.abc import Mapping

from api.usecases.repairs.facts import METERS_FILE, RepairFacts
from api.usecases.repairs.repair import Mending, MendingKind
from metering.registry import Meter


def meter_row(facts: RepairFacts, meter: Meter, changed: Mapping[str, str]) -> Mending | None:
    """The meter's row with other columns; None of one that has several or none."""
    rows = facts.meter_rows.get(meter.code, [])
    if len(rows) != 1:
        return None
    return Mending(MendingKind.ROW, METERS_FILE, {**rows[0], **changed})
