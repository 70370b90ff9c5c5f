"""A short world that all tests here share, and an endpoint that acknowledges what it gets."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from collector.mqtt import Connect, ConnectionLimits, Publish, ServerSession
from metering.localtime import parse_instant
from simulators.campus import ZONE, Campus, load_campus
from simulators.devices import Devices
from simulators.world import World

START_US = parse_instant("2026-08-01T00:00:00+08:00")
NOW_US = parse_instant("2026-10-20T09:40:00+08:00")


@pytest.fixture(scope="session")
def campus() -> Campus:
    return load_campus()


@pytest.fixture(scope="session")
def world(campus: Campus) -> World:
    return World(11, START_US, NOW_US, ZONE, campus.calendar)


@pytest.fixture(scope="session")
def devices(world: World, campus: Campus) -> Devices:
    return Devices(world, campus)


class Endpoint:
    """Accepts gateways, keeps their messages in memory and acknowledges them.

    `drop_after`: cut the connection after so many messages, their acknowledgements unsent.
    `hold(n)`: fall silent after n messages, until `release`, which drops whoever waits.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.users: set[str | None] = set()
        self.drop_after: int | None = None
        self.hold_after: int | None = None
        self.holding = threading.Event()
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.endpoint = self
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hold(self, after: int) -> None:
        self.released.clear()
        self.hold_after = after

    def release(self) -> None:
        self.hold_after = None
        self.holding.clear()
        self.released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    endpoint: Endpoint
    daemon_threads = True
    allow_reuse_address = True


class _Connection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a killed gateway leaves a broken connection
            self._serve()

    def _serve(self) -> None:
        names = itertools.count()
        session = ServerSession(ConnectionLimits(), lambda: f"assigned-{next(names)}")
        while data := self.request.recv(1 << 16):
            events = session.receive(data)
            while events:
                for event in events:
                    if not self._take(session, event):
                        return
                # a client may have published behind its CONNECT without waiting
                events = session.receive(b"")
            self.request.sendall(session.take_output())

    def _take(self, session: ServerSession, event: object) -> bool:
        endpoint = self.server.endpoint
        if isinstance(event, Connect):
            endpoint.users.add(event.user)
            session.accept()
        if isinstance(event, Publish):
            endpoint.received.append((event.topic, event.payload))
            if endpoint.drop_after is not None:
                endpoint.drop_after -= 1
                if endpoint.drop_after <= 0:
                    endpoint.drop_after = None
                    return False
            if endpoint.hold_after is not None:
                endpoint.hold_after -= 1
                if endpoint.hold_after < 0:
                    endpoint.holding.set()
                    endpoint.released.wait()
                    return False
            session.acknowledge([event.packet_id])
        return True


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()
