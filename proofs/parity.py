"""`python -m proofs parity`: equal numbers, whatever stands behind the ports.

The same simulated world goes through the embedded parts, through a broker, and through a
broker into servers. Books and findings must be the same to the last digit.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import urllib3
from sqlalchemy import func, select, text

from greenoffice.folder import DataFolder, write_secret
from greenoffice.stores import database_url, open_readings
from metering.localtime import parse_instant
from proofs.servers.influx import OwnServer, found
from proofs.servers.mosquitto import own_mosquitto
from proofs.servers.postgres import OwnPostgres
from proofs.steps import finish, last_json, run, say
from storage import open_engine
from storage.influx.setup import WantedBucket
from storage.sql.engine import reading
from storage.sql.schema import BOOK_ROW

NOW = "2026-11-18T10:00:00+08:00"
KEPT = ("book_hash", "worth_hash", "findings_hash", "missing", "published", "problems", "seconds")


@dataclass(frozen=True)
class Setting:
    """One choice of parts: options of the demo, and what the servers call themselves."""

    name: str
    options: list[str]
    server: dict[str, str]


def run_parity(seed: int) -> None:
    """Run the world through every setting; exit status 1 where any figure differs."""
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="greenoffice-parity-") as temporary:
        root = Path(temporary)
        for open_setting in (_embedded, _broker, _servers):
            with open_setting(root / open_setting.__name__.strip("_")) as setting:
                say(setting.name)
                results[setting.name] = _one(root / f"data{len(results)}", seed, setting)
                say(str(results[setting.name]))
    equal = all(
        len({result.get(name) for result in results.values()}) == 1
        and all(result.get(name) for result in results.values())
        for name in ("book_hash", "worth_hash", "findings_hash")
    )
    sound = all(r.get("missing") == 0 and r.get("problems") == 0 for r in results.values())
    finish({"seed": seed, "now": NOW, "equal": equal, "settings": results}, equal and sound)


def _one(data: Path, seed: int, setting: Setting) -> dict[str, Any]:
    output = run(
        "demo",
        "--data",
        str(data),
        "--seed",
        str(seed),
        "--now",
        NOW,
        *setting.options,
        "--exit-when-ready",
        "--json",
        check=False,
    )
    result = last_json(output)
    kept = {name: result.get(name) for name in KEPT}
    return {**kept, "server": setting.server, "rows": _rows(DataFolder(data))}


def _rows(folder: DataFolder) -> dict[str, int]:
    """Rows asked of each store itself, the platform being stopped."""
    readings = open_readings(folder)
    with contextlib.closing(readings):
        stored = readings.count()
    engine = open_engine(database_url(folder))
    with reading(engine) as connection:
        booked = connection.scalar(select(func.count()).select_from(BOOK_ROW)) or 0
    engine.dispose()
    return {"readings": stored, "book_rows": booked}


@contextlib.contextmanager
def _embedded(_folder: Path) -> Iterator[Setting]:
    yield Setting("listener, DuckDB, SQLite", [], _embedded_stores())


@contextlib.contextmanager
def _broker(folder: Path) -> Iterator[Setting]:
    with own_mosquitto(folder) as broker:
        yield Setting(
            "Mosquitto, DuckDB, SQLite",
            ["--broker", broker.url],
            {"broker": broker.version, **_embedded_stores()},
        )


@dataclass(frozen=True)
class Servers:
    """A running InfluxDB and PostgreSQL."""

    influx_version: str
    influx_options: list[str]
    postgres: OwnPostgres


@contextlib.contextmanager
def own_servers(folder: Path) -> Iterator[Servers]:
    """Both servers, with a prepared bucket; they end with the block."""
    with (
        _influx(folder) as (version, options),
        contextlib.closing(_Stopping(OwnPostgres())) as postgres,
    ):
        yield Servers(version, options, postgres.server)


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[Setting]:
    with own_mosquitto(folder) as broker, own_servers(folder / "influx") as servers:
        url = servers.postgres.database()
        yield Setting(
            "Mosquitto, InfluxDB, PostgreSQL",
            ["--broker", broker.url, "--database", url, *servers.influx_options],
            {
                "broker": broker.version,
                "readings": servers.influx_version,
                "books": _postgres_version(url),
            },
        )


@dataclass
class _Stopping:
    """Lets a `with` block end the server."""

    server: OwnPostgres

    def close(self) -> None:
        self.server.stop()


@contextlib.contextmanager
def _influx(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A server of the newest generation there is, with a prepared bucket."""
    folder.mkdir()
    server = OwnServer(folder, 2 if found(2) else 1)
    try:
        wanted = WantedBucket(now_us=parse_instant(NOW), password=secrets.token_hex(16))
        address, _ = server.bucket("greenoffice", wanted)
        options = ["--influx", address.url, "--influx-bucket", address.bucket]
        if address.token:
            write_secret(folder / "token", address.token)
            options += ["--influx-org", address.org, "--influx-token-file", str(folder / "token")]
        told = urllib3.request("GET", f"{address.url}/ping", retries=False)
        yield f"InfluxDB {told.headers.get('X-Influxdb-Version', '?')}", options
    finally:
        server.stop()


def _embedded_stores() -> dict[str, str]:
    return {"readings": f"DuckDB {duckdb.__version__}", "books": f"SQLite {sqlite3.sqlite_version}"}


def _postgres_version(url: str) -> str:
    engine = open_engine(url)
    with reading(engine) as connection:
        told = str(connection.scalar(text("SHOW server_version")))
    engine.dispose()
    return f"PostgreSQL {told}"
