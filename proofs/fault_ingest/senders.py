"""Gateways that keep each message until it is acknowledged, and send it again until then."""

from __future__ import annotations

import http.client
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from proofs.fault_ingest.messages import NumberedMessage
from proofs.ingest import wire

KEEP_ALIVE_S: Final = 5
_WINDOW: Final = 200
_AGAIN_S: Final = 0.3
_ALONE_S: Final = 20.0


class NumberSender(Protocol):
    """One gateway over one way in."""

    interruptions: int
    """How often it lost its connection, or was refused."""

    def put(self, message: NumberedMessage) -> None:
        """Send it, and again until it is acknowledged; returns at once."""
        ...

    def again(self, messages: Sequence[NumberedMessage]) -> None:
        """Send messages again, acknowledged or not; returns once that has begun."""
        ...

    def push_alone(self, message: NumberedMessage) -> bool:
        """Send it once, apart from all others; whether it was acknowledged."""
        ...

    def acknowledged(self) -> set[int]:
        """Numbers of the messages acknowledged so far."""
        ...

    @property
    def under_way(self) -> int:
        """How many are not acknowledged yet."""
        ...

    def close(self) -> None:
        """Send no more."""
        ...


def take_over(port: int, client_id: str, user: str, password: str) -> None:
    """Connect over MQTT as a client that is connected already, and go again."""
    with wire.connected(port, client_id, user, password, clean=False) as other:
        other.sendall(wire.packet(0xE0, b""))


@dataclass(frozen=True)
class PasswordPlace:
    """Where a gateway pushes to, and as whom."""

    port: int
    user: str
    password: str


class MqttNumbers(NumberSender):
    """Over MQTT 3.1.1 with a session that is kept, at QoS 1 and 2 in turn."""

    def __init__(self, place: PasswordPlace) -> None:
        self._port, self._user, self._password = place.port, place.user, place.password
        self._open: dict[int, NumberedMessage] = {}
        """Not acknowledged yet, by their numbers."""
        self._packets: dict[int, int] = {}
        """Numbers of messages by those of their packets."""
        self._early: set[int] = set()
        """Packets acknowledged before the client had told us their number."""
        self._done: set[int] = set()
        self._lock = threading.Lock()
        self._closing = False
        self.interruptions = 0
        self._client = self._made(clean=False)
        self._connect()

    def put(self, message: NumberedMessage) -> None:
        with self._lock:
            self._open[message.seq] = message
        self._publish(message)

    def again(self, messages: Sequence[NumberedMessage]) -> None:
        for one in messages:
            self.put(one)

    def push_alone(self, message: NumberedMessage) -> bool:
        client = f"{self._user}-alone".replace("/", "-")
        try:
            with wire.connected(self._port, client, self._user, self._password) as connection:
                connection.settimeout(_ALONE_S)
                connection.sendall(wire.publish(self._topic, 1, message.payload))
                acknowledged = connection.recv(4)[:1] == bytes((wire.PUBACK,))
        except OSError:
            return False
        if acknowledged:
            self._done.add(message.seq)
        return acknowledged

    def acknowledged(self) -> set[int]:
        with self._lock:
            return set(self._done)

    @property
    def under_way(self) -> int:
        with self._lock:
            return len(self._open)

    def lose_session(self) -> None:
        """Begin anew as a device that was started again: what it has unacknowledged is sent as
        new."""
        before, self._client = self._client, self._made(clean=True)
        before.loop_stop()
        before.disconnect()
        with self._lock:
            self._packets.clear()
            self._early.clear()
            left = list(self._open.values())
        self._connect()
        for message in left:
            self._publish(message)

    def take_over(self) -> None:
        """Let another connection of the same client id come, and go."""
        take_over(self._port, self._client_id, self._user, self._password)

    def close(self) -> None:
        self._closing = True
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _topic(self) -> str:
        return f"greenoffice/v1/{self._user}/readings"

    @property
    def _client_id(self) -> str:
        return f"field-{self._user}".replace("/", "-")

    def _publish(self, message: NumberedMessage) -> None:
        # the client calls back under a lock of its own: none of ours may be held while it sends
        packet = self._client.publish(self._topic, message.payload, qos=1 + message.seq % 2).mid
        with self._lock:
            if packet in self._early:
                self._early.remove(packet)
                self._over(message.seq)
            else:
                self._packets[packet] = message.seq

    def _over(self, seq: int) -> None:
        self._open.pop(seq, None)
        self._done.add(seq)

    def _made(self, *, clean: bool) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            clean,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.username_pw_set(self._user, self._password)
        client.max_inflight_messages_set(_WINDOW)
        client.reconnect_delay_set(1, 2)
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _connect(self) -> None:
        self._client.connect_async("127.0.0.1", self._port, keepalive=KEEP_ALIVE_S)
        self._client.loop_start()

    def _on_publish(
        self,
        client: mqtt.Client,
        _data: object,
        packet: int,
        _reason: ReasonCode,
        _properties: object,
    ) -> None:
        with self._lock:
            if client is not self._client:
                return
            if packet in self._packets:
                self._over(self._packets.pop(packet))
            else:
                self._early.add(packet)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        _reason: ReasonCode,
        _properties: object,
    ) -> None:
        if client is self._client and not self._closing:
            self.interruptions += 1


class OneByOne(NumberSender):
    """Sends one after another, each until it is acknowledged."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[NumberedMessage] = queue.SimpleQueue()
        self._open = 0
        self._done: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.interruptions = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def sent(self, message: NumberedMessage) -> bool:
        """Send it once; whether it is over, acknowledged (`done`) or turned away for good."""
        raise NotImplementedError

    def done(self, message: NumberedMessage) -> None:
        """Note that it was acknowledged."""
        with self._lock:
            self._done.add(message.seq)

    def put(self, message: NumberedMessage) -> None:
        with self._lock:
            self._open += 1
        self._waiting.put(message)

    def again(self, messages: Sequence[NumberedMessage]) -> None:
        for one in messages:
            self.put(one)

    def acknowledged(self) -> set[int]:
        with self._lock:
            return set(self._done)

    @property
    def under_way(self) -> int:
        with self._lock:
            return self._open

    def close(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                message = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            while not self.sent(message):
                self.interruptions += 1
                if self._stop.wait(_AGAIN_S):
                    return
            with self._lock:
                self._open -= 1


class HttpNumbers(OneByOne):
    """Over HTTP, each with its number as its Idempotency-Key."""

    def __init__(self, place: PasswordPlace) -> None:
        self._port, self._user, self._password = place.port, place.user, place.password
        super().__init__()

    def push_alone(self, message: NumberedMessage) -> bool:
        try:
            acknowledged = self._post(message) == 202
        except (OSError, http.client.HTTPException):
            return False
        if acknowledged:
            self.done(message)
        return acknowledged

    def sent(self, message: NumberedMessage) -> bool:
        """Post it; whether it was acknowledged, or turned away for good."""
        try:
            status = self._post(message)
        except (OSError, http.client.HTTPException):
            return False
        if status == 429 or status >= 500:
            return False
        if status == 202:
            self.done(message)
        return True

    def _post(self, message: NumberedMessage) -> int:
        headers = {
            "Authorization": f"Bearer {self._password}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self._user}-{message.seq}",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ALONE_S)
        try:
            connection.request("POST", f"/v1/ingest/{self._user}", message.payload, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()
