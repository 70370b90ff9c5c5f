"""What is kept in memory of each point is what the rows say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.reading import ReadingColumns
from storage import DuckDBReadings
from storage.duckdb_extents import Extents

ROW = st.tuples(st.integers(1, 5), st.integers(0, 9))
BATCHES = st.lists(st.lists(ROW, max_size=6), max_size=5)
NONE = Extents(ReadingColumns.empty(), np.zeros(0, np.int64))


def columns(rows: list[tuple[int, int]], value: float) -> ReadingColumns:
    return ReadingColumns.of(
        [(point, time, value + n, 0, 0, 0, 0, n, 0) for n, (point, time) in enumerate(rows)]
    )


def slow(batches: list[ReadingColumns]) -> dict[int, tuple[int, int, float]]:
    """By point (first time, newest time, its value as written last)."""
    found: dict[int, tuple[int, int, float]] = {}
    for batch in batches:
        for point, time, value in zip(batch.point, batch.time_us, batch.value, strict=True):
            first, last, old = found.get(int(point), (int(time), int(time), float(value)))
            newest = (int(time), float(value)) if time >= last else (last, old)
            found[int(point)] = (min(first, int(time)), *newest)
    return found


@given(BATCHES, st.lists(ROW, min_size=1, max_size=6))
def test_batches_make_them_what_a_pass_over_all_rows_does(batches, asked):
    given_, known = [columns(rows, 100.0 * n) for n, rows in enumerate(batches) if rows], NONE
    for batch in given_:
        known = known.wider(batch)
    told = slow(given_)
    assert known.point.tolist() == sorted(told)
    rows = zip(known.first_us, known.last_us, known.newest.value, strict=True)
    assert [tuple(row) for row in rows] == [told[point] for point in sorted(told)]
    points, times = (np.array(side, np.int64) for side in zip(*asked, strict=True))
    within = [p in told and told[p][0] <= t <= told[p][1] for p, t in asked]
    assert known.hold(points, times).tolist() == within
    assert known.among(points).point.tolist() == sorted(told.keys() & set(points.tolist()))


@pytest.mark.parametrize("what", ["nothing", "clear", "forget", "a failed write", "opened again"])
def test_they_are_read_again_where_more_than_a_batch_changed(tmp_path, what, monkeypatch):
    store = DuckDBReadings(tmp_path / "readings.duckdb")
    row = (7, 10, 1.0, 0, 0, 0, 1, 0, 0)
    store.upsert(ReadingColumns.of([row, (7, 20, 2.0, 0, 0, 0, 2, 0, 0)]))
    left = [10, 20]
    if what == "clear":
        store.clear()
        left = []
    elif what == "forget":
        store.forget([2])
        left = [10]
    elif what == "a failed write":
        with monkeypatch.context() as broken:
            broken.setattr("storage.duckdb_readings.insert", _fails)
            with pytest.raises(Exception, match="does not answer"):
                store.upsert(ReadingColumns.of([(7, 30, 3.0, 0, 0, 0, 1, 0, 0)]))
    elif what == "opened again":
        store.close()
        store = DuckDBReadings(tmp_path / "readings.duckdb")
    assert store.latest([7]).time_us.tolist() == left[-1:]
    assert store.before([7], 10**18, 9).time_us.tolist() == left
    assert store.after([7], 0, 9).time_us.tolist() == left
    store.close()


def _fails(con, _):
    con.execute("SELECT nothing_of_that_name")
