"""The file in which a gateway notes what was acknowledged; from it it goes on after a kill.

Append-only text, one row an entry, one paragraph a message, an empty line at its end:

    message,kind,point,time_us,value
    0,start,,1793462400000000,1          a session began (its number in the last column)

    0,reading,E1.import,1788192000000000,179410.2281
    0,reading,E2.import,1788192000000000,199850.0013

A paragraph without its empty line was cut off by a kill: it does not count, and its message
is sent again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from simulators.message import READING, MessageEntry, Publication

HEADER = b"message,kind,point,time_us,value\n\n"
START = "start"


@dataclass(frozen=True)
class Progress:
    """Where a gateway stood: the next message, its last session, its newest reading."""

    next_number: int = 0
    session: int = 0
    last_us: int = 0


class AcknowledgedFile:
    """One gateway's file, opened for appending; a torn tail is cut off at opening."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self.progress = _cut_torn_tail(file)
        self._out: BinaryIO = file.open("ab", buffering=0)

    def __enter__(self) -> AcknowledgedFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._out.close()

    def start_session(self, now_us: int) -> int:
        """Note a new session and return its number, above all earlier ones."""
        session = self.progress.session + 1
        number = self.progress.next_number
        self._write(f"{number},{START},,{now_us},{session}\n\n".encode())
        self.progress = Progress(number, session, self.progress.last_us)
        return session

    def append(self, message: Publication) -> None:
        """Note an acknowledged message; messages come in the order of their numbers."""
        rows = [_row(message.number, entry) for entry in message.entries]
        self._write(("".join(rows) + "\n").encode())
        newest = max((e.time_us for e in message.entries if e.kind == READING), default=0)
        last_us = max(self.progress.last_us, newest)
        self.progress = Progress(message.number + 1, self.progress.session, last_us)

    def _write(self, text: bytes) -> None:
        view = memoryview(text)
        while view:
            view = view[self._out.write(view) :]


def entries(file: Path) -> Iterator[tuple[int, MessageEntry]]:
    """(message number, entry) of every complete paragraph; session starts are left out."""
    for number, entry in _read(file):
        if entry.kind != START:
            yield number, entry


def _row(number: int, entry: MessageEntry) -> str:
    value = "" if entry.value is None else repr(entry.value)
    return f"{number},{entry.kind},{entry.point},{entry.time_us},{value}\n"


def _read(file: Path) -> Iterator[tuple[int, MessageEntry]]:
    waiting: list[tuple[int, MessageEntry]] = []
    with file.open(encoding="utf-8") as lines:
        next(lines, None)
        for line in lines:
            if line == "\n":
                yield from waiting
                waiting.clear()
            elif line.endswith("\n"):
                waiting.append(_parse(line))


def _parse(line: str) -> tuple[int, MessageEntry]:
    number, kind, point, time_us, value = line.rstrip("\n").split(",")
    return int(number), MessageEntry(kind, point, int(time_us), float(value) if value else None)


def _cut_torn_tail(file: Path) -> Progress:
    """Drop what follows the last complete paragraph and say where the gateway stood."""
    if not file.exists() or file.stat().st_size < len(HEADER):
        file.write_bytes(HEADER)
        return Progress()
    with file.open("r+b") as out:
        os.ftruncate(out.fileno(), _complete_size(out))
    number, session, last_us = 0, 0, 0
    for message, entry in _read(file):
        if entry.kind == START:
            session = int(entry.value or 0)
            continue
        number = message + 1
        if entry.kind == READING:
            last_us = max(last_us, entry.time_us)
    return Progress(number, session, last_us)


def _complete_size(out: BinaryIO) -> int:
    """Bytes up to and with the last empty line."""
    size = out.seek(0, os.SEEK_END)
    window = min(size, 1 << 20)
    while True:
        out.seek(size - window)
        found = out.read(window).rfind(b"\n\n")
        if found >= 0:
            return size - window + found + 2
        if window == size:
            return 0
        window = min(size, window * 4)
