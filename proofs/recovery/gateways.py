"""Gateways that publish a reading every half second and send again what was not acknowledged."""

from __future__ import annotations

import json
import threading
from types import TracebackType
from typing import Self

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from greenoffice.clock import ShiftedClock
from greenoffice.demo.stored import Times
from metering.localtime import HOUR_US, iso

EVERY_S = 0.5
POINT = "E1"
HISTORY_DAYS = 40
BASE = 1000.0
"""Value of the register now [kWh]."""


class ResendingGateway:
    """One gateway; what it was acknowledged is in `acknowledged`."""

    def __init__(self, user: str, password: str, port: int, clock: ShiftedClock) -> None:
        self.site, self.code = user.split("/")
        self.user, self.password = user, password
        self._port, self._clock = port, clock
        self._lock = threading.Lock()
        self._open: dict[int, list[int]] = {}
        """Times of what is not acknowledged yet, by number of the packet."""
        self._acknowledged: set[int] = set()
        self._count = 0
        self._stop = threading.Event()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, f"field-{self.code}")
        client.username_pw_set(user, password)
        client.reconnect_delay_set(1, 3)
        client.on_publish = self._on_publish
        self._client = client
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._client.connect_async("127.0.0.1", self._port, keepalive=15)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def count(self) -> int:
        """How many readings were acknowledged so far."""
        with self._lock:
            return len(self._acknowledged)

    @property
    def behind(self) -> int:
        """How many messages are not acknowledged yet."""
        with self._lock:
            return len(self._open)

    def acknowledged(self) -> Times:
        """Times of the readings acknowledged so far."""
        with self._lock:
            times = np.array(sorted(self._acknowledged), dtype=np.int64)
        return {(self.code, POINT): times}

    def _run(self) -> None:
        now_us = self._clock.now_us() // HOUR_US * HOUR_US
        for day in range(HISTORY_DAYS, 0, -1):
            hours = range(24 * day, 24 * day - 24, -1)
            self._publish({now_us - n * HOUR_US: BASE - 0.5 * n for n in hours})
        while not self._stop.wait(EVERY_S):
            self._count += 1
            time_us = self._clock.now_us() // 1000 * 1000
            self._publish({time_us: BASE + self._count * 0.001})

    def _publish(self, values: dict[int, float]) -> None:
        found = [{"point": POINT, "time": iso(t), "value": round(v, 3)} for t, v in values.items()]
        topic = f"greenoffice/v1/{self.site}/{self.code}/readings"
        with self._lock:
            sent = self._client.publish(topic, json.dumps({"readings": found}).encode(), qos=1)
            self._open[sent.mid] = list(values)

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        packet: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        with self._lock:
            times = self._open.pop(packet, [])
            if not reason.is_failure:
                self._acknowledged.update(times)
