"""Item codes: a tree of levels, filled from the left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering import items
from metering.errors import InvalidInput

CATEGORY = st.sampled_from(sorted(items.CATEGORIES))
LETTER = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGIT = st.sampled_from("123456789")
LAST = st.sampled_from("123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@st.composite
def codes(draw):
    code = draw(CATEGORY)
    for level in (LETTER, DIGIT, LAST)[: draw(st.integers(0, 3))]:
        code += draw(level)
    return code.ljust(5, "0")


def ancestors(code):
    chain = []
    while (code := items.parent(code)) is not None:
        chain.append(code)
    return chain


@given(codes())
def test_parents_lead_to_the_whole_category(code):
    chain = [code, *ancestors(code)]
    assert chain[-1] == items.whole(code)
    assert len(chain) <= 4
    assert all(items.check_item(one) == one for one in chain)


@given(codes(), codes())
def test_an_item_covers_itself_and_what_has_it_above(wider, code):
    assert items.covers(wider, code) == (wider in [code, *ancestors(code)])


@given(codes())
def test_every_item_has_its_category(code):
    assert items.category(code).code == code[:2]


@pytest.mark.parametrize(
    "code",
    ["", "1000", "99000", "01b00", "010A0", "01A01", "0100A", "01A0000", "01-00", None, 1000],
)
def test_a_malformed_code_is_refused_with_its_value(code):
    with pytest.raises(InvalidInput) as refused:
        items.check_item(code)
    assert (refused.value.field, refused.value.value) == ("item", code)


def test_examples():
    assert items.parent("01B1C") == "01B10"
    assert items.parent("01B10") == "01B00"
    assert items.parent("01B00") == "01000"
    assert items.parent("01000") is None
    assert items.covers("01000", "01D10")
    assert not items.covers("01A00", "01B00")
    assert not items.covers("01000", "02000")
