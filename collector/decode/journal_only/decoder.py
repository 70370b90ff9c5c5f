"""Reading nothing."""

from __future__ import annotations

from collector.decode.message import Decoded, Incoming, MessageLimits


def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:  # noqa: ARG001
    """No readings, whatever it holds."""
    return Decoded()
