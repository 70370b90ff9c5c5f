"""Which decoder reads a message, and whose points it then finds."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decode import DECODERS, Problem
from collector.journal import Record
from collector.routes import Router, check_route, own_topics, routed_gateways
from collector.topics import CHANNELS
from metering.errors import InvalidInput
from metering.localtime import parse_instant
from metering.registry import Gateway, Node, NodeType, Registry, Route, Validity

MARCH = date(2026, 3, 1)
OWN = "greenoffice/v1/s/g/readings"


def registry(*routes: Route) -> Registry:
    return Registry(
        nodes={"s": Node("s", NodeType.SITE, zone="Asia/Shanghai")},
        gateways={f"s/{code}": Gateway("s", code) for code in "gh"},
        routes=routes,
    )


def record(topic: str, gateway: str = "s/g", at: str = "2026-11-24T08:15:02Z") -> Record:
    return Record("message", parse_instant(at), gateway, "c", "x", topic, b"")


def chosen(router: Router, message: Record) -> tuple[str, str]:
    """(decoder, gateway), or (reason, what is said)."""
    found = router.choose(message)
    if isinstance(found, Problem):
        return found.reason, found.message
    return found.route.decoder, found.gateway


def test_each_channel_of_our_own_is_read() -> None:
    router = Router(registry())
    ours = {"native", "status", "journal_only", "entered"}
    assert ours <= {one.decoder for one in own_topics(DECODERS)} <= set(DECODERS)
    for channel in CHANNELS:
        assert chosen(router, record(f"greenoffice/v1/s/g/{channel}"))[1] == "s/g"
    assert chosen(router, record(OWN)) == ("native", "s/g")
    assert chosen(router, record("vendor/data"))[0] == "unknown_topic"


def test_a_registered_route_comes_before_the_settings_and_these_before_the_decoders_own() -> None:
    settings = (Route("", "greenoffice/v1/+/+/readings", "status"),)
    ours = Route("s/g", "greenoffice/v1/#", "journal_only")
    router = Router(registry(ours), settings)
    assert chosen(router, record(OWN)) == ("journal_only", "s/g")
    assert chosen(router, record(OWN.replace("/g/", "/h/"), "s/h")) == ("status", "s/h")
    assert chosen(Router(registry()), record(OWN)) == ("native", "s/g")


def test_the_narrowest_filter_reads_whatever_the_order() -> None:
    routes = [
        Route("s/g", "#", "journal_only"),
        Route("s/g", "tele/#", "status"),
        Route("s/g", "tele/+/SENSOR", "native"),
    ]
    for seed in range(6):
        Random(seed).shuffle(routes)
        router = Router(registry(*routes))
        told = [chosen(router, record(t))[0] for t in ("tele/1/SENSOR", "tele/1/STATE", "other")]
        assert told == ["native", "status", "journal_only"]


def test_a_route_is_its_gateways_alone() -> None:
    router = Router(registry(Route("s/g", "tele/#", "native")))
    assert chosen(router, record("tele/1")) == ("native", "s/g")
    assert chosen(router, record("tele/1", "s/h"))[0] == "unknown_topic"


def test_through_a_broker_the_route_says_whose_it_is() -> None:
    theirs = Route("s/h", "plant/7/#", "native")
    router = Router(registry(Route("s/g", "tele/#", "native"), theirs))
    assert chosen(router, record("tele/1", "receiver")) == ("native", "s/g")
    assert chosen(router, record("plant/7/x", "receiver")) == ("native", "s/h")
    assert chosen(router, record("plant/8/x", "receiver"))[0] == "unknown_topic"


def test_a_topic_of_two_gateways_cannot_be_told_apart_through_a_broker() -> None:
    router = Router(registry(Route("s/g", "tele/#", "native"), Route("s/h", "tele/#", "native")))
    assert chosen(router, record("tele/1")) == ("native", "s/g")
    assert chosen(router, record("tele/1", "s/h")) == ("native", "s/h")
    reason, said = chosen(router, record("tele/1", "receiver"))
    assert reason == "unknown_topic"
    assert "s/g and s/h" in said


def test_no_route_lends_the_name_of_another_gateway() -> None:
    """Neither in the topics that name one, nor for a gateway that nobody registered."""
    router = Router(registry(Route("s/g", "#", "native"), Route("s/h", "#", "native")))
    assert chosen(router, record(OWN, "s/h"))[0] == "foreign_topic"
    assert chosen(router, record(OWN.replace("/g/", "/x/"), "s/x")) == ("native", "s/x")


def test_a_route_holds_on_local_days_of_its_gateways_site() -> None:
    before = Route("s/g", "tele/#", "status", valid=Validity(None, MARCH))
    router = Router(registry(before, Route("s/g", "tele/#", "native", valid=Validity(MARCH))))
    assert chosen(router, record("tele/1", at="2026-02-28T15:59:59Z"))[0] == "status"
    assert chosen(router, record("tele/1", at="2026-02-28T16:00:00Z"))[0] == "native"
    late = Router(registry(Route("s/g", "tele/#", "native", valid=Validity(MARCH))))
    assert chosen(late, record("tele/1", at="2026-02-28T15:59:59Z"))[0] == "unknown_topic"


def test_the_zone_of_the_site_goes_along() -> None:
    found = Router(registry()).choose(record(OWN))
    assert not isinstance(found, Problem)
    assert found.zone == "Asia/Shanghai"


levels = st.sampled_from(["a", "b", "+"])
topics = st.tuples(st.lists(levels, min_size=1, max_size=2), st.sampled_from([[], ["#"]]))
routes = st.lists(
    st.builds(
        Route,
        gateway=st.sampled_from(["s/g", "s/h"]),
        topic=topics.map(lambda parts: "/".join([*parts[0], *parts[1]])),
        decoder=st.sampled_from(sorted(DECODERS)),
    ),
    max_size=6,
    unique_by=lambda route: (route.gateway, route.topic),
)


@given(routes, st.sampled_from(["s/g", "s/h", "receiver"]), st.sampled_from(["a", "a/b", "b/b"]))
def test_the_choice_does_not_depend_on_the_order_of_routes(
    several: list[Route], gateway: str, topic: str
) -> None:
    message = record(topic, gateway)
    assert Router(registry(*several)).choose(message) == Router(
        registry(*reversed(several))
    ).choose(message)


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (Route("s/g", "a/#/b", "native"), "topic"),
        (Route("s/g", "greenoffice/v1/s/h/readings", "native"), "topic"),
        (Route("s/g", "greenoffice/v1/+/h/#", "native"), "topic"),
        (Route("s/g", "tele/#", "nobody"), "decoder"),
        (Route("s/g", "tele/#", "native", "separator=,"), "options"),
    ],
)
def test_a_route_of_no_use_is_refused(route: Route, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_route(route)
    assert caught.value.field == field
    assert caught.value.fix


def test_routes_of_use_are_not() -> None:
    for topic in (OWN, "greenoffice/v1/+/+/readings", "greenoffice/v1/#", "tele/+/SENSOR", "#"):
        check_route(Route("s/g", topic, "native"))


def test_whose_letters_a_route_may_mend() -> None:
    plain = registry(Route("s/g", "tele/#", "native"))
    assert routed_gateways(registry(), ()) == frozenset()
    assert routed_gateways(plain, ()) == {"s/g"}
    assert routed_gateways(plain, (Route("s/h", "x", "native"),)) == {"s/g", "s/h"}
    assert routed_gateways(plain, (Route("", "x", "native"),)) is None
