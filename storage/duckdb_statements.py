"""The statements on a file of readings; each runs on the connection it is handed."""

# ruff: noqa: S608 - the only text put into SQL is the column list below

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.columns import DAY_US, newest_of_each

COLUMNS = "point, time_us, value, flag, order_hi, order_lo, segment, message_offset, message_index"
TYPES = (
    "point BIGINT NOT NULL, time_us BIGINT NOT NULL, value DOUBLE NOT NULL,"
    " flag SMALLINT NOT NULL, order_hi BIGINT NOT NULL, order_lo BIGINT NOT NULL,"
    " segment BIGINT NOT NULL, message_offset BIGINT NOT NULL, message_index BIGINT NOT NULL"
)
_WINDOWS_US = (DAY_US, 40 * DAY_US)
"""`before` and `after` look this far first, and only then through everything."""


def delete(con: duckdb.DuckDBPyConnection, batch: ReadingColumns, low: int, high: int) -> None:
    """Delete the stored rows of equal identity; all times of the batch lie in low..high."""
    con.register("batch", _named(batch))
    con.execute(
        "DELETE FROM reading USING batch WHERE reading.time_us BETWEEN ? AND ?"
        " AND reading.point = batch.point AND reading.time_us = batch.time_us",
        [low, high],
    )


def insert(con: duckdb.DuckDBPyConnection, batch: ReadingColumns) -> None:
    """Append the batch."""
    con.register("batch", _named(batch))
    con.execute(f"INSERT INTO reading SELECT {COLUMNS} FROM batch")


def renew_latest(
    con: duckdb.DuckDBPyConnection, newest: ReadingColumns, batch: ReadingColumns
) -> None:
    """Keep per point the newest row and the first time, old and new together."""
    points, first = newest.point, np.full(len(newest), np.iinfo(np.int64).max)
    np.minimum.at(first, np.searchsorted(points, batch.point), batch.time_us)
    con.register("newest", {**_named(newest), "first_us": first})
    old = con.execute(
        f"SELECT {COLUMNS}, first_us FROM latest SEMI JOIN newest USING (point)"
    ).fetchnumpy()
    old_first = np.asarray(old.pop("first_us"), np.int64)
    stored = ReadingColumns(*(np.ascontiguousarray(column) for column in old.values()))
    np.minimum.at(first, np.searchsorted(points, stored.point), old_first)
    kept = newest_of_each(ReadingColumns.concat([stored, newest]))
    con.execute("DELETE FROM latest USING newest WHERE latest.point = newest.point")
    con.register("newest", {**_named(kept), "first_us": first})
    con.execute(f"INSERT INTO latest SELECT {COLUMNS}, first_us FROM newest")


def forget(con: duckdb.DuckDBPyConnection, segments: I64) -> None:
    """Delete the rows of these segments; `latest` is then made of what is left."""
    con.register("gone", {"segment": segments})
    left = con.execute("SELECT 1 FROM reading ANTI JOIN gone USING (segment) LIMIT 1").fetchone()
    con.execute(
        "DELETE FROM reading" + (" USING gone WHERE reading.segment = gone.segment" if left else "")
    )
    con.execute("DELETE FROM latest")
    con.execute(
        f"INSERT INTO latest SELECT {COLUMNS}, first_us FROM reading JOIN"
        " (SELECT point, min(time_us) AS first_us, max(time_us) AS time_us FROM reading"
        " GROUP BY point) USING (point, time_us)"
    )


def scan(con: duckdb.DuckDBPyConnection, points: I64, start_us: int, end_us: int) -> ReadingColumns:
    """Rows of the points (distinct, ascending) with start <= time < end, sorted."""
    con.register("asked", {"point": points})
    return fetch(
        con,
        f"SELECT {COLUMNS} FROM reading SEMI JOIN asked USING (point)"
        " WHERE point BETWEEN ? AND ? AND time_us >= ? AND time_us < ?",
        [int(points[0]), int(points[-1]), start_us, end_us],
    ).sorted()


def bounds(
    con: duckdb.DuckDBPyConnection, points: Sequence[int], time_us: int, *, back: bool
) -> tuple[I64, int]:
    """The points that have rows on that side, and how far the search can have to go."""
    if not len(points):
        return np.empty(0, np.int64), time_us
    con.register("asked", {"point": np.unique(np.asarray(points, np.int64))})
    found = con.execute(
        "SELECT point, first_us, time_us FROM latest SEMI JOIN asked USING (point) WHERE "
        + ("first_us < ?" if back else "time_us >= ?")
        + " ORDER BY point",
        [time_us],
    ).fetchnumpy()
    if not len(found["point"]):
        return np.empty(0, np.int64), time_us
    limit = found["first_us"].min() if back else found["time_us"].max() + 1
    return np.asarray(found["point"], np.int64), int(limit)


def search_edges(time_us: int, limit: int, *, back: bool) -> list[int]:
    """Far ends of the windows to search, the last one at the limit."""
    if back:
        return [max(limit, time_us - far) for far in _WINDOWS_US] + [limit]
    return [min(limit, time_us + far) for far in _WINDOWS_US] + [limit]


def nearest(rows: ReadingColumns, count: int, *, back: bool) -> ReadingColumns:
    """Of rows sorted by point and time the last (or first) `count` per point."""
    starts = np.searchsorted(rows.point, rows.point, side="left")
    ends = np.searchsorted(rows.point, rows.point, side="right")
    place = np.arange(len(rows))
    rank = ends - 1 - place if back else place - starts
    return rows.take(rank < count)


def fetch(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: list[int] | None = None
) -> ReadingColumns:
    """The result of a statement that selects COLUMNS."""
    found = con.execute(sql, parameters).fetchnumpy()
    return ReadingColumns(*(np.ascontiguousarray(column) for column in found.values()))


def _named(rows: ReadingColumns) -> dict[str, np.ndarray[Any, Any]]:
    return dict(zip(COLUMNS.split(", "), vars(rows).values(), strict=True))
