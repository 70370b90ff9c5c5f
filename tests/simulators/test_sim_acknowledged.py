"""The acknowledged file survives being cut off anywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.acknowledged import AcknowledgedFile, entries
from simulators.message import BAD, DUPLICATE, READING, MessageEntry, Publication

MESSAGES = [
    Publication(
        0, b"", (MessageEntry(READING, "E1", 1_000, 1.5), MessageEntry(READING, "E2", 1_000, 2.5))
    ),
    Publication(1, b"", (MessageEntry(BAD, ""),)),
    Publication(
        2,
        b"",
        (MessageEntry(READING, "E1", 2_000, 0.1 + 0.2), MessageEntry(DUPLICATE, "E2", 1_000, 2.5)),
    ),
]


def written(file: Path) -> bytes:
    with AcknowledgedFile(file) as record:
        assert record.start_session(5) == 1
        for message in MESSAGES:
            record.append(message)
    return file.read_bytes()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "gw.csv")
    expected = [(m.number, e) for m in MESSAGES for e in m.entries]
    assert list(entries(tmp_path / "gw.csv")) == expected
    with AcknowledgedFile(tmp_path / "gw.csv") as record:
        assert (record.progress.next_number, record.progress.last_us) == (3, 2_000)
        assert record.start_session(6) == 2


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_cut_off_anywhere_it_goes_on_with_the_first_incomplete_message(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gw.csv"
        whole = written(file)
        cut = data.draw(st.integers(0, len(whole)))
        file.write_bytes(whole[:cut])
        with AcknowledgedFile(file) as record:
            complete = whole[:cut].count(b"\n\n") - 2
            assert record.progress.next_number == max(complete, 0)
            record.start_session(7)
            for message in MESSAGES[record.progress.next_number :]:
                record.append(message)
        assert list(entries(file)) == [(m.number, e) for m in MESSAGES for e in m.entries]
