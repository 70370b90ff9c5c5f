"""Pushes what a spool holds over MQTT, as any gateway does.

    spool ─▶ window of messages in flight ─▶ platform
      ▲               ▲                         │
      └─ acknowledged └────────── PUBACK ◀──────┘
      ◀─ waits again ◀────────── commands ◀─────┘

One thread owns what is in flight; the client's own thread only hands over packet ids and commands.
The client connects again by itself, later and later, and sends what was not acknowledged again.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from edge.asked import obeyed
from edge.config import EdgeConfig, GatewayConfig
from edge.spool import Spool, SpooledMessage
from metering.errors import ConfigurationError

WINDOW = 100
"""Messages in flight at most."""
STATUS_EVERY_US = 900_000_000
_LOOK_S = 0.2
_MOST_COMMANDS = 100
"""Commands that wait to be obeyed; of more the newest are dropped, and asked for again."""

_log = structlog.get_logger()


@dataclass
class EdgePusher:
    """Pushes until it is told to stop; the platform being away is waited out, however long."""

    config: EdgeConfig
    spool: Spool
    now_us: Callable[[], int]
    stop: threading.Event
    connected: bool = False
    _in_flight: dict[int, int] = field(default_factory=dict)
    """Numbers in the spool by packet id."""
    _status_us: int = 0

    def __post_init__(self) -> None:
        self._acks: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._commands: queue.Queue[bytes] = queue.Queue(_MOST_COMMANDS)
        self._client = self._made()

    def run(self) -> None:
        """Push until stopped."""
        gateway = self.config.gateway
        self._client.connect_async(gateway.host, gateway.port, keepalive=60)
        self._client.loop_start()
        try:
            while not self.stop.is_set():
                try:
                    self._turn()
                except sqlite3.OperationalError as refused:  # a full disk: it is tried again
                    _log.error("the spool takes nothing", error=str(refused))
                    self.stop.wait(1.0)
        finally:
            self._collect()
            self._client.disconnect()
            self._client.loop_stop()

    def _turn(self) -> None:
        while not self._commands.empty():
            if (answer := obeyed(self.spool, self._commands.get())) is not None:
                self._client.publish(self._topic("events"), answer, qos=1)
        if self.connected:
            self._tell_status()
            room = WINDOW - len(self._in_flight)
            for message in self.spool.waiting(room, self._in_flight.values()) if room else ():
                told = self._payload(message)
                sent = self._client.publish(self._topic("readings"), told, qos=1)
                self._in_flight[sent.mid] = message.number
        self._collect(_LOOK_S)

    def _payload(self, message: SpooledMessage) -> bytes:
        head = {"session": message.session, "seq": message.seq, "sent": self.now_us() // 1000}
        return json.dumps(head).encode()[:-1] + b', "readings": ' + message.readings + b"}"

    def _tell_status(self) -> None:
        """Say every quarter of an hour how the edge does, on the gateway's status topic."""
        now_us = self.now_us()
        if abs(now_us - self._status_us) < STATUS_EVERY_US:
            return
        self._status_us = now_us
        told = {"state": "running", "session": self.spool.session}
        self._client.publish(self._topic("status"), json.dumps(told), qos=0)

    def _collect(self, wait_s: float = 0.0) -> None:
        """Note what was acknowledged, waiting at most `wait_s` for the first."""
        done = []
        try:
            done.append(self._acks.get(timeout=wait_s) if wait_s else self._acks.get(False))
            while True:
                done.append(self._acks.get(False))
        except queue.Empty:
            pass
        if not done:
            return
        numbers = [self._in_flight[mid] for mid in done if mid in self._in_flight]
        try:
            self.spool.acknowledged(numbers)
        except sqlite3.OperationalError:
            for mid in done:
                self._acks.put(mid)
            raise
        for mid in done:
            self._in_flight.pop(mid, None)

    def _topic(self, last: str) -> str:
        return f"greenoffice/v1/{self.config.gateway.name}/{last}"

    def _made(self) -> paho.Client:
        gateway = self.config.gateway
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            f"edge-{gateway.name.replace('/', '-')}",
            clean_session=False,
            protocol=paho.MQTTv311,
        )
        client.username_pw_set(gateway.name, self.config.password)
        client.will_set(self._topic("status"), '{"state": "vanished"}', qos=1)
        client.max_inflight_messages_set(WINDOW)
        client.reconnect_delay_set(1, 120)
        if gateway.tls:
            client.tls_set_context(_tls(gateway))
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_publish(self, _client: Any, _data: Any, mid: int, *_others: Any) -> None:
        self._acks.put(mid)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        if message.topic == self._topic("errors"):
            _log.warning(
                "the platform refused", told=message.payload[:500].decode("utf-8", "replace")
            )
        elif not self._commands.full():
            self._commands.put_nowait(bytes(message.payload))

    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _more: Any
    ) -> None:
        self.connected = not reason.is_failure
        if reason.is_failure:
            _log.warning("the platform does not let this gateway in", reason=str(reason))
            return
        _log.info("connected", gateway=self.config.gateway.name)
        client.subscribe([(self._topic("commands"), 1), (self._topic("errors"), 1)])

    def _on_disconnect(self, *told: Any) -> None:
        self.connected = False
        _log.info("disconnected", reason=str(told[3]))


def _tls(gateway: GatewayConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=gateway.ca_file)
        if gateway.certificate is not None:
            context.load_cert_chain(gateway.certificate, gateway.private_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the certificates of the edge cannot be used: {error}",
            field="gateway.ca_file",
            value=str(gateway.certificate or gateway.ca_file),
            fix="name PEM files: of the authority, of the certificate and of its key",
        ) from error
    return context
