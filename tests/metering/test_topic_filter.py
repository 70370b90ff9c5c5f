"""MQTT topic filters: their grammar, what they match, and which is the narrower."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.errors import InvalidInput
from metering.topic_filter import check_filter, matches, width


@pytest.mark.parametrize(
    ("topic_filter", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+/c", "a//c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("+", "/a", False),
        ("+/+", "/a", True),
        ("a", "A", False),
    ],
)
def test_filters_match_as_the_standard_says(topic_filter: str, topic: str, fits: bool) -> None:
    assert matches(topic_filter, topic) is fits


@pytest.mark.parametrize("text", ["", "a/#/b", "a#", "a/b+", "+a/b"])
def test_bad_filters_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="filter"):
        check_filter(text)


levels = st.sampled_from(["a", "b", "+"])
filters = st.tuples(st.lists(levels, min_size=1, max_size=3), st.sampled_from(["", "#"])).map(
    lambda parts: "/".join([*parts[0], *filter(None, [parts[1]])])
)
topics = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=4).map("/".join)


@given(filters, filters, topics)
def test_of_two_that_match_one_is_narrower_unless_they_are_equal(
    one: str, other: str, topic: str
) -> None:
    if matches(one, topic) and matches(other, topic):
        assert (width(one) == width(other)) is (one == other)


@pytest.mark.parametrize(
    "rising", [["a/b", "a/b/#", "a/+", "a/+/#", "a/#", "+/b", "+/+", "+/#", "#"]]
)
def test_a_name_is_narrower_than_a_level_and_that_than_the_rest(rising: list[str]) -> None:
    assert all(matches(one, "a/b") for one in rising)
    assert sorted(rising, key=width) == rising
