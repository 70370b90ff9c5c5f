"""Messages without readings: a gateway's status, and what is only kept in the journal."""

from __future__ import annotations

from collector.decode.message import Decoded, Limits, Problem
from collector.decode.salvage import parse_object


def decode_status(payload: bytes, arrived_us: int, limits: Limits) -> Decoded:  # noqa: ARG001
    """A status is a JSON object; that it came shows that the gateway lives."""
    parsed = parse_object(payload, limits)
    return Decoded.refused(parsed) if isinstance(parsed, Problem) else Decoded()


def journal_only(payload: bytes, arrived_us: int, limits: Limits) -> Decoded:  # noqa: ARG001
    """Counted, and kept in the journal until something asks for it."""
    return Decoded()
