"""Checks of the platform itself, for whoever runs it."""

from __future__ import annotations

from typing import Final

from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    MendingKind,
    Repair,
    RepairSubject,
    Said,
    looked_at,
)
from metering.access import ApiKey
from metering.localtime import HOUR_US, iso

ENDS_US: Final = 30 * 24 * HOUR_US
"""Keys that end within are told."""
BACKUP_US: Final = 48 * HOUR_US
"""A backup that is older is told."""
FREE: Final = 0.1
"""Of a disk; less is told."""
_MORE_DAYS: Final = 365
"""What is proposed for the journal beyond what is there [days]."""
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
        Repair(
            RepairSubject.PLATFORM,
            f"key {key.id}",
            {"name": key.name},
            Mending(MendingKind.END_KEY),
        )
        if facts.now_us - max(key.used_us, key.created_us) > UNUSED_US
        else None
        for key in facts.keys
        if _holds(key, facts.now_us)
    )


def backups_lacking(facts: RepairFacts) -> LookedAt:
    """The data folder: whether a process takes backups of it, and took one lately."""
    if (kept := facts.keeping) is None:
        return LookedAt(0)
    last_us = kept.backups.last_us if kept.backups else None
    if last_us is not None and facts.now_us - last_us <= BACKUP_US:
        return LookedAt(1)
    return LookedAt(1, (_of_folder("backups", {"at": iso(last_us) if last_us else "—"}),))


def backups_on_the_disk(facts: RepairFacts) -> LookedAt:
    """Backups that are taken."""
    backups = facts.keeping.backups if facts.keeping else None
    if backups is None:
        return LookedAt(0)
    return LookedAt(1, (_of_folder("backups"),) if backups.same_disk else ())


def disk_fills(facts: RepairFacts) -> LookedAt:
    """The disk of the data folder."""
    if (kept := facts.keeping) is None:
        return LookedAt(0)
    said = {"percent": round(100 * kept.free_share), "free": kept.free_bytes >> 30}
    return LookedAt(1, (_of_folder("disk", said),) if kept.free_share < FREE else ())


def journal_shorter_than_data(facts: RepairFacts) -> LookedAt:
    """The journal, where there are readings: whether it still holds what they came in."""
    if facts.keeping is None or facts.oldest_us is None:
        return LookedAt(0)
    days = (facts.now_us - facts.oldest_us) // (24 * HOUR_US)
    kept = facts.keeping.journal_days
    said = {"kept": kept, "days": days, "needed": days + _MORE_DAYS}
    return LookedAt(1, (_of_folder("journal", said),) if days > kept else ())


def _of_folder(part: str, said: Said | None = None) -> Repair:
    return Repair(RepairSubject.PLATFORM, part, said or {})


def _holds(key: ApiKey, now_us: int) -> bool:
    return not key.revoked_us and not key.expired(now_us)
