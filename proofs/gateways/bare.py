"""What the machine needs for so many connections where nothing is asked of them: a server that
answers each CONNECT by a CONNACK, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import cast

from greenoffice.handles import raise_handles
from proofs.gateways.client import V5
from proofs.ingest import wire

BACKLOG = 1_024
_NAME = wire.text("MQTT")


class _LetsIn(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        _, found, rest = data.partition(_NAME)
        if found:
            self._transport.write(wire.packet(0x20, bytes(3 if rest[0] == V5 else 2)))


@contextlib.contextmanager
def bare_server() -> Iterator[int]:
    """Its port."""
    spawn = get_context("spawn")
    told: Queue[int] = spawn.Queue()
    process = spawn.Process(target=_run, args=(told,), daemon=True)
    process.start()
    try:
        yield told.get(timeout=60)
    finally:
        process.terminate()
        process.join()


def _run(told: Queue[int]) -> None:
    raise_handles()
    asyncio.run(_serve(told))


async def _serve(told: Queue[int]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_LetsIn, "127.0.0.1", 0, backlog=BACKLOG)
    told.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()
