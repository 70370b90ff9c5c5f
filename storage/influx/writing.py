"""Rows in bodies of at most 5,000 lines; a body the server refuses is halved.

Everything the server takes is stored, whatever stands beside it; what it will never take (a
time beyond the retention, a field of another type) comes back by row. Writing is idempotent,
so that an answer lost on the way costs nothing but writing again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.influx.client import InfluxClient, ServerAnswer
from storage.influx.lines import lines

CHUNK: Final = 5_000
_DROPPED = re.compile(r"\bdropped=(\d+)")


@dataclass(frozen=True)
class RefusedRows:
    """Positions of rows the server will not take, and its reason for the first."""

    rows: I64
    reason: str


def write(client: InfluxClient, rows: ReadingColumns) -> RefusedRows:
    """Store all rows that can be stored. Raises Unavailable; part of them may be stored then,
    and the same call again completes it."""
    text = lines(rows)
    refused: list[range] = []
    reason = ""
    todo = [range(at, min(at + CHUNK, len(text))) for at in range(0, len(text), CHUNK)][::-1]
    while todo:
        part = todo.pop()
        answer = client.write("\n".join(text[part.start : part.stop]).encode())
        if answer.ok:
            continue
        if len(part) == 1 or _drops(answer) >= len(part):
            refused.append(part)
            reason = reason or answer.reason
            continue
        middle = (part.start + part.stop) // 2
        halves = range(part.start, middle), range(middle, part.stop)
        todo += halves[::-1]
        if answer.status == 413:
            todo = _no_longer_than(len(halves[1]), todo)
    positions = [np.arange(part.start, part.stop) for part in refused]
    return RefusedRows(np.concatenate([np.empty(0, np.int64), *positions]), reason)


def _drops(answer: ServerAnswer) -> int:
    """How many points a partial write left out; the others are stored. 0 where it is not said."""
    found = _DROPPED.search(answer.reason)
    return int(found[1]) if found else 0


def _no_longer_than(size: int, todo: list[range]) -> list[range]:
    """What is too large once is too large for the rest of the batch: cut all of it at once."""
    return [
        range(at, min(at + size, part.stop))
        for part in todo
        for at in reversed(range(part.start, part.stop, size))
    ]
