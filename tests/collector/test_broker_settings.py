"""What is wrong with a broker, its settings or its answers is said with field, value and fix."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from collector import BrokerClient, ClientSettings, CollectorMetrics, JournalWriter
from collector.broker import problems
from collector.broker.records import BrokerRecorder
from collector.broker.settings import Address, address_of, check_settings, tls_context
from metering.errors import ConfigurationError, GreenOfficeError, NotAllowed, Unavailable

SETTINGS = ClientSettings(url="mqtt://broker", user="receiver")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", Address("broker", 1883, False)),
        ("mqtts://broker.example/", Address("broker.example", 8883, True)),
        ("mqtt://127.0.0.1:1884", Address("127.0.0.1", 1884, False)),
        ("mqtts://[::1]:1", Address("::1", 1, True)),
    ],
)
def test_a_url_names_host_port_and_tls(url: str, address: Address) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "mqtt://",
        "mqtt://b:port",
        "mqtt://b:70000",
        "mqtt://b/topic",
        "mqtt://b?x=1",
        f"mqtt://{'a' * 70}",
        "mqtt://[::1",
    ],
)
def test_a_bad_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        address_of(url)
    assert caught.value.field == "broker.url"
    assert "mqtt://HOST" in (caught.value.fix or "")


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        address_of("mqtt://user:secret@broker")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("client_id", ""),
        ("client_id", "a\0b"),
        ("receive_maximum", 0),
        ("receive_maximum", 65_536),
        ("filters", ()),
        ("filters", ("a/#/b",)),
        ("filters", ("a+",)),
    ],
)
def test_a_bad_setting_is_named(field: str, wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_settings(ClientSettings(**{"url": "mqtt://b", field: wrong}))
    assert caught.value.field == f"broker.{field}"
    assert caught.value.fix


def test_a_bad_setting_stops_the_receiver_before_it_begins(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path, 1, now_us=lambda: 0, housekeep=False)
    metrics = CollectorMetrics(CollectorRegistry())
    with pytest.raises(ConfigurationError, match=r"broker\.user"):
        BrokerClient(
            journal, ClientSettings(url="mqtt://b", password="x"), metrics, now_us=lambda: 0
        )
    journal.close()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bad_ca_file_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    settings = ClientSettings(url="mqtts://b", ca_file=path)
    with pytest.raises(ConfigurationError) as caught:
        tls_context(settings, address_of(settings.url))
    assert (caught.value.field, caught.value.value) == ("broker.ca_file", str(path))


def test_a_ca_file_without_tls_is_refused(tmp_path: Path) -> None:
    settings = ClientSettings(url="mqtt://b", ca_file=tmp_path / "ca.pem")
    with pytest.raises(ConfigurationError, match="mqtts://"):
        tls_context(settings, address_of(settings.url))


def refused(code: int) -> GreenOfficeError:
    return problems.refused(code, "because", SETTINGS)


@pytest.mark.parametrize(
    ("problem", "kind", "field"),
    [
        (refused(0x86), NotAllowed, "broker.user"),
        (refused(0x87), NotAllowed, "broker.user"),
        (refused(0x84), ConfigurationError, "broker.version"),
        (refused(0x85), ConfigurationError, "broker.client_id"),
        (refused(0x88), Unavailable, "broker.url"),
        (problems.ended(0x8E, "", SETTINGS), ConfigurationError, "broker.client_id"),
        (problems.ended(0x8B, "stopping", SETTINGS), Unavailable, "broker.url"),
        (problems.ended(None, "", SETTINGS), Unavailable, "broker.url"),
        (problems.unreachable(TimeoutError(), SETTINGS), Unavailable, "broker.url"),
        (problems.unreachable(OSError("no route"), SETTINGS), Unavailable, "broker.url"),
        (problems.unreachable(ssl.SSLError(1, "bad"), SETTINGS), Unavailable, "broker.url"),
    ],
)
def test_every_answer_has_a_field_and_a_fix(
    problem: GreenOfficeError, kind: type[GreenOfficeError], field: str
) -> None:
    assert type(problem) is kind
    assert problem.field == field
    assert problem.fix


def test_subscriptions_are_judged_together() -> None:
    judge = problems.subscription_refused
    assert judge([("a", 1), ("b", 1)], SETTINGS) is None
    denied = judge([("a", 1), ("b", 0x87), ("c", 0x80), ("d", 0)], SETTINGS)
    assert isinstance(denied, NotAllowed)
    assert denied.value == "b, c"
    weak = judge([("a", 0), ("b", 1)], SETTINGS)
    assert isinstance(weak, ConfigurationError)
    assert weak.value == "a"


class NotUtf8(SimpleNamespace):
    """A message whose topic is not UTF-8, as paho gives it."""

    @property
    def topic(self) -> str:
        return b"t/\xff".decode()


def test_a_topic_that_is_not_utf_8_does_not_stop_the_receiver() -> None:
    message: Any = NotUtf8(mid=3, qos=1, dup=False, retain=False, payload=b"\xff", properties=None)
    taken = BrokerRecorder(SETTINGS).take([message], "x", 5)
    (record,) = taken.records
    assert (record.route, record.payload, record.gateway) == (
        "t/\N{REPLACEMENT CHARACTER}",
        b"\xff",
        "receiver",
    )
    assert taken.packet_ids == [3]
