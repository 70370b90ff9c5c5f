"""What is kept in memory of each point is what the rows say."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.errors import Unavailable
from metering.reading import ReadingColumns
from storage import DuckDBReadings
from storage.columns import last_of_each
from storage.duckdb_extents import Extents

ROW = st.tuples(st.integers(1, 5), st.integers(0, 9))
BATCHES = st.lists(st.lists(ROW, max_size=6), max_size=5)
NONE = Extents(ReadingColumns.empty(), np.zeros(0, np.int64), np.zeros(0, np.int64))


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
    times_of: dict[int, set[int]] = {}
    for batch in given_:
        fresh, replaced = last_of_each(batch), []
        for point, time in zip(fresh.point.tolist(), fresh.time_us.tolist(), strict=True):
            own = times_of.setdefault(point, set())
            replaced += [point] if time in own else []
            own.add(time)
        known = known.wider(fresh, np.array(replaced, np.int64))
    told = slow(given_)
    assert known.point.tolist() == sorted(told)
    assert known.count.tolist() == [len(times_of[point]) for point in sorted(times_of)]
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
    assert (store.count(), store.count([7, 8])) == (len(left), len(left))
    store.close()


def counted(store: DuckDBReadings) -> dict[int, int]:
    """Rows of each point, by a pass over all of them."""
    return store.counts(range(10), -(10**18), 10**18)


@given(
    st.lists(
        st.one_of(
            st.lists(ROW, min_size=1, max_size=6),
            st.sampled_from(["open", "forget", "clear", "fail"]),
        ),
        max_size=8,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_counted_is_what_is_there(tmp_path, monkeypatch, steps):
    """Whatever was written, corrected, forgotten, refused or closed between."""
    path = tmp_path / "readings.duckdb"
    path.unlink(missing_ok=True)
    store = DuckDBReadings(path, threads=1)
    for number, step in enumerate(steps):
        if step == "open":
            store.close()
            store = DuckDBReadings(path, threads=1)
        elif step == "forget":
            store.forget([number % 3])
        elif step == "clear":
            store.clear()
        elif step == "fail":
            with monkeypatch.context() as broken:
                broken.setattr("storage.duckdb_readings.insert", _fails)
                with pytest.raises(Unavailable):
                    store.upsert(columns([(1, 1), (9, 9)], 0.0))
        else:
            rows = columns(step, 0.0)
            store.upsert(replace(rows, segment=rows.segment + number % 3))
        there = counted(store)
        assert store.count() == sum(there.values())
        assert {p: n for p in range(10) if (n := store.count([p]))} == there
    store.close()


def test_a_file_from_before_rows_were_counted_is_counted_when_it_is_opened(tmp_path):
    path = tmp_path / "readings.duckdb"
    store = DuckDBReadings(path)
    store.upsert(columns([(1, 1), (1, 2), (2, 5)], 0.0))
    store.upsert(columns([(1, 1), (1, 0)], 9.0))
    newest = store.latest([1, 2])
    store.close()
    with duckdb.connect(str(path)) as con:
        con.execute("ALTER TABLE latest DROP COLUMN readings")
    store = DuckDBReadings(path)
    assert (store.count(), store.count([1]), store.count([2])) == (4, 3, 1)
    assert store.latest([1, 2]).value.tolist() == newest.value.tolist()
    store.upsert(columns([(2, 5), (2, 6)], 1.0))
    assert store.count([2]) == 2
    store.close()


def _fails(con, _):
    con.execute("SELECT nothing_of_that_name")
