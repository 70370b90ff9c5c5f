"""A worker of the API: the same application in a process of its own, one request at a time.

It ends when its connection does, whatever it is at, and when a request needs more memory than
it may have. It lets everything else of the platform go first.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from pathlib import Path
from typing import NoReturn

from starlette.types import ASGIApp

from api import PushReceipt, Submission, answered, create_app
from collector import Record, RecordPlace
from greenoffice import worker_frames as frames
from greenoffice.api_process import desk_of, platform_of
from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.logs import set_up_logs
from metering.errors import Unavailable

MEMORY_BYTES = 512 << 20
"""What a request may take beyond what the process has when it is ready."""
NICE = 5


def run_worker(data: Path, number: int) -> None:
    """Answer what comes over the socket of that number, until it ends."""
    os.nice(NICE)
    folder = DataFolder(data.absolute())
    set_up_logs("worker", folder.clock())
    with contextlib.closing(Assembly.beside(folder)) as assembly:
        desk = desk_of(assembly, "http", no_filing)
        app = create_app(platform_of(folder, assembly, no_ingest, desk))
        asyncio.run(serve(app, socket.socket(fileno=number), MEMORY_BYTES))


def no_ingest(_: Submission) -> PushReceipt:
    """For a platform that is only asked."""
    raise Unavailable("a worker takes nothing in", field="worker", fix="ask the API itself")


def no_filing(_: Record) -> RecordPlace:
    """For a desk that is only asked."""
    raise Unavailable("a worker takes nothing in", field="worker", fix="ask the API itself")


async def serve(app: ASGIApp, connection: socket.socket, memory_bytes: int) -> None:
    """Answer frames until the connection ends."""
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    writer.write(frames.encoded({frames.READY: True}))
    await writer.drain()
    bound_memory(memory_bytes)
    while True:
        try:
            head, body = await frames.read(reader)
        except (EOFError, OSError):
            return
        asked = asyncio.ensure_future(answered(app, frames.to_request(head, body)))
        ended = asyncio.ensure_future(reader.read(1))
        done, _ = await asyncio.wait({asked, ended}, return_when="FIRST_COMPLETED")
        if ended in done:
            _leave()
        ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ended
        try:
            writer.write(frames.of_answer(asked.result()))
        except MemoryError:
            writer.write(frames.encoded({frames.SPENT: True}))
        await writer.drain()


def bound_memory(more_bytes: int) -> None:
    """Let this process take so much more address space than it has; where the system tells it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    most = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _leave() -> NoReturn:
    """Nobody waits for what is being computed; threads at work would keep the process."""
    os._exit(0)
