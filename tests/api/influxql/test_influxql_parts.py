"""Patterns, buckets and aggregates against oracles."""

import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.influxql.engine import exact
from api.influxql.engine.aggregate import aggregate
from api.influxql.engine.rows import Values, Wanted
from api.influxql.engine.times import edges
from api.influxql.language.pattern import read
from api.influxql.tables.pieces import QUARTER_US, pieces
from metering.errors import InvalidInput
from metering.localtime import HOUR_US, day_bounds, days_between

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


@given(
    st.sampled_from(["a+", "[ab]", "(a|b)c", "a{2}", "\\d", "^a|b$", "a.b", "(?i)^(A|b)$", "^$"]),
    st.text("abcAB1 ", max_size=4),
)
def test_any_pattern_is_searched_for(source, text):
    assert read(source).matches(text) == bool(re.search(source, text))


@pytest.mark.parametrize(
    "source", ["(?i)^(a|b)$", "^(a|b.*)$", "^a|b$", "a", "^a", "^(a)|(b)$", "^(a|(b))$", "^\\d$"]
)
def test_an_open_pattern_names_nothing(source):
    assert read(source).literals() == ()


@pytest.mark.parametrize(
    "source", ["(", "(?=a)", "(a)\\1", "a{1001}", "(?:a{900}){900}", "a" * 20_001]
)
def test_what_the_engine_does_not_take_is_refused(source):
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(source)


def test_a_pattern_that_others_choke_on_takes_linear_time():
    """An engine that tries again and again would not come back from it."""
    assert not read("^(a+)+$").matches("a" * 50_000 + "b")


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


@pytest.mark.parametrize("days", [36_526, 3_000_000, 7 * 99_999_999, 10**15])
def test_an_interval_wider_than_all_time_is_refused(days):
    with pytest.raises(InvalidInput, match="wider than all the time"):
        edges(10**15, 2 * 10**15, days * 24 * HOUR_US, "Europe/Berlin")
    assert len(edges(10**15, 2 * 10**15, 36_525 * 24 * HOUR_US, "Europe/Berlin")) >= 2


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


WHOLE = st.lists(st.tuples(st.integers(0, 2), st.integers(-(2**70), 2**70)), max_size=12).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


@given(WHOLE, st.sampled_from([1, 1000, 10**6, 3 * 10**6, 10**20]))
def test_sums_and_means_are_the_nearest_doubles(rows, scale):
    place = np.array([bucket for bucket, _ in rows], dtype=np.int64)
    amounts = Values(exact.objects(amount for _, amount in rows), scale)
    total, mean = (aggregate(name, amounts, place, 3) for name in ("sum", "mean"))
    for bucket in range(3):
        own = [amount for b, amount in rows if b == bucket]
        if own:
            assert total[bucket] == float(Fraction(sum(own), scale))
            assert mean[bucket] == float(Fraction(sum(own), len(own) * scale))


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=40))
def test_float64_is_left_before_it_rounds(amounts):
    column = exact.whole(np.array(amounts, dtype=np.int64))
    place = np.zeros(len(amounts), dtype=np.int64)
    assert aggregate("sum", Values(column, 10**6), place, 1)[0] == sum(amounts) / 10**6


MONEY = st.lists(
    st.decimals(-(10**9), 10**9, places=11, allow_nan=False, allow_infinity=False), max_size=9
)


@given(MONEY)
def test_money_is_divided_once(amounts):
    column, scale = exact.of_decimals(amounts)
    place = np.zeros(len(amounts), dtype=np.int64)
    if amounts:
        found = aggregate("sum", Values(column, scale), place, 1)[0]
        assert found == float(sum(map(Fraction, amounts)))


def test_what_must_not_be_shown_hides_the_sum():
    column, scale = exact.of_decimals([Decimal("1.5"), float("inf"), float("nan")])
    place = np.array([0, 1, 1], dtype=np.int64)
    for function in ("sum", "mean", "max"):
        found = aggregate(function, Values(column, scale), place, 2)
        assert found[0] == 1.5
        assert np.isinf(found[1])


def test_a_mean_of_shares_weighs_by_time_and_plainly_where_there_is_none():
    shares, place = np.array([10_000.0, 4_000.0]), np.zeros(2, dtype=np.int64)
    for weight, wanted in (([3.0, 1.0], 0.85), ([0.0, 0.0], 0.7)):
        values = Values(shares, 10_000, np.array(weight))
        assert aggregate("mean", values, place, 1)[0] == wanted


ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kathmandu", "Europe/Berlin"])


@settings(deadline=None)
@given(
    st.integers(1_774_000_000, 1_775_500_000),
    st.integers(60, 6 * 86_400),
    st.integers(-86_400, 10 * 86_400),
    st.sampled_from([None, 900, 3600, 6 * 3600, 7 * 3600, 86_400, 3 * 86_400]),
    ZONES,
    st.sampled_from(["day", "hour"]),
)
def test_pieces_cover_what_has_begun_once_and_are_cut_by_no_bucket(
    start, length, ahead, interval, zone, widest
):
    begin, end = start * 10**6, (start + length) * 10**6
    now = begin + ahead * 10**6
    bounds = (
        np.array([begin, end]) if interval is None else edges(begin, end, interval * 10**6, zone)
    )
    nothing = frozenset()
    wanted = Wanted(begin, end, nothing, nothing, nothing, bounds, interval is not None, False)
    found = pieces(wanted, now, zone, widest)
    if now <= begin:
        assert not found
        return
    assert found[0].start_us == begin
    assert found[-1].end_us >= min(end, now // QUARTER_US * QUARTER_US)
    for one, other in pairwise(found):
        assert one.end_us == other.start_us
    for one in found:
        if one.step == "day":
            assert {one.start_us, one.end_us} <= {
                edge for day in days_between(*one.days(zone)) for edge in day_bounds(day, zone)
            }
            cuts = [edge for edge in bounds.tolist() if edge <= now // QUARTER_US * QUARTER_US]
            assert not any(one.start_us < edge < one.end_us for edge in cuts)
        assert widest == "day" or one.step != "day"
