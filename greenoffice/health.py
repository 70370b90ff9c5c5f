"""How the parts of the processes are, as those last told, and what is still to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from api import Latest, PartHealth
from collector import JournalReader
from collector.journal import records_behind
from greenoffice.damage import database_trouble
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import CERTIFICATES, HELD, REFUSED, SUBSCRIBED, TAKEN, TROUBLES, heard
from greenoffice.sharing import processes_of
from metering.errors import Unavailable
from metering.ports import IntakeStore
from storage import Stores

Health = dict[str, PartHealth]
_MOMENTS = ("idle_us", "began_us")


PATIENCE_S = 3.0
"""How long health waits for what it asks [s]."""
SETTLED_S = 5.0
"""An answer older than this is none [s]."""


class BoundedHealth:
    """Health that a hanging database or disk cannot hold up. Any thread may ask.

    ask: the parts as they are now; it may take any time
    """

    def __init__(self, ask: Callable[[], Health], patience_s: float = PATIENCE_S) -> None:
        self._latest = Latest(ask)
        self._patience_s = patience_s

    def __call__(self) -> Health:
        """The parts as they are; as they were last, and `database` not ready, where they cannot be
        had in time."""
        parts, age_s = self._latest.get(self._patience_s)
        if parts is not None and age_s <= max(SETTLED_S, self._patience_s):
            return parts
        silent = Unavailable(
            "the database does not answer",
            field="database",
            value="no answer yet" if parts is None else f"since {age_s:.0f} s",
            fix="look at the database server and at the disk; it goes on by itself",
        )
        return {**(parts or {}), "database": PartHealth(False, {"error": str(silent)})}


def process_health(folder: DataFolder, process: str) -> Health:
    """The parts of a process; none of them ready where it does not run."""
    found: Health = {}
    for name, told in heard(folder.heartbeat(process)).items():
        for private in (
            HELD,
            TROUBLES,
            CERTIFICATES,
            SUBSCRIBED,
        ):  # whose they are is for those who may see them
            told.pop(private, None)
        for private in (TAKEN, REFUSED):  # for the collector; people are told what waits
            told.pop(private, None)
        found[name] = PartHealth(bool(told.pop("ok")), told)
    return found


def platform_health(folder: DataFolder, stores: Stores, journal: JournalReader) -> Health:
    """Every part of the platform but who asks. Intake and ledger have counts of this moment, and
    are not ready where these cannot be had."""
    told: dict[str, dict[str, PartHealth]] = {}
    for process in processes_of(folder.settings()):
        for name, part in process_health(folder, process).items():
            told.setdefault(name, {})[process] = part
    found = {name: _joined(parts) for name, parts in told.items()}
    counts: dict[str, tuple[str, Callable[[], int]]] = {
        "intake": ("waiting_messages", lambda: waiting_messages(journal, stores.intake)),
        "ledger": ("waiting_marks", stores.marks.waiting),
    }
    found |= {part: _counted(found[part], *count) for part, count in counts.items()}
    if damage := database_trouble(folder):
        found["database"] = PartHealth(False, {"error": str(damage)})
    return found


def _joined(parts: Mapping[str, PartHealth]) -> PartHealth:
    """One part of the processes that share it: ready where all are, its counts added up, what
    they did last as of the one that did so first."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    detail: dict[str, Any] = {}
    for process, part in parts.items():
        for name, value in part.detail.items():
            known = detail.get(name)
            if name == "error":
                detail[name] = known or (value and f"{process}: {value}")
            elif isinstance(value, int) and isinstance(known, int):
                detail[name] = min(known, value) if name in _MOMENTS else known + value
            elif isinstance(value, list) and isinstance(known, list):
                detail[name] = [*known, *value]
            else:
                detail[name] = value
    return PartHealth(all(part.ready for part in parts.values()), detail)


def _counted(part: PartHealth, name: str, count: Callable[[], int]) -> PartHealth:
    try:
        return PartHealth(part.ready, {name: count(), **part.detail})
    except Unavailable as away:
        return PartHealth(False, {**part.detail, "error": str(away)})


def waiting_messages(journal: JournalReader, intake: IntakeStore) -> int:
    """Messages journalled and not yet taken in, of every writer, with the events of connections
    between them."""
    return sum(
        records_behind(journal.root, writer_no, *intake.checkpoint(writer_no))
        for writer_no in journal.writers()
    )
