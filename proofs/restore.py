"""`python -m proofs restore`: backups of a running platform, and the same books again.

On each back end a demo is backed up twice while it runs: in the middle of its history, and
complete. The complete one restores to the same book hash. The other stands for a disk that
lost the newest readings and the books: they come back from the journal, to the same hash.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from greenoffice.client import ApiClient
from greenoffice.demo.progress import look
from greenoffice.folder import DataFolder, write_secret
from greenoffice.stores import open_readings
from metering.localtime import local_day, parse_instant
from proofs.parity import NOW, own_servers
from proofs.servers.postgres import OwnPostgres
from proofs.steps import filled, finish, last_json, run, say, started, wait_settled, wait_until

SETTING: Final = "GREENOFFICE_DATABASE__PASSWORD_FILE"


@dataclass(frozen=True)
class BackEnd:
    """Options of the demo for one back end; `postgres` where the books lie on a server."""

    name: str
    options: list[str]
    postgres: OwnPostgres | None = None
    database: str = ""

    def new_database(self) -> str:
        """The address of a new, empty database on the server, without its password; '' where
        there is no server."""
        return without_password(self.postgres.database()) if self.postgres else ""


def run_restore_check(seed: int) -> None:
    """Both back ends; exit status 1 where a restored hash differs."""
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="greenoffice-restore-") as temporary:
        root = Path(temporary)
        for back_end in _back_ends(root):
            say(back_end.name)
            results[back_end.name] = _one(root / f"case{len(results)}", seed, back_end)
            say(str(results[back_end.name]))
    equal = all(r["restored"] == r["caught_up"] == r["book_hash"] for r in results.values())
    finish({"seed": seed, "now": NOW, "equal": equal, "back_ends": results}, equal)


def _back_ends(root: Path) -> Iterator[BackEnd]:
    yield BackEnd("DuckDB, SQLite", [])
    with own_servers(root / "servers") as servers:
        database = without_password(servers.postgres.database())
        options = [*servers.influx_options, "--database", database]
        with password_file(root / "password", servers.postgres.password):
            yield BackEnd("InfluxDB, PostgreSQL", options, servers.postgres, database)


@contextlib.contextmanager
def password_file(file: Path, password: str) -> Iterator[None]:
    """Every command of ours finds the database's password in a file, and nowhere else."""
    write_secret(file, password)
    os.environ[SETTING] = str(file)
    try:
        yield
    finally:
        del os.environ[SETTING]


def without_password(url: str) -> str:
    """The same address for who has the password elsewhere."""
    return make_url(url)._replace(password=None).render_as_string()


def _one(root: Path, seed: int, back_end: BackEnd) -> dict[str, Any]:
    folder = DataFolder(root / "data")
    options = ["--data", str(folder.root), "--seed", str(seed), "--now", NOW, *back_end.options]
    with started(["demo", *options]) as demo:
        wait_until("half of the history", lambda: _half(folder), every_s=0.1, of=demo)
        early = last_json(run("backup", str(root / "early"), "--data", str(folder.root)))
        wait_until("the demo to fill", lambda: filled(folder, _client(folder)), of=demo)
        book_hash = _hash(folder)
        last_json(run("backup", str(root / "late"), "--data", str(folder.root)))
    restored = DataFolder(root / "restored")
    new = back_end.new_database()
    to_new = ["--database", new] if new else []
    run("restore", str(root / "late"), "--data", str(restored.root), *to_new)
    if new:  # the settings name the database of before: what was restored is to be looked at
        text = restored.settings_file.read_text()
        restored.settings_file.write_text(text.replace(back_end.database, new))
    return {
        "book_hash": book_hash,
        "files": early["files"],
        "restored": _hash_of_started(restored),
        "caught_up": _caught_up(folder, root / "early", back_end),
    }


def _caught_up(folder: DataFolder, backup: Path, back_end: BackEnd) -> str:
    """Readings and books are lost, the journal is not."""
    if back_end.postgres is None:
        for file in folder.root.glob("greenoffice.db*"):
            file.unlink()
        for file in folder.root.glob("readings.duckdb*"):
            file.unlink()
        run("restore", str(backup), "--data", str(folder.root), "--keep-journal")
        return _hash_of_started(folder)
    with contextlib.closing(open_readings(folder)) as readings:
        readings.clear()
    return str(last_json(run("rebuild", str(folder.root)))["book_hash"])


def _hash_of_started(folder: DataFolder) -> str:
    """The book hash once the platform has read what the journal still holds."""
    with started(["up", str(folder.root)]):
        wait_until("the platform to start", lambda: bool(_client(folder).health()))
        wait_settled(folder)
        return _hash(folder)


def _half(folder: DataFolder) -> bool:
    progress = look(folder, _client(folder))
    return progress.planned > 0 and progress.acknowledged * 2 >= progress.planned


def _client(folder: DataFolder) -> ApiClient:
    return ApiClient.of_folder(folder)


def _hash(folder: DataFolder) -> str:
    day = local_day(parse_instant(NOW), "Asia/Shanghai")
    return str(_client(folder).get("/v1/books/hash", before=day.isoformat())["book_hash"])
