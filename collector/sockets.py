"""How connections of gateways are kept honest, and how they end."""

from __future__ import annotations

import asyncio
import socket
from typing import Generic, Literal, Protocol, TypeVar, cast

LINGER_S = 1.0
Hold = Literal["deciding", "pending", "queue", "share", "rate", "writing", "stopping"]


class Speaking(Protocol):
    """The state of a connection, without a socket."""

    def take_output(self) -> bytes:
        """Bytes to be written, once."""
        ...


SessionT = TypeVar("SessionT", bound=Speaking)


class HeldSocket(asyncio.Protocol, Generic[SessionT]):
    """A socket that is read from while nothing speaks against it; TCP slows the sender down where
    something does."""

    def __init__(self, session: SessionT) -> None:
        self.session = session
        self.address = ""
        self._loop = asyncio.get_running_loop()
        self.heard_s = self._loop.time()
        """When something came last, or it was read from again; on the clock of the loop."""
        self._transport: asyncio.Transport | None = None
        self._holds: set[Hold] = set()

    @property
    def held(self) -> bool:
        """Whether it is not read from."""
        return bool(self._holds)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        probe_when_silent(transport.get_extra_info("socket"))

    def pause_writing(self) -> None:
        self.hold("writing")

    def resume_writing(self) -> None:
        self.release("writing")

    def hold(self, why: Hold) -> None:
        """Stop reading until every hold is released."""
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds.add(why)

    def release(self, why: Hold) -> None:
        """Read on, where that was the last reason not to."""
        if why in self._holds:
            self._holds.discard(why)
            self.heard_s = self._loop.time()
            if not self._holds and self._transport is not None:
                self._transport.resume_reading()
                self._read_kept()

    def flush(self) -> None:
        """Write what the session has to say."""
        output = self.session.take_output()
        if output and self._transport is not None and not self._transport.is_closing():
            self._transport.write(output)

    def abort(self) -> None:
        """Close the socket at once; what was not yet written is not."""
        if self._transport is not None:
            self._transport.abort()

    def _let_go(self) -> None:
        """Close it once the last words have arrived."""
        if self._transport is not None:
            let_go(self._transport)

    def _read_kept(self) -> None:
        """Take up what came before it was held."""


def let_go(transport: asyncio.Transport) -> None:
    """Close so that the last words arrive: unread input would reset them away."""
    if transport.is_closing():
        return
    loop = asyncio.get_running_loop()
    if transport.can_write_eof():
        try:
            transport.write_eof()
        except OSError:  # the peer went while it was not read from
            transport.abort()
            return
        transport.resume_reading()
        loop.call_later(LINGER_S, transport.abort)
    else:
        transport.close()
        loop.call_later(5 * LINGER_S, transport.abort)


def probe_when_silent(raw: socket.socket | None) -> None:
    """Let TCP find out about a dead peer that promised no keep alive, within minutes."""
    if raw is None:
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 4)):
        option = getattr(socket, name, None)
        if option is not None:
            raw.setsockopt(socket.IPPROTO_TCP, option, value)
