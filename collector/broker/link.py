"""One connection to a broker: paho-mqtt driven from one thread, packet by packet.

The thread decides when to read, so it can leave messages in the broker; and when to
acknowledge: the PUBACKs of a commit leave in one write.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collector.broker import problems
from collector.broker.records import BrokerMessage
from collector.broker.settings import Address, ClientSettings
from collector.broker.sieve import SievingClient
from metering.errors import GreenOfficeError

_TURN_MESSAGES, _TURN_BYTES = 1_000, 4 << 20
_LAST_PACKETS = 20_000
_PUBACK = b"\x40\x02"
_LOST = select.POLLHUP | select.POLLERR | select.POLLNVAL


class BrokerLink:
    """A connection from CONNECT to its end; every method belongs to one thread."""

    def __init__(
        self, settings: ClientSettings, address: Address, tls: ssl.SSLContext | None
    ) -> None:
        self._settings = settings
        self._address = address
        self._client = _client(settings, tls)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_unsubscribe = self._on_unsubscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._unsent = bytearray()
        self._deadline_s = 0.0
        self.asked_s = 0.0
        """When it last asked for the filters, or to be rid of them [s]."""
        self.accepted = False
        """CONNACK said yes."""
        self.subscribed = False
        """Every filter is granted at QoS 1."""
        self.unsubscribed: bool | None = None
        """False while an answer to `unsubscribe` is waited for; None where it was not asked."""
        self.resumed = False
        """The broker still had the session."""
        self.taken_over = False
        self.problem: GreenOfficeError | None = None

    def open(self) -> bool:
        """Connect; False where it fails, then `problem` says why."""
        host, port, _ = self._address
        self._deadline_s = time.monotonic() + self._settings.connect_timeout_s
        five = self._settings.version == "5"
        options: dict[str, Any] = {}
        if five:
            options["clean_start"] = self._settings.clean_session
            options["properties"] = _connect_properties(self._settings)
        try:
            self._client.connect(host, port, self._settings.keep_alive_s, **options)
        except OSError as error:
            self.problem = problems.unreachable(error, self._settings)
            return False
        return True

    def turn(self, wait_s: float, wake: socket.socket, *, reading: bool) -> bool:
        """Wait for the socket or for `wake`, read and write once; False when it has ended."""
        if not self._wait(wait_s, wake, reading=reading) or not self._flush():
            self._hear_last_words()
            return False
        return (not reading or self._read()) and self._look_after()

    def take(self) -> list[BrokerMessage]:
        """The messages read since last asked, in order."""
        return self._client.take()

    def acknowledge(self, packet_ids: Iterable[int]) -> None:
        """Send PUBACKs, all in one write."""
        self._unsent += b"".join([_PUBACK + number.to_bytes(2) for number in packet_ids])
        self._flush()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1; paho waits for the answer, and forgets it with the connection."""
        self._client.publish(topic, payload, 1)

    def subscribe(self) -> None:
        """Ask for the filters; what the broker retains is not asked for where that can be said."""
        wanted: Sequence[tuple[str, Any]] = [(one, 1) for one in self._settings.filters]
        if self._settings.version == "5":
            never = SubscribeOptions.RETAIN_DO_NOT_SEND
            wanted = [(one, SubscribeOptions(1, retainHandling=never)) for one, _ in wanted]
        self.asked_s = time.monotonic()
        self._client.subscribe(list(wanted))

    def unsubscribe(self) -> None:
        """Ask for nothing new any more; `unsubscribed` with the answer, which comes after all that
        the broker sent before it."""
        self.unsubscribed, self.asked_s = False, time.monotonic()
        self._client.unsubscribe(list(self._settings.filters))

    def ask_again(self, after_s: float) -> None:
        """Subscribe again where the last time is so long ago: an ACL may have been mended."""
        if time.monotonic() - self.asked_s >= after_s:
            self.subscribe()

    def close(self) -> None:
        """Say goodbye; the session stays on the broker."""
        self._flush()
        self._client.disconnect()

    # -- one turn

    def _wait(self, wait_s: float, wake: socket.socket, *, reading: bool) -> bool:
        connection = self._client.socket()
        if connection is None:
            return False
        number = connection.fileno()
        events = select.POLLIN if reading else 0
        events |= select.POLLOUT if self._unsent or self._client.want_write() else 0
        poll = select.poll()
        poll.register(number, events)
        poll.register(wake, select.POLLIN)
        waits = isinstance(connection, ssl.SSLSocket) and connection.pending()
        buffered = reading and (waits or self._client.has_more)
        happened = dict(poll.poll(0 if buffered else wait_s * 1000))
        # while held back the broker's end is not noticed by reading
        return reading or not happened.get(number, 0) & _LOST

    def _read(self) -> bool:
        """Take what has arrived, up to a measure; False when the connection has ended."""
        while not self._client.full:
            before = len(self._client.inbox)
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return False
            if len(self._client.inbox) == before:
                break
        return self._client.socket() is not None

    def _hear_last_words(self) -> None:
        """Read what is left of a connection that cannot be written to: its end says why."""
        self._client.bounded = False
        for _ in range(_LAST_PACKETS):
            if self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return

    def _flush(self) -> bool:
        """Write PUBACKs between paho's own packets, never into the middle of one."""
        if self._client.want_write():
            return self._client.loop_write() == MQTTErrorCode.MQTT_ERR_SUCCESS
        connection = self._client.socket()
        if self._unsent and connection is not None:
            try:
                del self._unsent[: connection.send(self._unsent)]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return True
            except OSError:
                return False
        return True

    def _look_after(self) -> bool:
        """Keep alive, and no patience for a broker that does not answer CONNECT."""
        if not self.accepted and time.monotonic() > self._deadline_s:
            self.problem = self.problem or problems.no_answer(self._settings)
            return False
        return bool(self._unsent) or self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS

    # -- called by paho

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, _p: Any) -> None:
        if reason.is_failure:
            self.problem = problems.refused(reason.value, str(reason), self._settings)
            return
        self.accepted, self.resumed = True, bool(flags.session_present)
        if self._settings.filters:
            self.subscribe()

    def _on_subscribe(self, _c: Any, _u: Any, _m: Any, codes: list[ReasonCode], _p: Any) -> None:
        values = [code.value for code in codes]
        granted = list(zip(self._settings.filters, values, strict=False))
        self.problem = problems.subscription_refused(granted, self._settings)
        self.subscribed = self.problem is None

    def _on_unsubscribe(self, _c: Any, _u: Any, _m: Any, _codes: Any, _p: Any) -> None:
        self.unsubscribed = True

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self._client.inbox.append(message)
        self._client.inbox_bytes += len(message.payload)

    def _on_disconnect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, _p: Any) -> None:
        if self.problem is not None and not self.accepted:
            return  # CONNACK has said why
        if not self.accepted:
            self.problem = problems.no_answer(self._settings)
            return
        said = reason.value if flags.is_disconnect_packet_from_server else None
        self.taken_over = said == problems.TAKEN_OVER
        self.problem = problems.ended(said, str(reason), self._settings)


def _client(settings: ClientSettings, tls: ssl.SSLContext | None) -> SievingClient:
    five = settings.version == "5"
    client = SievingClient(
        CallbackAPIVersion.VERSION2,
        five=five,
        most=min(_TURN_MESSAGES, settings.receive_maximum),
        most_bytes=_TURN_BYTES,
        client_id=settings.client_id,
        clean_session=None if five else settings.clean_session,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = settings.connect_timeout_s
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password)
    if tls is not None:
        client.tls_set_context(tls)
    return client


def _connect_properties(settings: ClientSettings) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.ReceiveMaximum = settings.receive_maximum
    if not settings.clean_session:
        properties.SessionExpiryInterval = settings.session_expiry_s
    return properties
