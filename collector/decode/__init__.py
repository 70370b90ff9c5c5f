"""Decoders: bytes of a message in, readings as columns out. Pure, without registry or clock."""

from collector.decode import native, status
from collector.decode.message import Decoded, Decoder, Limits, Problem
from collector.decode.schema import readings_schema, schema_text

__all__ = [
    "DECODERS",
    "Decoded",
    "Decoder",
    "Limits",
    "Problem",
    "readings_schema",
    "schema_text",
]

DECODERS: dict[str, Decoder] = {
    "native": native.decode,
    "status": status.decode_status,
    "journal_only": status.journal_only,
}
"""Every decoder by the name that a route gives it."""
