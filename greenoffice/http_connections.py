"""Connections of HTTP clients: so many at most, and none that keeps one open without asking.

Whoever connects has `head_s` for the head of a request, and `body_s` for its body; between two
requests the keep-alive of the server counts. Where there are too many connections, the one that
waits longest for a head or a body makes room; where all of them are being answered, the new one is
told to come again. Who was answered before its body was there may send some of it still, so that it
reads the answer, and is cut off then.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import structlog
from uvicorn.protocols.http import h11_impl
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import Lack, Room, error_of, problem_of

log = structlog.get_logger()

_h11 = h11_impl.h11  # type: ignore[attr-defined]
IDLE, SEND_BODY = _h11.IDLE, _h11.SEND_BODY
"""A head, or a body, is what the client has to send next."""

_REFUSED = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
HEAD_TOO_LARGE = _REFUSED % b"431 Request Header Fields Too Large"
NOT_HTTP = _REFUSED % b"400 Bad Request"
MOST_LEFT = 8 << 20
"""Bytes of a request that are still taken, and thrown away, after the answer."""


def busy(most: int) -> bytes:
    """What a connection is told that is one too many."""
    body = json.dumps(problem_of(error_of(Lack.CONNECTIONS, most), "")).encode()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def bounded(
    most: int,
    head_s: float = 10.0,
    body_s: float = 60.0,
    left_s: float = 2.0,
    room: Room | None = None,
) -> type[H11Protocol]:
    """A protocol for `uvicorn.Config(http=...)` whose connections share these bounds; what finds
    no room is noted in `room`."""
    waiting: dict[_Bounded, None] = {}
    noted, refusal = room or Room(), busy(most)

    class _Bounded(H11Protocol):
        _since: asyncio.TimerHandle | None = None
        _left: int | None = None
        """Bytes that are still thrown away after the answer; None where none are."""
        _broken = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            noted.connections = len(self.connections)
            if len(self.connections) > most and not self._make_room():
                log.warning("too many http connections", most=most)
                noted.lacked(Lack.CONNECTIONS, most)
                transport.write(refusal)
                transport.close()
                return
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)
            noted.connections = len(self.connections)

        def data_received(self, data: bytes) -> None:
            if self._left is not None:
                self._left -= len(data)
            if not self._broken:
                super().data_received(data)
            if self._left is not None:
                self._throw_away()
            else:
                self._watch()

        def send_400_response(self, msg: str) -> None:  # noqa: ARG002
            if self.conn.our_state not in (IDLE, _h11.SEND_RESPONSE):
                self.transport.close()
                return
            large = getattr(sys.exc_info()[1], "error_status_hint", 400) == 431
            self.transport.write(HEAD_TOO_LARGE if large else NOT_HTTP)
            self._broken = True
            self._end_soon()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.their_state is SEND_BODY:
                self._end_soon()
            elif self.conn.trailing_data[0]:
                self._watch()

        def _end_soon(self) -> None:
            """The client was answered and still sends: let it come to read that, for a while."""
            self._rest()
            self._left = MOST_LEFT
            self._since = self.loop.call_later(left_s, self.transport.close)
            waiting[self] = None

        def _throw_away(self) -> None:
            assert self._left is not None
            if self._left < 0:
                self._rest()
                self.transport.close()
            elif not self._broken and self.conn.their_state is not SEND_BODY:
                self._left = None
                self._rest()
                self._watch()

        def _watch(self) -> None:
            """Begin to wait where a head or a body is not there yet, else no longer."""
            state = self.conn.their_state
            if state not in (IDLE, SEND_BODY) or self.transport.is_closing():
                self._rest()
            elif self._since is None:
                patience_s = head_s if state is IDLE else body_s
                self._since = self.loop.call_later(patience_s, self._too_slow, state)
                waiting[self] = None

        def _rest(self) -> None:
            waiting.pop(self, None)
            if self._since is not None:
                self._since.cancel()
                self._since = None

        def _too_slow(self, state: object) -> None:
            self._rest()
            if self.conn.their_state is state:
                self.transport.close()
            else:
                self._watch()

        def _make_room(self) -> bool:
            """Close the connection that has waited longest; False where none waits."""
            longest = next(iter(waiting), None)
            if longest is None:
                return False
            noted.lacked(Lack.SILENT)
            longest._rest()
            longest.connections.discard(longest)
            longest.transport.abort()
            return True

    return _Bounded
