"""CONNECT: the one packet that differs most between the versions."""

from __future__ import annotations

from collections.abc import Callable

from collector.mqtt import properties
from collector.mqtt.codes import V5, V31, V311, ReasonCode
from collector.mqtt.events import Connect, Will
from collector.mqtt.packets import BrokenPacket, Cursor, malformed, protocol_error
from collector.mqtt.properties import Property

_RESERVED, _CLEAN, _WILL, _WILL_QOS, _WILL_RETAIN, _PASSWORD, _USER = 1, 2, 4, 24, 32, 64, 128
MAX_CLIENT_ID = 256
_SPOKEN = frozenset({("MQIsdp", V31), ("MQTT", V311), ("MQTT", V5)})
_EVER = 0xFFFF_FFFF
"""Session expiry of what never expires (MQTT 5, 3.1.2.11.2)."""
_BRIDGE = 0x80
"""Set by brokers that connect to another one."""
_BRIDGED = frozenset({V31 | _BRIDGE, V311 | _BRIDGE})


def read_version(cursor: Cursor) -> int:
    """Protocol version asked for; raises BrokenPacket for one that is not spoken here."""
    name = cursor.text("protocol name")
    level = cursor.u8("protocol version")
    version = level & ~_BRIDGE if level in _BRIDGED else level
    if (name, version) in _SPOKEN:
        return version
    if name in ("MQTT", "MQIsdp"):
        detail = f"protocol {name} level {level}, spoken are MQTT 3.1 (3), 3.1.1 (4) and 5 (5)"
        raise BrokenPacket(ReasonCode.UNSUPPORTED_VERSION, detail)
    raise malformed(f"the protocol is named {name[:20]!r}, not MQTT")


def read_connect(
    cursor: Cursor, version: int, assign_client_id: Callable[[], str]
) -> tuple[Connect, bool]:
    """The rest of a CONNECT: (event, client id was assigned)."""
    flags = cursor.u8("connect flags")
    _check_flags(flags, version)
    keep_alive_s = cursor.u16("keep alive")
    asked = _read_properties(cursor) if version == V5 else {}
    given_id = cursor.text("client id")
    will = _read_will(cursor, flags, version) if flags & _WILL else None
    user = cursor.text("user name") if flags & _USER else None
    try:
        _check_client_id(given_id, bool(flags & _CLEAN), version)
        if will is not None:
            check_topic(will.topic)
    except BrokenPacket as broken:
        broken.user = user or ""
        raise
    password = cursor.binary("password") if flags & _PASSWORD else None
    cursor.expect_end("CONNECT")
    client_id = given_id or assign_client_id()
    clean = bool(flags & _CLEAN)
    event = Connect(
        version,
        client_id,
        user,
        password,
        clean,
        keep_alive_s,
        will,
        expiry_s=asked.get(Property.SESSION_EXPIRY, 0) if version == V5 else 0 if clean else _EVER,
        receive_maximum=asked.get(Property.RECEIVE_MAXIMUM, 0xFFFF),
        packet_bytes=asked.get(Property.MAXIMUM_PACKET_SIZE, 1 << 28),
    )
    return event, not given_id


def check_topic(topic: str) -> None:
    """A topic name to publish to: not empty, no wildcard (MQTT 5, 4.7)."""
    if not topic:
        raise BrokenPacket(ReasonCode.TOPIC_NAME_INVALID, "the topic is empty")
    if "+" in topic or "#" in topic:
        raise BrokenPacket(ReasonCode.TOPIC_NAME_INVALID, "the topic holds a wildcard")


def _check_flags(flags: int, version: int) -> None:
    will_qos = (flags & _WILL_QOS) >> 3
    if flags & _RESERVED:
        raise malformed("the reserved connect flag is set")
    if will_qos == 3 or (not flags & _WILL and flags & (_WILL_QOS | _WILL_RETAIN)):
        raise malformed("the will flags contradict each other")
    if version == V311 and flags & _PASSWORD and not flags & _USER:
        raise malformed("a password without a user name")


def _check_client_id(client_id: str, clean: bool, version: int) -> None:
    if not client_id and version == V31:
        raise BrokenPacket(ReasonCode.CLIENT_ID_INVALID, "MQTT 3.1 needs a client id")
    if not client_id and not clean and version == V311:
        raise BrokenPacket(ReasonCode.CLIENT_ID_INVALID, "an empty client id needs a clean session")
    if len(client_id) > MAX_CLIENT_ID:
        detail = f"a client id of {len(client_id)} characters, allowed are {MAX_CLIENT_ID}"
        raise BrokenPacket(ReasonCode.CLIENT_ID_INVALID, detail)


def _read_properties(cursor: Cursor) -> dict[Property, int]:
    found = properties.read_properties(cursor, properties.CONNECT)
    if Property.AUTH_METHOD in found:
        raise BrokenPacket(ReasonCode.BAD_AUTHENTICATION_METHOD, "only user and password are taken")
    if Property.AUTH_DATA in found:
        raise protocol_error("authentication data without a method")
    return {name: value for name, value in found.items() if isinstance(value, int)}


def _read_will(cursor: Cursor, flags: int, version: int) -> Will:
    said = None
    if version == V5:
        said = properties.of_message(properties.read_properties(cursor, properties.WILL))
    topic = cursor.text("will topic")
    payload = cursor.binary("will payload")
    return Will(topic, payload, (flags & _WILL_QOS) >> 3, bool(flags & _WILL_RETAIN), said)
