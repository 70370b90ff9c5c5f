"""Properties of MQTT 5: which there are, what they hold, where they may stand (table 2-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any

from collector.mqtt.packets import Cursor, encode_binary, encode_varint, malformed, protocol_error
from collector.properties import MOST_USER_PROPERTIES, NO_PROPERTIES, Properties

Value = int | str | bytes | tuple[str, str] | list[tuple[str, str]]


class Property(IntEnum):
    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    AUTH_METHOD = 0x15
    AUTH_DATA = 0x16
    REQUEST_PROBLEM_INFO = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFO = 0x19
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION = 0x28
    SUBSCRIPTION_ID_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION = 0x2A


_P = Property
_BYTES = {
    _P.PAYLOAD_FORMAT: 1,
    _P.REQUEST_PROBLEM_INFO: 1,
    _P.REQUEST_RESPONSE_INFO: 1,
    _P.MAXIMUM_QOS: 1,
    _P.WILDCARD_SUBSCRIPTION: 1,
    _P.SUBSCRIPTION_ID_AVAILABLE: 1,
    _P.SHARED_SUBSCRIPTION: 1,
    _P.RECEIVE_MAXIMUM: 2,
    _P.TOPIC_ALIAS_MAXIMUM: 2,
    _P.TOPIC_ALIAS: 2,
    _P.MESSAGE_EXPIRY: 4,
    _P.SESSION_EXPIRY: 4,
    _P.WILL_DELAY: 4,
    _P.MAXIMUM_PACKET_SIZE: 4,
}
"""Width of the integer properties [bytes]."""

_FLAGS = {_P.PAYLOAD_FORMAT, _P.REQUEST_PROBLEM_INFO, _P.REQUEST_RESPONSE_INFO}
_NEVER_ZERO = {_P.RECEIVE_MAXIMUM, _P.MAXIMUM_PACKET_SIZE, _P.SUBSCRIPTION_ID}

_MESSAGE = {
    _P.PAYLOAD_FORMAT,
    _P.MESSAGE_EXPIRY,
    _P.CONTENT_TYPE,
    _P.RESPONSE_TOPIC,
    _P.CORRELATION_DATA,
    _P.USER_PROPERTY,
}
PUBLISH = frozenset(_MESSAGE | {_P.TOPIC_ALIAS})
WILL = frozenset(_MESSAGE | {_P.WILL_DELAY})
CONNECT = frozenset(
    {
        _P.SESSION_EXPIRY,
        _P.RECEIVE_MAXIMUM,
        _P.MAXIMUM_PACKET_SIZE,
        _P.TOPIC_ALIAS_MAXIMUM,
        _P.REQUEST_RESPONSE_INFO,
        _P.REQUEST_PROBLEM_INFO,
        _P.USER_PROPERTY,
        _P.AUTH_METHOD,
        _P.AUTH_DATA,
    }
)
SUBSCRIBE = frozenset({_P.SUBSCRIPTION_ID, _P.USER_PROPERTY})
UNSUBSCRIBE = frozenset({_P.USER_PROPERTY})
ACKNOWLEDGEMENT = frozenset({_P.REASON_STRING, _P.USER_PROPERTY})
DISCONNECT = frozenset({_P.SESSION_EXPIRY, _P.REASON_STRING, _P.USER_PROPERTY})


def _read_pair(cursor: Cursor, name: str) -> tuple[str, str]:
    return cursor.text(name), cursor.text(name)


_READERS: Mapping[Property, Callable[[Cursor, str], Value]] = {
    _P.CONTENT_TYPE: Cursor.text,
    _P.RESPONSE_TOPIC: Cursor.text,
    _P.CORRELATION_DATA: Cursor.binary,
    _P.SUBSCRIPTION_ID: Cursor.varint,
    _P.ASSIGNED_CLIENT_ID: Cursor.text,
    _P.AUTH_METHOD: Cursor.text,
    _P.AUTH_DATA: Cursor.binary,
    _P.REASON_STRING: Cursor.text,
    _P.USER_PROPERTY: _read_pair,
}


def read_properties(cursor: Cursor, allowed: frozenset[Property]) -> dict[Property, Value]:
    """Properties at the cursor; of user properties a list, the first ones of very many.

    Raises BrokenPacket for one that is unknown, not allowed here, repeated or out of range.
    """
    length = cursor.varint("property length")
    end = cursor.at + length
    if end > cursor.end:
        raise malformed("the packet ends within its properties")
    inner = Cursor(cursor.data, cursor.at, end)
    found: dict[Property, Value] = {}
    while inner.at < end:
        identifier = _identifier(inner.varint("property identifier"), allowed)
        if identifier in found and identifier is not _P.USER_PROPERTY:
            raise protocol_error(f"property {identifier.name} stands twice")
        value = _read_value(inner, identifier)
        if isinstance(value, tuple):
            several = found.setdefault(identifier, [])
            assert isinstance(several, list)
            if len(several) < MOST_USER_PROPERTIES:
                several.append(value)
        else:
            found[identifier] = value
    cursor.at = end
    return found


def of_message(found: Mapping[Property, Any]) -> Properties | None:
    """What goes with a message of all that stood beside it; None where nothing does."""
    if _MESSAGE.isdisjoint(found):
        return None
    said = Properties(
        content_type=found.get(_P.CONTENT_TYPE, ""),
        is_text=found.get(_P.PAYLOAD_FORMAT) == 1,
        user=tuple(found.get(_P.USER_PROPERTY, ())),
        response_topic=found.get(_P.RESPONSE_TOPIC, ""),
        correlation=found.get(_P.CORRELATION_DATA, b""),
        expiry_s=found.get(_P.MESSAGE_EXPIRY),
    )
    return None if said == NO_PROPERTIES else said


def _identifier(number: int, allowed: frozenset[Property]) -> Property:
    try:
        identifier = Property(number)
    except ValueError:
        raise malformed(f"there is no property {number}") from None
    if identifier not in allowed:
        raise malformed(f"property {identifier.name} may not stand here")
    return identifier


def _read_value(cursor: Cursor, identifier: Property) -> Value:
    width = _BYTES.get(identifier)
    if width is None:
        value = _READERS[identifier](cursor, identifier.name)
    else:
        value = int.from_bytes(cursor.take(width, identifier.name))
    wrong = (identifier in _FLAGS and value not in (0, 1)) or (
        identifier in _NEVER_ZERO and value == 0
    )
    if wrong:
        raise protocol_error(f"property {identifier.name} may not be {value!r}")
    return value


def encode_properties(properties: Iterable[tuple[Property, int | str]]) -> bytes:
    """Properties with their length in front."""
    body = b"".join(
        encode_varint(identifier) + _encode_value(identifier, value)
        for identifier, value in properties
    )
    return encode_varint(len(body)) + body


def _encode_value(identifier: Property, value: int | str) -> bytes:
    if isinstance(value, str):
        return encode_binary(value.encode())
    width = _BYTES.get(identifier)
    return encode_varint(value) if width is None else value.to_bytes(width)
