"""Rows as line protocol: what is written of many at once is what each says."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metering.reading import ReadingColumns
from storage.influx.lines import lines

WHOLE = st.integers(-(2**63), 2**63 - 1)
VALUES = st.floats(allow_nan=False, allow_infinity=False)
MESSAGES = st.tuples(st.integers(0, 3), WHOLE, WHOLE, WHOLE, WHOLE)
READINGS = st.tuples(WHOLE, WHOLE, VALUES, MESSAGES, st.integers(0, 99))
_LINE = re.compile(
    r"reading,point=(-?\d+) value=([-+.e\d]+),flag=(-?\d+)i,order_hi=(-?\d+)i,order_lo=(-?\d+)i,"
    r"segment=(-?\d+)i,offset=(-?\d+)i,index=(-?\d+)i (-?\d+)"
)


def read(line: str) -> tuple[int | float, ...]:
    found = _LINE.fullmatch(line)
    assert found is not None, line
    point, value, *others, time_us = found.groups()
    assert re.search(r"[.e]", value)  # a whole number would read as one of another type elsewhere
    return int(point), int(time_us), float(value), *map(int, others)


@given(st.lists(READINGS, max_size=20), st.lists(MESSAGES, min_size=1, max_size=3))
def test_a_line_says_its_row(
    drawn: list[tuple[int, int, float, tuple[int, ...], int]], few: list[tuple[int, ...]]
) -> None:
    """Also where rows side by side are of one message, of a few that take turns, or of none."""
    alike = [(*row[:3], few[n // 3 % len(few)], row[4]) for n, row in enumerate(drawn)]
    for some in (drawn, alike):
        rows = [(point, time, value, *of, index) for point, time, value, of, index in some]
        told = [read(line) for line in lines(ReadingColumns.of(rows))]
        assert told == rows
        signs = [np.signbit(row[2]) for row in rows]
        assert [np.signbit(row[2]) for row in told] == signs
