"""How the parts of the processes are, as those last told, and what is still to do."""

from __future__ import annotations

from collections.abc import Callable

from api import PartHealth
from collector import JournalReader
from greenoffice.damage import database_trouble
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
    """Every part of the platform but who asks. Intake and ledger have counts of this moment, and
    are not ready where these cannot be had."""
    found: Health = {}
    for process in ("collector", "intake", "ledger"):
        found |= process_health(folder, process)
    counts: dict[str, tuple[str, Callable[[], int]]] = {
        "intake": ("waiting_messages", lambda: waiting_messages(journal, stores.intake)),
        "ledger": ("waiting_marks", stores.marks.waiting),
    }
    found |= {part: _counted(found[part], *count) for part, count in counts.items()}
    if damage := database_trouble(folder):
        found["database"] = PartHealth(False, {"error": str(damage)})
    return found


def _counted(part: PartHealth, name: str, count: Callable[[], int]) -> PartHealth:
    try:
        return PartHealth(part.ready, {name: count(), **part.detail})
    except Unavailable as away:
        return PartHealth(False, {**part.detail, "error": str(away)})


def waiting_messages(journal: JournalReader, intake: IntakeStore) -> int:
    """Messages journalled and not yet taken in; at least one for each writer with any."""
    return sum(_waiting(journal, intake, writer_no) for writer_no in journal.writers())


def _waiting(journal: JournalReader, intake: IntakeStore, writer_no: int) -> int:
    segment, offset = intake.checkpoint(writer_no)
    end = journal.end(writer_no)
    if segment == end.segment:
        return max(0, end.offset - offset)
    return max(1, end.offset) if journal.read(writer_no, segment, offset, 1) else 0
