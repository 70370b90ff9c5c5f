"""What goes between the API and a worker: a magic word, two lengths, a header in JSON, a body."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import asdict
from typing import Any, Final

from api import Answered, Handed
from metering.access import ApiKey, Role

MAGIC: Final = b"GOw1"
READY: Final = "ready"
SPENT: Final = "spent"
"""A request needed more memory than a worker may have."""
MOST_HEAD: Final = 1 << 20
MOST_BODY: Final = 64 << 20
_PREFIX: Final = struct.Struct("!4sII")


def encoded(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame as it goes over the socket."""
    text = json.dumps(head).encode()
    return _PREFIX.pack(MAGIC, len(text), len(body)) + text + body


async def read(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame; EOFError at the end, ValueError for one that is none of ours."""
    prefix = await reader.readexactly(_PREFIX.size)
    magic, head, body = _PREFIX.unpack(prefix)
    if magic != MAGIC or head > MOST_HEAD or body > MOST_BODY:
        raise ValueError("not a frame of ours")
    return json.loads(await reader.readexactly(head)), await reader.readexactly(body)


def of_request(request: Handed) -> bytes:
    """A request as a frame."""
    head = asdict(request)
    return encoded({name: told for name, told in head.items() if name != "body"}, request.body)


def to_request(head: dict[str, Any], body: bytes) -> Handed:
    """And back."""
    key = head["key"]
    own = ApiKey(**{**key, "role": Role(key["role"])})
    headers = [(name, text) for name, text in head["headers"]]
    return Handed(**{**head, "headers": headers, "key": own}, body=body)


def of_answer(answer: Answered) -> bytes:
    """An answer as a frame."""
    head = {"status": answer.status, "headers": answer.headers, "route": answer.route}
    return encoded(head, answer.body)


def to_answer(head: dict[str, Any], body: bytes) -> Answered:
    """And back."""
    headers = [(name, text) for name, text in head["headers"]]
    return Answered(head["status"], headers, head["route"], body)
