"""Readings as columns: taking, sorting and joining loses and invents nothing."""

from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.reading import ReadingColumns

ROW = st.tuples(
    st.integers(1, 5),
    st.integers(0, 2**50),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 3),
    *[st.integers(0, 2**62)] * 5,
)
ROWS = st.lists(ROW, max_size=20)


def as_rows(columns):
    return list(zip(*(getattr(columns, f.name).tolist() for f in fields(columns)), strict=True))


@given(ROWS)
def test_rows_survive_as_columns(rows):
    columns = ReadingColumns.of(rows)
    assert len(columns) == len(rows)
    assert as_rows(columns) == rows


@given(ROWS)
def test_sorting_is_by_point_then_time_and_keeps_rows_whole(rows):
    ordered = ReadingColumns.of(rows).sorted()
    assert as_rows(ordered) == sorted(rows, key=lambda row: row[:2])


@given(st.lists(ROWS, max_size=4))
def test_joining_puts_one_after_the_other(parts):
    joined = ReadingColumns.concat([ReadingColumns.of(rows) for rows in parts])
    assert as_rows(joined) == [row for rows in parts for row in rows]


@given(ROWS, st.data())
def test_taking_chooses_rows_by_place_or_by_mask(rows, data):
    columns = ReadingColumns.of(rows)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool
    )
    chosen = [row for row, taken in zip(rows, mask, strict=True) if taken]
    assert as_rows(columns.take(mask)) == chosen
    assert as_rows(columns.take(np.flatnonzero(mask))) == chosen


def test_an_empty_one_keeps_its_types():
    for column in fields(ReadingColumns):
        empty, one = ReadingColumns.empty(), ReadingColumns.of([(1,) * 9])
        assert getattr(empty, column.name).dtype == getattr(one, column.name).dtype


@given(ROWS, st.integers(0, 20), st.integers(0, 20))
def test_a_part_is_the_rows_between(rows, first, end):
    assert as_rows(ReadingColumns.of(rows).part(first, end)) == rows[first:end]
