"""What is special to InfluxDB beside the laws of every ReadingStore: its number types, its
silence about errors, its retention, its shortcuts over many points."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.errors import ConfigurationError, InvalidInput, Unavailable
from metering.reading import ReadingColumns
from proofs.servers.influx import OwnServer
from storage import MemoryReadings
from storage.influx import InfluxAddress, InfluxClient, InfluxReadings, queries
from storage.influx.lines import EARLIEST_US, LATEST_US, lines

QUARTER = 900_000_000
DAY = 96 * QUARTER
INT64 = st.integers(-(2**63), 2**63 - 1)

Row = tuple[int, int, float, int, int, int, int, int, int]


@pytest.fixture(params=[1, 2], ids=["influx1", "influx2"])
def address(
    request: pytest.FixtureRequest, influx_bucket: Callable[[int], InfluxAddress]
) -> InfluxAddress:
    return influx_bucket(request.param)


@pytest.fixture
def store(address: InfluxAddress) -> InfluxReadings:
    return InfluxReadings(address)


def row(point: int, time_us: int, value: float = 1.0, order: int = 1) -> Row:
    return (point, time_us, value, 0, order, 2**62 + point, 1 << 24 | 3, 7, point % 5)


def rows_of(found: ReadingColumns) -> list[Row]:
    return list(zip(*(column.tolist() for column in vars(found).values()), strict=True))


@given(
    value=st.floats(allow_nan=False, allow_infinity=False),
    numbers=st.tuples(INT64, INT64, INT64, INT64, INT64),
    point=st.integers(0, 2**63 - 1),
    time_us=st.integers(EARLIEST_US, LATEST_US),
    flag=st.integers(-(2**15), 2**15 - 1),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_number_comes_back_bit_by_bit(
    store: InfluxReadings,
    value: float,
    numbers: tuple[int, int, int, int, int],
    point: int,
    time_us: int,
    flag: int,
) -> None:
    whole = (point, time_us, value, flag, *numbers)
    store.upsert(ReadingColumns.of([whole]))
    found = store.existing(np.array([point]), np.array([time_us]))
    assert rows_of(found) == [whole]
    assert np.signbit(found.value[0]) == np.signbit(value)


@pytest.mark.parametrize("time_us", [EARLIEST_US - 1, LATEST_US + 1, 2**62])
def test_a_time_it_cannot_keep_is_refused_before_anything_is_stored(
    store: InfluxReadings, time_us: int
) -> None:
    with pytest.raises(InvalidInput) as refused:
        store.upsert(ReadingColumns.of([row(1, 10), row(1, time_us)]))
    assert refused.value.field == "time"
    assert refused.value.value == time_us
    assert store.count() == 0


def test_many_points_are_answered_like_few(store: InfluxReadings) -> None:
    """Against the plainest store; asked for a few, for most and for all of 160 points, with
    one point a hundred times denser than the others and one that is silent for months."""
    rng = np.random.default_rng(7)
    dense = [row(3, 100 * DAY + n * 1_000_000, float(n)) for n in range(2_000)]
    spread = [
        row(int(p), 100 * DAY + int(t) * QUARTER, float(rng.random()))
        for p in range(1, 160)
        for t in rng.choice(200, 12, replace=False)
    ]
    batch = ReadingColumns.of([*dense, *spread, row(160, 2 * DAY), row(5, 40 * DAY)])
    oracle = MemoryReadings()
    for one in (store, oracle):
        one.upsert(batch)
    asked = batch.take(rng.choice(len(batch), 700, replace=False))
    point = np.concatenate([asked.point, asked.point + 1])
    time_us = np.concatenate([asked.time_us, asked.time_us])
    assert rows_of(store.existing(point, time_us)) == rows_of(oracle.existing(point, time_us))
    at = 101 * DAY + QUARTER
    for points in (range(3, 6), range(1, 130), range(1, 161), range(1, 400)):
        expected = rows_of(oracle.latest(points))
        assert rows_of(store.latest(points)) == expected
        assert rows_of(InfluxReadings(store._client.address).latest(points)) == expected
        assert rows_of(store.before(points, at, 2)) == rows_of(oracle.before(points, at, 2))
        assert rows_of(store.after(points, at, 3)) == rows_of(oracle.after(points, at, 3))
        assert rows_of(store.scan(points, at, 2**62)) == rows_of(oracle.scan(points, at, 2**62))
        assert store.count(points) == oracle.count(points)


def test_what_another_process_writes_is_the_latest(store: InfluxReadings) -> None:
    other = InfluxReadings(store._client.address)
    store.upsert(ReadingColumns.of([row(1, 10), row(2, 10)]))
    assert store.latest([1]).time_us.tolist() == [10]
    other.upsert(ReadingColumns.of([row(1, 20), row(2, 5)]))
    assert store.latest([1, 2]).time_us.tolist() == [20, 10]
    other.clear()
    assert len(store.latest([1, 2])) == 0


def test_a_row_that_is_just_being_written_is_not_there_yet(store: InfluxReadings) -> None:
    half = b"reading,point=1 value=1.0,flag=0i 20"
    assert store._client.write(half).ok
    assert len(store.scan([1], 0, 100)) == 0
    store.upsert(ReadingColumns.of([row(1, 10)]))
    assert store.scan([1], 0, 100).time_us.tolist() == [10]


def asked_of(store: InfluxReadings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server is asked from now on."""
    asked: list[str] = []
    ask = store._client.ask

    def noted(statements: str, *more: str) -> bytes:
        asked.append(statements)
        return ask(statements, *more)

    monkeypatch.setattr(store._client, "ask", noted)
    return asked


def test_new_times_of_points_that_are_known_ask_the_server_nothing(
    store: InfluxReadings, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = np.arange(1, 301)
    first = np.full(300, QUARTER)
    store.upsert(ReadingColumns.of([row(int(p), QUARTER) for p in point]))
    fresh = InfluxReadings(store._client.address)
    asked = asked_of(fresh, monkeypatch)
    assert fresh.may_hold(point, first).all()
    assert asked != []
    asked.clear()
    for number in range(2, 5):
        assert not fresh.may_hold(point, first * number).any()
        fresh.upsert(ReadingColumns.of([row(int(p), QUARTER * number) for p in point]))
        assert fresh.may_hold(point, first * number).all()
    assert asked == []


def test_what_a_write_may_have_stored_may_be_held(
    store: InfluxReadings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = np.array([1])
    assert not store.may_hold(one, one * QUARTER).any()

    def broken_off(_: bytes) -> None:
        raise Unavailable("nobody knows", field="influx", fix="ask")

    monkeypatch.setattr(store._client, "write", broken_off)
    with pytest.raises(Unavailable):
        store.upsert(ReadingColumns.of([row(1, QUARTER)]))
    assert store.may_hold(one, one * QUARTER).all()


def test_what_others_wrote_into_the_measurement_is_left_alone(store: InfluxReadings) -> None:
    whole = b"value=1.0,flag=0i,order_hi=1i,order_lo=1i,segment=1i,offset=1i,index=1i 20"
    assert store._client.write(b"reading,point=a%s %s\nreading %s" % (b"1", whole, whole)).ok
    rows = ReadingColumns.of([row(point, 10) for point in range(1, 130)])
    store.upsert(rows)
    fresh = InfluxReadings(store._client.address)
    assert rows_of(fresh.existing(rows.point, rows.time_us)) == rows_of(rows)
    assert rows_of(fresh.latest(range(1, 130))) == rows_of(rows)


def test_an_error_inside_an_answer_is_never_taken_for_no_rows(store: InfluxReadings) -> None:
    """In CSV such an answer has status 200 and no rows."""
    store.upsert(ReadingColumns.of([row(1, 10)]))
    fine, broken = "SELECT value FROM reading", "SELECT value FROM nowhere..reading"
    for statements in ([broken], [fine, broken], [broken, fine]):
        with pytest.raises(Unavailable):
            queries._answer(store._client, statements)


def test_a_bucket_that_does_not_exist_is_named(address: InfluxAddress) -> None:
    store = InfluxReadings(replace(address, bucket="nowhere"))
    asked = np.array([1])
    for call in (
        lambda: store.existing(asked, asked),
        lambda: store.scan([1], 0, 100),
        lambda: store.latest([1]),
        store.count,
        lambda: store.upsert(ReadingColumns.of([row(1, 10)])),
        store.clear,
    ):
        with pytest.raises(Unavailable) as refused:
            call()
        assert refused.value.field == "influx bucket"
        assert refused.value.value == "nowhere"
        assert "influx init" in str(refused.value)


def test_rows_beyond_the_retention_are_named_and_all_others_stored(
    address: InfluxAddress,
    influx_server: Callable[[int], OwnServer],
) -> None:
    now = time.time_ns() // 1000 // QUARTER * QUARTER
    server = influx_server(2 if address.token else 1)
    if server.url != address.url:
        pytest.skip("the retention of a named server is not ours to change")
    shorten(InfluxClient(address), server, days=10)
    store = InfluxReadings(address)
    good = [row(point, now - n * QUARTER) for point in (1, 2) for n in range(50)]
    old = [row(2, now - 400 * DAY), row(3, now - 30 * DAY)]
    with pytest.raises(InvalidInput) as refused:
        store.upsert(ReadingColumns.of([*good[:60], *old, *good[60:]]))
    assert refused.value.value == [one[:2] for one in old]
    assert "retention" in str(refused.value)
    assert store.count() == len(good)
    for one in old:
        with pytest.raises(InvalidInput):
            store.upsert(ReadingColumns.of([one]))
    store.upsert(ReadingColumns.of(good))
    assert store.count() == len(good)


def shorten(client: InfluxClient, server: OwnServer, days: int) -> None:
    """Retention on a bucket that exists, by each generation's own way."""
    name = client.address.bucket
    if server.generation == 1:
        alter = f'ALTER RETENTION POLICY autogen ON "{name}" DURATION {days}d SHARD DURATION 1d'
        assert queries.command(client, alter) == ""
        return
    admin = InfluxClient(replace(client.address, token=server.admin_token))
    found = admin.send("GET", "/api/v2/buckets", query={"name": name})
    bucket = json.loads(found.body)["buckets"][0]["id"]
    rules = f'{{"retentionRules":[{{"type":"expire","everySeconds":{days * 86_400}}}]}}'
    assert admin.send("PATCH", f"/api/v2/buckets/{bucket}", body=rules.encode()).ok


def test_a_field_of_another_type_refuses_only_its_own_week(store: InfluxReadings) -> None:
    """A foreign writer's integer makes the field an integer, for the weeks it wrote into."""
    assert store._client.write(b"reading,point=1 value=1i 10").ok
    rows = [row(1, 20), row(2, 30), row(1, 60 * DAY), row(2, 60 * DAY)]
    with pytest.raises(InvalidInput) as refused:
        store.upsert(ReadingColumns.of(rows))
    assert refused.value.value == [(1, 20), (2, 30)]
    assert store.scan([1, 2], 50, 99 * DAY).time_us.tolist() == [60 * DAY, 60 * DAY]


def test_only_the_point_is_a_tag() -> None:
    assert lines(ReadingColumns.of([(7, -5, -0.5, 2, 1, -2, 3, 4, 5)])) == [
        "reading,point=7 value=-0.5,flag=2i,order_hi=1i,order_lo=-2i,segment=3i,offset=4i,index=5i"
        " -5"
    ]


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("influx url", {"url": "localhost:8086"}),
        ("influx url", {"url": "ftp://localhost"}),
        ("influx url", {"url": "http://me:secret@localhost"}),
        ("influx bucket", {"bucket": 'a"b'}),
        ("influx bucket", {"bucket": ""}),
        ("influx token", {"token": "a\nb"}),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(field: str, changed: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        InfluxAddress(**{"url": "http://localhost:8086", **changed})
    assert refused.value.field == field
    assert "secret" not in str(refused.value)


def test_the_token_is_never_shown() -> None:
    assert "hidden" not in repr(InfluxAddress("http://localhost:8086", token="hidden"))
