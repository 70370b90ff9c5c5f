"""The grammar of our own topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.topics import CHANNELS, HTTP_ROUTE, Topic, owner_of, parse_topic
from metering.errors import InvalidInput

codes = st.text("abcXYZ019._-", min_size=1, max_size=64)


@given(codes, codes, st.sampled_from(CHANNELS))
def test_topic_round_trip(site: str, gateway: str, channel: str) -> None:
    topic = Topic(site, gateway, channel)
    assert parse_topic(str(topic)) == topic
    assert owner_of(str(topic)) == topic.user


@pytest.mark.parametrize(
    "text",
    [
        "",
        "greenoffice/v1/a/b",
        "greenoffice/v2/a/b/readings",
        "greenoffice/v1/a/b/c/readings",
        "greenoffice/v1/a//readings",
        "greenoffice/v1/a/b/reading",
        "/greenoffice/v1/a/b/readings",
    ],
)
def test_what_is_no_topic_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="publish to"):
        parse_topic(text)


def test_a_pushed_message_names_its_gateway_in_its_route() -> None:
    assert (owner_of(HTTP_ROUTE), owner_of(HTTP_ROUTE + "/s/g")) == (None, "s/g")
    assert owner_of("vendor/s/g") is None
