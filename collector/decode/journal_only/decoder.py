"""Reading nothing."""

from __future__ import annotations

from collector.decode.message import Decoded, Incoming, Limits


def decode(incoming: Incoming, limits: Limits) -> Decoded:  # noqa: ARG001
    """No readings, whatever it holds."""
    return Decoded()
