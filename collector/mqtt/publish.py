"""PUBLISH: the packet that arrives by the million, so it is read in place."""

from __future__ import annotations

from collector.mqtt import properties
from collector.mqtt.codes import V5, ReasonCode
from collector.mqtt.connect import check_topic
from collector.mqtt.events import Publish
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.packets import BrokenPacket, Cursor, malformed, protocol_error, to_text
from collector.mqtt.properties import Property
from collector.properties import Properties
from collector.topics import cut, unfit

_TOPICS_REMEMBERED = 4_096


class PublishReader:
    """Reads the PUBLISH packets of one connection, with what it remembers of their topics."""

    def __init__(self, limits: ConnectionLimits, version: int) -> None:
        self.in_flight = 0
        """Messages at QoS 1 and 2 read and not yet acknowledged to the end."""
        self.unfit: set[int] = set()
        """Packet ids of messages to be refused by their acknowledgement alone: of their topic,
        which MQTT 5 has a word for. They are kept all the same."""
        self._limits = limits
        self._v5 = version == V5
        self._topics: dict[bytes, str] = {}
        self._aliases: dict[int, bytes] = {}

    def read(self, data: bytes, flags: int, start: int, end: int) -> Publish:
        """A PUBLISH whose body lies in ``data`` from start to end; raises BrokenPacket."""
        qos = flags >> 1 & 3
        if qos > 2:
            raise malformed("QoS 3 does not exist")
        at = start + 2
        if at <= end:
            at += data[start] << 8 | data[start + 1]
        packet_id = 0
        if qos:
            at += 2
            if at <= end:
                packet_id = data[at - 2] << 8 | data[at - 1]
        if at > end:
            raise malformed("the packet ends within its topic or packet id")
        if qos:
            self._count_in_flight(packet_id)
            raw_topic = data[start + 2 : at - 2]
        else:
            if flags & 8:
                raise malformed("a redelivery at QoS 0")
            raw_topic = data[start + 2 : at]
        said = None
        if self._v5:
            raw_topic, at, said = self._read_properties(raw_topic, data, at, end)
        topic = self._topics.get(raw_topic) or self._new_topic(raw_topic, packet_id)
        return Publish(topic, data[at:end], qos, flags & 1 == 1, flags & 8 == 8, packet_id, said)

    def _count_in_flight(self, packet_id: int) -> None:
        if not packet_id:
            raise protocol_error("packet id 0 in a PUBLISH")
        self.in_flight += 1
        if self._v5 and self.in_flight > self._limits.receive_maximum:
            detail = f"more than {self._limits.receive_maximum} messages unacknowledged"
            raise BrokenPacket(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, detail)

    def _read_properties(
        self, raw_topic: bytes, data: bytes, at: int, end: int
    ) -> tuple[bytes, int, Properties | None]:
        """(topic with its alias resolved, start of the payload, what goes with the message)."""
        if at < end and not data[at]:
            return raw_topic, at + 1, None
        cursor = Cursor(data, at, end)
        found = properties.read_properties(cursor, properties.PUBLISH)
        alias = found.get(Property.TOPIC_ALIAS)
        if alias is not None:
            assert isinstance(alias, int)
            raw_topic = self._resolve_alias(raw_topic, alias)
        return raw_topic, cursor.at, properties.of_message(found)

    def _resolve_alias(self, raw_topic: bytes, alias: int) -> bytes:
        if not 1 <= alias <= self._limits.topic_alias_maximum:
            detail = f"topic alias {alias}, allowed are 1 to {self._limits.topic_alias_maximum}"
            raise BrokenPacket(ReasonCode.TOPIC_ALIAS_INVALID, detail)
        if raw_topic:
            self._aliases[alias] = raw_topic
        elif alias not in self._aliases:
            raise protocol_error(f"topic alias {alias} stands for no topic yet")
        return self._aliases[alias]

    def _new_topic(self, raw_topic: bytes, packet_id: int) -> str:
        topic = to_text(raw_topic, "topic")
        check_topic(topic)
        most = self._limits.topic_bytes
        if unfit(topic, most) is not None:
            if self._v5 and packet_id:
                self.unfit.add(packet_id)
            return cut(topic, most)
        if len(self._topics) >= _TOPICS_REMEMBERED:
            self._topics.clear()
        self._topics[raw_topic] = topic
        return topic
