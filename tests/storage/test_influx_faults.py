"""An InfluxDB that is slow, full, busy, strict, cut off or killed costs nothing but delay.

A relay misbehaves in front of a real server. Whoever writes tries again, as the intake does;
in the end everything is stored, and nothing twice.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metering.errors import InvalidInput, OutcomeUnknown, StorageFull, Unavailable
from metering.reading import ReadingColumns
from proofs.servers.influx import OwnServer
from proofs.servers.relay import Relay, Reply
from storage.influx import InfluxAddress, InfluxReadings, check
from storage.influx.setup import WantedBucket

QUARTER = 900_000_000
WRITE = "/api/v2/write"

Fault = Callable[[Callable[[], Reply | None]], Reply | None]


class Misbehaving(Relay):
    """Before a server: answers requests to one path by the faults put up, then properly."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.path = WRITE
        self.faults: list[Fault] = []
        self.limit_lines = 1_000_000
        self.poison: bytes | None = None
        self.sizes: list[int] = []

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        def properly() -> Reply | None:
            return Relay.answer(self, method, path, headers, body)

        if not path.startswith(self.path):
            return properly()
        if self.faults:
            return self.faults.pop(0)(properly)
        if path.startswith(WRITE):
            lines = gzip.decompress(body).splitlines()
            self.sizes.append(len(lines))
            if len(lines) > self.limit_lines:
                return 413, {}, b'{"code":"request too large","message":"too large"}'
            if self.poison is not None and any(self.poison in line for line in lines):
                return 422, {}, b'{"code":"unprocessable entity","message":"poison"}'
        return properly()


def status(code: int, message: str = "", **headers: str) -> Fault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = f'{{"code":"test","message":"{message}"}}'.encode()
    return lambda properly: (code, named, body)


def cut(properly: Callable[[], Reply | None]) -> None:
    """The connection ends before the server heard anything."""


def applied_then_cut(properly: Callable[[], Reply | None]) -> None:
    """The server has stored it and said so, and nobody hears."""
    properly()


def applied_too_late(properly: Callable[[], Reply | None]) -> Reply | None:
    reply = properly()
    time.sleep(0.6)
    return reply


@pytest.fixture(params=[1, 2], ids=["influx1", "influx2"])
def address(
    request: pytest.FixtureRequest, influx_bucket: Callable[[int], InfluxAddress]
) -> InfluxAddress:
    return influx_bucket(request.param)


@pytest.fixture
def relay(address: InfluxAddress) -> Iterator[Misbehaving]:
    before = Misbehaving(address.url)
    yield before
    before.close()


@pytest.fixture
def store(address: InfluxAddress, relay: Misbehaving) -> InfluxReadings:
    return InfluxReadings(replace(address, url=relay.url, answer_s=20.0, patience_s=0.05))


def batch(number: int, size: int = 1_000) -> ReadingColumns:
    place = np.arange(size)
    zero = np.zeros(size, np.int64)
    value = np.random.default_rng(number).random(size)
    return ReadingColumns(
        place % 50,
        (number * size + place) * QUARTER // 50,
        value,
        zero.astype(np.int16),
        zero + number,
        place,
        zero + (1 << 24),
        place,
        zero,
    )


def insist(store: InfluxReadings, rows: ReadingColumns) -> list[Unavailable]:
    """Upsert until it is done; what was said meanwhile."""
    said: list[Unavailable] = []
    while True:
        try:
            store.upsert(rows)
        except Unavailable as error:
            said.append(error)
            assert len(said) < 100
        else:
            return said


def same(found: ReadingColumns, expected: ReadingColumns) -> bool:
    pairs = zip(vars(found.sorted()).values(), vars(expected.sorted()).values(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def everything(store: InfluxReadings) -> ReadingColumns:
    return store.scan(range(60), 0, 2**62)


FAULTS = {
    "401": (status(401, "unauthorized"), "influx token"),
    "403": (status(403, "insufficient permissions for write"), "influx token"),
    "404 bucket": (status(404, "bucket not found"), "influx bucket"),
    "404 organization": (status(404, "organization name not found"), "influx org"),
    "500": (status(500, "internal error"), "influx url"),
    "502": (status(502), "influx url"),
    "cut": (cut, "influx url"),
    "killed after its 204": (applied_then_cut, "influx url"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_is_told_and_the_next_try_stores_all(
    fault: str, store: InfluxReadings, relay: Misbehaving
) -> None:
    relay.faults, field = [FAULTS[fault][0]], FAULTS[fault][1]
    said = insist(store, batch(1))
    assert [error.field for error in said] == [field]
    assert said[0].fix
    assert same(everything(store), batch(1))
    assert store.count() == 1_000


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_when_it_said_to(
    code: int, store: InfluxReadings, relay: Misbehaving
) -> None:
    busy = status(code, "busy", Retry_After="1", X_Influxdb_Version="1.8.10")
    relay.faults = [busy]
    assert insist(store, batch(1)) == []
    relay.faults = [busy, busy, busy]
    said = insist(store, batch(2))
    assert [str(code) in str(error) for error in said] == [True]
    assert same(everything(store), ReadingColumns.concat([batch(1), batch(2)]))


OUTCOMES = {
    **{
        name: (fault, "502" not in name and "500" not in name)
        for name, (fault, _) in FAULTS.items()
    },
    "cut": (cut, False),
    "killed after its 204": (applied_then_cut, False),
    "500 of the server itself": (status(500, "timeout", X_Influxdb_Version="1.6.4"), False),
    "503 of the server itself": (status(503, "busy", X_Influxdb_Version="1.6.4"), True),
    "503 of a proxy": (status(503, "busy"), False),
    "504 of a proxy": (status(504), False),
    "408 of a proxy": (status(408), False),
    "429": (status(429, "busy"), True),
    "full": (status(500, "write wal: no space left on device"), True),
}
"""Whether a fault says what became of the write."""


@pytest.mark.parametrize("fault", OUTCOMES)
def test_an_outcome_is_unknown_where_nobody_says_it(
    fault: str, store: InfluxReadings, relay: Misbehaving
) -> None:
    """Then it is for the intake to note that before anything is sent again."""
    kind, tells = OUTCOMES[fault]
    relay.faults = [kind, kind]
    with pytest.raises(Unavailable) as raised:
        store.upsert(batch(1))
    assert isinstance(raised.value, OutcomeUnknown) is not tells
    asked_again = fault in ("429", "503 of the server itself")
    assert len(relay.faults) == (0 if asked_again else 1)


def test_what_was_never_sent_is_in_no_doubt(address: InfluxAddress) -> None:
    """A refused connection, and one that is not answered in time."""
    for url in ("http://127.0.0.1:9", "http://nobody.invalid:8086", "http://10.255.255.1:8086"):
        store = InfluxReadings(replace(address, url=url, connect_s=0.2))
        with pytest.raises(Unavailable) as raised:
            store.upsert(batch(1))
        assert not isinstance(raised.value, OutcomeUnknown)


def test_only_writes_are_in_doubt(store: InfluxReadings, relay: Misbehaving) -> None:
    """A question that is lost changes nothing."""
    relay.path, relay.faults = "/query", [cut]
    with pytest.raises(Unavailable) as raised:
        store.count()
    assert not isinstance(raised.value, OutcomeUnknown)


def test_a_full_disk_is_told_as_such(store: InfluxReadings, relay: Misbehaving) -> None:
    relay.faults = [status(500, "write wal: no space left on device")]
    said = insist(store, batch(1))
    assert [type(error) for error in said] == [StorageFull]


def test_a_slow_server_is_given_up_in_bounded_time(
    address: InfluxAddress, relay: Misbehaving
) -> None:
    store = InfluxReadings(replace(address, url=relay.url, answer_s=0.3))
    relay.faults = [applied_too_late]
    assert isinstance(insist(store, batch(1))[0], OutcomeUnknown)
    patient = InfluxReadings(address)
    assert same(everything(patient), batch(1))


def test_too_large_a_body_is_halved(store: InfluxReadings, relay: Misbehaving) -> None:
    relay.limit_lines = 700
    rows = batch(1, 7_000)
    assert insist(store, rows) == []
    assert same(everything(store), rows)
    assert sum(size for size in relay.sizes if size <= 700) == 7_000
    assert len(relay.sizes) < 20


def test_a_poisonous_row_is_found_and_all_others_are_stored(
    store: InfluxReadings, relay: Misbehaving
) -> None:
    rows = batch(1, 6_000)
    bad = np.array([0, 2_500, 5_999])
    marked = replace(rows, index=np.where(np.isin(np.arange(6_000), bad), 666, rows.index))
    relay.poison = b"index=666i"
    with pytest.raises(InvalidInput, match="poison") as refused:
        store.upsert(marked)
    named = list(zip(marked.point[bad].tolist(), marked.time_us[bad].tolist(), strict=True))
    assert sorted(refused.value.value) == sorted(named)  # type: ignore[call-overload]
    assert same(everything(store), rows.take(np.setdiff1d(np.arange(6_000), bad)))
    with pytest.raises(InvalidInput):
        store.upsert(marked.take(bad[:1]))


def test_an_outage_amid_poison_is_an_outage(store: InfluxReadings, relay: Misbehaving) -> None:
    """What is poisonous is told only once everything else is stored."""
    rows = batch(1, 6_000)
    relay.poison = b"offset=10i"
    relay.faults = [status(422, "poison"), status(204), cut]
    with pytest.raises(Unavailable):
        store.upsert(rows)
    with pytest.raises(InvalidInput):
        store.upsert(rows)
    assert same(everything(store), rows.take(rows.offset != 10))


@pytest.mark.parametrize("reply", ["cut short", "401", "503", "refused"])
def test_a_read_that_fails_is_never_an_empty_answer(
    reply: str, store: InfluxReadings, relay: Misbehaving
) -> None:
    """Taken for empty it would make duplicates look new."""

    def shortened(properly: Callable[[], Reply | None]) -> Reply | None:
        got = properly()
        return got and (got[0], got[1], got[2][: len(got[2]) // 2])

    rows = batch(1)
    store.upsert(rows)
    relay.path = "/query"
    fault = {
        "cut short": shortened,
        "401": status(401, "unauthorized"),
        "503": status(503, "busy"),
        "refused": status(400, "query too large"),
    }[reply]
    for read in (
        lambda: store.existing(rows.point, rows.time_us),
        lambda: everything(store),
        lambda: store.latest([1]),
        lambda: store.before([1], 2**50),
        store.count,
    ):
        relay.faults = [fault, fault]
        with pytest.raises(Unavailable):
            read()
    relay.faults = []
    assert same(store.existing(rows.point, rows.time_us), rows)


@pytest.mark.parametrize("seed", range(3))
def test_any_row_of_faults_ends_with_every_row_once(
    seed: int, store: InfluxReadings, relay: Misbehaving
) -> None:
    rng = np.random.default_rng(seed)
    kinds = [one for one, _ in FAULTS.values()] + [status(429, "busy"), status(503, "busy")]
    kept: list[ReadingColumns] = []
    for number in range(8):
        rows = batch(number, 6_000 if number == 3 else 500)
        rows = rows if number != 6 else batch(5, 500)
        relay.faults = [kinds[int(kind)] for kind in rng.integers(0, len(kinds), 4)]
        relay.limit_lines = int(rng.choice([300, 1_000_000]))
        insist(store, rows)
        if number != 6:
            kept.append(rows)
    relay.faults = []
    assert same(everything(store), ReadingColumns.concat(kept))


@pytest.mark.parametrize("generation", [1, 2])
def test_a_server_killed_amid_writing_keeps_what_it_acknowledged(
    generation: int, tmp_path: Path, influx_server: Callable[[int], OwnServer]
) -> None:
    """kill -9, then the server comes back with the same folder."""
    influx_server(generation)  # skips where there is none
    server = OwnServer(tmp_path, generation)
    try:
        address, _ = server.bucket("kept", WantedBucket(now_us=0, password="correct horse"))
        store = InfluxReadings(replace(address, connect_s=1.0))
        told: list[int] = []
        down = threading.Event()

        def write_on() -> None:
            for number in range(40):
                while True:
                    try:
                        store.upsert(batch(number))
                        break
                    except Unavailable:
                        down.set()
                        time.sleep(0.05)
                told.append(number)

        writer = threading.Thread(target=write_on)
        writer.start()
        while len(told) < 5:
            time.sleep(0.005)
        server.kill()
        down.wait(30)
        server.start()
        writer.join(60)
        assert down.is_set()
        assert told == list(range(40))
        rows = ReadingColumns.concat([batch(number) for number in range(40)])
        assert same(everything(store), rows)
        assert store.count() == 40_000
    finally:
        server.stop()


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    store = InfluxReadings(InfluxAddress("http://127.0.0.1:9", connect_s=0.5))
    with pytest.raises(Unavailable) as refused:
        store.upsert(batch(1))
    assert refused.value.field == "influx url"
    assert refused.value.value == "http://127.0.0.1:9"


def test_a_server_that_is_silent_is_asked_once_by_a_look_at_it() -> None:
    """Health waits for the look: every further question would be waited for as long."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked: list[socket.socket] = []

        def take() -> None:
            with suppress(OSError):
                while True:
                    asked.append(silent.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (problem,) = check(InfluxAddress(url, connect_s=5.0, answer_s=0.3), now_us=0)
        assert problem.field == "influx url"
        assert len(asked) == 1
        silent.shutdown(socket.SHUT_RDWR)
    for one in asked:
        one.close()
