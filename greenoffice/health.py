"""How the parts of the processes are, as those last told, and what is still to do."""

from __future__ import annotations

from api import PartHealth
from collector import JournalReader
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from metering.errors import Unavailable
from metering.ports import IntakeStore
from storage import Stores

Health = dict[str, PartHealth]


def process_health(folder: DataFolder, process: str) -> Health:
    """The parts of a process; none of them ready where it does not run."""
    return {
        name: PartHealth(bool(told.pop("ok")), told)
        for name, told in heard(folder.heartbeat(process)).items()
    }


def platform_health(folder: DataFolder, stores: Stores, journal: JournalReader) -> Health:
    """Every part of the platform but who asks. Intake and ledger have counts of this moment; they
    are not ready while the database, where these stand, does not answer."""
    found: Health = {}
    for process in ("collector", "intake", "ledger"):
        found |= process_health(folder, process)
    try:
        messages = waiting_messages(journal, stores.intake)
        marks = stores.marks.waiting()
    except Unavailable as away:
        gone = {name: _with(part, {"error": str(away)}, away=True) for name, part in found.items()}
        return found | {name: gone[name] for name in ("intake", "ledger", "analytics", "readings")}
    return found | {
        "intake": _with(found["intake"], {"waiting_messages": messages}),
        "ledger": _with(found["ledger"], {"waiting_marks": marks}),
    }


def waiting_messages(journal: JournalReader, intake: IntakeStore) -> int:
    """Messages journalled and not yet taken in; at least one for each writer with any."""
    return sum(_waiting(journal, intake, writer_no) for writer_no in journal.writers())


def _waiting(journal: JournalReader, intake: IntakeStore, writer_no: int) -> int:
    segment, offset = intake.checkpoint(writer_no)
    end = journal.end(writer_no)
    if segment == end.segment:
        return max(0, end.offset - offset)
    return max(1, end.offset) if journal.read(writer_no, segment, offset, 1) else 0


def _with(
    part: PartHealth, more: dict[str, str | int | float], *, away: bool = False
) -> PartHealth:
    return PartHealth(part.ready and not away, {**more, **part.detail} | (more if away else {}))
