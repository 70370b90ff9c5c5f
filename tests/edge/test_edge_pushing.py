"""An edge pushes to a real listener: what it acknowledged is in the journal, once."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector import ListenerSettings
from edge import EdgePusher, Spool, read_config, spool_state
from edge.values import EdgeReading
from metering.errors import ConfigurationError
from tests.collector.conftest import Running

NOW_US = 1_764_000_000_000_000
MANY = 350
TOPIC = "greenoffice/v1/s/g/readings"


@contextmanager
def listening(
    root: Path, port: int = 0, tls: Callable[[], ssl.SSLContext] | None = None
) -> Iterator[Running]:
    running = Running(root, ListenerSettings(port=port), tls)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def pushing(file: Path) -> Iterator[tuple[EdgePusher, Spool]]:
    """A pusher at work over what its spool holds."""
    config, stop = read_config(file), threading.Event()
    with Spool(config.spool, config.max_bytes, NOW_US) as spool:
        pusher = EdgePusher(config, spool, lambda: time.time_ns() // 1000, stop)
        thread = threading.Thread(target=pusher.run)
        thread.start()
        try:
            yield pusher, spool
        finally:
            stop.set()
            thread.join()


def filled(folder: Path, many: int = MANY) -> None:
    with Spool(folder, 10**9, NOW_US) as spool:
        for n in range(many):
            one = EdgeReading("E1.import", "register", "kWh", NOW_US + n * 10**6, float(n))
            spool.put("E1", [one], NOW_US)


def awaited(what: Callable[[], object]) -> None:
    while not what():
        time.sleep(0.05)


def drained(folder: Path) -> bool:
    return spool_state(folder).waiting == 0


def values(running: Running) -> list[tuple[int, int, float]]:
    """(session, seq, value) of each message in the journal, in the order of arrival."""
    told = [json.loads(one.payload) for one in running.records("message") if one.route == TOPIC]
    return [(one["session"], one["seq"], one["readings"][0]["value"]) for one in told]


def at(port: int, more: str = "") -> str:
    return f'name = "s/g"\nhost = "localhost"\nport = {port}\n{more}'


def test_all_that_waits_is_pushed_in_order_and_again_where_it_is_asked_for(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "edge-spool"
    filled(folder)
    with listening(tmp_path / "journal") as listener:
        file = configured(("E1", 9, 1), gateway=at(listener.port), password="right")
        with pushing(file) as (_, spool):
            awaited(lambda: drained(folder))
            found = values(listener)
            first = found[0][0]
            assert found == [(first, n + 1, float(n)) for n in range(MANY)]
            assert first < spool.session
            command = {"command": "resend", "id": 3, "session": first, "seq": [5, 9]}
            listener.listener.command(
                "s/g", "greenoffice/v1/s/g/commands", json.dumps(command).encode()
            )
            awaited(lambda: len(values(listener)) == MANY + 5)
            assert [seq for _, seq, _ in values(listener)[MANY:]] == [5, 6, 7, 8, 9]
            told = [one for one in listener.records("message") if one.route.endswith("/events")]
            assert json.loads(told[0].payload) == {"event": "resend", "id": 3, "result": "sent"}
            awaited(lambda: drained(folder))


def test_a_listener_that_goes_and_comes_again_loses_nothing(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "edge-spool"
    filled(folder, 20)
    with listening(tmp_path / "journal") as listener:
        port = listener.port
        file = configured(("E1", 9, 1), gateway=at(port), password="right")
        with pushing(file) as (pusher, spool):
            awaited(lambda: drained(folder))
            listener.close()
            awaited(lambda: not pusher.connected)
            spool.put("E1", [EdgeReading("E1.import", "register", "kWh", NOW_US, 99.0)], NOW_US)
            assert not drained(folder)
            with listening(tmp_path / "journal", port) as again:
                awaited(lambda: drained(folder))
                assert sorted(value for _, _, value in values(again)) == [*range(20), 99.0]


def test_a_wrong_password_waits_and_nothing_is_lost(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "edge-spool"
    filled(folder, 3)
    with listening(tmp_path / "journal") as listener:
        file = configured(("E1", 9, 1), gateway=at(listener.port), password="wrong")
        with pushing(file) as (pusher, _):
            awaited(lambda: listener.passwords.asked)
            assert not pusher.connected
        assert spool_state(folder).waiting == 3
        assert values(listener) == []


def test_over_tls_a_certificate_is_believed_only_where_its_authority_is_named(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    made = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*made, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain, key)
    folder = tmp_path / "edge-spool"
    filled(folder, 2)
    with listening(tmp_path / "journal", tls=lambda: server) as listener:
        for believed in ("", 'ca_file = "chain.pem"\n'):
            gateway = at(listener.port, f"tls = true\n{believed}")
            with pushing(configured(("E1", 9, 1), gateway=gateway, password="right")) as (one, _):
                if believed:
                    awaited(lambda: drained(folder))
                else:
                    time.sleep(1)
                    assert not one.connected
        assert len(values(listener)) == 2


def test_certificates_of_no_use_are_told_at_the_start(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    config = read_config(
        configured(("E1", 9, 1), gateway=at(1, 'tls = true\nca_file = "no.pem"\n'))
    )
    told = pytest.raises(ConfigurationError, match="certificates of the edge")
    with Spool(tmp_path / "other", 10**6, NOW_US) as spool, told as refused:
        EdgePusher(config, spool, lambda: NOW_US, threading.Event())
    assert refused.value.field == "gateway.ca_file"
