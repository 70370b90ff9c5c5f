"""How connections of gateways are kept honest, and how they end."""

from __future__ import annotations

import asyncio
import socket

LINGER_S = 1.0


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
