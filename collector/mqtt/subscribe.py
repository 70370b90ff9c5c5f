"""SUBSCRIBE and UNSUBSCRIBE: what is asked for, and what of it can be granted.

Nothing is ever published here but the platform's own messages to a client, so every filter that
is well formed is granted, at QoS 1 at most: a client that may not subscribe does not come up.
"""

from __future__ import annotations

from typing import Any

from collector.mqtt.codes import V5, ReasonCode
from collector.mqtt.kept import Subscription
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.packets import Cursor, malformed, protocol_error
from metering.errors import InvalidInput
from metering.topic_filter import check_filter

_SHARED = "$share/"


def read_subscriptions(
    cursor: Cursor, version: int, identifier: int, limits: ConnectionLimits
) -> list[tuple[str, Subscription, ReasonCode | None]]:
    """(filter, what it is granted, why it is refused) of each, in order."""
    asked = []
    while cursor.at < cursor.end:
        name = _read_filter(cursor)
        options = cursor.u8("subscription options")
        _check_options(options, version)
        granted = Subscription(min(options & 3, 1), identifier)
        asked.append((name, granted, _wrong(name, version, limits)))
    return asked or _none()


def read_filters(cursor: Cursor) -> list[str]:
    """Topic filters alone, in order."""
    filters = []
    while cursor.at < cursor.end:
        filters.append(_read_filter(cursor))
    return filters or _none()


def _read_filter(cursor: Cursor) -> str:
    name = cursor.text("topic filter")
    if not name:
        raise malformed("an empty topic filter")
    return name


def _none() -> list[Any]:
    raise protocol_error("no topic filter")


def _check_options(options: int, version: int) -> None:
    reserved = 0xC0 if version == V5 else 0xFC
    if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
        raise malformed(f"subscription options {options:#04x}")


def _wrong(name: str, version: int, limits: ConnectionLimits) -> ReasonCode | None:
    if version == V5 and name.startswith(_SHARED):
        return ReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    try:
        check_filter(name)
    except InvalidInput:
        return ReasonCode.TOPIC_FILTER_INVALID
    long = len(name.encode()) > limits.topic_bytes
    return ReasonCode.TOPIC_FILTER_INVALID if long else None
