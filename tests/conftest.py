"""What all tests share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from proofs.servers import postgres as postgres_server
from proofs.servers.influx import OwnServer, found
from proofs.servers.postgres import OwnPostgres
from storage.influx import InfluxAddress, Wanted, prepare

# The machine that runs the tests may be slow or busy: laws are judged by results, not by time.
settings.register_profile(
    "laws", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("laws")


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], OwnServer]]:
    """A real InfluxDB of generation 1 or 2 for the whole run, started when first asked for."""
    servers: dict[int, OwnServer] = {}

    def started(generation: int) -> OwnServer:
        if generation not in servers:
            if found(generation) is None:
                pytest.skip(f"no influxd of generation {generation} on PATH")
            servers[generation] = OwnServer(tmp_path_factory.mktemp("influx"), generation)
        return servers[generation]

    yield started
    for server in servers.values():
        server.stop()


@pytest.fixture(scope="session")
def influx_bucket(influx_server: Callable[[int], OwnServer]) -> Callable[[int], InfluxAddress]:
    """The address of a fresh bucket that keeps everything, with a token to write; of 2.x on
    the server that GREENOFFICE_TEST_INFLUX_URL names, where it does."""

    def fresh(generation: int) -> InfluxAddress:
        name = f"test-{secrets.token_hex(6)}"
        wanted = Wanted(now_us=0, password="correct horse")
        url = os.environ.get("GREENOFFICE_TEST_INFLUX_URL", "")
        if generation == 1 or not url:
            return influx_server(generation).bucket(name, wanted)[0]
        org = os.environ.get("GREENOFFICE_TEST_INFLUX_ORG", "")
        token = os.environ.get("GREENOFFICE_TEST_INFLUX_TOKEN", "")
        made = prepare(InfluxAddress(url, name, org=org, token=token), wanted)
        return InfluxAddress(url, name, org=org, token=made.write_token)

    return fresh


@pytest.fixture(scope="session")
def postgres() -> Iterator[OwnPostgres]:
    """A real PostgreSQL for the whole run."""
    if postgres_server.found() is None:
        pytest.skip("no PostgreSQL server (initdb, postgres) on this machine")
    server = OwnPostgres(sync=False)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database of each kind. PostgreSQL's own order of texts is that of a
    language, so that nothing may rely on it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'greenoffice.db'}"
    server: OwnPostgres = request.getfixturevalue("postgres")
    return server.database(options="TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
