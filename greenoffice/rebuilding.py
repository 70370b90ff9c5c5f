"""`greenoffice rebuild` and `greenoffice rebook`: booked again, and what differs is restated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenoffice.assembly import Assembly
from greenoffice.damage import put_readings_aside
from greenoffice.folder import DataFolder
from greenoffice.journal_checking import require_sound
from greenoffice.owning import Claim
from greenoffice.saying import say
from greenoffice.spreading.commands import rebuild_spread, scheduler_of
from greenoffice.taking_in import IntakeWork
from greenoffice.unfinished import REBUILD, noted
from ledger import Rebooked, rules
from metering.access import AuditEntry, by_command
from metering.bookhash import book_hash, worth_hash
from metering.errors import InvalidInput, NotFound
from metering.localtime import iso
from metering.registry import NodeType
from metering.wording import worded

if TYPE_CHECKING:
    from distributed import Client


def rebuild_folder(
    folder: DataFolder, claim: Claim | None = None, scheduler: str = ""
) -> dict[str, object]:
    """Read the journal again and book again what readings are left for; nothing is emptied. Where
    a Dask scheduler is named its workers book, each some institutions.

    Rows of days whose readings are gone with the journal's first segments stay as they stand.
    A damaged readings file is put aside first. A rebuild that broke off leaves a note, and is
    repeated from its beginning. Unavailable where the journal is damaged: then nothing is touched.
    """
    with scheduler_of(folder, scheduler) as client:
        return _rebuilt(folder, claim, client)


def _rebuilt(folder: DataFolder, claim: Claim | None, client: Client | None) -> dict[str, object]:
    say("checking the journal", aside=True)
    whole = require_sound(folder)
    put_readings_aside(folder)
    assembly = Assembly.open(folder, finishing=REBUILD, claim=claim)
    try:
        with noted(folder, REBUILD):
            say("reading the journal", aside=True)
            taken = assembly.intake.rebuild()
            IntakeWork(assembly)()
            say(f"{taken.readings} readings from {taken.records} records; booking", aside=True)
            if client is None:
                told = assembly.ledger.rebuild(_progress, whole=whole)
            else:
                told = rebuild_spread(client, folder, assembly, claim, whole=whole)
        return {
            "records": taken.records,
            "readings": taken.readings,
            "rows": told.rows,
            "differing": told.differing,
            "restated": told.restated,
            "kept_before_journal": told.kept,
            "at": iso(assembly.now_us()),
            "book_hash": book_hash(assembly.stores.books),
            "worth_hash": worth_hash(assembly.stores.books),
        }
    finally:
        assembly.close()


def rebook_folder(
    folder: DataFolder,
    reason: str,
    institution: str | None = None,
    claim: Claim | None = None,
) -> dict[str, object]:
    """Book again the rows that other rules made, of one institution or of all, with a reason
    that goes into the audit log. Says so where there is nothing to do."""
    reason = worded(reason, "reason")
    if not reason:
        raise InvalidInput(
            "booking by other rules needs a reason",
            field="reason",
            value=reason,
            fix="say why, e.g. --reason 'rules 2: limits are learned'",
        )
    assembly = Assembly.open(folder, claim=claim)
    try:
        _check_institution(assembly, institution)
        told = assembly.ledger.rebook(institution, _progress)
        if told == Rebooked():
            say(f"nothing to do: every row was booked by rules {rules.RULES_VERSION}", aside=True)
        else:
            assembly.stores.access.audit(_entry(told, reason, institution, assembly.now_us()))
        return {
            "rules": rules.RULES_VERSION,
            "institution": institution,
            "rows": told.rows,
            "differing": told.differing,
            "restated": told.restated,
            "kept": told.kept,
            "book_hash": book_hash(assembly.stores.books),
        }
    finally:
        assembly.close()


def _check_institution(assembly: Assembly, institution: str | None) -> None:
    known = [n.code for n in assembly.registry().nodes.values() if n.type is NodeType.INSTITUTION]
    if institution is not None and institution not in known:
        raise NotFound(
            "no such institution",
            field="institution",
            value=institution,
            fix=f"one of {', '.join(sorted(known))}",
        )


def _entry(told: Rebooked, reason: str, institution: str | None, now_us: int) -> AuditEntry:
    return AuditEntry(
        at_us=now_us,
        actor=str(by_command()),
        action="books.rebook",
        subject=f"rules {rules.RULES_VERSION}",
        institution=institution or "",
        detail={"rows": f"{told.differing} of {told.rows}", "restated": str(told.restated)},
        reason=reason,
    )


def _progress(told: Rebooked) -> None:
    say(f"{told.rows} days booked, {told.differing} of them differ", aside=True)
