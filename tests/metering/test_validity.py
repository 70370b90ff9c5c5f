"""Dates of facts: [start, end), either may be absent."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from metering.registry import Validity as OfTheRegistry
from metering.validity import Validity, epochs, joined, turning_days

FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]


@st.composite
def spans(draw):
    start, end = sorted([draw(st.integers(0, 10)), draw(st.integers(1, 11))])
    return Validity(
        draw(st.sampled_from([None, DAYS[start]])),
        draw(st.sampled_from([None, DAYS[max(end, start + 1)]])),
    )


def held(span):
    days = [FIRST - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=1)]
    return {day for day in days if span.holds(day)}


def test_the_start_is_included_and_the_end_is_not():
    assert held(Validity(DAYS[2], DAYS[4])) == {DAYS[2], DAYS[3]}
    assert Validity().holds(date.min)
    assert (Validity().first, Validity().limit) == (date.min, date.max)


def test_there_is_one_for_tariffs_factors_and_the_registry():
    assert OfTheRegistry is Validity


@given(spans(), spans())
def test_spans_overlap_where_they_share_a_day(one, other):
    assert one.overlaps(other) == bool(held(one) & held(other)) == other.overlaps(one)


@given(spans(), spans())
def test_what_two_spans_do_not_share_is_left(one, other):
    left = one.except_for(other)
    assert set().union(*map(held, left)) == held(one) ^ held(other)
    assert left == other.except_for(one)


@given(st.lists(spans()))
def test_between_turning_days_nothing_begins_or_ends(found):
    days = turning_days(found)
    assert days == sorted(set(days))
    for day in DAYS[1:]:
        if day not in days:
            before = day - timedelta(days=1)
            assert [s.holds(day) for s in found] == [s.holds(before) for s in found]


@given(st.lists(spans()))
def test_joined_spans_hold_the_same_days_and_do_not_touch(found):
    whole = joined(found)
    assert {day for s in whole for day in held(s)} == {day for s in found for day in held(s)}
    assert all(one.limit < other.first for one, other in pairwise(whole))


@given(st.lists(st.sampled_from(DAYS)))
def test_epochs_cut_all_time_at_the_days(days):
    spans = epochs(days)
    assert turning_days(spans) == sorted(set(days))
    assert [span.holds(span.some_day) for span in spans] == [True] * len(spans)
    assert joined(spans) == [Validity()]
