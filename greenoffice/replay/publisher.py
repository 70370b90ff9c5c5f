"""Publishing the readings of a recorded table as a gateway would: batches, QoS 1, a window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from greenoffice.replay.options import ReplayOptions
from greenoffice.replay.recording import RecordedTable
from greenoffice.replay.registration import GATEWAY
from metering.errors import NotAllowed, Unavailable
from metering.quantity import I64

WINDOW = 64
"""Messages that may be under way unacknowledged."""
MOST_EXAMPLES = 20


@dataclass
class ReplayReport:
    """Counts of values: values = null_values + refused + published."""

    values: int = 0
    """Places for a value in the file."""
    null_values: int = 0
    """Empty, or written as missing."""
    refused: int = 0
    """Cannot be read, or have no instant."""
    published: int = 0
    messages: int = 0
    examples: list[str] = field(default_factory=list)
    """Of what was refused, some of it."""

    def add(self, other: ReplayReport) -> None:
        """Count in what became of another table."""
        self.values += other.values
        self.null_values += other.null_values
        self.refused += other.refused
        self.published += other.published
        self.messages += other.messages
        self.examples = (self.examples + other.examples)[:MOST_EXAMPLES]

    def as_dict(self) -> dict[str, int | list[str]]:
        """The counts as the command's line of JSON has them."""
        return dict(vars(self))


@dataclass(frozen=True)
class BrokerAddress:
    """Where and as whom to publish."""

    host: str
    port: int
    user: str
    password: str


class Publisher:
    """One MQTT connection with a bounded window; `close` returns once all is acknowledged."""

    def __init__(self, address: BrokerAddress) -> None:
        self._free = threading.Semaphore(WINDOW)
        self._refused: str | None = None
        self._connected = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"replay-{time.time_ns()}", clean_session=True
        )
        self._client.username_pw_set(address.user, address.password)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        try:
            self._client.connect(address.host, address.port, keepalive=60)
        except OSError as refused:
            raise Unavailable(
                "no collector answers",
                field="mqtt",
                value=f"{address.host}:{address.port}",
                fix="start the platform first: greenoffice up DATA-FOLDER",
            ) from refused
        self._client.loop_start()
        self._connected.wait(15)
        if self._refused or not self._connected.is_set():
            self._client.loop_stop()
            raise NotAllowed(
                f"the collector refused the connection: {self._refused or 'no answer'}",
                field="user",
                value=address.user,
                fix="renew the gateway's password",
            )

    def publish(self, topic: str, payload: bytes) -> None:
        """Queue one message; waits while the window is full."""
        self._free.acquire()
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Wait for every acknowledgement, then disconnect."""
        for _ in range(WINDOW):
            self._free.acquire()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._refused = str(reason)
        self._connected.set()

    def _on_publish(self, *_: object) -> None:
        self._free.release()


def replay(
    table: RecordedTable,
    options: ReplayOptions,
    publisher: Publisher,
    encoder: ReadingsEncoder,
    progress: Callable[[int], None],
) -> ReplayReport:
    """Publish one table by time; `progress` is called with the values that are done. Each message
    is on its way on return, and acknowledged once the publisher is closed."""
    history = table.history
    report = ReplayReport(
        values=history.cells, null_values=history.missing, refused=len(history.refused)
    )
    report.examples = [str(one) for one in history.refused[:MOST_EXAMPLES]]
    done = report.null_values + report.refused
    for places in table.by_time():
        readings = encoder.readings(table, places)
        for start in range(0, len(readings), options.batch):
            part = readings[start : start + options.batch]
            publisher.publish(encoder.topic, encoder.message(part))
            report.published += len(part)
            report.messages += 1
            progress(done + report.published)
    return report


class ReadingsEncoder:
    """Native payloads of one session."""

    def __init__(self, options: ReplayOptions, session: int) -> None:
        self.topic = f"greenoffice/v1/{options.site}/{GATEWAY}/readings"
        self._kind = str(options.kind)
        self._session = session
        self._sequence = 0
        self._json = msgspec.json.Encoder()

    def readings(self, table: RecordedTable, places: I64) -> list[dict[str, object]]:
        """The readings at some places of a table's history."""
        history, series = table.history, table.series
        return [
            {
                "point": series[which].name,
                "kind": self._kind,
                "unit": series[which].unit,
                "time": time_us // 1000,
                "value": value,
            }
            for which, time_us, value in zip(
                history.which[places].tolist(),
                history.time_us[places].tolist(),
                history.value[places].tolist(),
                strict=True,
            )
        ]

    def message(self, readings: list[dict[str, object]]) -> bytes:
        """The next message of the session."""
        self._sequence += 1
        return self._json.encode(
            {"session": self._session, "seq": self._sequence, "readings": readings}
        )
