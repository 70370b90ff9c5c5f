"""Damaged files and the processes over them: who starts, who waits, and what they say."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collector import JournalReader
from greenoffice.commands import init
from greenoffice.damage import database_trouble
from greenoffice.folder import DataFolder
from greenoffice.health import platform_health
from greenoffice.heartbeat import heard
from greenoffice.ports import usable_port
from greenoffice.stores import open_file, open_stores
from greenoffice.taking_in import ReadingsCheck
from metering.errors import Damaged
from metering.reading import ReadingColumns
from metering.registry import Node, NodeType, Registry
from proofs.steps import COMMAND, wait_until
from tests.storage.test_duckdb_readings import batch


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A folder on free ports, with readings."""
    taken: set[int] = set()
    for preferred in (18080, 11883, 19464):
        taken.add(usable_port(preferred, taken))
    made = init(tmp_path / "data", *sorted(taken), "en")
    with closing(open_file(made)) as file:
        for number in range(5):
            file.upsert(readings(number))
    with closing(sqlite3.connect(made.database)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


def readings(number: int) -> ReadingColumns:
    return batch(number, 100_000)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize("command", ["up", "api", "ledger", "collector"])
@pytest.mark.sampled(2)
def test_nothing_starts_on_a_damaged_database(folder: DataFolder, command: str) -> None:
    """Status 78: who supervises does not try again and again."""
    cut(folder.database)
    refused = subprocess.run(
        [*COMMAND, command, str(folder.root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 78
    assert "the database is damaged" in refused.stderr
    assert "greenoffice restore" in refused.stderr


def test_a_page_that_is_there_in_part_is_damage(folder: DataFolder) -> None:
    assert database_trouble(folder) is None
    with folder.database.open("r+b") as file:
        file.truncate(folder.database.stat().st_size - 100)
    assert "bytes are there" in str(database_trouble(folder))


def test_up_looks_through_a_database_whose_beginning_is_sound(folder: DataFolder) -> None:
    """Nothing was started that would find it later."""
    with closing(sqlite3.connect(folder.database)) as con:
        asked = "SELECT rootpage FROM sqlite_schema WHERE name = 'book_row'"
        (root,) = con.execute(asked).fetchone()
        (page,) = con.execute("PRAGMA page_size").fetchone()
    data = bytearray(folder.database.read_bytes())
    data[(root - 1) * page : root * page] = b"\x55" * page
    folder.database.write_bytes(bytes(data))
    assert database_trouble(folder) is None
    refused = subprocess.run(
        [*COMMAND, "up", str(folder.root)], capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 78
    assert "the database is damaged" in refused.stderr
    assert refused.stdout == ""


def test_health_names_a_database_that_is_damaged_beneath_it(folder: DataFolder) -> None:
    stores, journal = open_stores(folder), JournalReader(folder.journal)
    assert "database" not in platform_health(folder, stores, journal)
    cut(folder.database)
    part = platform_health(folder, stores, journal)["database"]
    assert not part.ready
    assert "the database is damaged" in str(part.detail["error"])
    assert "greenoffice restore" in str(part.detail["error"])


def test_health_leaves_the_locks_of_its_process_alone(folder: DataFolder) -> None:
    """Else a command that ends meanwhile takes itself for the last one, and removes the log."""
    stores, journal = open_stores(folder), JournalReader(folder.journal)
    before = stores.registry.load().version
    assert "database" not in platform_health(folder, stores, journal)
    made = [*COMMAND, "key", "add", str(folder.root), "--name", "guest", "--role", "read"]
    subprocess.run(made, capture_output=True, check=True, timeout=60)
    assert folder.database.with_name(f"{folder.database.name}-wal").exists()
    stores.registry.apply(
        Registry(nodes={"late": Node("late", NodeType.INSTITUTION, zone="Asia/Shanghai")}),
        actor="test",
        now_us=1,
    )
    code = (
        "import sys; from pathlib import Path; from greenoffice.folder import DataFolder; "
        "from greenoffice.stores import open_stores; "
        "print(open_stores(DataFolder(Path(sys.argv[1]))).registry.load().version)"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code, str(folder.root)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert int(seen.stdout) == before + 1
    known = stores.access.keys()
    assert "guest" in {one.name for one in known}


def test_a_readings_file_cut_short_beneath_the_intake_is_seen(folder: DataFolder) -> None:
    with closing(open_file(folder)) as file:
        check = ReadingsCheck(folder, file)
        assert not check()
        cut(folder.readings)
        with pytest.raises(Damaged, match=r"readings file is damaged: \d+ of \d+ bytes are there"):
            check()


@pytest.mark.parametrize("command", ["intake", "work"])
@pytest.mark.sampled(1)
def test_who_finds_the_readings_damaged_says_so_and_waits(folder: DataFolder, command: str) -> None:
    """A file that cannot be opened. It is not started again and again, and ends when asked to."""
    folder.readings.write_bytes(b"something else" * 9_000)
    process = subprocess.Popen(
        [*COMMAND, command, str(folder.root)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )

    def told() -> bool:
        assert process.poll() is None
        parts = heard(folder.heartbeat("intake"))
        errors = [str(part["error"]) for part in parts.values()]
        return bool(errors) and all("readings file is damaged" in error for error in errors)

    try:
        wait_until("health to tell of it", told, 60, every_s=0.2)
        assert process.poll() is None
    finally:
        process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"greenoffice rebuild" in said
