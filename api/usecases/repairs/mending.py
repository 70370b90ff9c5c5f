"""What the button of a repair does. It is found anew, so that nothing is mended that is no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.caller import Caller
from api.usecases.clocks import repair as repair_clock
from api.usecases.messages import ask_again
from api.usecases.proposals import approve
from api.usecases.registering import ImportDone, ImportWishes, import_texts
from api.usecases.repairs.checks import BY_NAME
from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.gather import gather
from api.usecases.repairs.recomputing import RecomputingAsked, recompute
from api.usecases.repairs.repair import Mending, MendingKind, Repair
from metering.access import Role
from metering.errors import Conflict, NotFound
from metering.gateway_life import csv_text
from metering.intake import LetterCause


@dataclass(frozen=True)
class MendingDone:
    """What came of it."""

    kind: MendingKind
    count: int
    """Letters that are tried again, points that were registered, clocks that are repaired, meters
    that are computed again, changes of the registry."""
    done: ImportDone | None = None
    """Of a row, what it changes and which complete months that reaches into."""


def mend(
    caller: Caller,
    check: str,
    code: str,
    *,
    reason: str = "",
    dry_run: bool = False,
) -> MendingDone:
    """Press the button of what a check says of a code. `dry_run`: of a row, only tell what it would
    change. NotFound where the check says nothing of it (any more), Conflict where there is no
    button."""
    if check not in BY_NAME:
        raise NotFound("no such check", field="check", value=check, fix="see /v1/repairs")
    facts = gather(caller)
    found = [one for one in BY_NAME[check].look(facts).repairs if one.code == code]
    if not found:
        raise NotFound(
            "nothing is to be mended there", field="code", value=code, fix="see /v1/repairs"
        )
    repair = found[0]
    if repair.mending is None:
        raise Conflict(
            "there is no button for this",
            field="check",
            value=check,
            fix="do what its text says; see /v1/repairs",
        )
    return _done(caller, facts, repair, repair.mending, reason, dry_run=dry_run)


def _done(
    caller: Caller,
    facts: RepairFacts,
    repair: Repair,
    mending: Mending,
    reason: str,
    *,
    dry_run: bool,
) -> MendingDone:
    if mending.kind is MendingKind.ROW:
        return _row(caller, mending, ImportWishes(dry_run, reason, None))
    caller.need(Role.OPERATE)
    if mending.kind is MendingKind.REPLAY:
        return MendingDone(mending.kind, ask_again(caller, LetterCause(gateway=repair.code)))
    if mending.kind is MendingKind.APPROVE:
        caller.need(Role.ADMIN)
        made = approve(caller, repair.code, [], sure=True, reason=reason)
        return MendingDone(mending.kind, len(made.approved))
    if mending.kind is MendingKind.CLOCK:
        proposed = (one.clock_proposed for one in facts.gateways if one.gateway.user == repair.code)
        accepted = [repair_clock(caller, repair.code, one.id) for one in proposed if one]
        return MendingDone(mending.kind, len(accepted))
    asked = RecomputingAsked(None, repair.code, facts.first, facts.last, reason)
    return MendingDone(mending.kind, recompute(caller, asked).meters)


def _row(caller: Caller, mending: Mending, wishes: ImportWishes) -> MendingDone:
    caller.need(Role.ADMIN)
    caller.need_whole()
    done = import_texts(caller, {mending.file: _text(mending.row)}, wishes)
    return MendingDone(mending.kind, len(done.proposal.changes), done)


def _text(row: Mapping[str, str]) -> str:
    return csv_text([tuple(row), tuple(row.values())])
