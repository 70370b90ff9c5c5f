"""The hostile check: what it calls reached, and that its attacks speak MQTT."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.mqtt import Connect, ConnectionLimits, Publish, ServerSession
from proofs.hostile import mqtt
from proofs.hostile.check import _reached, _Suffered, _told
from proofs.hostile.good import Sample
from proofs.hostile.watch import p99_ms


def samples(start: float, end: float, ms: float, **other: Any) -> list[Sample]:
    """Both kinds, ten times a second."""
    steps = range(round((end - start) * 10))
    return [
        Sample(start + step / 10, kind, ms, **({"ok": True} | other))
        for kind in ("mqtt", "http")
        for step in steps
    ]


LATE = {"locked_out": 0, "caught_up_after_s": 61}
SUFFERED = _Suffered("x", 0.0, 10.0, 20.0, {"tried": 1, "caught_up_after_s": 60})


@pytest.mark.parametrize(
    ("before_ms", "during_ms", "reached"),
    [(10, 499, True), (10, 501, False), (200, 599, True), (200, 601, False)],
)
def test_hardly_noticed_is_three_times_as_long_or_half_a_second(
    before_ms: float, during_ms: float, reached: bool
) -> None:
    told = _told(SUFFERED, samples(0, 10, before_ms) + samples(10, 20, during_ms))
    assert told["good_p99_ms"]["http"] == {"before": before_ms, "during": during_ms}
    assert told["reached"] is reached


def test_one_that_failed_or_was_locked_out_is_too_many() -> None:
    calm = samples(0, 20, 5)
    assert _told(SUFFERED, calm)["reached"]
    failed = Sample(15, "mqtt", 5, ok=False, said="no answer")
    told = _told(SUFFERED, [*calm, failed])
    assert (told["reached"], told["good_failed"], told["said"]) == (False, 1, ["no answer"])
    refused = Sample(15, "connect", 5, ok=False, locked_out=True)
    assert _told(SUFFERED, [*calm, refused])["locked_out"] == 1
    assert _told(SUFFERED, [*calm, Sample(21, "mqtt", 5, ok=False)])["reached"]


def test_readings_that_wait_long_are_no_success() -> None:
    late = _Suffered("x", 0.0, 10.0, 20.0, LATE)
    assert not _told(late, samples(0, 20, 5))["reached"]


def test_nothing_measured_reaches_nothing() -> None:
    assert not _told(SUFFERED, samples(0, 10, 5))["reached"]
    assert not _reached(LATE | {"good_p99_ms": {}, "good_failed": 1, "caught_up_after_s": 5})


def test_the_99th_percentile() -> None:
    found = [Sample(0, "mqtt", float(ms), ok=True) for ms in range(100)]
    assert p99_ms(found, "mqtt") == 99
    assert p99_ms([*found, *found], "mqtt") == 99
    assert p99_ms(found, "http") is None


def test_the_attacks_packets_are_mqtt() -> None:
    session = ServerSession(ConnectionLimits(), lambda: "id")
    (connect,) = session.receive(mqtt._connect_packet("s/g", "wrong"))
    assert isinstance(connect, Connect)
    assert (connect.user, connect.password) == ("s/g", b"wrong")
    session.accept()
    body = mqtt._text(b"t") + b"\0\1" + b"x" * 300
    (publish,) = session.receive(mqtt._packet(0x32, body))
    assert isinstance(publish, Publish)
    assert publish.payload == b"x" * 300


def test_no_two_unreadable_messages_are_alike() -> None:
    found = list(mqtt._unreadable(50))
    assert len(set(found)) == len(found) == 100
    names = [one["point"] for text in found[::2] for one in json.loads(text)["readings"]]
    assert len(set(names)) == 50 * mqtt.A_MESSAGE


def test_attacks_have_names_of_their_own() -> None:
    assert len({one.name for one in mqtt.ATTACKS}) == len(mqtt.ATTACKS)
