"""Order and update of findings: the same law in every adapter."""

from __future__ import annotations

from dataclasses import replace

from metering.errors import NotFound
from metering.finding import Finding

UNPRICED = -1.0
"""Sorts findings without a cost after all that have one; so it does those in several currencies,
which cannot be compared."""


def price(finding: Finding) -> float:
    """The cost as a number to sort by."""
    return UNPRICED if finding.cost is None else float(finding.cost)


def rank(finding: Finding) -> tuple[float, float, str]:
    """Costliest first, then largest, then by id; ascending."""
    return (-price(finding), -finding.waste_kwh, finding.id)


def updated(old: Finding | None, new: Finding) -> Finding:
    """The new evidence with what people said, and when it was found first."""
    if old is None:
        return new
    return replace(
        new,
        state=old.state,
        state_by=old.state_by,
        state_note=old.state_note,
        state_us=old.state_us,
        found_us=old.found_us,
    )


def no_such_finding(id: str) -> NotFound:
    """The error of an unknown finding."""
    return NotFound("no such finding", field="id", value=id, fix="list the findings")
