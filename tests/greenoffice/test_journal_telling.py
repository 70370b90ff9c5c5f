"""`greenoffice journal ls` and `cat`: what the journal holds, while it is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collector.journal import JournalWriter, Record
from collector.journal.segment import packed_path, plain_path
from greenoffice import commands
from greenoffice.cli import app
from greenoffice.folder import DataFolder
from greenoffice.journal_telling import RecordsAsked, tell_records
from metering.errors import InvalidInput, NotFound, Unavailable
from metering.localtime import iso, parse_instant

HOUR_US = 3_600_000_000
BEGUN_US = 1_764_000_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return commands.init(tmp_path / "data", 18080, 11883, 19464, "en")


@pytest.fixture
def journal(folder: DataFolder) -> Iterator[JournalWriter]:
    """Six segments of a message each, an hour apart, the first ones compressed."""
    written = writer(folder)
    for hour in range(6):
        gateway = f"s/gw-{hour % 2}"
        written.append([record(hour, gateway, b'{"n": %d}' % hour if hour else b"\xff")])
        if hour == 3:
            written.compress_closed()
    yield written
    written.close()


def writer(folder: DataFolder) -> JournalWriter:
    path = folder.journal / "listener"
    return JournalWriter(path, 1, now_us=lambda: BEGUN_US, segment_bytes=200, housekeep=False)


def record(hour: int, gateway: str, payload: bytes) -> Record:
    topic = f"greenoffice/v1/{gateway}/readings"
    return Record("message", BEGUN_US + hour * HOUR_US, gateway, "c", "x", topic, payload, 1)


def run(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["journal", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def offsets(told: list[dict[str, object]]) -> list[int]:
    return [round((_us(one) - BEGUN_US) / HOUR_US) for one in told]


def _us(one: dict[str, object]) -> int:
    return parse_instant(str(one["arrived"]))


def test_segments_are_listed_with_their_state(folder: DataFolder, journal: JournalWriter) -> None:
    told = run("ls", str(folder.root))
    assert [one["state"] for one in told][-1] == "open"
    assert {"compressed", "closed", "open"} == {one["state"] for one in told}
    assert sum(int(str(one["messages"])) for one in told) == 6
    assert told[0]["first"] == iso(BEGUN_US)
    assert told[-1]["last"] == iso(BEGUN_US + 5 * HOUR_US)
    assert all(int(str(one["bytes"])) > 0 for one in told)
    kept_us = 1096 * 24 * HOUR_US
    assert told[-1]["kept_until"] == iso(BEGUN_US + 5 * HOUR_US + kept_us)


def test_expired_and_damaged_segments_are_told_as_such(
    folder: DataFolder, journal: JournalWriter
) -> None:
    path = folder.journal / "listener"
    packed_path(path, 1).unlink()
    plain_path(path, 5).write_bytes(b"no database" * 100)
    told = run("ls", str(folder.root))
    assert told[0]["state"] == "expired"
    assert told[0]["segment"] == 1 << 24 | 1
    assert [one["state"] for one in told if one["segment"] == 1 << 24 | 5] == ["damaged"]


def test_messages_are_told_as_they_came(folder: DataFolder, journal: JournalWriter) -> None:
    told = run("cat", str(folder.root))
    assert offsets(told) == list(range(6))
    assert base64.b64decode(str(told[0]["base64"])) == b"\xff"
    assert told[1]["text"] == '{"n": 1}'
    assert told[1]["kind"] == "message"
    assert told[1]["topic"] == "greenoffice/v1/s/gw-1/readings"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("--gateway", "s/gw-1"), [1, 3, 5]),
        (("--topic", "greenoffice/v1/s/gw-0/#"), [0, 2, 4]),
        (("--from", iso(BEGUN_US + 4 * HOUR_US)), [4, 5]),
        (("--to", iso(BEGUN_US + 2 * HOUR_US)), [0, 1]),
        (("--limit", "2", "--gateway", "s/gw-0"), [0, 2]),
        (("--from", iso(BEGUN_US + HOUR_US), "--to", iso(BEGUN_US + 3 * HOUR_US)), [1, 2]),
    ],
)
def test_what_is_asked_for_alone_is_told(
    folder: DataFolder, journal: JournalWriter, asked: tuple[str, ...], found: list[int]
) -> None:
    assert offsets(run("cat", str(folder.root), *asked)) == found


def test_a_gateway_that_nobody_registered_and_nothing_came_of_is_named(
    folder: DataFolder, journal: JournalWriter
) -> None:
    with pytest.raises(NotFound, match="no such gateway"):
        run("cat", str(folder.root), "--gateway", "s/nope")


def test_one_segment_alone(folder: DataFolder, journal: JournalWriter) -> None:
    for one in run("ls", str(folder.root)):
        told = run("cat", str(folder.root), "--segment", str(one["segment"]))
        assert len(told) == one["messages"]
        assert {each["segment"] for each in told} <= {one["segment"]}
    with pytest.raises(InvalidInput, match="no writer has such a segment"):
        run("cat", str(folder.root), "--segment", str(9 << 24 | 1))


def test_what_comes_is_followed(folder: DataFolder, journal: JournalWriter) -> None:
    told = tell_records(folder, RecordsAsked(from_us=BEGUN_US + 5 * HOUR_US), follow=True)
    assert next(told)["text"] == '{"n": 5}'
    for hour in (6, 7):
        journal.append([record(hour, "s/gw-0", b'{"n": %d}' % hour)])
        assert next(told)["text"] == f'{{"n": {hour}}}'


def test_a_look_changes_nothing(folder: DataFolder, journal: JournalWriter) -> None:
    journal.close()
    before = _sums(folder)
    run("ls", str(folder.root))
    run("cat", str(folder.root))
    assert _sums(folder) == before


def test_a_damaged_journal_holds_up_no_other(folder: DataFolder, journal: JournalWriter) -> None:
    other = JournalWriter(folder.journal / "people", 4, now_us=lambda: 0, housekeep=False)
    other.append([record(1, "s/gw-9", b"{}")])
    other.close()
    plain_path(folder.journal / "listener", 5).write_bytes(b"no database" * 100)
    told = tell_records(folder, RecordsAsked())
    found: list[dict[str, object]] = []
    with pytest.raises(Unavailable, match="damaged"):
        found.extend(told)
    assert [one["gateway"] for one in found[-2:]] == ["s/gw-1", "s/gw-9"]


def _sums(folder: DataFolder) -> dict[str, str]:
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder.journal / "listener").iterdir())
        if not path.name.endswith(("-shm", "-wal"))  # empty ones, which SQLite makes to read
    }
