"""Topic grammar, MQTT filters and the table from topic to decoder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS
from collector.topics import (
    CHANNELS,
    HTTP_ROUTE,
    ROUTES,
    Topic,
    check_filter,
    matches,
    owner_of,
    parse_topic,
    route_of,
    routes_from,
)
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


def test_every_route_names_a_decoder() -> None:
    assert {route.decoder for route in ROUTES} <= set(DECODERS)
    for channel in CHANNELS:
        assert route_of(ROUTES, f"greenoffice/v1/s/g/{channel}") is not None
    assert route_of(ROUTES, "vendor/data") is None


def test_http_goes_through_the_native_decoder() -> None:
    plain, named = route_of(ROUTES, HTTP_ROUTE), route_of(ROUTES, HTTP_ROUTE + "/s/g")
    assert plain is not None
    assert named is not None
    assert plain.decoder == named.decoder == "native"
    assert (owner_of(HTTP_ROUTE), owner_of(HTTP_ROUTE + "/s/g")) == (None, "s/g")


def test_rows_from_settings_come_first() -> None:
    row = {"filter": "greenoffice/v1/s/+/readings", "decoder": "status", "gateway": "s/x"}
    table = routes_from([row], DECODERS)
    found = route_of(table, "greenoffice/v1/s/g/readings")
    assert found is not None
    assert (found.decoder, found.gateway) == ("status", "s/x")
    with pytest.raises(InvalidInput, match="decoder"):
        routes_from([{"filter": "a", "decoder": "nobody"}], DECODERS)
