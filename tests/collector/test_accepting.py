"""Connections are taken one by one, while there is room and the system has handles."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs

from collector.accepting import Accepting


class Greeting(asyncio.Protocol):
    """Says hello, and ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


def ignored(_: OSError) -> None:
    """No handle is ever wanting."""


@contextmanager
def no_handles_left() -> Iterator[None]:
    """The system gives this process no other one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open("/dev/null", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    os.close(free)
    taken = []
    try:
        while True:  # what lies between
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in taken:
            os.close(one)


async def greeted(client: socket.socket, port: int) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    return await loop.sock_recv(client, 5)


def a_client() -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    return client


def test_without_handles_it_waits_and_goes_on() -> None:
    async def run() -> list[int | None]:
        room, told = asyncio.Event(), list[int | None]()
        room.set()
        serving = await Accepting.start(
            Greeting, "127.0.0.1", 0, room, lambda error: told.append(error.errno)
        )
        with a_client() as first, a_client() as second:
            assert await greeted(first, serving.port) == b"hello"
            assert await asyncio.get_running_loop().sock_recv(first, 1) == b""  # its handle is free
            with no_handles_left():
                waiting = asyncio.ensure_future(greeted(second, serving.port))
                while not told:
                    await asyncio.sleep(0.01)
                assert not waiting.done()
            assert await waiting == b"hello"
        serving.close()
        return told

    assert asyncio.run(run())[0] == 24  # EMFILE


def test_without_room_they_wait_with_the_system() -> None:
    async def run() -> None:
        room = asyncio.Event()
        serving = await Accepting.start(Greeting, "127.0.0.1", 0, room, ignored)
        with a_client() as client:
            waiting = asyncio.ensure_future(greeted(client, serving.port))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            room.set()
            assert await waiting == b"hello"
        serving.close()

    asyncio.run(run())


def test_one_that_cannot_be_begun_keeps_no_other_out() -> None:
    async def run() -> None:
        room, broken = asyncio.Event(), [True]
        room.set()

        def begin() -> asyncio.Protocol:
            if broken and broken.pop():
                raise RuntimeError("a defect")
            return Greeting()

        serving = await Accepting.start(begin, "127.0.0.1", 0, room, ignored)
        with a_client() as first, a_client() as second, capture_logs() as logs:
            assert await greeted(first, serving.port) == b""
            assert await greeted(second, serving.port) == b"hello"
        assert [one["event"] for one in logs] == ["a connection could not be begun"]
        serving.close()

    asyncio.run(run())
