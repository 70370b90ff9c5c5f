"""Telling a redelivered message from a new one where readings carry no time of their own.

With a time, a reading that comes twice is the same (point, time). Without one its time is
that of its arrival, and a constant value sent twice is real data: there only the sender's
own numbering tells. That is (session, seq) where the payload has them; else the packet id,
but only of a packet that MQTT itself marks as a redelivery, because packet ids come round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from collector.intake.decoding import Received

Key = tuple[str, str]
"""(gateway, key), as the intake store remembers it."""


def key_of(message: Received) -> Key | None:
    """What the message is known by; None where nothing can tell a redelivery."""
    found, record = message.found, message.record
    if found.session is not None:
        return message.gateway, f"s:{found.session}:{found.seq}"
    if record.packet_id == 0:
        return None
    # A redelivery comes on a new connection of the same client, so the client id is the
    # scope of packet ids; a client without one has none beyond its connection.
    scope = record.client or record.connection
    digest = sha256(record.payload).hexdigest()[:32]
    return message.gateway, f"p:{scope}:{record.packet_id}:{digest}"


def mark_redelivered(
    messages: Sequence[Received], seen: Callable[[Sequence[Key]], set[Key]]
) -> tuple[Key, ...]:
    """Mark messages that came before; return the keys to remember, in order."""
    keyed = [(m, key) for m in messages if m.is_untimed and (key := key_of(m)) is not None]
    asked = [key for m, key in keyed if _tells(m)]
    before = seen(asked) if asked else set()
    fresh: dict[Key, None] = {}
    for message, key in keyed:
        message.redelivered = _tells(message) and (key in before or key in fresh)
        if key not in before:
            fresh[key] = None
    return tuple(fresh)


def _tells(message: Received) -> bool:
    return message.found.session is not None or message.record.dup
