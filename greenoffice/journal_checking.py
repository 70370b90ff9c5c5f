"""`greenoffice journal verify` and `repair`: is the journal as it was written, and what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from collector.journal import CheckedSegment, check_journal, repair_segment
from collector.journal.checking import JournalFault
from collector.journal.reader import damaged
from collector.journal.segment import segment_number, split_segment
from greenoffice.folder import DataFolder
from greenoffice.receivers import writer_no
from greenoffice.saying import say
from greenoffice.stores import open_stores
from metering.errors import GreenOfficeError

EVERY = 20
"""Segments between two words on how far it is."""


def verify_folder(folder: DataFolder) -> dict[str, object]:
    """Read the whole journal through, also beside a running platform; what was found."""
    return _told(list(_checked(folder)))


def repair_folder(folder: DataFolder) -> dict[str, object]:
    """Write each damaged segment anew from what can be read; what was lost with them. The damaged
    files are kept."""
    read_to, broken = _read_to(folder), [s for s in _checked(folder) if s.faults]
    lost: list[CheckedSegment] = []
    for one in broken:
        segment, offset = read_to.get(_writer(one.folder), (0, 0))
        own = offset if split_segment(segment)[1] == one.n else 0
        found, kept = repair_segment(one.folder, one.n, own)
        lost.append(found)
        say(f"written anew: {one.name}, the damaged file is {kept}", aside=True)
    return {**_told(lost), "repaired": len(lost)}


def require_sound(folder: DataFolder) -> bool:
    """Unavailable, naming the first fault, where the journal is not as it was written. Whether it
    holds every message there ever was: no segment has expired, and no repair gave records up."""
    whole, numbers = True, dict[Path, list[int]]()
    for one in _checked(folder):
        for fault in one.faults:
            raise damaged(one.folder, one.n, _sentence(fault))
        numbers.setdefault(one.folder, []).append(one.n)
        whole = whole and one.lost_before == 0
    return whole and all(
        sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values()
    )


def _checked(folder: DataFolder) -> Iterator[CheckedSegment]:
    """What was read before is asked before the journal, which only grows meanwhile."""
    read_to = _read_to(folder)
    for number, one in enumerate(check_journal(folder.journal, read_to), 1):
        if number % EVERY == 0:
            say(f"{number} segments read", aside=True)
        yield one


def _read_to(folder: DataFolder) -> dict[int, tuple[int, int]]:
    """How far the intake has read each writer; nothing where the database cannot say."""
    try:
        intake = open_stores(folder).intake
        writers = filter(None, (writer_no(path.name) for path in folder.journal.iterdir()))
        return {writer: intake.checkpoint(writer) for writer in writers}
    except OSError:
        return {}
    except GreenOfficeError:
        return {}


def _writer(folder: Path) -> int:
    return writer_no(folder.name)


def _told(found: Sequence[CheckedSegment]) -> dict[str, object]:
    return {
        "segments": len(found),
        "records": sum(one.records for one in found),
        "unchecked": sum(one.unchecked for one in found),
        "lost_before": sum(one.lost_before for one in found),
        "faults": [
            {
                "file": one.name,
                "segment": segment_number(_writer(one.folder), one.n),
                "first": fault.first,
                "after": fault.after,
                "lost": fault.lost,
                "detail": fault.detail,
            }
            for one in found
            for fault in one.faults
        ],
    }


def _sentence(fault: JournalFault) -> str:
    if fault.lost == 0:
        return fault.detail
    last = "?" if fault.after is None else fault.after - 1
    return f"{fault.detail} (records {fault.first} to {last})"
