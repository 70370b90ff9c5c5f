"""Routes at work: a changed one takes dead letters in, and a rebuild decides as was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from collector.decode import DECODERS, Decode, Decoded, Decoder, Incoming, MessageLimits, Refusal
from collector.intake import Decoding, IntakeReport, refusals
from collector.properties import Properties
from metering.errors import InvalidInput
from metering.reading import Flag, Kind
from metering.registry import Point, Route

TELE = "vendor/7/SENSOR"


def lines(separator: str = "=") -> Decode:
    """Decodes `name=value` lines, all at the time of arrival."""

    def decode(incoming: Incoming, limits: MessageLimits) -> Decoded:
        if incoming.properties.content_type not in ("", "text/plain"):
            raise Refusal("bad_message", "not lines", "content type", "", "send text/plain")
        pairs = [line.split(separator) for line in incoming.payload.decode().splitlines()]
        count = len(pairs)
        if any(len(pair) != 2 for pair in pairs):
            raise Refusal("bad_message", "not lines", "payload", "", f"name{separator}value")
        return Decoded(
            list(range(count)),
            [name for name, _ in pairs],
            [None] * count,
            [None] * count,
            [incoming.arrived_us] * count,
            [float(value) for _, value in pairs],
        )

    return decode


def configured(options: Mapping[str, str]) -> Decode:
    if set(options) != {"separator"}:
        raise InvalidInput("unknown options", field="options", value=options, fix="separator=X")
    return lines(options["separator"])


TABLE = DECODERS | {"lines": Decoder(lines(), configured=configured)}


@pytest.fixture
def routed(make_bench: Any) -> Any:
    return make_bench(decoding=Decoding(decoders=TABLE))


def route(bench: Any, *routes: Route) -> IntakeReport:
    """Register these routes and no others, and take in what that mends."""
    bench.registry = replace(bench.registry, routes=routes)
    found: IntakeReport = bench.intake.replay_dead_letters()
    return found


def test_a_decoder_is_given_what_came_beside_the_payload(routed: Any) -> None:
    route(routed, Route("s/g", "vendor/#", "lines"))
    routed.push(b"E1=5.5", route=TELE, properties=Properties("text/plain"))
    routed.push(b"E1=6.5", route=TELE, properties=Properties("image/png"))
    routed.drain()
    assert routed.rows() == [(1, routed.now_us, 5.5, Flag.GOOD)]
    assert routed.reasons() == [("bad_message", -1)]
    (letter,) = routed.store.dead_letters(None)
    assert letter.read_by == "lines"


def test_an_unknown_topic_replays_once_it_has_a_route(routed: Any) -> None:
    routed.push(b"E1=5.5", route=TELE)
    routed.push(b"E1=6.5", route=TELE, gateway="receiver", arrived_us=routed.now_us + 1)
    routed.drain()
    assert routed.reasons() == [("unknown_topic", -1)] * 2
    assert route(routed, Route("s/h", "vendor/#", "lines")).replayed == 1
    assert [row[0] for row in routed.rows()] == [4]
    both = (Route("s/g", "vendor/#", "lines"), Route("s/h", "vendor/#", "lines"))
    assert route(routed, *both).replayed == 1
    assert [row[0] for row in routed.rows()] == [1, 4]
    assert routed.reasons() == []


def test_equal_bytes_of_two_topics_are_two_letters(routed: Any) -> None:
    """Many formats say in the topic which point a value is of."""
    for topic in ("vendor/7/SENSOR", "vendor/8/SENSOR", "vendor/8/SENSOR"):
        routed.push(b"E1=5.5", route=topic)
    routed.drain()
    found = {letter.route: letter.seen for letter in routed.store.dead_letters(None)}
    assert found == {"vendor/7/SENSOR": 1, "vendor/8/SENSOR": 2}


def test_a_message_refused_whole_replays_under_another_decoder(routed: Any) -> None:
    routed.push(b"E1=5.5\nnew=1")
    routed.drain()
    assert routed.reasons() == [("bad_json", -1)]
    report = route(routed, Route("s/g", "greenoffice/v1/s/g/readings", "lines"))
    assert (report.replayed, report.new, report.dead) == (1, 1, 1)
    assert routed.rows() == [(1, routed.now_us, 5.5, Flag.GOOD)]
    assert routed.reasons() == [("unknown_point", 1)]
    assert routed.reasons("replayed") == [("bad_json", -1)]


def test_a_route_of_the_settings_mends_as_one_of_the_registry_does(routed: Any) -> None:
    """It is there after a restart, and for every gateway."""
    routed.push(b"E1=5.5")
    routed.push(b"E1=6.5", gateway="s/h", route="greenoffice/v1/s/h/readings")
    routed.drain()
    assert routed.reasons() == [("bad_json", -1)] * 2
    everywhere = (Route("", "greenoffice/v1/+/+/readings", "lines"),)
    routed.intake = routed.fresh(decoding=Decoding(everywhere, TABLE))
    assert routed.intake.replay_dead_letters().replayed == 2
    assert [row[0] for row in routed.rows()] == [1, 4]
    assert routed.reasons() == []


def test_other_options_replay_and_equal_ones_do_not(routed: Any, monkeypatch: Any) -> None:
    first = route(routed, Route("s/g", "vendor/#", "lines"))
    assert first == IntakeReport()
    routed.push(b"E1;5.5", route=TELE)
    routed.drain()
    asked: list[int] = []
    record = routed.journal.record
    monkeypatch.setattr(routed.journal, "record", lambda *at: asked.append(1) or record(*at))
    assert route(routed, Route("s/g", "vendor/#", "lines")) == IntakeReport()
    assert asked == []  # the same decoder would say the same: the journal is not read for it
    semicolon = Route("s/g", "vendor/#", "lines", "separator=:")
    assert route(routed, semicolon).replayed == 0
    assert asked == [1]
    routed.push(b"E1:7", route=TELE)
    routed.drain()
    assert [row[2] for row in routed.rows()] == [7.0]


def test_the_place_of_a_reading_says_nothing_under_another_decoder(routed: Any) -> None:
    routed.push([{"point": "E1", "value": 1.0}, {"point": "new", "value": 2.0}])
    routed.drain()
    assert routed.reasons() == [("unknown_point", 1)]
    routed.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    assert route(routed, Route("s/g", "#", "journal_only")).replayed == 0
    assert routed.reasons() == [("unknown_point", 1)]
    assert route(routed).replayed == 1


def test_nor_does_the_first_place(routed: Any) -> None:
    routed.push([{"point": "new", "value": 1.0}])
    routed.drain()
    routed.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    assert route(routed, Route("s/g", "#", "journal_only")).replayed == 0
    assert route(routed).replayed == 1


def test_a_bad_reading_is_not_looked_at_again_for_a_route(routed: Any, monkeypatch: Any) -> None:
    """Its message was read by a decoder that fits: another would find other readings."""
    routed.push([{"point": "E1", "value": "5"}])
    routed.drain()
    assert routed.reasons() == [("bad_value", 0)]
    monkeypatch.setattr(routed.journal, "record", lambda *_: pytest.fail("the journal is read"))
    assert route(routed, Route("s/g", "#", "lines")).replayed == 0


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (Route("s/g", "vendor/#", "of_a_later_version"), "decoder"),
        (Route("s/g", "vendor/#", "lines", "colour=red"), "options"),
    ],
)
def test_a_route_that_this_version_cannot_follow_is_a_dead_letter(
    routed: Any, one: Route, field: str
) -> None:
    route(routed, one)
    routed.push(b"E1=5.5", route=TELE)
    routed.drain()
    (letter,) = routed.store.dead_letters(None)
    assert (letter.reason, letter.field) == ("bad_route", field)
    assert route(routed, Route("s/g", "vendor/#", "lines")).replayed == 1


def test_a_rebuild_decides_as_was_decided(routed: Any) -> None:
    """Registered before or after the messages came: the readings are the same in the end."""
    routed.push(b"E1=5.5", route=TELE)
    routed.push(b"T1=20", route=TELE, gateway="receiver")
    routed.push([{"point": "E1", "value": 6.0, "time": "2026-11-24T08:00:00Z"}])
    routed.push(b"E1=9", route="greenoffice/v1/s/h/readings", gateway="s/h")
    routed.drain()
    route(
        routed,
        Route("s/g", "vendor/#", "lines"),
        Route("s/h", "greenoffice/v1/s/h/readings", "lines"),
    )
    rows = routed.rows()
    assert len(rows) == 4
    routed.intake.rebuild()
    assert routed.rows() == rows
    assert routed.reasons() == []


def test_what_will_be_refused_is_told_by_the_same_rule(routed: Any) -> None:
    routed.push(b"E1=5.5")
    record, how = routed.journal.records[1][0], Decoding(decoders=TABLE)
    assert [one.reason for one in refusals(record, how, routed.registry)] == ["bad_json"]
    ours = (Route("s/g", "greenoffice/v1/s/g/readings", "lines"),)
    assert refusals(record, how, replace(routed.registry, routes=ours)) == []
