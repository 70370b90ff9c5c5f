"""What the button of a repair does. It is found anew, so that nothing is mended that is no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.caller import Caller
from api.usecases.clocks import repair as repair_clock
from api.usecases.keys import revoke
from api.usecases.messages import ask_again
from api.usecases.proposals import approve
from api.usecases.registering import ImportDone, ImportWishes, import_texts
from api.usecases.repairs.checks import BY_NAME
from api.usecases.repairs.facts import RepairFacts
from api.usecases.repairs.gather import gather
from api.usecases.repairs.recomputing import RecomputingAsked, recompute
from api.usecases.repairs.repair import Mending, MendingKind, Repair
from api.usecases.repairs.rows import filled_in
from metering.access import Role
from metering.errors import Conflict, NotFound
from metering.intake import LetterCause
from metering.tables import csv_text


@dataclass(frozen=True)
class MendingDone:
    """What came of it."""

    kind: MendingKind
    count: int
    """Letters that are tried again, points that were registered, clocks that are repaired, meters
    that are computed again, changes of the registry."""
    done: ImportDone | None = None
    """Of a row, what it changes and which complete months that reaches into."""
    asked: RecomputingAsked | None = None
    """The days that are computed again."""


def mend(
    caller: Caller,
    check: str,
    code: str,
    *,
    which: int = 0,
    values: Mapping[str, str] | None = None,
    reason: str = "",
    dry_run: bool = False,
) -> MendingDone:
    """Press the button of what a check says of a code. `which`: of several that it says of the
    code; `values`: of what the button asks for; `dry_run`: of rows, only tell what they would
    change. NotFound where the check says nothing of it (any more), Conflict where there is no
    button."""
    facts, repair = _found(caller, check, code, which)
    if repair.mending is None:
        raise Conflict(
            "there is no button for this",
            field="check",
            value=check,
            fix="do what its text says; see /v1/repairs",
        )
    if repair.mending.kind is MendingKind.ROW:
        wishes = ImportWishes(dry_run, reason, None)
        return _rows(caller, repair.mending, values or {}, wishes)
    return _done(caller, facts, repair, repair.mending.kind, reason)


def to_fill_in(caller: Caller, check: str, code: str, which: int = 0) -> Mending:
    """What the button of a repair changes in the registry, and what it asks for before. Errors as
    of `mend`; Conflict where it changes nothing there."""
    _, repair = _found(caller, check, code, which)
    if repair.mending is None or repair.mending.kind is not MendingKind.ROW:
        raise Conflict(
            "nothing of the registry is changed by this",
            field="check",
            value=check,
            fix="do what its text says; see /v1/repairs",
        )
    return repair.mending


def _found(caller: Caller, check: str, code: str, which: int) -> tuple[RepairFacts, Repair]:
    if check not in BY_NAME:
        raise NotFound("no such check", field="check", value=check, fix="see /v1/repairs")
    facts = gather(caller)
    found = [one for one in BY_NAME[check].look(facts).repairs if one.code == code]
    if not 0 <= which < len(found):
        raise NotFound(
            "nothing is to be mended there", field="code", value=code, fix="see /v1/repairs"
        )
    return facts, found[which]


def _done(
    caller: Caller,
    facts: RepairFacts,
    repair: Repair,
    kind: MendingKind,
    reason: str,
) -> MendingDone:
    caller.need(Role.OPERATE)
    if kind is MendingKind.END_KEY:
        caller.need(Role.ADMIN)
        caller.need_whole()
        id = repair.code.removeprefix("key ")
        revoke(caller, id, reason)
        return MendingDone(kind, 1)
    if kind is MendingKind.REPLAY:
        return MendingDone(kind, ask_again(caller, LetterCause(gateway=repair.code)))
    if kind is MendingKind.APPROVE:
        caller.need(Role.ADMIN)
        made = approve(caller, repair.code, [], sure=True, reason=reason)
        return MendingDone(kind, len(made.approved))
    if kind is MendingKind.CLOCK:
        proposed = (one.clock_proposed for one in facts.gateways if one.gateway.user == repair.code)
        accepted = [repair_clock(caller, repair.code, one.id) for one in proposed if one]
        return MendingDone(kind, len(accepted))
    asked = RecomputingAsked(None, repair.code, facts.first, facts.last, reason)
    return MendingDone(kind, len(recompute(caller, asked).meters), asked=asked)


def _rows(
    caller: Caller, mending: Mending, values: Mapping[str, str], wishes: ImportWishes
) -> MendingDone:
    caller.need(Role.ADMIN)
    caller.need_whole()
    rows = filled_in(mending, values)
    text = csv_text([tuple(rows[0]), *(tuple(row.values()) for row in rows)])
    done = import_texts(caller, {mending.file: text}, wishes)
    return MendingDone(mending.kind, len(done.proposal.changes), done)
