"""What can be asked over the socket: the questions of a ReadingReader by name, each a function of
the reader, the fields of its header and the points it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from metering.errors import (
    ConfigurationError,
    Damaged,
    GreenOfficeError,
    InvalidInput,
    NotFound,
    StorageFull,
    Unavailable,
)
from metering.ports import ReadingReader
from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.served.frames import BODY_BYTES, Column, SocketFrame

MOST_POINTS: Final = BODY_BYTES // 8
CHUNK_ROWS: Final = 1 << 16
"""Rows of one frame; nine columns of them are some 4 MB."""
_ERRORS = {
    kind.code: kind
    for kind in (ConfigurationError, Damaged, InvalidInput, NotFound, StorageFull, Unavailable)
}


@dataclass(frozen=True, eq=False)
class SocketAnswer:
    """A number, or columns of equal length."""

    number: int = 0
    columns: tuple[Column, ...] = ()


Question = Callable[[ReadingReader, dict[str, Any], Sequence[int] | None], SocketAnswer]


def _rows(rows: ReadingColumns) -> SocketAnswer:
    return SocketAnswer(columns=tuple(vars(rows).values()))


def _counts(counts: dict[int, int]) -> SocketAnswer:
    points = np.fromiter(counts.keys(), np.int64, len(counts))
    return SocketAnswer(columns=(points, np.fromiter(counts.values(), np.int64, len(counts))))


def _spans(spans: dict[int, tuple[int, int]]) -> SocketAnswer:
    points = np.fromiter(spans.keys(), np.int64, len(spans))
    times = np.array(list(spans.values()), np.int64).reshape(len(spans), 2)
    return SocketAnswer(columns=(points, times[:, 0].copy(), times[:, 1].copy()))


QUESTIONS: Final[dict[str, Question]] = {
    "scan": lambda reader, asked, points: _rows(
        reader.scan(_some(points), _whole(asked, "start_us"), _whole(asked, "end_us"))
    ),
    "before": lambda reader, asked, points: _rows(
        reader.before(_some(points), _whole(asked, "time_us"), _whole(asked, "count"))
    ),
    "after": lambda reader, asked, points: _rows(
        reader.after(_some(points), _whole(asked, "time_us"), _whole(asked, "count"))
    ),
    "latest": lambda reader, _, points: _rows(reader.latest(_some(points))),
    "spans": lambda reader, _, points: _spans(reader.spans(_some(points))),
    "count": lambda reader, _, points: SocketAnswer(reader.count(points)),
    "counts": lambda reader, asked, points: _counts(
        reader.counts(_some(points), _whole(asked, "start_us"), _whole(asked, "end_us"))
    ),
}


def question(name: str, points: Sequence[int] | I64 | None, **asked: int) -> SocketFrame:
    """The frame that asks; InvalidInput for more points than fit into one."""
    if points is None:
        return SocketFrame({"ask": name, **asked})
    column = np.asarray(points, np.int64)
    if len(column) > MOST_POINTS:
        raise InvalidInput(
            "more points than one question takes",
            field="points",
            value=len(column),
            fix=f"ask about at most {MOST_POINTS} at once",
        )
    return SocketFrame({"ask": name, **asked}, (column,))


def answered(reader: ReadingReader, asked: SocketFrame) -> SocketAnswer:
    """The reader's answer; InvalidInput for what is not a question."""
    found = QUESTIONS.get(str(asked.fields.get("ask")))
    if found is None or [column.dtype for column in asked.columns] not in ([], [np.int64]):
        raise InvalidInput(
            "not a question about readings",
            field="ask",
            value=asked.fields.get("ask"),
            fix=f"one of {', '.join(QUESTIONS)}",
        )
    return found(reader, asked.fields, asked.columns[0].tolist() if asked.columns else None)


def frames_of(answer: SocketAnswer) -> Iterator[SocketFrame]:
    """The frames of an answer; the first one says how many rows there are in all."""
    rows = len(answer.columns[0]) if answer.columns else 0
    for start in range(0, max(rows, 1), CHUNK_ROWS):
        part = tuple(column[start : start + CHUNK_ROWS] for column in answer.columns)
        yield SocketFrame({"number": answer.number, "rows": rows} if start == 0 else {}, part)


def frame_of_error(error: GreenOfficeError) -> SocketFrame:
    """The frame that tells an error."""
    told = {"message": error.message, "field": error.field, "fix": error.fix}
    value = error.value if isinstance(error.value, str | int | float) else None
    return SocketFrame({"error": error.code, **told, "value": value})


def error_of(fields: dict[str, Any]) -> GreenOfficeError:
    """The error that a frame tells."""
    kind = _ERRORS.get(fields["error"], Unavailable)
    return kind(
        str(fields["message"]), field=fields["field"], value=fields["value"], fix=fields["fix"]
    )


def _some(points: Sequence[int] | None) -> Sequence[int]:
    if points is None:
        raise InvalidInput("no points", field="points", fix="say which")
    return points


def _whole(asked: dict[str, Any], name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int):
        raise InvalidInput("not a whole number", field=name, value=value, fix="send an integer")
    return value
