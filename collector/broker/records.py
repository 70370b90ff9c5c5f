"""From a broker's messages to journal records: pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from collector.broker.settings import ClientSettings
from collector.journal import Record
from collector.properties import MOST_USER_PROPERTIES, NO_PROPERTIES, Properties
from collector.topics import kept_together, owner_of

_TOPICS, _LONG_TOPIC = 20_000, 1_024
"""Of so many topics, none of them longer, it is remembered whose they are."""
_SENT = 1_000
"""Messages of our own that may come back."""


class BrokerMessage(Protocol):
    """What is used of paho's message."""

    mid: int
    qos: int
    dup: bool
    retain: bool
    payload: bytes | bytearray

    properties: Any
    """paho's, whose attributes are there where the sender set them; None over MQTT 3.1.1."""

    @property
    def topic(self) -> str:
        """UnicodeDecodeError where the topic is not UTF-8."""
        ...


class Taken(NamedTuple):
    """What came at once."""

    records: list[Record]
    packet_ids: list[int]
    """To be acknowledged when the records are durable."""
    retained: int
    """Retained copies left out."""
    others: int
    """Messages left to other receivers, which have them too, or sent by us."""
    left_ids: list[int]
    """Those of both, to be acknowledged at once."""


class BrokerRecorder:
    """Makes records of what one client receives.

    A broker does not say who published. The gateway is the one the topic names, which is
    true only where the broker's ACL lets a gateway write under its own name alone; else the
    receiver itself, under whose name nothing is registered: a route then says whose it is, when
    the journal is read.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._client_id = settings.client_id
        self._sender = settings.user or settings.client_id
        self._shard = settings.shard
        self._keeps: dict[str, bool] = {}
        self._sent: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def sent(self, topic: str, payload: bytes) -> None:
        """Remember a message of our own: the broker brings it back where we subscribe to it."""
        self._sent[topic, payload] = None
        if len(self._sent) > _SENT:
            self._sent.popitem(last=False)

    def take(self, messages: Iterable[BrokerMessage], connection: str, first_us: int) -> Taken:
        """One record for each message of the shard, in order, but none for a retained copy; they
        arrive 1 us apart from `first_us` on.

        A copy that the broker retained is a repeat: as a reading without a time it would be
        a new one. Its original was delivered when it was published.
        """
        records: list[Record] = []
        retained: list[BrokerMessage] = []
        others: list[BrokerMessage] = []
        for arrived_us, message in enumerate(messages, first_us):
            if message.retain:
                retained.append(message)
            elif self._is_own(message) or not self._is_ours(_topic(message)):
                others.append(message)
            else:
                records.append(self._record(message, connection, arrived_us))
        return Taken(
            records,
            [record.packet_id for record in records if record.qos],
            len(retained),
            len(others),
            [message.mid for message in (*retained, *others) if message.qos],
        )

    def _is_own(self, message: BrokerMessage) -> bool:
        """Whether we sent it ourselves; each comes back once."""
        key = (_topic(message), bytes(message.payload)) if self._sent else ("", b"")
        if key not in self._sent:
            return False
        del self._sent[key]
        return True

    def _is_ours(self, topic: str) -> bool:
        """Whether the shard keeps a topic: by its gateway, so that what one gateway sends stays in
        its order, or what else it is kept together by."""
        if self._shard.whole:
            return True
        known = self._keeps.get(topic)
        if known is None:
            known = self._shard.keeps(kept_together(topic))
            if len(topic) <= _LONG_TOPIC:
                if len(self._keeps) >= _TOPICS:
                    self._keeps.clear()
                self._keeps[topic] = known
        return known

    def _record(self, message: BrokerMessage, connection: str, arrived_us: int) -> Record:
        topic = _topic(message)
        return Record(
            "message",
            arrived_us,
            owner_of(topic) or self._sender,
            self._client_id,
            connection,
            topic,
            bytes(message.payload),
            message.qos,
            message.dup,
            message.mid if message.qos else 0,
            None if message.properties is None else _properties(message.properties),
        )


def _properties(given: Any) -> Properties | None:
    """Those that go with a message; None where the sender set none."""
    found = Properties(
        content_type=getattr(given, "ContentType", ""),
        is_text=getattr(given, "PayloadFormatIndicator", 0) == 1,
        user=tuple(getattr(given, "UserProperty", ())[:MOST_USER_PROPERTIES]),
        response_topic=getattr(given, "ResponseTopic", ""),
        correlation=getattr(given, "CorrelationData", b""),
        expiry_s=getattr(given, "MessageExpiryInterval", None),
    )
    return None if found == NO_PROPERTIES else found


def _topic(message: BrokerMessage) -> str:
    """The topic; where a broker let one pass that is not UTF-8, with its bytes replaced."""
    try:
        return message.topic
    except UnicodeDecodeError as error:
        return bytes(error.object).decode("utf-8", "replace")
