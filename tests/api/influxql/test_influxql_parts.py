"""Patterns, buckets and aggregates against oracles."""

import re
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.influxql.aggregate import aggregate
from api.influxql.pattern import read
from api.influxql.rows import Values
from api.influxql.times import edges
from metering.errors import InvalidInput
from metering.localtime import HOUR_US, day_bounds

TEXT = st.text("ab-/.|()$^*\\ 电", max_size=5)


def escaped(text):
    """As Grafana writes a variable's value into a pattern."""
    return re.sub(r"[\\^$*+?.()|[\]{}/]", lambda m: "\\" + m[0], text)


@given(st.lists(TEXT, min_size=1, max_size=4), TEXT)
def test_a_multi_value_matches_its_values_and_nothing_else(values, other):
    pattern = read(f"^({'|'.join(escaped(v) for v in values)})$")
    assert all(pattern.matches(value) for value in values)
    assert pattern.matches(other) == (other in values)
    assert set(pattern.literals()) == set(values)


@given(
    st.sampled_from(["", "^"]),
    st.lists(st.text("ab", max_size=2), min_size=1, max_size=3),
    st.sampled_from(["", "$"]),
    st.text("abc", max_size=6),
)
def test_wildcards_agree_with_a_regex(start, parts, end, text):
    source = start + ".*".join(parts) + end
    assert read(source).matches(text) == bool(re.search(source, text))


@pytest.mark.parametrize("source", ["a+", "[ab]", "(a|b)c", "a{2}", "\\d", "^a|b$", "a.b", "("])
def test_other_patterns_are_refused(source):
    with pytest.raises(InvalidInput, match="not supported"):
        read(source)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_a_clock_change(day):
    zone = "Europe/Berlin"
    first, last = day - timedelta(days=2), day + timedelta(days=2)
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    found = edges(start, end, 24 * HOUR_US, zone).tolist()
    assert found == [day_bounds(first + timedelta(days=n), zone)[0] for n in range(6)]
    hours = edges(start, end, HOUR_US, zone)
    assert len(hours) - 1 == 5 * 24 + (1 if day.month == 10 else -1)


@settings(deadline=None)
@given(
    st.integers(1_700_000_000, 1_800_000_000),
    st.integers(1, 10 * 86_400),
    st.sampled_from([900, 3600, 7 * 3600, 6 * 3600, 86_400, 3 * 86_400]),
    st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_buckets_cover_the_range_without_gap(start, length, interval, zone):
    begin, end, step = start * 10**6, (start + length) * 10**6, interval * 10**6
    found = edges(begin, end, step, zone)
    assert found[0] <= begin < found[1]
    assert found[-2] < end <= found[-1]
    widths = np.diff(found)
    assert (widths > 0).all()
    assert (widths <= step + HOUR_US).all()


def test_too_many_buckets_are_refused():
    with pytest.raises(InvalidInput, match="intervals"):
        edges(0, 10**15, 10**6, "UTC")


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(-50, 50))), max_size=30
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(ROWS)
def test_aggregates_skip_what_is_unknown(rows):
    place = np.array([row[0] for row in rows], dtype=np.int64)
    amounts = np.array([np.nan if row[1] is None else row[1] for row in rows], dtype=np.float64)
    oracle = {
        "sum": sum,
        "min": min,
        "max": max,
        "count": len,
        "first": lambda values: values[0],
        "last": lambda values: values[-1],
        "mean": lambda values: sum(values) / len(values),
    }
    for function, wanted in oracle.items():
        found = aggregate(function, Values(amounts), place, 4)
        for bucket in range(4):
            known = [v for b, v in rows if b == bucket and v is not None]
            if known:
                assert found[bucket] == wanted(known), function
            else:
                assert np.isnan(found[bucket]), function


def test_a_ratio_is_not_stated_on_thin_evidence():
    above, below = np.full(100, 3.0), np.full(100, 2.0)
    place = np.zeros(100, dtype=np.int64)
    assert aggregate("mean", Values(above, over=below), place, 1)[0] == 1.5
    below[:5] = np.nan
    assert aggregate("mean", Values(above, over=below), place, 1)[0] == 1.5
    below[5] = np.nan
    assert np.isnan(aggregate("mean", Values(above, over=below), place, 1)[0])
