"""What of a total is in none of its sub-items."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from figures import beyond, beyond_amount, beyond_each, sub_items

AMOUNTS = st.none() | st.integers(-(10**15), 10**15)


def known(amounts):
    return sum(one for one in amounts if one is not None)


def test_sub_items_are_the_next_level_only():
    items = ["01000", "01A00", "01B00", "01B10", "01B1C", "02000"]
    assert sub_items(items, "01000") == ["01A00", "01B00"]
    assert sub_items(items, "01B00") == ["01B10"]
    assert sub_items(items, "02000") == []


def test_an_unknown_total_has_no_difference_and_an_unknown_part_takes_nothing_off():
    assert beyond(None, [1, 2]) is None
    assert beyond(10, [3, None]) == 7
    assert beyond(10, []) == 10
    assert beyond_amount(None, [Decimal(1)]) is None
    assert beyond_amount(Decimal("1.5"), [Decimal("0.25"), None]) == Decimal("1.25")


def test_no_digit_is_lost():
    """More digits than a decimal holds by default."""
    whole = Decimal("1234567890123456789.012345678901")
    assert beyond_amount(whole, [Decimal("1e-12")]) == Decimal("1234567890123456789.0123456789")


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), max_size=31))
def test_periods_of_a_difference_add_up_to_the_totals_less_the_parts(days):
    whole, parts = [day[0] for day in days], [[day[n] for day in days] for n in (1, 2)]
    each = beyond_each(whole, parts)
    assert known(each) == known(whole) - sum(map(known, parts))
    assert [one is None for one in each] == [day == (None, None, None) for day in days]
