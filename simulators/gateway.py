"""A field gateway: pushes its plan over MQTT, notes what was acknowledged, never loses any.

    plan ─▶ window of messages in flight ─▶ collector
                      ▲                         │
                      └── PUBACK ◀──────────────┘ ─▶ acknowledged file, in plan order
        messages that are kept ─▶ sent again ◀── commands

One thread owns all of its state; the MQTT client's own thread only hands over packet ids.
The client reconnects by itself and sends again, in order, what was not acknowledged.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.acknowledged import AcknowledgedFile
from simulators.campus import SITE
from simulators.message import Publication, topic
from simulators.plan import GatewayPlan, due_times
from simulators.resending import KeptMessages

WINDOW = 100
RETRY_S = 1.0
FAREWELL_S = 3.0
MQTT5 = ("gw-dc",)
"""Gateways that speak MQTT 5; the others speak 3.1.1."""


@dataclass
class GatewayState:
    """What a gateway tells about itself while it runs."""

    planned: int
    acknowledged: int = 0
    connected: bool = False
    history_done: bool = False
    error: str = ""


@dataclass(frozen=True)
class Broker:
    """Where to push."""

    host: str
    port: int
    password: str


@dataclass
class _InFlight:
    message: Publication
    acknowledged: bool = False


@dataclass
class SimulatedGateway:
    """One gateway with its plan and its file; `run` returns when stopped, or after the history
    where `live_interval_us` is 0. The collector being away is waited out, however long."""

    plan: GatewayPlan
    record: AcknowledgedFile
    broker: Broker
    now_us: Callable[[], int]
    stop: threading.Event
    live_interval_us: int
    state: GatewayState = field(init=False)

    def __post_init__(self) -> None:
        self.state = GatewayState(len(self.plan), self.record.progress.next_number)
        self._acks: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self._commands: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._kept = KeptMessages()
        self._in_flight: OrderedDict[int, _InFlight] = OrderedDict()
        self._packet: dict[int, int] = {}
        self._client = self._make_client()

    def run(self) -> None:
        """Push the history that is left, then live, until stopped."""
        session = self.record.start_session(self.now_us())
        self._client.connect_async(self.broker.host, self.broker.port, keepalive=30)
        self._client.loop_start()
        try:
            self._push_history(session)
            while self.live_interval_us and not self.stop.is_set():
                self._push_live(session)
        finally:
            self._settle(time.monotonic() + FAREWELL_S)
            self._client.disconnect()
            self._client.loop_stop()

    def _push_history(self, session: int) -> None:
        for number in range(self.record.progress.next_number, len(self.plan)):
            if self.stop.is_set():
                return
            self._send(self.plan.message(number, session))
        while self._in_flight and not self.stop.is_set():
            self._collect(0.2)
        self.state.history_done = not self._in_flight

    def _push_live(self, session: int) -> None:
        sent_us = max(self.record.progress.last_us, self.plan.history_end_us)
        number = max(self.record.progress.next_number, len(self.plan))
        while not self.stop.is_set():
            for times in due_times(sent_us, self.now_us(), self.live_interval_us, self._step_us):
                self._send(self.plan.live(number, session, times, self.now_us()))
                number, sent_us = number + 1, times[-1]
            self._collect(0.2)

    @property
    def _step_us(self) -> int:
        return self.plan.step_us

    def _send(self, message: Publication) -> None:
        """Publish once connected and the window has room; gives up only when stopped."""
        while len(self._in_flight) >= WINDOW or not self.state.connected:
            if self.stop.is_set():
                return
            self._collect(0.2)
        self._in_flight[message.number] = _InFlight(message)
        self._publish(message)
        self._kept.add(message)
        self._collect(0.0)

    def _publish(self, message: Publication) -> None:
        sent = self._client.publish(topic(self.plan.gateway), message.payload, qos=1)
        self._packet[sent.mid] = message.number

    def _collect(self, wait_s: float) -> None:
        """Take the acknowledgements that have come, waiting at most `wait_s` for the first."""
        try:
            self._settle_one(*self._acks.get(timeout=wait_s) if wait_s else self._acks.get(False))
            while True:
                self._settle_one(*self._acks.get(False))
        except queue.Empty:
            self._note()
        while not self._commands.empty():
            self._obey(self._commands.get())

    def _obey(self, command: bytes) -> None:
        """Send again what is asked for; it was noted when it was acknowledged first."""
        again, answer = self._kept.asked(command)
        for message in again:
            self._client.publish(topic(self.plan.gateway), message.payload, qos=1)
        if answer is not None:
            self._client.publish(topic(self.plan.gateway, "events"), answer, qos=1)

    def _settle_one(self, packet: int, accepted: bool) -> None:
        number = self._packet.pop(packet, None)
        if number is None:
            return
        if accepted:
            self._in_flight[number].acknowledged = True
            return
        self.stop.wait(RETRY_S)
        self._publish(self._in_flight[number].message)

    def _note(self) -> None:
        """Write down the acknowledged messages that have no unacknowledged one before them."""
        while self._in_flight:
            number, first = next(iter(self._in_flight.items()))
            if not first.acknowledged:
                return
            self.record.append(first.message)
            del self._in_flight[number]
            self.state.acknowledged = number + 1

    def _settle(self, until: float) -> None:
        """Before leaving, wait a little for what is in flight; the rest is sent again next time."""
        while self._in_flight and self._client.is_connected() and time.monotonic() < until:
            self._collect(0.2)

    def _make_client(self) -> mqtt.Client:
        version = MQTTProtocolVersion.MQTTv311
        if self.plan.gateway in MQTT5:
            version = MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"{SITE}-{self.plan.gateway}", protocol=version
        )
        client.username_pw_set(f"{SITE}/{self.plan.gateway}", self.broker.password)
        client.will_set(topic(self.plan.gateway, "status"), '{"state": "vanished"}', qos=1)
        client.max_inflight_messages_set(WINDOW)
        client.reconnect_delay_set(1, 8)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        packet: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._acks.put((packet, not reason.is_failure))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._commands.put(bytes(message.payload))

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.state.connected = not reason.is_failure
        self.state.error = f"connection refused: {reason}" if reason.is_failure else ""
        client.subscribe(topic(self.plan.gateway, "commands"), qos=1)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.state.connected = False
        if reason.is_failure and not self.state.error:
            self.state.error = f"disconnected: {reason}"
