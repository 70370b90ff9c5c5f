"""What two gateways push, message by message, and gateways that push it at the pace they are told.

Hourly messages of quarter hours of three registers. In between lie corrections, repetitions, points
that nobody knows and texts that are no JSON; one register stands still for a day, and another one
says nothing for two. The same seed gives the same bytes.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from greenoffice.demo.stored import Times
from metering.errors import Unavailable
from metering.localtime import MINUTE_US, iso, parse_instant
from proofs.steps import wait_until

NOW: Final = "2026-11-18T10:00:00+08:00"
FIRST_US: Final = parse_instant("2026-11-04T00:00:00+08:00")
HOURS: Final = 344
"""Of readings, up to two hours before `NOW`."""
OFFICE: Final = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\ns,h\n",
    "meters.csv": "code,node,item,total,step_min\nm1,b,01000,yes,15\nm2,b,01A00,,15\n"
    "m3,b,01B00,,15\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m1\n"
    "s/g,E2,register,kWh,m2\ns/h,E3,register,kWh,m3\n",
}
POINTS: Final = {"g": ("E1", "E2"), "h": ("E3",)}
_SILENT: Final = range(5 * 24, 7 * 24)
"""Hours in which E2 says nothing."""
_STILL: Final = range(9 * 24, 10 * 24)
"""Hours in which E3 stands still."""
QUICK_S: Final = 0.005
SLOW_S: Final = 0.3
"""Between two messages of a gateway: before and after an outage, and during one [s]."""
_UNDER_WAY: Final = 20
IN_DOUBT: Final = 300
"""Messages that a gateway pushes again after its broker was killed: more than the broker keeps in
memory alone."""


@dataclass(frozen=True)
class PushedMessage:
    """One message, and what must come of it: times of readings by point, and the places in it of
    dead letters, -1 for the whole message."""

    payload: bytes
    times_us: dict[str, tuple[int, ...]]
    letters: tuple[int, ...] = ()
    corrects: bool = False
    """Whether it says another value for what the message before it said."""


def messages_of(gateway: str, seed: int) -> list[PushedMessage]:
    """All that one gateway pushes, in order."""
    chance = random.Random(f"{gateway} {seed}")  # noqa: S311 - readings, no secret
    level = dict.fromkeys(POINTS[gateway], 1000.0)
    made: list[PushedMessage] = []
    for hour in range(HOURS):
        readings = _hour(gateway, hour, level, chance)
        if hour % 15 == 14:
            readings.append(_reading("E9", hour * 60, 1.0))
        made.append(_message(len(made), readings))
        if hour % 20 == 19 and readings:
            later = dict(readings[0], value=round(readings[0]["value"] + 0.2, 3))
            made.append(_message(len(made), [later], corrects=True))
        if hour % 30 == 29:
            made.append(made[-1])
        if hour % 25 == 24:
            made.append(PushedMessage(b"{no json %d" % (hour % 3), {}, (-1,)))
    return made


def _hour(
    gateway: str, hour: int, level: dict[str, float], chance: random.Random
) -> list[dict[str, Any]]:
    found = []
    for point in POINTS[gateway]:
        for quarter in range(4):
            if point != "E3" or hour not in _STILL:
                level[point] += 1.0 + chance.random()
            if point != "E2" or hour not in _SILENT:
                minutes = hour * 60 + quarter * 15
                found.append(_reading(point, minutes, round(level[point], 3)))
    return found


def _reading(point: str, minutes: int, value: float) -> dict[str, Any]:
    return {"point": point, "time": iso(FIRST_US + minutes * MINUTE_US), "value": value}


def _message(
    number: int, readings: list[dict[str, Any]], *, corrects: bool = False
) -> PushedMessage:
    body = json.dumps({"session": 1, "seq": number, "readings": readings}).encode()
    times: dict[str, tuple[int, ...]] = {}
    for one in readings:
        if one["point"] != "E9":
            times[one["point"]] = (*times.get(one["point"], ()), parse_instant(one["time"]))
    unknown = tuple(index for index, one in enumerate(readings) if one["point"] == "E9")
    return PushedMessage(body, times, unknown, corrects)


class PacedGateway:
    """Pushes its messages in order, at a pace, up to a number; what is not acknowledged it pushes
    again when it is connected again."""

    def __init__(self, code: str, seed: int, port: int, password: str = "") -> None:
        self.code = code
        self.user = f"s/{code}"
        self.messages = messages_of(code, seed)
        self.pace_s = QUICK_S
        self._port = port
        self._changed = threading.Condition()
        self._allowed = 0
        self._open: dict[int, int] = {}
        self._acknowledged: set[int] = set()
        self._early: set[int] = set()
        """Packets acknowledged before the client had told us their number."""
        self._pushing = 0
        self._over = False
        client = mqtt.Client(CallbackAPIVersion.VERSION2, f"field-{code}", protocol=mqtt.MQTTv5)
        if password:
            client.username_pw_set(self.user, password)
        client.max_inflight_messages_set(_UNDER_WAY)
        client.reconnect_delay_set(1, 2)
        client.on_publish = self._on_publish
        self._client = client
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._client.connect_async("127.0.0.1", self._port, keepalive=10)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join(30)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def count(self) -> int:
        """How many of its messages were acknowledged."""
        with self._changed:
            return len(self._acknowledged)

    def allow(self, number: int, pace_s: float = QUICK_S) -> None:
        """Push on, up to so many messages of all, at this pace [s]."""
        with self._changed:
            self._allowed = max(self._allowed, min(number, len(self.messages)))
            self.pace_s = pace_s
            self._changed.notify_all()

    def push_again(self, number: int) -> None:
        """Push the last so many acknowledged messages again, as who cannot trust its broker."""
        with self._changed:
            last = sorted(self._acknowledged)[-number:]
        for index in last:
            self._push(index)

    def wait_for(self, number: int, timeout_s: float = 120.0) -> None:
        """Wait until so many messages are acknowledged; Unavailable when time is up."""
        wait_until(
            f"{self.user} to be acknowledged {number} messages",
            lambda: self.count >= number,
            timeout_s,
            0.05,
        )

    def wait_for_all(self, timeout_s: float = 120.0) -> None:
        """Wait until nothing is under way any more."""
        self.wait_for(len(self.messages), timeout_s)
        wait_until(f"{self.user} to be at rest", self._at_rest, timeout_s, 0.05)

    def acknowledged(self) -> list[PushedMessage]:
        """What was acknowledged so far."""
        with self._changed:
            return [self.messages[index] for index in sorted(self._acknowledged)]

    def _at_rest(self) -> bool:
        with self._changed:
            return not self._open and not self._pushing

    def _run(self) -> None:
        for index in range(len(self.messages)):
            with self._changed:
                while not self._over and (
                    index >= self._allowed or len(self._open) >= 2 * _UNDER_WAY
                ):
                    self._changed.wait(0.5)
                if self._over:
                    return
            self._push(index)
            threading.Event().wait(self.pace_s)

    def _push(self, index: int) -> None:
        topic = f"greenoffice/v1/{self.user}/readings"
        with self._changed:
            self._pushing += 1
        # the client calls back under a lock of its own: none of ours may be held while it pushes
        packet = self._client.publish(topic, self.messages[index].payload, qos=1).mid
        with self._changed:
            self._pushing -= 1
            if packet in self._early:
                self._early.remove(packet)
                self._acknowledged.add(index)
            else:
                self._open[packet] = index

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        packet: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        with self._changed:
            index = self._open.pop(packet, None)
            if not reason.is_failure:
                if index is None:
                    self._early.add(packet)
                else:
                    self._acknowledged.add(index)
            self._changed.notify_all()


@dataclass(frozen=True)
class FieldGateways:
    """Both of them."""

    gateways: tuple[PacedGateway, ...]

    def quickly(self, share: float) -> None:
        """Push up to this share of all messages, and wait until they are acknowledged."""
        for one in self.gateways:
            one.allow(int(share * len(one.messages)))
        for one in self.gateways:
            one.wait_for(int(share * len(one.messages)))

    def slowly(self, share: float) -> None:
        """Push on at a slow pace, up to this share of all, and do not wait."""
        for one in self.gateways:
            one.allow(int(share * len(one.messages)), SLOW_S)

    def more(self, count: int = 3, timeout_s: float = 60.0) -> None:
        """Wait until each is acknowledged so many more; Unavailable where there are no more."""
        wanted = [one.count + count for one in self.gateways]
        for one, number in zip(self.gateways, wanted, strict=True):
            one.allow(number, SLOW_S)  # beyond what it was allowed, where a case takes long
        for one, number in zip(self.gateways, wanted, strict=True):
            one.wait_for(number, timeout_s)

    def finish(self) -> None:
        """Push all that is left, and wait until all is acknowledged."""
        for one in self.gateways:
            one.allow(len(one.messages))
        for one in self.gateways:
            one.wait_for_all()

    def wanted(self) -> Times:
        """Times of the readings that were acknowledged."""
        found: dict[tuple[str, str], set[int]] = {}
        for one in self.gateways:
            for message in one.acknowledged():
                for point, times in message.times_us.items():
                    found.setdefault((one.code, point), set()).update(times)
        return {key: np.array(sorted(times), dtype=np.int64) for key, times in found.items()}

    def wanted_letters(self) -> set[tuple[str, bytes, int]]:
        """Gateway, first bytes and place of every dead letter that acknowledged messages are."""
        return {
            (one.user, message.payload[:512], index)
            for one in self.gateways
            for message in one.acknowledged()
            for index in message.letters
        }

    def correction(self) -> int:
        """Number of a message of the first gateway, in the second half, that corrects the one
        before it."""
        messages = self.gateways[0].messages
        half = len(messages) // 2
        for number in range(half, len(messages)):
            if messages[number].corrects:
                return number
        raise Unavailable("no message corrects another", field="feed", fix="let one do so")
