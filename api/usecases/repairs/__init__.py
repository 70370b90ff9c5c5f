"""What is wrong with what is stored, and mending it.

repair, facts      what a check says, and what it looks at: pure values
by_*               the checks, pure
checks             their table
gather             the facts of a caller, read from the stores
mending            what a button does
"""

from __future__ import annotations

from dataclasses import dataclass

from api.caller import Caller
from api.usecases.repairs.checks import BY_NAME, CHECKS
from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.gather import LookedInto, LookProgress, gather
from api.usecases.repairs.mending import MendingDone, mend, to_fill_in
from api.usecases.repairs.recomputed import MeterMoved, Moved, moved
from api.usecases.repairs.recomputing import (
    Recomputing,
    RecomputingAsked,
    recomputations,
    recompute,
    recomputing,
)
from api.usecases.repairs.repair import (
    CheckState,
    LookedAt,
    Mending,
    MendingKind,
    Repair,
    RepairCheck,
    RepairSeverity,
    RepairSubject,
)


@dataclass(frozen=True)
class Checked:
    """A check and what came of it."""

    check: RepairCheck
    found: LookedAt


def check_all(caller: Caller, progress: LookProgress = lambda _, __: None) -> list[Checked]:
    """Every check over what the caller reaches."""
    facts = gather(caller, progress)
    return [Checked(one, one.look(facts)) for one in CHECKS]


__all__ = [
    "BY_NAME",
    "CHECKS",
    "CheckState",
    "Checked",
    "LookProgress",
    "LookedAt",
    "LookedInto",
    "Mending",
    "MendingDone",
    "MendingKind",
    "MeterMoved",
    "Moved",
    "Recomputing",
    "RecomputingAsked",
    "Repair",
    "RepairCheck",
    "RepairFacts",
    "RepairSeverity",
    "RepairSubject",
    "check_all",
    "gather",
    "mend",
    "moved",
    "recomputations",
    "recompute",
    "recomputing",
    "to_fill_in",
]
