"""`greenoffice history from myems`, of a real MariaDB with the tables of a MyEMS."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from greenoffice.folder import DataFolder
from greenoffice.history.sources import myems
from greenoffice.history.sources.myems import MyEmsPlace, MyEmsSource
from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.errors import ConfigurationError, NotAllowed, NotFound, Unavailable
from tests.history_office import load, office, stored
from tests.mariadb_server import OwnMariaDb, programs

BEGIN = datetime(2023, 10, 28, 22)
HOURS = 25
PAGED = 7
VALUES = (
    "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, point_id BIGINT NOT NULL,"
    " utc_date_time DATETIME NOT NULL, actual_value DECIMAL(21, 6) NOT NULL,"
    " is_bad BOOL, is_published BOOL"
)
TABLES = {
    "myems_system_db.tbl_points": "id BIGINT PRIMARY KEY, name VARCHAR(512) NOT NULL,"
    " object_type VARCHAR(32) NOT NULL, units VARCHAR(32) NOT NULL",
    "myems_system_db.tbl_meters": "id BIGINT PRIMARY KEY, name VARCHAR(255) NOT NULL,"
    " energy_category_id BIGINT NOT NULL",
    "myems_system_db.tbl_energy_categories": "id BIGINT PRIMARY KEY,"
    " unit_of_measure VARCHAR(32) NOT NULL",
    "myems_historical_db.tbl_energy_value": VALUES,
    "myems_historical_db.tbl_analog_value": VALUES,
    "myems_energy_db.tbl_meter_hourly": "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
    " meter_id BIGINT NOT NULL, start_datetime_utc DATETIME NOT NULL,"
    " actual_value DECIMAL(21, 6) NOT NULL",
}
MAPPING = '"总表 电能" = "hall"\n"hourly/商铺" = "shop"\n"analog/屋顶温度" = "s/g/p.roof"'


@pytest.fixture(scope="module")
def server() -> Iterator[OwnMariaDb]:
    if programs() is None:
        pytest.skip("no MariaDB server (mariadbd, mariadb-install-db) on this machine")
    started = OwnMariaDb()
    yield started
    started.stop()


@pytest.fixture
def place(server: OwnMariaDb) -> MyEmsPlace:
    """A MyEMS with a counter, a temperature, an hourly meter, and values of a deleted point."""
    for name in {table.partition(".")[0] for table in TABLES}:
        server.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} CHARSET utf8mb4")
    server.execute(*(f"CREATE TABLE {name} ({columns})" for name, columns in TABLES.items()))
    points = "(1, '总表 电能', 'ENERGY_VALUE', 'Wh'), (2, '屋顶温度', 'ANALOG_VALUE', '℃'),"
    points += " (3, '同名', 'ENERGY_VALUE', 'kWh'), (4, '同名', 'ENERGY_VALUE', '')"
    server.execute(
        f"INSERT INTO myems_system_db.tbl_points VALUES {points}",
        "INSERT INTO myems_system_db.tbl_meters VALUES (1, '商铺', 5)",
        "INSERT INTO myems_system_db.tbl_energy_categories VALUES (5, 'kWh')",
    )
    for hour in reversed(range(HOURS)):
        at = BEGIN + timedelta(hours=hour)
        bad = {3: "1", 4: "0"}.get(hour, "NULL")
        server.execute(
            "INSERT INTO myems_historical_db.tbl_energy_value"
            " (point_id, utc_date_time, actual_value, is_bad)"
            f" VALUES (1, '{at}', {1000 * hour}.5, {bad}), (3, '{at}', {hour}, {bad}),"
            f" (4, '{at}', {hour}, NULL), (9, '{at}', {hour}, NULL)",
            "INSERT INTO myems_historical_db.tbl_analog_value"
            f" (point_id, utc_date_time, actual_value) VALUES (2, '{at}', {hour}.25)",
            "INSERT INTO myems_energy_db.tbl_meter_hourly"
            f" (meter_id, start_datetime_utc, actual_value) VALUES (1, '{at}', {hour}.125)",
        )
    return MyEmsPlace("127.0.0.1", "reader", server.password, server.port)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(myems, "PAGE", PAGED)
    return office(tmp_path / "data")


def times(but: int | None = None) -> list[tuple[int, int]]:
    begin = int(BEGIN.replace(tzinfo=UTC).timestamp())
    return [(hour, (begin + 3600 * hour) * 10**6) for hour in range(HOURS) if hour != but]


def test_counters_measurements_and_hours_are_stored_once(
    folder: DataFolder, place: MyEmsPlace
) -> None:
    source = MyEmsSource(place)
    told = {one.name: one for one in source.series()}
    source.close()
    assert {name: (one.unit, one.kind, one.count) for name, one in told.items()} == {
        "总表 电能": ("Wh", "register", HOURS),
        "同名#3": ("kWh", "register", HOURS),
        "同名#4": ("", "register", HOURS),
        "#9": ("", "register", HOURS),
        "analog/屋顶温度": ("°C", None, HOURS),
        "hourly/商铺": ("kWh", "interval", HOURS),
    }
    begin, end = times()[0][1], times()[-1][1]
    assert {(one.first_us, one.last_us) for one in told.values()} == {(begin, end)}
    found = load(folder, lambda: MyEmsSource(place), MAPPING)
    # What MyEMS marked as bad has no value.
    assert found == {
        **{"read": 6 * HOURS, "stored": 3 * HOURS - 1, "missing": 1, "unknown": 3 * HOURS}
    }
    assert stored(folder, "hall") == [(at, hour + 0.0005) for hour, at in times(but=3)]
    assert stored(folder, "shop") == [(at, hour + 0.125) for hour, at in times()]
    assert stored(folder, "roof") == [(at, hour + 0.25) for hour, at in times()]
    found = load(folder, lambda: MyEmsSource(place), MAPPING)
    assert (found["duplicates"], found.get("stored")) == (3 * HOURS - 1, None)


def test_values_of_one_time_are_all_read_over_the_ends_of_pages(
    folder: DataFolder, place: MyEmsPlace, server: OwnMariaDb
) -> None:
    rows = ", ".join(f"(7, '{BEGIN}', {5 if n < 20 else 6})" for n in range(3 * PAGED))
    server.execute(
        "INSERT INTO myems_historical_db.tbl_energy_value"
        f" (point_id, utc_date_time, actual_value) VALUES {rows}"
    )
    found = load(folder, lambda: MyEmsSource(place), '"#7" = "hall"')
    assert (found["stored"], found["duplicates"], found["differing"]) == (1, 19, 1)


class DyingMyEms(MyEmsSource):
    """Its server is killed once two pages of a series came."""

    server: OwnMariaDb

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        for count, page in enumerate(super().rows(series), 1):
            yield page
            if count == 2:
                self.server.kill()


def test_a_server_that_is_killed_in_the_midst_and_asked_again(
    folder: DataFolder, place: MyEmsPlace, server: OwnMariaDb
) -> None:
    dying = DyingMyEms(place)
    dying.server = server
    with pytest.raises(Unavailable, match="does not answer") as refused:
        load(folder, lambda: dying, '"hourly/商铺" = "shop"')
    assert place.password not in str(refused.value)
    with pytest.raises(Unavailable, match="does not answer"):
        MyEmsSource(place)
    assert len(stored(folder, "shop")) == 2 * PAGED
    server.start()
    found = load(folder, lambda: MyEmsSource(place), '"hourly/商铺" = "shop"')
    assert (found["duplicates"], found["stored"]) == (2 * PAGED, HOURS - 2 * PAGED)


def test_who_may_not_read_and_what_is_no_myems_is_named(
    place: MyEmsPlace, server: OwnMariaDb
) -> None:
    with pytest.raises(NotAllowed) as refused:
        MyEmsSource(replace(place, password="wrong"))
    assert (refused.value.field, refused.value.value) == ("user", "reader")
    server.execute("CREATE OR REPLACE USER nobody@'%' IDENTIFIED BY 'n'")
    with pytest.raises(NotAllowed):
        MyEmsSource(replace(place, user="nobody", password="n")).series()
    # A server without certificate is not spoken to where TLS is asked for.
    with pytest.raises(Unavailable):
        MyEmsSource(replace(place, tls=True))
    server.execute("DROP DATABASE myems_energy_db")
    with pytest.raises(NotFound, match="not the databases of MyEMS"):
        MyEmsSource(place).series()


def test_it_only_reads_whatever_its_user_may(place: MyEmsPlace, server: OwnMariaDb) -> None:
    server.execute(
        "CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'w'", "GRANT ALL ON *.* TO writer@'%'"
    )
    source = MyEmsSource(replace(place, user="writer", password="w"))
    with pytest.raises(Unavailable, match="READ ONLY"):
        source._ask("DELETE FROM myems_historical_db.tbl_energy_value")
    source.close()


def test_an_installation_without_the_driver_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "pymysql":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match="cannot speak with MySQL"):
        MyEmsSource(MyEmsPlace("127.0.0.1", "reader"))
