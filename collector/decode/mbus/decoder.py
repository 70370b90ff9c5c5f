"""Answers of meters on the wired M-Bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from collector.decode.decoder import Decode
from collector.decode.mbus.application import wired_quantities
from collector.decode.mbus.frame import frame_of
from collector.decode.mbus.octets import bad_frame, octets_of
from collector.decode.mbus.security import NO_KEYS, Keys
from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal
from collector.decode.quantity import Quantity, readings

_FROM_MASTER = 0x40
Configured = Callable[[Mapping[str, str]], Decode]


def wired(octets: bytes, keys: Keys) -> list[Quantity]:
    """The quantities of a long frame. Refusal where it is none, or a master's question."""
    frame = frame_of(octets)
    if frame.control & _FROM_MASTER:
        raise bad_frame("a question of the master, no answer", "C", f"{frame.control:02x}")
    return list(wired_quantities(frame.ci, frame.data, keys))


def decode(incoming: Incoming, limits: MessageLimits, keys: Keys = NO_KEYS) -> Decoded:
    """The readings of one answer; Refusal `bad_frame`, `bad_message` or `encrypted`."""
    return readings(wired(octets_of(incoming.payload, limits), keys), incoming, limits)


def keyed(read: Callable[[Incoming, MessageLimits, Keys], Decoded]) -> Configured:
    """A decoder as its options make it: they are the keys it reads with."""

    def configured(options: Mapping[str, str]) -> Decode:
        keys = Keys.of(options)
        return lambda incoming, limits: read(incoming, limits, keys)

    return configured


def suits(incoming: Incoming) -> bool:
    """Whether the payload is a long frame."""
    try:
        frame_of(octets_of(incoming.payload, MessageLimits()))
    except Refusal:
        return False
    return True
