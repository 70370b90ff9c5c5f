"""The native payload: a batch of readings as JSON.

    {"session": 17, "seq": 1042, "sent": "2026-11-24T08:15:01Z",
     "readings": [{"point": "E1.import", "kind": "register", "unit": "kWh",
                   "time": "2026-11-24T08:15:00Z", "value": 10234.52}]}

A message that is right throughout, nearly every one, is read by msgspec in one go. One that
is not is read again, reading by reading (`salvage`), so that only what is wrong is refused.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from collector.decode.instant import of_text
from collector.decode.message import Decoded, Incoming, MessageLimits
from collector.decode.native.salvage import salvage
from metering.errors import InvalidInput
from metering.reading import Kind

Time = Annotated[
    str | int,
    Meta(
        description="When: RFC 3339 with an offset (Z or +08:00), or integer milliseconds since"
        " 1970-01-01T00:00:00Z. At most 10 minutes after arrival, not before the year 2000."
    ),
]
Counter = Annotated[int, Meta(ge=0, lt=2**50)]


class Reading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One value of one point."""

    point: Annotated[
        str, Meta(min_length=1, max_length=128, description="The gateway's own name of the point.")
    ]
    value: Annotated[float, Meta(description="A finite JSON number; never null, text or boolean.")]
    time: Time | None = None
    kind: Annotated[
        Kind | None,
        Meta(description="If given, it must be the kind the point is registered with."),
    ] = None
    unit: Annotated[
        Annotated[str, Meta(max_length=32)] | None,
        Meta(
            description="If given, a unit that converts to the point's; else the unit the point"
            " is registered with.",
        ),
    ] = None


class Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A batch of readings.

    A reading's time is its own `time`, else the message's `time`. Where neither is given the
    time of arrival stands in and the reading is flagged so. Such a message is then told from
    its redelivery by session and seq; without them only a packet that MQTT marks as
    redelivered counts as the same one. Whoever can should therefore send times.

    The same point and time sent again with an equal value is a duplicate. With another value
    the one with the higher (session, seq) stands; without session and seq the later arrival.
    """

    readings: Annotated[list[Reading], Meta(max_length=10_000)]
    time: Time | None = None
    session: Annotated[
        Counter | None,
        Meta(description="Grows with every restart of the gateway; given together with seq."),
    ] = None
    seq: Annotated[
        Counter | None,
        Meta(description="Grows with every message of a session; the same when sent again."),
    ] = None
    sent: Annotated[
        Time | None, Meta(description="The gateway's clock when it sent, to watch its drift.")
    ] = None


_DECODER = msgspec.json.Decoder(Message)


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
    """The readings of a native payload; what is wrong in it becomes problems."""
    payload, arrived_us = incoming.payload, incoming.arrived_us
    if len(payload) <= limits.payload_bytes:
        try:
            found = _columns(_DECODER.decode(payload))
        except (msgspec.MsgspecError, InvalidInput, UnicodeDecodeError):
            found = None
        if found is not None and _plausible(found, arrived_us, limits):
            return found
    return salvage(payload, arrived_us, limits)


def plain(payload: bytes) -> Message | None:
    """The message of a payload that is right in form; None of any other, which `decode` reads."""
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _columns(message: Message) -> Decoded:
    readings = message.readings
    default = None if message.time is None else _instant(message.time)
    return Decoded(
        index=list(range(len(readings))),
        points=[r.point for r in readings],
        kinds=[r.kind for r in readings],
        units=[r.unit for r in readings],
        times=[default if r.time is None else _instant(r.time) for r in readings],
        values=[r.value for r in readings],
        session=message.session,
        seq=message.seq,
        sent_us=None if message.sent is None else _instant(message.sent),
    )


def _instant(value: str | int) -> int:
    return value * 1000 if isinstance(value, int) else of_text(value)


def _plausible(found: Decoded, arrived_us: int, limits: MessageLimits) -> bool:
    times = [time for time in found.times if time is not None]
    return (
        len(found.index) <= limits.readings
        and (found.session is None) == (found.seq is None)
        and (
            not times
            or (min(times) >= limits.oldest_us and max(times) <= arrived_us + limits.ahead_us)
        )
        and all(map(str.isprintable, found.points))
    )
