"""`greenoffice upgrade`: folders of an earlier version, whole, half upgraded or malformed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from greenoffice import commands, upgrading
from greenoffice.cli import exit_code
from greenoffice.demo.options import DemoOptions, DemoWorld
from greenoffice.demo.setting_up import demo_folder
from greenoffice.folder import DataFolder
from greenoffice.stores import check_stores, open_stores
from greenoffice.supervisor import exclusive
from greenoffice.unfinished import noted
from greenoffice.upgrading import upgrade_folder
from metering.bookhash import book_hash
from metering.errors import ConfigurationError, Conflict, Damaged
from storage.backup import verified
from storage.sql.migrate import head
from tests.old_hash import old_hash

OLD = Path(__file__).parents[1] / "data" / "upgrades" / "d212824"
HASH = (OLD / "book_hash").read_text().strip()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A folder whose database is of the first schema."""
    folder = commands.init(tmp_path / "data", 18080, 11883, 19464, "en")
    for file in folder.root.glob("greenoffice.db*"):
        file.unlink()
    with closing(sqlite3.connect(folder.database)) as con:
        con.executescript((OLD / "greenoffice.sql").read_text(encoding="utf-8"))
    return folder


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as con:
        return str(con.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "greenoffice", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["up", "work", "api", "intake", "ledger"])
@pytest.mark.sampled(2)
def test_nothing_starts_on_an_older_schema(folder: DataFolder, command: str) -> None:
    if command in ("work", "api"):
        with folder.settings_file.open("a") as settings:
            settings.write('\n[influx]\nurl = "http://127.0.0.1:9"\nbucket = "b"\n')
    refused = run(command, str(folder.root))
    assert refused.returncode == 78
    assert "run `greenoffice upgrade DATA`" in refused.stderr
    assert revision(folder.database) == "r0001"


def test_an_upgrade_backs_up_migrates_and_checks(folder: DataFolder) -> None:
    done = run("upgrade", str(folder.root))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["schema_before"], told["schema"]) == ("r0001", head())
    books = open_stores(folder).books
    assert (told["book_hash"], old_hash(books)) == (book_hash(books), HASH)
    assert verified(Path(told["backup"])).schema == "r0001"
    assert not folder.unfinished.exists()
    assert "backing up" in done.stderr
    check_stores(folder)
    assert upgrade_folder(folder) == {"upgraded": False, "schema": head()}


def before_the_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "take", stopped())


def in_the_backup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.backup.taking.write_manifest", stopped())


def before_the_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "upgrade_database", stopped())


def after_the_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "upgrade_database", stopped(upgrading.upgrade_database))


def stopped(first: Callable[..., object] = lambda *_, **__: None) -> Callable[..., Any]:
    def stop(*args: Any, **more: Any) -> None:
        first(*args, **more)
        raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize(
    "breaking", [before_the_backup, in_the_backup, before_the_migration, after_the_migration]
)
@pytest.mark.sampled(2)
def test_an_upgrade_that_broke_off_is_found_and_finished(
    folder: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[pytest.MonkeyPatch], None],
) -> None:
    with monkeypatch.context() as patched:
        breaking(patched)
        with pytest.raises(KeyboardInterrupt):
            upgrade_folder(folder)
    with pytest.raises(ConfigurationError, match="`greenoffice upgrade` broke off") as refused:
        check_stores(folder)
    assert str(folder.root) in str(refused.value.fix)
    told = upgrade_folder(folder)
    assert told["upgraded"]
    assert verified(Path(str(told["backup"]))).schema == "r0001"
    assert [path.name for path in (folder.root / "backups").iterdir()] == [
        Path(str(told["backup"])).name
    ]
    assert old_hash(open_stores(folder).books) == HASH


def test_another_command_that_broke_off_comes_first(folder: DataFolder) -> None:
    with pytest.raises(KeyboardInterrupt), noted(folder, "rebuild"):
        raise KeyboardInterrupt
    with pytest.raises(ConfigurationError, match="`greenoffice rebuild` broke off"):
        upgrade_folder(folder)


def test_a_running_platform_is_not_upgraded_under_its_feet(folder: DataFolder) -> None:
    with exclusive(folder), pytest.raises(Conflict, match="in use"):
        upgrade_folder(folder)
    assert revision(folder.database) == "r0001"


def no_settings(folder: DataFolder) -> None:
    folder.settings_file.unlink()


def no_database(folder: DataFolder) -> None:
    folder.database.unlink()


def an_empty_database(folder: DataFolder) -> None:
    folder.database.write_bytes(b"")


def no_database_file(folder: DataFolder) -> None:
    folder.database.write_bytes(b"no database " * 999)


def a_newer_one(folder: DataFolder) -> None:
    with closing(sqlite3.connect(folder.database)) as con:
        con.execute("UPDATE alembic_version SET version_num = 'r9999'")
        con.commit()


def a_garbled_note(folder: DataFolder) -> None:
    folder.unfinished.write_text("{")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (no_settings, "greenoffice.toml"),
        (no_database, "has no database"),
        (an_empty_database, "or an empty one"),
        (no_database_file, "file is not a database"),
        (a_newer_one, "newer version"),
        (a_garbled_note, "note of an unfinished command"),
    ],
)
@pytest.mark.sampled(3)
def test_a_malformed_folder_is_said_to_be_one(
    folder: DataFolder, spoil: Callable[[DataFolder], None], what: str
) -> None:
    spoil(folder)
    with pytest.raises((ConfigurationError, Damaged), match=what) as refused:
        upgrade_folder(folder)
    assert refused.value.fix
    assert exit_code(refused.value) == 78
    assert not (folder.root / "backups").exists()


def test_a_demo_goes_on_by_itself_and_says_so(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    options = DemoOptions(folder.root)
    DemoWorld.of(options, 1_800_000_000_000_000).write(folder.demo_world)
    assert demo_folder(options).folder == folder
    assert "earlier version" in capsys.readouterr().err
    assert revision(folder.database) == head()
    demo_folder(options)
    assert capsys.readouterr().err == ""
