"""The servers of docker-compose.yml, as this machine has them: on loopback, on free ports."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from greenoffice.folder import write_secret
from greenoffice.ports import usable_port
from proofs.servers.influx import OwnServer, found
from proofs.servers.postgres import OwnPostgres


@dataclass
class Local:
    """Where the servers are, by the `host:port` of the file; and what they call themselves."""

    places: dict[str, str]
    environment: dict[str, str]
    """Settings in place of the file's: for a server that somebody else has set up."""
    versions: dict[str, str] = field(default_factory=dict)
    postgres: OwnPostgres | None = None
    influx: OwnServer | None = None
    """None where it is a server that somebody else has set up."""

    @classmethod
    def beside(cls) -> Local:
        """With free ports for the broker, and no server yet."""
        ports: set[int] = {0}
        for _ in range(2):
            ports.add(usable_port(0, ports))
        plain, tls = sorted(ports - {0})
        places = {"mosquitto:1883": f"127.0.0.1:{plain}", "mosquitto:8883": f"127.0.0.1:{tls}"}
        return cls(places, {})


@contextlib.contextmanager
def local_servers(folder: Path, database_password: str, data: Path, local: Local) -> Iterator[None]:
    """An InfluxDB and a PostgreSQL that end with the block; `local` learns where they are."""
    with _postgres(local, database_password), _influx(local, folder / "influx", data):
        yield


@contextlib.contextmanager
def _postgres(local: Local, password: str) -> Iterator[None]:
    server = OwnPostgres()
    try:
        server.database("greenoffice")
        server.execute(f"ALTER ROLE greenoffice PASSWORD '{password}'")
        server.password = password
        (row,) = server.execute("SHOW server_version")
        local.places["postgres:5432"] = f"127.0.0.1:{server.port}"
        local.versions["postgres"] = f"PostgreSQL {row[0]}"
        local.postgres = server
        yield
    finally:
        server.stop()


@contextlib.contextmanager
def _influx(local: Local, folder: Path, data: Path) -> Iterator[None]:
    """The server that GREENOFFICE_TEST_INFLUX_URL names, else one of the newest kind on PATH."""
    url = os.environ.get("GREENOFFICE_TEST_INFLUX_URL", "")
    if url:
        _use_named(local, data)
        _note_influx(local, url)
        yield
        return
    folder.mkdir()
    server = OwnServer(folder, 2 if found(2) else 1)
    try:
        _note_influx(local, server.url)
        local.influx = server
        yield
    finally:
        server.stop()


def _use_named(local: Local, data: Path) -> None:
    """A bucket of its own there, made with the administrator's token of the environment."""
    local.environment |= {
        "GREENOFFICE_INFLUX__BUCKET": f"test-{secrets.token_hex(6)}",
        "GREENOFFICE_INFLUX__ORG": os.environ.get("GREENOFFICE_TEST_INFLUX_ORG", ""),
    }
    token = os.environ.get("GREENOFFICE_TEST_INFLUX_TOKEN", "")
    write_secret(data / "secrets" / "influx-admin.token", token)


def _note_influx(local: Local, url: str) -> None:
    local.places["influxdb:8086"] = urlsplit(url).netloc
    told = urllib3.request("GET", f"{url}/ping", retries=False)
    local.versions["influxdb"] = f"InfluxDB {told.headers.get('X-Influxdb-Version', '?')}"


def adapt_mosquitto(folder: Path, ports: dict[int, int], mounts: dict[str, Path]) -> None:
    """Make paths and ports of a broker's configuration this machine's; nothing else changes."""
    file = folder / "mosquitto.conf"
    text = file.read_text(encoding="utf-8")
    for stated, port in ports.items():
        text = text.replace(f"listener {stated}\n", f"listener {port} 127.0.0.1\n")
    for mounted, place in mounts.items():
        text = text.replace(f"{mounted}/", f"{place}/")
    file.write_text(text + ("user root\n" if os.geteuid() == 0 else ""), encoding="utf-8")


def answers(place: str) -> bool:
    """Whether something listens at `host:port`."""
    host, _, port = place.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False
