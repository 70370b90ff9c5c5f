"""A gateway in few bytes: thousands of them live in one process and measure their PUBACKs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import cast

from proofs.ingest import wire

V311, V5 = 4, 5
KEEP_ALIVE_S = 600


@dataclass(frozen=True)
class GatewayLogin:
    """Who connects, and by which version of MQTT."""

    user: str
    password: str
    version: int


class SmallGateway(asyncio.Protocol):
    """A connection that publishes at QoS 1."""

    def __init__(self, login: GatewayLogin) -> None:
        self.login = login
        self.told: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        """Code of the CONNACK; None where the connection ended without one."""
        self.told_s = 0.0
        """When that came [s], as `time.monotonic`."""
        self.sent = 0
        self.took_s: list[float] = []
        """From each publish to its PUBACK [s]."""
        self._topic = f"greenoffice/v1/{login.user}/readings"
        self._under_way: dict[int, float] = {}
        self._cutter = wire.Cutter()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(_connect(self.login))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for header, received, body in self._cutter.packets(data):
            if header == 0x20 and not self.told.done():
                self.told.set_result(received[body + 1])
                self.told_s = now
            elif header == wire.PUBACK:
                began = self._under_way.pop(int.from_bytes(received[body : body + 2]), None)
                if began is not None:
                    self.took_s.append(now - began)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        if not self.told.done():
            self.told.set_result(None)

    @property
    def unacknowledged(self) -> int:
        """Messages under way."""
        return len(self._under_way)

    def publish(self, value: float) -> None:
        """One reading that has no time of its own."""
        assert self._transport is not None
        self.sent += 1
        packet_id = self.sent % 0xFFFF + 1
        payload = b'{"readings":[{"point":"E","value":%.1f}]}' % value
        if self.login.version == V5:
            payload = b"\0" + payload  # no properties
        self._under_way[packet_id] = time.monotonic()
        self._transport.write(wire.publish(self._topic, packet_id, payload))

    def close(self) -> None:
        """Say goodbye."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(wire.packet(0xE0, b""))
            self._transport.close()


async def connect_small(port: int, login: GatewayLogin, patience_s: float) -> SmallGateway:
    """Connect, and wait for the answer; one that never connected, or heard nothing in time, was
    told None."""
    gateway = SmallGateway(login)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(patience_s):
            await loop.create_connection(lambda: gateway, "127.0.0.1", port)
            await asyncio.shield(gateway.told)
    gateway.connection_lost(None)
    return gateway


def _connect(login: GatewayLogin) -> bytes:
    flags = 0xC2  # user, password, clean
    body = wire.text("MQTT") + bytes((login.version, flags)) + KEEP_ALIVE_S.to_bytes(2)
    body += b"\0" if login.version == V5 else b""
    body += wire.text(login.user) + wire.text(login.user) + wire.text(login.password)
    return wire.packet(0x10, body)
