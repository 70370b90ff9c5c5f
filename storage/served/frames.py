"""One message on the socket: its lengths, a short header in JSON, and raw columns.

    magic, length of header, length of columns | header | column | column | ...

The header names the columns by type and length. Lengths are checked before anything is read, so
that nobody can make the other side take more memory than a frame may have. Long answers come in
several frames.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]

HEADER_BYTES: Final = 1 << 16
BODY_BYTES: Final = 1 << 24
"""Most bytes of a frame's columns: 2 million numbers."""
_HEAD = struct.Struct("<4sIQ")
_MAGIC = b"GOR1"
_TYPES: Final[dict[str, np.dtype[Any]]] = {
    "i8": np.dtype("<i8"),
    "f8": np.dtype("<f8"),
    "i2": np.dtype("<i2"),
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


class BrokenFrame(Exception):
    """What came is not a message of ours; the connection is of no more use."""


@dataclass(frozen=True, eq=False)
class SocketFrame:
    """Small fields by name, and columns."""

    fields: dict[str, Any]
    columns: tuple[Column, ...] = ()


def send(connection: socket.socket, frame: SocketFrame) -> None:
    """Send one frame, which has to keep the limits."""
    columns = [np.ascontiguousarray(column) for column in frame.columns]
    told = [[_NAMES[column.dtype], len(column)] for column in columns]
    header = json.dumps({**frame.fields, "columns": told}, ensure_ascii=False).encode()
    body = sum(column.nbytes for column in columns)
    if len(header) > HEADER_BYTES or body > BODY_BYTES:
        raise BrokenFrame(f"a frame of {len(header)} + {body} bytes")
    connection.sendall(_HEAD.pack(_MAGIC, len(header), body) + header)
    for column in columns:
        if len(column):
            connection.sendall(column.data.cast("B"))


def receive(connection: socket.socket) -> SocketFrame | None:
    """The next frame; None where the other side has ended before one. BrokenFrame for anything
    else than whole frames, OSError where the connection fails."""
    head = _exactly(connection, _HEAD.size, may_end=True)
    if not head:
        return None
    magic, header_bytes, body_bytes = _HEAD.unpack(head)
    if magic != _MAGIC or header_bytes > HEADER_BYTES or body_bytes > BODY_BYTES:
        raise BrokenFrame("not a frame of this version")
    fields = _fields(_exactly(connection, header_bytes))
    body = _exactly(connection, body_bytes)
    return SocketFrame(fields, _columns(fields.pop("columns", []), body))


def _fields(header: bytearray) -> dict[str, Any]:
    try:
        fields = json.loads(header)
    except ValueError as refused:
        raise BrokenFrame("a header that is not JSON") from refused
    if not isinstance(fields, dict):
        raise BrokenFrame("a header without fields")
    return fields


def _columns(told: Sequence[Any], body: bytearray) -> tuple[Column, ...]:
    found: list[Column] = []
    at = 0
    try:
        for name, length in told:
            column: Column = np.frombuffer(body, _TYPES[name], max(0, int(length)), at)
            found.append(column)
            at += column.nbytes
    except (ValueError, TypeError, KeyError) as refused:
        raise BrokenFrame("columns that are not those of the header") from refused
    if at != len(body):
        raise BrokenFrame("bytes that belong to no column")
    return tuple(found)


def _exactly(connection: socket.socket, count: int, *, may_end: bool = False) -> bytearray:
    data = bytearray(count)
    view, at = memoryview(data), 0
    while at < count:
        got = connection.recv_into(view[at:])
        if not got:
            if may_end and at == 0:
                return bytearray()
            raise BrokenFrame("the other side ended in the middle of a message")
        at += got
    return data
