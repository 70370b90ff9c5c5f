"""Checks of the platform itself, for whoever runs it."""

from __future__ import annotations

from typing import Final

from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import LookedAt, Repair, RepairSubject, looked_at
from metering.access import ApiKey
from metering.localtime import HOUR_US, iso

ENDS_US: Final = 30 * 24 * HOUR_US
"""Keys that end within are told."""
UNUSED_US: Final = 365 * 24 * HOUR_US
"""A key that nobody used for so long is told."""


def part_not_ready(facts: RepairFacts) -> LookedAt:
    """Parts of the platform."""
    return looked_at(
        None
        if part.ready and not part.detail.get("error")
        else Repair(
            RepairSubject.PLATFORM, name, {"part": name, "error": str(part.detail.get("error", ""))}
        )
        for name, part in sorted(facts.parts.items())
    )


def key_ends(facts: RepairFacts) -> LookedAt:
    """Keys that hold and end some day."""
    return looked_at(
        Repair(
            RepairSubject.PLATFORM, f"key {key.id}", {"name": key.name, "at": iso(key.expires_us)}
        )
        if key.expires_us - facts.now_us < ENDS_US
        else None
        for key in facts.keys
        if key.expires_us and _holds(key, facts.now_us)
    )


def key_unused(facts: RepairFacts) -> LookedAt:
    """Keys that hold."""
    return looked_at(
        Repair(RepairSubject.PLATFORM, f"key {key.id}", {"name": key.name})
        if facts.now_us - max(key.used_us, key.created_us) > UNUSED_US
        else None
        for key in facts.keys
        if _holds(key, facts.now_us)
    )


def _holds(key: ApiKey, now_us: int) -> bool:
    return not key.revoked_us and not key.expired(now_us)
