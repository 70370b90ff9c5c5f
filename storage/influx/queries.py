"""Questions in InfluxQL, and rows from the CSV that answers them.

CSV is the quickest of the formats both generations speak, and its integers are whole. But in
it an error inside a statement looks like no rows, with status 200. So every request ends with
SHOW DATABASES: the server stops at the first statement that fails, and an answer that does not
end with our own bucket is no answer.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from metering.errors import Unavailable
from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.influx.address import InfluxAddress
from storage.influx.client import JSON, InfluxClient
from storage.influx.lines import EARLIEST_US, LATEST_US, MEASUREMENT

T = TypeVar("T")
POINTS_PER_STATEMENT: Final = 100
"""A longer chain of OR is slower than two statements."""
_STATEMENTS_PER_REQUEST = 20
_NO_BUCKET = "database not found"
_FIELDS = 'value,flag,order_hi,order_lo,segment,"offset","index"'
_COLUMNS = ("point", "time_us", "value", *_FIELDS.replace('"', "").split(",")[1:])
_DTYPE = np.dtype([(name, np.float64 if name == "value" else np.int64) for name in _COLUMNS])
_HEADER = b"name,tags,time,value,flag,order_hi,order_lo,segment,offset,index\n"
_PREFIX = f"{MEASUREMENT},point=".encode()
_END = b"name,tags,name\n"
_WHOLE = re.compile(rb"^-?\d+,-?\d+(?:,[^,\n]+){7}\n", re.MULTILINE)


@dataclass(frozen=True)
class RowQuestion:
    """Rows of points (None: of all) with low <= time <= high, and how many of them per point."""

    points: Sequence[int] | None
    low_us: int = EARLIEST_US
    high_us: int = LATEST_US
    limit: int | None = None
    newest_first: bool = False

    def statements(self) -> Iterator[str]:
        """The InfluxQL that asks it, so many points a statement; none where its range holds no time
        that the server can store."""
        low, high = max(self.low_us, EARLIEST_US), min(self.high_us, LATEST_US)
        if low > high:
            return
        end = " ORDER BY time DESC" if self.newest_first else ""
        end += f" LIMIT {int(self.limit)}" if self.limit is not None else ""
        for which in _restrictions(self.points):
            yield (
                f"SELECT {_FIELDS} FROM {MEASUREMENT} WHERE {which}"  # noqa: S608
                f"time >= {low}u AND time <= {high}u GROUP BY point{end}"
            )


def rows(client: InfluxClient, questions: Iterable[RowQuestion]) -> ReadingColumns:
    """All rows asked for, sorted by point, then time. Raises Unavailable, and never gives
    less than there is."""
    statements = [text for question in questions for text in question.statements()]
    bodies = (_answer(client, chosen) for chosen in _parts(statements, _STATEMENTS_PER_REQUEST))
    return ReadingColumns.concat([_parsed(body) for body in bodies]).sorted()


def count(client: InfluxClient, points: Sequence[int] | None) -> int:
    """How many rows there are, of the points or of all."""
    statements = [
        f"SELECT count(value) FROM {MEASUREMENT} WHERE {which}time >= {EARLIEST_US}u"  # noqa: S608
        for which in _restrictions(points)
    ]
    total = 0
    for chosen in _parts(statements, _STATEMENTS_PER_REQUEST):
        told = re.findall(rb"^reading,,-?\d+,(\d+)$", _answer(client, chosen), re.MULTILINE)
        total += sum(map(int, told))
    return total


def counts(client: InfluxClient, asked: RowQuestion) -> dict[int, int]:
    """How many of the rows asked for each point has."""
    if asked.low_us > asked.high_us:
        return {}
    statements = [
        f"SELECT count(value) FROM {MEASUREMENT} WHERE {which}"  # noqa: S608
        f"time >= {asked.low_us}u AND time <= {asked.high_us}u GROUP BY point"
        for which in _restrictions(asked.points)
    ]
    found: dict[int, int] = {}
    for chosen in _parts(statements, _STATEMENTS_PER_REQUEST):
        body = _answer(client, chosen)
        told = re.findall(rb"^reading,point=(-?\d+),-?\d+,(\d+)$", body, re.MULTILINE)
        found |= {int(point): int(count) for point, count in told}
    return found


def known_points(client: InfluxClient) -> set[int]:
    """Every point that has rows."""
    body = _answer(client, [f"SHOW TAG VALUES FROM {MEASUREMENT} WITH KEY = point"])
    return {int(point) for point in re.findall(rb"^reading,,point,(-?\d+)$", body, re.MULTILINE)}


def drop(client: InfluxClient) -> None:
    """Delete the measurement with its series and field types."""
    probe(client)
    reason = command(client, f"DROP MEASUREMENT {MEASUREMENT}")
    if reason and "measurement not found" not in reason:
        raise _failed(client.address, reason)


def delete(client: InfluxClient, point: int, low_us: int, high_us: int) -> None:
    """Delete the rows of a point with low <= time <= high."""
    reason = command(
        client,
        f"DELETE FROM {MEASUREMENT} WHERE point='{int(point)}'"  # noqa: S608
        f" AND time >= {int(low_us)}u AND time <= {int(high_us)}u",
    )
    if reason:
        raise _failed(client.address, reason)


def oldest_us(client: InfluxClient) -> int | None:
    """The time of the oldest row; None where there is none."""
    body = _answer(client, [f"SELECT first(value) FROM {MEASUREMENT}"])  # noqa: S608
    found = re.search(rb"^reading,,(-?\d+),", body, re.MULTILINE)
    return int(found[1]) if found else None


def probe(client: InfluxClient) -> None:
    """Raises Unavailable unless the bucket can be read."""
    _answer(client, [])


def bucket_exists(client: InfluxClient) -> bool:
    """Whether the server lists the bucket to this token."""
    return _lists(client, client.ask("SHOW DATABASES"))


def command(client: InfluxClient, statement: str) -> str:
    """Run a statement that changes something; the server's complaint, or ''."""
    return _complaint(client.ask(statement, JSON))


def _answer(client: InfluxClient, statements: Sequence[str]) -> bytes:
    """The rows' part of an answer that was proven to be whole."""
    asked = ";".join([*statements, "SHOW DATABASES"])
    body, end, databases = client.ask(asked).rpartition(_END)
    if not end:
        raise _failed(client.address, _cause(client, statements))
    if not _lists(client, databases):
        raise _failed(client.address, _NO_BUCKET)
    return body


def _lists(client: InfluxClient, databases: bytes) -> bool:
    names = re.findall(rb"^databases,,(.*)$", databases, re.MULTILINE)
    return client.address.bucket.encode() in names


def _cause(client: InfluxClient, statements: Sequence[str]) -> str:
    """Why an answer has no end. Asked one by one, because where several are asked the server
    puts "not executed" in the place of the error that stopped it."""
    complaints = (command(client, statement) for statement in statements)
    return next(filter(None, complaints), "the answer broke off")


def _complaint(body: bytes) -> str:
    """The first error of an answer in JSON; '' where all statements went well."""
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        return "the answer broke off"
    found = (result.get("error") for result in (told, *told.get("results", ())))
    return str(next(filter(None, found), ""))


def _failed(address: InfluxAddress, reason: str) -> Unavailable:
    if "insufficient permissions" in reason:
        return Unavailable(
            f"InfluxDB refused: {reason[:300]}",
            field="influx token",
            fix="give a token that may read and write the bucket: `greenoffice influx init`"
            " makes one",
        )
    if _NO_BUCKET in reason or "not authorized" in reason:
        return Unavailable(
            "InfluxDB shows no such bucket to this token",
            field="influx bucket",
            value=address.bucket,
            fix="make it and a token that may read it with `greenoffice influx init`",
        )
    return Unavailable(
        f"InfluxDB could not answer: {reason[:300]}",
        field="influx url",
        value=address.url,
        fix="look at the server's limits on queries (time, series, points) and at its log",
    )


def _parsed(body: bytes) -> ReadingColumns:
    """Rows of CSV `reading,point=<id>,<time>,<fields>`.

    A row that lacks a field is one that another process is just writing: not there yet. A
    point that is no number is none of ours.
    """
    table = body.replace(_PREFIX, b"").replace(_HEADER, b"").strip(b"\n") + b"\n"
    try:
        found = _table(table)
    except ValueError:
        found = _table(b"".join(_WHOLE.findall(table)))
    columns = {name: np.ascontiguousarray(found[name]) for name in _COLUMNS}
    return ReadingColumns(**{**columns, "flag": columns["flag"].astype(np.int16)})


def _table(lines: bytes) -> NDArray[np.void]:
    """Lines of nine numbers; integers are read as integers. ValueError on anything else."""
    if not lines.strip():
        return np.empty(0, _DTYPE)
    return np.loadtxt(io.BytesIO(lines), delimiter=",", dtype=_DTYPE, comments=None, ndmin=1)


def _restrictions(points: Sequence[int] | None) -> Iterator[str]:
    """Conditions that choose the points, a hundred at a time; one empty one for all points."""
    if points is None:
        yield ""
        return
    for chosen in _parts(points, POINTS_PER_STATEMENT):
        yield "(" + " OR ".join(f"point='{int(point)}'" for point in chosen) + ") AND "


def _parts(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (whole[at : at + size] for at in range(0, len(whole), size))


def distinct(points: Sequence[int] | I64) -> list[int]:
    """Each point once, ascending."""
    return [int(point) for point in np.unique(np.asarray(points, np.int64))]
