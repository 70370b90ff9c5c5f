"""A body that is pushed for a gateway: what kind it may be of, and what is in it."""

from __future__ import annotations

import re
import zlib

from fastapi import Request

from api.auth import platform_of
from api.gate import too_large
from api.problems import Malformed, WrongMedia
from metering.errors import InvalidInput

KINDS = frozenset(
    {
        *("application/json", "application/x-ndjson", "application/cbor"),
        *("text/csv", "text/plain", "application/octet-stream"),
    }
)
"""Content types that are taken, beside those that end in +json or +cbor and none at all: what the
bytes mean says the route of the gateway, not the header."""
_ONCE = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
"""An Idempotency-Key: 1 to 255 visible characters of ASCII."""
_LONGEST_SHOWN = 256


def kind_of(request: Request) -> str:
    """The content type without its parameters, '' for none; WrongMedia for one not taken."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in KINDS and not kind.endswith(("+json", "+cbor")):
        raise WrongMedia(
            "a kind of body that no decoder reads",
            field="Content-Type",
            value=kind,
            fix=f"send one of {', '.join(sorted(KINDS))}",
        )
    return kind


def once_of(request: Request) -> str:
    """The Idempotency-Key, '' where the header is not there; InvalidInput where it holds none: a
    sender whose key is empty believes that it cannot send twice."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return ""
    if not _ONCE.fullmatch(given):
        raise InvalidInput(
            "not an idempotency key",
            field="Idempotency-Key",
            value=given[:_LONGEST_SHOWN],
            fix="send 1 to 255 visible characters of ASCII, another for each body",
        )
    return given


def unpacked(request: Request, body: bytes) -> bytes:
    """The body without its gzip; WrongMedia for another encoding, Malformed where it is no gzip,
    TooLarge where what is in it is beyond the bound of a body."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise WrongMedia(
            "a body in an encoding that is not read",
            field="Content-Encoding",
            value=encoding,
            fix="send it as it is, or with gzip",
        )
    most = platform_of(request).max_body_bytes
    reader = zlib.decompressobj(wbits=31)  # gzip alone (zlib manual, inflateInit2)
    try:
        found = reader.decompress(body, most + 1)
    except zlib.error:
        found, whole = b"", False
    else:
        whole = reader.eof and not reader.unused_data
    if len(found) > most:
        raise too_large(most)
    if not whole:
        raise Malformed(
            "a body that cannot be read",
            field="body",
            value=f"{len(body)} bytes",
            fix="send one whole gzip, or none and no Content-Encoding",
        )
    return found
