"""Files of evidence: kept once, never changed, and told where they are damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from greenoffice.evidence_files import ROOM_FOR_READINGS, EvidenceFiles
from metering.errors import Damaged, InvalidInput, NotFound, StorageFull, Unavailable
from metering.statement import Giver

SLIP = b"%PDF-1.7 a slip"


def test_a_file_is_kept_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    files = EvidenceFiles(tmp_path / "evidence")
    kept = files.put(SLIP)
    assert files.put(SLIP) == kept == files.find(kept.sha256)
    assert files.content(kept.sha256) == SLIP
    (path,) = (tmp_path / "evidence").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    files = EvidenceFiles(tmp_path / "evidence")
    assert files.find("0" * 64) is None
    with pytest.raises(NotFound):
        files.content("0" * 64)
    with pytest.raises(InvalidInput):
        files.content("../greenoffice.toml")


def test_a_changed_file_is_no_evidence(tmp_path: Path) -> None:
    files = EvidenceFiles(tmp_path / "evidence")
    kept = files.put(SLIP)
    (tmp_path / "evidence" / kept.sha256).write_bytes(b"%PDF-1.7 another")
    with pytest.raises(Damaged):
        files.content(kept.sha256)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file in the place of the folder")
    with pytest.raises(Unavailable) as refused:
        EvidenceFiles(tmp_path / "evidence").put(SLIP)
    assert refused.value.field == "folder"
    assert [path.name for path in tmp_path.iterdir()] == ["evidence"]


def test_readings_keep_their_room_on_the_disk(tmp_path: Path) -> None:
    """A file that would leave less than that is refused, and leaves nothing; one that is kept
    already needs no more room."""
    room = [ROOM_FOR_READINGS + len(SLIP)]
    files = EvidenceFiles(tmp_path / "evidence", free=lambda _: room[0])
    kept = files.put(SLIP)
    room[0] -= 1
    with pytest.raises(StorageFull) as refused:
        files.put(SLIP[:-1] + b"2")
    assert (refused.value.field, bool(refused.value.fix)) == ("folder", True)
    assert files.put(SLIP) == kept
    assert [path.name for path in (tmp_path / "evidence").iterdir()] == [kept.sha256]


def test_who_gave_a_file_is_kept_beside_it_and_a_note_that_is_damaged_names_nobody(
    tmp_path: Path,
) -> None:
    files, first, second = EvidenceFiles(tmp_path / "e"), Giver("school", 1), Giver("bureau", 2)
    kept = files.put(SLIP)
    assert files.givers(kept.sha256) == []
    for by in (first, first, second):
        assert files.put(SLIP, by) == kept
    assert {(one.place, one.at_us) for one in files.givers(kept.sha256)} == {
        ("school", 1),
        ("bureau", 2),
    }
    for note in (tmp_path / "e").glob("*.giver"):
        note.write_bytes(b"\xff" if b"school" in note.read_bytes() else b"[]")
    assert files.givers(kept.sha256) == []
    assert files.content(kept.sha256) == SLIP
    with pytest.raises(InvalidInput):
        files.givers("*")
