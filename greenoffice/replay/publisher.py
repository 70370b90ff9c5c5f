"""Publishing the rows of a recorded table as a gateway would: batches, QoS 1, a window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from collector.tables import LoadedHistory
from greenoffice.replay.options import ReplayOptions
from greenoffice.replay.registration import GATEWAY
from greenoffice.replay.table import Chunk, RecordedTable
from metering.errors import NotAllowed, Unavailable

WINDOW = 64
"""Messages that may be under way unacknowledged."""


@dataclass
class ReplayReport:
    """Counts of values, not rows: a row with two value columns counts twice.

    values = null_values + refused + published.
    """

    rows: int = 0
    values: int = 0
    null_values: int = 0
    refused: int = 0
    ambiguous: int = 0
    impossible: int = 0
    without_time: int = 0
    unreadable: int = 0
    published: int = 0
    messages: int = 0
    examples: list[str] = field(default_factory=list)

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
    address: BrokerAddress,
    *,
    session: int,
    progress: Callable[[int], None] = lambda _rows: None,
) -> ReplayReport:
    """Publish every usable value of the table; null is not published.

    `progress` is told the rows done after each chunk.
    """
    report = ReplayReport()
    publisher = Publisher(address)
    encoder = _Encoder(table.options, session)
    for column in table.columns or ():
        _not_taken(column.history, report)
    for chunk in table.chunks():
        _judge(chunk, table.options, report)
        for payload, count in encoder.messages(chunk):
            publisher.publish(encoder.topic, payload)
            report.published += count
            report.messages += 1
        progress(report.rows)
    publisher.close()
    return report


def _not_taken(history: LoadedHistory, report: ReplayReport) -> None:
    """Count what a file of people says there is none of, and what of it cannot be read."""
    report.rows += history.missing + len(history.refused)
    report.values += history.missing + len(history.refused)
    report.null_values += history.missing
    report.unreadable += len(history.refused)
    report.refused += len(history.refused)
    room = max(0, 20 - len(report.examples))
    report.examples += [str(one) for one in history.refused[:room]]


def _judge(chunk: Chunk, options: ReplayOptions, report: ReplayReport) -> None:
    report.rows += len(chunk.identity)
    for values in chunk.values.values():
        present = ~np.isnan(values)
        report.values += values.size
        report.null_values += int((~present).sum())
        report.without_time += int((present & chunk.no_time).sum())
        timed = present & ~chunk.no_time
        report.ambiguous += int((timed & chunk.times.ambiguous).sum())
        report.impossible += int((timed & chunk.times.impossible).sum())
    report.refused = report.without_time + report.ambiguous + report.impossible + report.unreadable
    bad = chunk.no_time | ~chunk.times.usable
    for row in np.flatnonzero(bad)[: max(0, 20 - len(report.examples))]:
        why = (
            "no time"
            if chunk.no_time[row]
            else (
                "local time occurs twice"
                if chunk.times.ambiguous[row]
                else "local time does not exist"
            )
        )
        report.examples.append(f"{chunk.identity[row]} ({options.time}): {why}")


class _Encoder:
    """Native payloads of up to `batch` readings."""

    def __init__(self, options: ReplayOptions, session: int) -> None:
        self.topic = f"greenoffice/v1/{options.site}/{GATEWAY}/readings"
        self._options = options
        self._session = session
        self._sequence = 0
        self._json = msgspec.json.Encoder()

    def messages(self, chunk: Chunk) -> list[tuple[bytes, int]]:
        usable = ~chunk.no_time & chunk.times.usable
        times_ms = chunk.time_us // 1000
        readings = [
            {
                "point": self._options.point_name(str(chunk.identity[row]), value),
                "kind": str(self._options.kind),
                "unit": value.unit,
                "time": int(times_ms[row]),
                "value": float(chunk.values[value.column][row]),
            }
            for value in self._options.values
            if value.column in chunk.values
            for row in np.flatnonzero(usable & ~np.isnan(chunk.values[value.column]))
        ]
        size = self._options.batch
        parts = [readings[start : start + size] for start in range(0, len(readings), size)]
        return [(self._message(part), len(part)) for part in parts]

    def _message(self, readings: list[dict[str, object]]) -> bytes:
        self._sequence += 1
        return self._json.encode(
            {"session": self._session, "seq": self._sequence, "readings": readings}
        )
