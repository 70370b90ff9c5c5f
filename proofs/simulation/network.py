"""A network in memory: bytes arrive in order, late and in pieces, and connections break off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from random import Random
from typing import Any

from proofs.simulation.runtime import PROCESS, Process, VirtualLoop, within

HIGH_WATER, LOW_WATER = 65_536, 16_384


class Network:
    """One server's port, and connections to it.

    faults: counts what befell connections, by kind.
    """

    def __init__(self, loop: VirtualLoop, random: Random, faults: Counter[str]) -> None:
        self.loop = loop
        self.faults = faults
        self.links: dict[Wire, None] = {}
        self.slow_until_s = 0.0
        """Until then everything takes much longer."""
        self._random = random
        self._server: Server | None = None
        self._made = 0

    async def serve(
        self, begin: Callable[[], asyncio.Protocol], _host: str, port: int, *_: object
    ) -> Server:
        """Listen; so few connect that there is always room."""
        if self._server is not None and self._server.open:
            raise OSError(98, "Address already in use")
        process = PROCESS.get()
        assert process is not None
        self._server = server = Server(begin, process, port)
        process.at_death.append(server.close)
        return server

    def connect(self, client: asyncio.Protocol, address: str) -> Wire | None:
        """A connection to the server; None where nobody listens."""
        server = self._server
        if server is None or not server.open or not server.process.alive:
            return None
        self._made += 1
        link = Wire(self, Random(f"{self._random.random()} {self._made}"), server, client, address)
        self.links[link] = None
        return link

    def break_off(self, count: int = 1) -> None:
        """What is under way on some connections is lost; each side learns of it later, or never."""
        for link in self._random.sample(list(self.links), min(count, len(self.links))):
            told = [self._random.choice((None, self._random.uniform(0.01, 3.0))) for _ in range(2)]
            self.faults["dropped"] += 1
            self.faults["half_open"] += None in told
            link.break_off(told[0], told[1])


class Server:
    """What listens, in a process."""

    def __init__(
        self, factory: Callable[[], asyncio.Protocol], process: Process, port: int
    ) -> None:
        self.factory, self.process, self.port = factory, process, port
        self.open = True

    def close(self) -> None:
        """Take no more connections."""
        self.open = False


class Wire:
    """A connection: two ends."""

    def __init__(
        self,
        network: Network,
        random: Random,
        server: Server,
        client: asyncio.Protocol,
        address: str,
    ) -> None:
        self.network, self.random = network, random
        self.broken = False
        context = within(server.process)
        protocol = context.run(server.factory)
        self.server = End(self, protocol, context, server.process, address)
        own = PROCESS.get()
        assert own is not None
        self.client = End(self, client, within(own), own, "10.0.0.1")
        self.server.other, self.client.other = self.client, self.server
        server.process.at_death.append(self._server_died)
        for end in (self.client, self.server):
            end.soon(end.begin)

    def break_off(self, client_s: float | None, server_s: float | None) -> None:
        """Nothing arrives any more; the ends learn of it after so long [s], or never."""
        self.broken = True
        self.network.links.pop(self, None)
        for end, after_s in ((self.client, client_s), (self.server, server_s)):
            if after_s is not None:
                end.later(after_s, end.lose, ConnectionResetError(104, "Connection reset by peer"))

    def _server_died(self) -> None:
        """The system of a process that is gone resets what it had open; that of a machine without
        power does not, and is told so by `break_off` before."""
        if not self.broken:
            self.break_off(self.random.uniform(0.001, 0.1), None)


class End(asyncio.Transport):
    """One end of a connection, as asyncio's transports."""

    other: End

    def __init__(
        self,
        link: Wire,
        protocol: asyncio.Protocol,
        context: Context,
        process: Process,
        peer: str,
    ) -> None:
        super().__init__()
        self._link, self._protocol, self._process, self._context = link, protocol, process, context
        self._peer = (peer, 50_000)
        self._loop = link.network.loop
        self._paused = False
        self._closing = False
        self._lost = False
        self._eof_sent = False
        self._inbox = bytearray()
        self._eof_came = False
        self._free_s = 0.0
        """When what was written last arrives at the other end."""
        self._under_way = 0
        self._full = False

    # -- what protocols call

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, in pieces that arrive one after the other."""
        if self._closing or self._eof_sent or not data:
            return
        rest = bytes(data)
        while rest:
            size = len(rest)
            if size > 1 and self._link.random.random() < 0.3:
                size = self._link.random.randint(1, size - 1)
            self._send(rest[:size])
            rest = rest[size:]
        if self._under_way > HIGH_WATER and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def can_write_eof(self) -> bool:
        """True: as over TCP, one end may be at its end and the other go on."""
        return True

    def write_eof(self) -> None:
        """Nothing more will be written."""
        if not self._eof_sent and not self._closing:
            self._eof_sent = True
            self._send(None)

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        self._paused = True

    def resume_reading(self) -> None:
        """Take up what came."""
        if self._paused:
            self._paused = False
            self.later(self._link.random.uniform(0.0, 0.001), self._read)

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._closing

    def close(self) -> None:
        """Close when all that was written is on its way."""
        if not self._closing:
            self.write_eof()
            self._closing = True
            self.soon(self.lose, None)

    def abort(self) -> None:
        """Close at once; what is under way may be lost."""
        if not self._closing:
            self._closing = True
            if not self._link.broken:
                self._link.network.links.pop(self._link, None)
                self._link.broken = True
                error = ConnectionResetError(104, "Connection reset by peer")
                self.other.later(self._link.random.uniform(0.001, 0.2), self.other.lose, error)
            self.soon(self.lose, None)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The other one's address; there is no socket."""
        return self._peer if name == "peername" else default

    # -- what happens to it

    def begin(self) -> None:
        """The connection stands."""
        if not self._lost:
            self._protocol.connection_made(self)

    def lose(self, error: Exception | None) -> None:
        """The connection is over, as this end sees it."""
        if not self._lost:
            self._lost = self._closing = True
            self._link.network.links.pop(self._link, None)
            self._protocol.connection_lost(error)

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """Call at once, in this end's process."""
        if self._process.alive:
            self._loop.call_soon(call, *arguments, context=self._context)

    def later(self, after_s: float, call: Callable[..., object], *arguments: object) -> None:
        """Call later, in this end's process."""
        if self._process.alive:
            self._loop.call_later(after_s, call, *arguments, context=self._context)

    def _send(self, piece: bytes | None) -> None:
        random, now_s = self._link.random, self._loop.time()
        delay_s = random.uniform(0.0002, 0.02)
        if now_s < self._link.network.slow_until_s:
            delay_s += random.uniform(0.2, 1.5)
            self._link.network.faults["delayed"] += 1
        self._free_s = max(self._free_s + 1e-6, now_s + delay_s)
        self._under_way += len(piece or b"")
        self.other.later(self._free_s - now_s, self.other._arrive, piece)

    def _arrive(self, piece: bytes | None) -> None:
        if self._link.broken or self._lost:
            return
        self.other._arrived(len(piece or b""))
        if piece is None:
            self._eof_came = True
        else:
            self._inbox += piece
        self._read()

    def _arrived(self, size: int) -> None:
        self._under_way -= size
        if self._full and self._under_way < LOW_WATER:
            self._full = False
            self.soon(self._protocol.resume_writing)

    def _read(self) -> None:
        if self._paused or self._lost:
            return
        if self._inbox:
            data = bytes(self._inbox)
            self._inbox.clear()
            self._protocol.data_received(data)
        ends = self._eof_came and not self._paused and not self._closing
        if ends and not self._protocol.eof_received():
            self.close()
