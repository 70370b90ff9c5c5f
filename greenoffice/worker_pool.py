"""Workers of the API: processes that answer what costs much, and that can be killed.

A worker is started when it is first needed and ends after a minute of rest. It answers one
request at a time; when its time is out, its memory is spent or its client is gone, it is killed.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from api import Answered, Ended, Handed, NoWorker
from greenoffice import worker_frames as frames

log = structlog.get_logger()


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: asyncio.TimerHandle | None = None


class WorkerPool:
    """Up to `at_once` workers, each started by `command` with the number of a socket behind it.

    time_s: what an answer may take [s]; start_s: and the start of a worker before it [s]
    rest_s: how long one is kept that has nothing to do [s]
    gone_s: how much longer one may take whose client is gone, before it is killed [s]
    """

    def __init__(
        self,
        command: Sequence[str],
        at_once: int = 2,
        *,
        time_s: float = 30.0,
        start_s: float = 30.0,
        rest_s: float = 60.0,
        gone_s: float = 1.0,
    ) -> None:
        self._command, self._at_once = command, at_once
        self._time_s, self._start_s = time_s, start_s
        self._rest_s, self._gone_s = rest_s, gone_s
        self._resting: list[_Worker] = []
        self._turns = asyncio.Semaphore(at_once)

    @property
    def at_once(self) -> int:
        """How many there are at most."""
        return self._at_once

    async def answer(self, request: Handed, gone: Awaitable[None]) -> Answered | None:
        """A worker's answer; None where the client is gone first. Ended where the answer
        takes more time or memory than it may, NoWorker where none can be started."""
        async with self._turns:
            worker = await self._worker()
            asked = asyncio.ensure_future(self._ask(worker, request))
            left = asyncio.ensure_future(gone)
            done, _ = await asyncio.wait(
                {asked, left}, timeout=self._time_s, return_when="FIRST_COMPLETED"
            )
            if left in done and asked not in done:
                await asyncio.wait({asked}, timeout=self._gone_s)
            if not asked.done():
                asked.cancel()
                await _kill(worker)
                if left in done:
                    return None
                raise self._too_much()
            return await self._settled(worker, asked)

    async def _ask(self, worker: _Worker, request: Handed) -> tuple[dict[str, Any], bytes]:
        worker.writer.write(frames.of_request(request))
        await worker.writer.drain()
        return await frames.read(worker.reader)

    async def _settled(
        self, worker: _Worker, asked: asyncio.Future[tuple[dict[str, Any], bytes]]
    ) -> Answered:
        try:
            head, body = asked.result()
        except (OSError, EOFError, ValueError) as broken:
            log.warning("a worker ended in the middle of an answer", reason=repr(broken))
            await _kill(worker)
            raise self._too_much() from broken
        if frames.SPENT in head:
            await _kill(worker)
            raise self._too_much()
        loop = asyncio.get_running_loop()
        worker.rest = loop.call_later(self._rest_s, self._dismiss, worker)
        self._resting.append(worker)
        return frames.to_answer(head, body)

    async def _worker(self) -> _Worker:
        """One that rests and still lives, else a new one."""
        while self._resting:
            worker = self._resting.pop()
            if worker.rest is not None:
                worker.rest.cancel()
            if worker.process.poll() is None and not worker.reader.at_eof():
                return worker
            worker.writer.close()
        try:
            worker = await self._started()
        except OSError as refused:
            raise _no_worker(str(refused)) from refused
        try:
            await asyncio.wait_for(frames.read(worker.reader), self._start_s)
        except (OSError, EOFError, ValueError, TimeoutError) as broken:
            await _kill(worker)
            raise _no_worker(repr(broken)) from broken
        return worker

    async def _started(self) -> _Worker:
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.to_thread(self._spawn, theirs)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return _Worker(process, reader, writer)

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        number = theirs.fileno()
        return subprocess.Popen(
            [*self._command, str(number)],
            pass_fds=[number],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )

    def _dismiss(self, worker: _Worker) -> None:
        """It rested long enough: without its connection it ends."""
        if worker in self._resting:
            self._resting.remove(worker)
            worker.writer.close()
            asyncio.get_running_loop().run_in_executor(None, _await_end, worker.process)

    def _too_much(self) -> Ended:
        return Ended(
            "this answer takes more time or memory than one may",
            field="time",
            value=f"{self._time_s:.0f} s",
            fix="ask for a shorter range, a wider step, or fewer series",
        )


def _no_worker(reason: str) -> NoWorker:
    log.warning("no worker can be started", reason=reason)
    return NoWorker(
        "there is no process to make this answer in",
        field="worker",
        value=reason,
        fix="ask again in a moment, or for a shorter range",
    )


async def _kill(worker: _Worker) -> None:
    with suppress(ProcessLookupError):
        worker.process.kill()
    worker.writer.close()
    await asyncio.to_thread(worker.process.wait)


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
