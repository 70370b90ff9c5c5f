"""The grammar of our own topics."""

from hypothesis import given
from hypothesis import strategies as st

from collector.topics import CHANNELS, HTTP_ROUTE, owner_of

codes = st.text("abcXYZ019._-", min_size=1, max_size=64)


@given(codes, codes, st.sampled_from(CHANNELS))
def test_a_topic_names_its_gateway(site: str, gateway: str, channel: str) -> None:
    assert owner_of(f"greenoffice/v1/{site}/{gateway}/{channel}") == f"{site}/{gateway}"


def test_a_pushed_message_names_its_gateway_in_its_route() -> None:
    assert (owner_of(HTTP_ROUTE), owner_of(HTTP_ROUTE + "/s/g")) == (None, "s/g")


def test_other_topics_name_nobody() -> None:
    for topic in ("", "vendor/s/g", "greenoffice/v1/s/g", "greenoffice/v2/s/g/readings"):
        assert owner_of(topic) is None
