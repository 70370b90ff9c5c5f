"""Buckets, retention and tokens as `influx init` makes them, and what `check` finds wrong."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest

from metering.errors import ConfigurationError, NotAllowed, Unavailable
from metering.reading import ReadingColumns
from proofs.servers.influx import OwnServer
from storage.influx import InfluxAddress, InfluxReadings, WantedBucket, check, prepare, queries
from storage.influx.check import retention_us
from storage.influx.client import InfluxClient

DAY = 86_400_000_000
NOW = 1_800_000_000_000_000
ONE = ReadingColumns.of([(1, NOW - 5 * DAY, 1.0, 0, 1, 2, 3, 4, 5)])


@pytest.fixture(params=[1, 2], ids=["influx1", "influx2"])
def server(request: pytest.FixtureRequest, influx_server: Callable[[int], OwnServer]) -> OwnServer:
    own = influx_server(request.param)
    own.bucket("first", WantedBucket(now_us=NOW, password="correct horse"))
    return own


@pytest.fixture
def two(influx_server: Callable[[int], OwnServer]) -> OwnServer:
    own = influx_server(2)
    own.bucket("first", WantedBucket(now_us=NOW, password="correct horse"))
    return own


@pytest.fixture
def name() -> str:
    return f"setup-{secrets.token_hex(6)}"


def fields(address: InfluxAddress, oldest_us: int | None = None) -> list[str | None]:
    problems = check(address, now_us=NOW, oldest_us=oldest_us)
    assert all(problem.fix for problem in problems)
    return [problem.field for problem in problems]


def test_a_prepared_bucket_has_nothing_wrong(server: OwnServer, name: str) -> None:
    address, prepared = server.bucket(name, WantedBucket(now_us=NOW))
    assert fields(address, oldest_us=0) == []
    assert prepared.done
    store = InfluxReadings(address)
    store.upsert(ONE)
    assert store.count() == 1


def test_preparing_again_keeps_the_data(server: OwnServer, name: str) -> None:
    address, _ = server.bucket(name, WantedBucket(now_us=NOW))
    InfluxReadings(address).upsert(ONE)
    again, _ = server.bucket(name, WantedBucket(now_us=NOW, retention_days=3650))
    assert InfluxReadings(again).count() == 1
    assert retention_us(InfluxClient(again)) == 3650 * DAY
    back, _ = server.bucket(name, WantedBucket(now_us=NOW))
    assert retention_us(InfluxClient(back)) is None


def test_a_retention_shorter_than_the_stored_data_is_refused(server: OwnServer, name: str) -> None:
    address, _ = server.bucket(name, WantedBucket(now_us=NOW))
    InfluxReadings(address).upsert(ONE)
    with pytest.raises(ConfigurationError) as refused:
        server.bucket(name, WantedBucket(now_us=NOW, retention_days=4))
    assert refused.value.field == "retention_days"
    assert refused.value.value == 4
    assert "6 days" in str(refused.value)
    assert retention_us(InfluxClient(address)) is None
    assert InfluxReadings(address).count() == 1


def test_a_retention_shorter_than_data_elsewhere_is_refused(server: OwnServer, name: str) -> None:
    short = WantedBucket(now_us=NOW, retention_days=30, oldest_us=NOW - 31 * DAY)
    with pytest.raises(ConfigurationError) as refused:
        server.bucket(name, short)
    assert refused.value.field == "retention_days"
    absent = InfluxAddress(server.url, name, org="greenoffice", token=server.admin_token)
    assert not queries.bucket_exists(InfluxClient(absent))
    server.bucket(name, replace(short, retention_days=32))


@pytest.mark.parametrize("days", [0, -1])
def test_a_retention_of_nothing_is_refused(server: OwnServer, name: str, days: int) -> None:
    with pytest.raises(ConfigurationError) as refused:
        server.bucket(name, WantedBucket(now_us=NOW, retention_days=days))
    assert refused.value.value == days


def test_check_finds_a_retention_that_is_too_short(server: OwnServer, name: str) -> None:
    address, _ = server.bucket(name, WantedBucket(now_us=NOW, retention_days=30))
    assert fields(address, oldest_us=NOW - 29 * DAY) == []
    assert fields(address, oldest_us=NOW - 31 * DAY) == ["retention_days"]


def test_check_names_an_absent_bucket_once(server: OwnServer, name: str) -> None:
    address, _ = server.bucket(name, WantedBucket(now_us=NOW))
    assert set(fields(replace(address, bucket="absent"))) == {"influx bucket"}


def test_check_names_a_server_that_is_not_there() -> None:
    absent = InfluxAddress("http://127.0.0.1:9", connect_s=0.5)
    assert fields(absent) == ["influx url"]


def test_check_names_a_server_that_is_no_influxdb(
    influx_server: Callable[[int], OwnServer],
) -> None:
    other = replace(influx_server(1).bucket("first", WantedBucket(now_us=NOW))[0])
    assert fields(replace(other, url=other.url + "/nothing")) != []


def test_tokens_reach_no_farther_than_their_purpose(two: OwnServer, name: str) -> None:
    address, prepared = two.bucket(name, WantedBucket(now_us=NOW))
    other, _ = two.bucket(f"{name}-b", WantedBucket(now_us=NOW))
    InfluxReadings(address).upsert(ONE)
    reader = InfluxReadings(replace(address, token=prepared.read_token))
    assert reader.count() == 1
    for refused in (lambda: reader.upsert(ONE), reader.clear):
        with pytest.raises(Unavailable, match="insufficient permissions") as told:
            refused()
        assert told.value.field == "influx token"
    stranger = InfluxReadings(replace(other, bucket=name))
    for refused in (lambda: stranger.upsert(ONE), stranger.count, stranger.clear):
        with pytest.raises(Unavailable):
            refused()
    assert InfluxReadings(address).count() == 1


def test_check_tells_the_permissions_apart(two: OwnServer, name: str) -> None:
    address, prepared = two.bucket(name, WantedBucket(now_us=NOW))
    assert fields(replace(address, token=prepared.read_token)) == ["influx token"]
    assert set(fields(replace(address, token="wrong"))) == {"influx token"}
    assert "init" in str(check(replace(address, token=""), now_us=NOW)[0])


def test_new_tokens_end_those_before(two: OwnServer, name: str) -> None:
    before, _ = two.bucket(name, WantedBucket(now_us=NOW))
    after, _ = two.bucket(name, WantedBucket(now_us=NOW))
    assert fields(after) == []
    assert set(fields(before)) == {"influx token"}


def test_who_is_no_administrator_prepares_nothing(two: OwnServer, name: str) -> None:
    address, prepared = two.bucket(name, WantedBucket(now_us=NOW))
    for token in ("wrong", "", prepared.read_token):
        with pytest.raises((NotAllowed, Unavailable)):
            prepare(replace(address, token=token, bucket=f"{name}-b"), WantedBucket(now_us=NOW))
    assert fields(address) == []


def test_a_new_server_asks_for_a_first_password(
    two: OwnServer, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    own = OwnServer(tmp_path_factory.mktemp("new"), 2)
    try:
        with pytest.raises(ConfigurationError) as refused:
            own.bucket(name, WantedBucket(now_us=NOW))
        assert refused.value.field == "password"
        address, prepared = own.bucket(name, WantedBucket(now_us=NOW, password="correct horse"))
        assert prepared.admin_token
        assert prepared.admin_token not in repr(prepared)
        assert fields(address) == []
    finally:
        own.stop()
