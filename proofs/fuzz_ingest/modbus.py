"""A hostile Modbus meter before the edge's poller: its answers are nearly right."""

from __future__ import annotations

import asyncio
import math
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

import psutil

from edge import read_config
from edge.config import EdgeMeter
from edge.modbus import ModbusLine, Unanswered, read_meter
from proofs.fuzz_ingest.mutate import mutated
from proofs.fuzz_ingest.row import FuzzRow

TIMEOUT_S: Final = 0.05
"""Of a meter; what takes longer is no answer."""
_STALL_S: Final = 30.0
"""For one look at a meter, however busy the machine is."""
_NOW_US: Final = 1_764_000_000_000_000
_FLOOD: Final = 64 << 10
_FLOODS: Final = 200
_CONFIG: Final = """
[gateway]
name = "s/g"
host = "127.0.0.1"
password_file = "password"
[[meters]]
name = "E1"
profile = "eastron-sdm630"
host = "127.0.0.1"
port = {port}
timeout_s = {timeout}
retries = 0
"""


class HostileMeter:
    """Answers each question by a mutation of the right answer; `honest` ends that."""

    def __init__(self) -> None:
        self.honest = True
        self._draw = Random(0)  # noqa: S311 - which answers are given is no secret

    def turn(self, seed: str) -> None:
        """Be hostile, as this seed says."""
        self.honest, self._draw = False, Random(seed)  # noqa: S311

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the poller's."""
        try:
            while True:
                asked = await reader.readexactly(12)
                writer.write(_right(asked) if self.honest else self._wrong(_right(asked)))
                if not self.honest and self._draw.random() < 0.05:
                    await self._flood(writer)
                await writer.drain()
                if not self.honest and self._draw.random() < 0.2:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the poller went, or the proof is over
        finally:
            writer.close()

    def _wrong(self, right: bytes) -> bytes:
        draw = self._draw
        how = draw.randrange(6)
        if how == 0:  # an exception, known or not
            return right[:4] + b"\0\3" + right[6:7] + bytes((right[7] | 0x80, draw.randrange(256)))
        if how == 1:  # words of any bits, NaN and infinite among them
            words = struct.pack(">f", draw.choice((math.nan, math.inf, -math.inf, 3e38, -0.0)))
            return right[:9] + words * ((len(right) - 9) // 4)
        if how == 2:
            return right * draw.choice((2, 300))
        return mutated(right, [right], draw)

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        """More than any meter has to say, and no end of it."""
        for _ in range(_FLOODS):
            writer.write(self._draw.randbytes(16) * (_FLOOD // 16))
            await writer.drain()


def _right(asked: bytes) -> bytes:
    """What an honest meter says: 1.5 wherever it is asked."""
    count = int.from_bytes(asked[10:12])
    words = struct.pack(">f", 1.5) * (count // 2)
    body = asked[6:8] + bytes((len(words),)) + words
    return asked[:4] + len(body).to_bytes(2) + body


def fuzz_modbus(inputs: int, seed: str) -> FuzzRow:
    """So many looks at a hostile meter; after each one an honest one is read as ever."""
    row, meter = FuzzRow(), HostileMeter()
    before = psutil.Process().memory_info().rss
    with (
        tempfile.TemporaryDirectory(prefix="greenoffice-fuzz-") as root,
        _serving(meter) as port,
    ):
        asyncio.run(_looks(row, meter, _configured(Path(root), port), inputs, seed))
    row.worst_bytes = max(0, psutil.Process().memory_info().rss - before)
    return row


def _configured(root: Path, port: int) -> EdgeMeter:
    (root / "password").write_text("x", encoding="utf-8")
    file = root / "edge.toml"
    file.write_text(_CONFIG.format(port=port, timeout=TIMEOUT_S), encoding="utf-8")
    (meter,) = read_config(file).meters
    return meter


async def _looks(
    row: FuzzRow, hostile: HostileMeter, meter: EdgeMeter, inputs: int, seed: str
) -> None:
    line = ModbusLine(meter.line)
    for number in range(inputs):
        at = f"{seed}/modbus/{number}"
        hostile.turn(at)
        row.inputs += 1
        row.note(at, await _look(row, line, meter))
        hostile.honest = True
        row.note(at, await _honest(line, meter))
    line.close()


async def _look(row: FuzzRow, line: ModbusLine, meter: EdgeMeter) -> str:
    """What is wrong with how a hostile meter was read; '' where nothing is."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(_STALL_S):
            readings, _ = await read_meter(line, meter, lambda: _NOW_US)
    except Unanswered:
        row.not_decoded += 1
    except TimeoutError:
        row.stalls += 1
        return "the meter holds the line up"
    except Exception as failed:  # the very thing that is looked for
        return f"{type(failed).__name__}: {failed}"
    else:
        if not all(math.isfinite(one.value) for one in readings):
            return "a value that is not finite"
    row.worst_s = max(row.worst_s, loop.time() - began)
    return ""


async def _honest(line: ModbusLine, meter: EdgeMeter) -> str:
    """An honest answer is read, at the latest when what was under way before is over."""
    for _ in range(20):
        try:
            readings, _ = await read_meter(line, meter, lambda: _NOW_US)
        except Unanswered:
            continue
        if {one.value for one in readings} == {1.5}:
            return ""
    return "an honest meter is not read any more"


@contextmanager
def _serving(meter: HostileMeter) -> Iterator[int]:
    """The port of a meter, in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(meter.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_over(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _over(server: asyncio.Server) -> None:
    server.close()
    others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
