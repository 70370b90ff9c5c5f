"""What all tests share."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, inspect

from greenoffice.garbage import look_seldom
from proofs.servers import postgres as postgres_server
from proofs.servers.influx import OwnServer, found
from proofs.servers.postgres import OwnPostgres
from storage import open_engine
from storage.influx import InfluxAddress, WantedBucket, prepare
from storage.sql import migrate

# The machine that runs the tests may be slow or busy: laws are judged by results, not by time.
# Where CI is set the same examples are tried each time: a change is not refused for a fault that
# it did not bring. Everywhere else they are new ones, so that faults are found.
settings.register_profile(
    "laws",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
    derandomize="CI" in os.environ,
)
settings.load_profile("laws")

look_seldom()  # as the platform's processes: a seventh of all CPU time went into looking

USED = "_hypothesis_internal_use_settings"
"""Where the settings of a law are kept; there is no public name for it."""
Case = TypeVar("Case")
LANGUAGE = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
"""PostgreSQL's own order of texts is that of a language: nothing may rely on it."""
LONGEST = ("test_wheel.py", "e2e", "storage", "reports", "greenoffice")
"""What takes longest comes first, so that no worker is left alone with it at the end."""


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    leave_to_the_long_run(items)

    def place(item: pytest.Item) -> int:
        below = item.path.relative_to(Path(__file__).parent).parts[0]
        return LONGEST.index(below) if below in LONGEST else len(LONGEST)

    items.sort(key=place)
    if "CI" in os.environ:
        tests = {item.obj for item in items if isinstance(item, pytest.Function)}
        for law in tests:
            if hasattr(law, USED):
                fewer(law)


def leave_to_the_long_run(items: list[pytest.Item]) -> None:
    """Of a test marked `sampled(n)` n of its cases, evenly spread, stay in the short run; the
    others are long."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for many in cases.values():
        (wanted,) = next(many[0].iter_markers("sampled")).args
        for item in rest(many, wanted):
            item.add_marker(pytest.mark.long)


def rest(cases: Sequence[Case], wanted: int) -> list[Case]:
    """All but `wanted` of the cases, which are evenly spread and begin with the first."""
    last, wanted = len(cases) - 1, min(wanted, len(cases))
    places = {round(n * last / max(1, wanted - 1)) for n in range(wanted)}
    return [one for place, one in enumerate(cases) if place not in places]


def fewer(law: Callable[..., object]) -> None:
    """A fifth of its examples: where CI is set they are the same each time."""
    used: settings = getattr(law, USED)
    many = min(used.max_examples, max(4, used.max_examples // 5))
    setattr(law, USED, settings(used, max_examples=many))


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
        wanted = WantedBucket(now_us=0, password="correct horse")
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
    """The address of a fresh database of each kind, without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'greenoffice.db'}"
    server: OwnPostgres = request.getfixturevalue("postgres")
    return server.database(options=LANGUAGE)


@pytest.fixture(scope="session", autouse=True)
def _files_migrated_once() -> Iterator[None]:
    """What the migrations make of the first empty file of a run is made of each that follows:
    running all of them again takes most of the time of a test that begins with one."""
    migrated, made = migrate._migrate, list[str]()

    def quickly(con: Connection, to: str) -> None:
        anew = con.dialect.name == "sqlite" and to == "head" and not inspect(con).get_table_names()
        if anew and made:
            for statement in made:
                con.exec_driver_sql(statement)
            return
        migrated(con, to)
        if anew:
            made.extend(list(con.connection.iterdump())[1:-1])  # without begin and commit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "_migrate", quickly)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the schema, to be copied: migrating each anew takes most of a
    test's time."""
    file = tmp_path_factory.mktemp("template") / "greenoffice.db"
    open_engine(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: OwnPostgres) -> str:
    """The same on the server, by its name."""
    name = "migrated"
    open_engine(postgres.database(name, options=LANGUAGE)).dispose()
    return name


@pytest.fixture
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The address of a fresh database of the named kind, with the schema."""

    def fresh(kind: str) -> str:
        if kind == "sqlite":
            file = tmp_path / "greenoffice.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), file)
            return f"sqlite:///{file}"
        template = request.getfixturevalue("postgres_template")
        server: OwnPostgres = request.getfixturevalue("postgres")
        return server.database(options=f'TEMPLATE "{template}"')

    return fresh
