"""`python -m proofs restore`: backups of a running platform, and the same books again.

On each back end a demo is backed up twice while it runs: in the middle of its history, and
complete. The complete one restores to the same book hash. The other stands for a disk that
lost the newest readings and the books: they come back from the journal, to the same hash.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.demo.progress import look
from greenoffice.folder import DataFolder
from greenoffice.stores import open_readings
from metering.localtime import local_day, parse_instant
from proofs.parity import NOW, own_servers
from proofs.servers.postgres import OwnPostgres
from proofs.steps import filled, finish, last_json, run, say, started, wait_settled, wait_until


@dataclass(frozen=True)
class BackEnd:
    """Options of the demo for one back end; `postgres` where the books lie on a server."""

    name: str
    options: list[str]
    postgres: OwnPostgres | None = None

    def new_database(self) -> list[str]:
        """Options of a restore: a new, empty database on the server, if there is one."""
        return ["--database", self.postgres.database()] if self.postgres else []


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
        options = [*servers.influx_options, "--database", servers.postgres.database()]
        yield BackEnd("InfluxDB, PostgreSQL", options, servers.postgres)


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
    run("restore", str(root / "late"), "--data", str(restored.root), *back_end.new_database())
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
