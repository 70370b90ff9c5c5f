"""Bytes on a socket, as bad senders send them: in pieces, cut off, left open."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Final

_LISTEN_S: Final = 0.02
_PATIENCE_S: Final = 20.0
_RESET: Final = struct.pack("ii", 1, 0)


def said(port: int, parts: Sequence[bytes], draw: Random) -> bytes:
    """Send parts as a bad sender does, on a connection of their own; what was answered at once."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as line,
    ):
        return spoken(line, parts, draw)
    return b""


def spoken(line: socket.socket, parts: Sequence[bytes], draw: Random) -> bytes:
    """Send parts on a connection, and end it in one of several ways; what was answered at once."""
    whole = b"".join(parts)
    how = draw.randrange(5)
    pieces = [whole]
    if how == 0:
        places = sorted(draw.randrange(len(whole) + 1) for _ in range(4))
        ends = [0, *places, len(whole)]
        pieces = [whole[a:b] for a, b in pairwise(ends)]
    elif how == 1:
        pieces = [whole[: draw.randrange(len(whole) + 1)]]
    answer = b""
    with contextlib.suppress(OSError):
        line.settimeout(_PATIENCE_S)
        for one in pieces:
            line.sendall(one)
            if len(pieces) > 1:
                time.sleep(0.001)
        if how == 2:
            line.shutdown(socket.SHUT_WR)
        answer = heard(line)
        if how == 3:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return answer


def heard(line: socket.socket) -> bytes:
    """What comes within a moment."""
    found = b""
    line.settimeout(_LISTEN_S)
    with contextlib.suppress(OSError):
        while len(found) < 1 << 16:
            more = line.recv(1 << 14)
            if not more:
                break
            found += more
    return found


def held(port: int, begun: bytes) -> socket.socket | None:
    """A connection that was begun and goes no further; None where it was ended at once."""
    try:
        line = socket.create_connection(("127.0.0.1", port), _PATIENCE_S)
        line.sendall(begun)
    except OSError:
        return None
    return line


def let_go(lines: Sequence[socket.socket], patience_s: float) -> int:
    """How many connections the other side has not ended in that time; all are closed then."""
    ends, left = time.monotonic() + patience_s, list(lines)
    while left and time.monotonic() < ends:
        left = [one for one in left if not _ended(one)]
        time.sleep(0.2)
    for one in lines:
        one.close()
    return len(left)


def _ended(line: socket.socket) -> bool:
    line.settimeout(0.01)
    try:
        while line.recv(1 << 14):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
