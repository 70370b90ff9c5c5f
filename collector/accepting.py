"""Taking connections in one by one, as long as there is room for one more.

An event loop's own server takes whatever comes, and has to drop what it has no room for; here that
waits with the system, in order, until somebody has gone. Where the system has no handle left,
nothing is taken for a moment.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from metering.errors import ConfigurationError

_log = structlog.get_logger()

WAITING = 1_024
"""Connections that the system is asked to hold ready."""
PAUSE_S = 0.2
"""Before the next try where the system gave no handle."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Begin = Callable[[], asyncio.Protocol]


class Serving(Protocol):
    """A port that is listened on."""

    port: int

    def close(self) -> None:
        """Take no more."""
        ...


Serve = Callable[[Begin, str, int, asyncio.Event, Callable[[OSError], None]], Awaitable[Serving]]
"""Begins to listen: `Accepting.start`, or what stands in for it in a simulation."""


class Accepting:
    """All sockets of one port.

    begin: makes the protocol of a connection.
    room: set while one more may be taken.
    exhausted: told where the system gives no handle for one.
    """

    def __init__(
        self,
        sockets: list[socket.socket],
        begin: Begin,
        room: asyncio.Event,
        exhausted: Callable[[OSError], None],
    ) -> None:
        self.port = int(sockets[0].getsockname()[1])
        self._sockets, self._begin = sockets, begin
        self._room, self._exhausted = room, exhausted
        self._tasks = [asyncio.create_task(self._accept(one)) for one in sockets]

    @staticmethod
    async def start(
        begin: Begin,
        host: str,
        port: int,
        room: asyncio.Event,
        exhausted: Callable[[OSError], None],
    ) -> Accepting:
        """Listen on every address of a host; OSError where one cannot be had."""
        loop = asyncio.get_running_loop()
        bound = await loop.create_server(begin, host, port, start_serving=False)
        sockets = [one.dup() for one in bound.sockets]
        bound.close()
        try:
            for one in sockets:
                one.setblocking(False)
                one.listen(WAITING)
        except OSError:
            for one in sockets:
                one.close()
            raise
        return Accepting(sockets, begin, room, exhausted)

    def close(self) -> None:
        """Take no more; those that were taken go on."""
        for task in self._tasks:
            task.cancel()
        for one in self._sockets:
            one.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.wait()
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # most often of a client that has gone already
                if error.errno in _EXHAUSTED:
                    self._exhausted(error)
                    await asyncio.sleep(PAUSE_S)
                continue
            try:
                await loop.connect_accepted_socket(self._begin, connection)
            except Exception:  # whatever one comes to, the others come in
                _log.exception("a connection could not be begun")
                connection.close()


def cannot_listen(error: OSError, host: str, port: int, section: str) -> ConfigurationError:
    """The error of the platform for an address that cannot be listened on, of these settings."""
    causes = {
        errno.EADDRINUSE: (
            "the port is in use by another program",
            f"stop what listens on {port} (ss -ltnp 'sport = :{port}'), "
            f"or set another {section}.port",
        ),
        errno.EACCES: (
            "this user may not listen on that port",
            f"set {section}.port to a number above 1023",
        ),
    }
    other = (f"cannot listen on {host}: {error}", f"set {section}.host to an own address")
    message, fix = causes.get(error.errno or 0, other)
    field = f"{section}.port" if error.errno in causes else f"{section}.host"
    value: object = port if error.errno in causes else host
    return ConfigurationError(message, field=field, value=value, fix=fix)
