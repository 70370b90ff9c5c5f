"""Cursors that only the platform can read, and only for the node that they were made for.

    tag     = HMAC(secret, node, place)          16 bytes: a changed cursor does not fit it
    cursor  = tag, place XOR HMAC(secret, tag, 0), HMAC(secret, tag, 1), ...

The same place is the same cursor, so a page that is asked for again is the same. Who holds a cursor
of another node, or one that he made up, learns nothing from it and opens nothing with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from itertools import count

TAG_BYTES = 16


def sealed(place: bytes, secret: bytes, node: str) -> str:
    """The cursor of a place for keys of a node."""
    tag = _tag(place, secret, node)
    return base64.urlsafe_b64encode(tag + _covered(place, secret, tag)).decode().rstrip("=")


def opened(cursor: str, secret: bytes, node: str) -> bytes | None:
    """The place; None where it is no cursor, or not one of this secret and node."""
    try:
        whole = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        return None
    place = _covered(whole[TAG_BYTES:], secret, whole[:TAG_BYTES])
    same = hmac.compare_digest(sealed(place, secret, node), cursor)
    return place if same else None


def _tag(place: bytes, secret: bytes, node: str) -> bytes:
    name = node.encode()
    said = b"tag" + len(name).to_bytes(4, "big") + name + place
    return hmac.digest(secret, said, hashlib.sha256)[:TAG_BYTES]


def _covered(place: bytes, secret: bytes, tag: bytes) -> bytes:
    stream = b""
    for number in count():
        if len(stream) >= len(place):
            break
        stream += hmac.digest(secret, b"cover" + tag + number.to_bytes(4, "big"), hashlib.sha256)
    return bytes(a ^ b for a, b in zip(place, stream, strict=False))
