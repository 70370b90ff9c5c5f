"""The statements on a file of readings; each runs on the connection it is handed."""

# ruff: noqa: S608 - the only text put into SQL is the column list below

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np

from metering.quantity import I64
from metering.reading import ReadingColumns
from storage.duckdb_extents import Extents

COLUMNS = "point, time_us, value, flag, order_hi, order_lo, segment, message_offset, message_index"
TYPES = (
    "point BIGINT NOT NULL, time_us BIGINT NOT NULL, value DOUBLE NOT NULL,"
    " flag SMALLINT NOT NULL, order_hi BIGINT NOT NULL, order_lo BIGINT NOT NULL,"
    " segment BIGINT NOT NULL, message_offset BIGINT NOT NULL, message_index BIGINT NOT NULL"
)


LATEST = f"{TYPES}, first_us BIGINT NOT NULL, readings BIGINT NOT NULL"


def delete(con: duckdb.DuckDBPyConnection, batch: ReadingColumns, low: int, high: int) -> I64:
    """Delete the stored rows of equal identity; all times of the batch lie in low..high. Their
    points, once for each."""
    con.register("batch", _named(batch))
    gone = con.execute(
        "DELETE FROM reading USING batch WHERE reading.time_us BETWEEN ? AND ?"
        " AND reading.point = batch.point AND reading.time_us = batch.time_us"
        " RETURNING reading.point",
        [low, high],
    ).fetchnumpy()
    return np.ascontiguousarray(gone["point"], np.int64)


def insert(con: duckdb.DuckDBPyConnection, batch: ReadingColumns) -> None:
    """Append the batch."""
    con.register("batch", _named(batch))
    con.execute(f"INSERT INTO reading SELECT {COLUMNS} FROM batch")


def extents(con: duckdb.DuckDBPyConnection) -> Extents:
    """Of every point its newest row, its first time and the number of its rows."""
    found = con.execute(
        f"SELECT {COLUMNS}, first_us, readings FROM latest ORDER BY point"
    ).fetchnumpy()
    first, count = (
        np.ascontiguousarray(found.pop(name), np.int64) for name in ("first_us", "readings")
    )
    return Extents(ReadingColumns(*map(np.ascontiguousarray, found.values())), first, count)


def renew_latest(con: duckdb.DuckDBPyConnection, renewed: Extents) -> None:
    """Keep of these points the newest row, the first time and the number of rows."""
    more = {"first_us": renewed.first_us, "readings": renewed.count}
    con.register("newest", {**_named(renewed.newest), **more})
    con.execute("DELETE FROM latest USING newest WHERE latest.point = newest.point")
    con.execute(f"INSERT INTO latest SELECT {COLUMNS}, first_us, readings FROM newest")


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there. A file from before rows were counted is counted once, in
    one transaction."""
    con.execute(f"CREATE TABLE IF NOT EXISTS reading ({TYPES})")
    con.execute(f"CREATE TABLE IF NOT EXISTS latest ({LATEST})")
    described = con.execute("SELECT * FROM latest LIMIT 0").description or ()
    if "readings" in [name for name, *_ in described]:
        return
    con.begin()
    try:
        con.execute("DROP TABLE latest")
        con.execute(f"CREATE TABLE latest ({LATEST})")
        _look_again(con)
        con.commit()
    except BaseException:
        con.rollback()
        raise


def forget(con: duckdb.DuckDBPyConnection, segments: I64) -> None:
    """Delete the rows of these segments; `latest` is then made of what is left."""
    con.register("gone", {"segment": segments})
    left = con.execute("SELECT 1 FROM reading ANTI JOIN gone USING (segment) LIMIT 1").fetchone()
    con.execute(
        "DELETE FROM reading" + (" USING gone WHERE reading.segment = gone.segment" if left else "")
    )
    con.execute("DELETE FROM latest")
    _look_again(con)


def look_again_at(con: duckdb.DuckDBPyConnection, points: I64) -> None:
    """Make `latest` of these points anew, by the rows that are left."""
    con.register("renewed", {"point": points})
    con.execute("DELETE FROM latest USING renewed WHERE latest.point = renewed.point")
    con.execute(
        f"INSERT INTO latest SELECT {COLUMNS}, first_us, readings FROM reading JOIN"
        " (SELECT point, min(time_us) AS first_us, max(time_us) AS time_us, count(*) AS readings"
        " FROM reading SEMI JOIN renewed USING (point) GROUP BY point) USING (point, time_us)"
    )


def _look_again(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `latest` by what the rows say; it must be empty."""
    con.execute(
        f"INSERT INTO latest SELECT {COLUMNS}, first_us, readings FROM reading JOIN"
        " (SELECT point, min(time_us) AS first_us, max(time_us) AS time_us, count(*) AS readings"
        " FROM reading GROUP BY point) USING (point, time_us)"
    )


def scan(con: duckdb.DuckDBPyConnection, points: I64, start_us: int, end_us: int) -> ReadingColumns:
    """Rows of the points (distinct, ascending) with start <= time < end, sorted. A join costs more
    than the look itself: points without a gap between them need none."""
    gaps = len(points) <= int(points[-1]) - int(points[0])
    if gaps:
        con.register("asked", {"point": points})
    return fetch(
        con,
        f"SELECT {COLUMNS} FROM reading {'SEMI JOIN asked USING (point)' if gaps else ''}"
        " WHERE point BETWEEN ? AND ? AND time_us >= ? AND time_us < ?",
        [int(points[0]), int(points[-1]), start_us, end_us],
    ).sorted()


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
