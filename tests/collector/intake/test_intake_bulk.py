"""Messages that are read together come to what each comes to by itself."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.decode import DECODERS
from collector.intake.batch import ReceivedBatch, receive
from collector.intake.classify import CONFLICT
from collector.intake.counting import Connections, OutcomeTally
from collector.intake.dead_letters import letters_of, with_problems
from collector.intake.decoding import Decoding
from collector.intake.normalise import batch_columns, columns
from collector.intake.redelivery import mark_redelivered
from collector.intake.resolve import Resolver
from collector.journal.record import Located, Record
from metering.localtime import iso, parse_instant
from metering.reading import Kind
from metering.registry import Gateway, Node, NodeType, Point, Registry, Route, Validity

NOW_US = parse_instant("2026-11-24T08:15:01Z")
SEGMENT = 1 << 24 | 5
GATEWAYS = ("s/g", "s/h")


def registry(**more: Any) -> Registry:
    points = (
        Point(1, "s/g", "E", Kind.REGISTER, "kWh", low=0.0, high=100.0),
        Point(2, "s/g", "T", Kind.INSTANT, "C"),
        Point(3, "s/h", "E", Kind.REGISTER, "kWh"),
    )
    return Registry(
        nodes={"s": Node("s", NodeType.SITE, zone="Asia/Shanghai")},
        gateways={"s/g": Gateway("s", "g"), "s/h": Gateway("s", "h")},
        points={one.id: one for one in points},
        **more,
    )


def located(number: int, payload: bytes, **more: Any) -> Located:
    told: dict[str, Any] = {"kind": "message", "arrived_us": NOW_US + number, "gateway": "s/g"}
    told |= {"route": f"greenoffice/v1/{more.get('gateway', 's/g')}/readings", "packet_id": number}
    record = Record(**{"client": "c", "connection": "x", "payload": payload, **told, **more})
    return Located(SEGMENT, number, record)


def told(batch: ReceivedBatch, resolver: Resolver, unlucky: int) -> dict[str, Any]:
    """All that is made of a batch; every `unlucky`th row is found to be in conflict."""
    keys = mark_redelivered(batch.by_itself(), lambda _: set())
    found = batch_columns(batch, resolver.table())
    outcome = np.zeros(len(found.rows), np.int64)
    outcome[::unlucky] = CONFLICT
    outcome = with_problems(batch, found, outcome, {})
    tally = OutcomeTally.of(batch, found, outcome)
    return {
        "keys": keys,
        "rows": {name: column.tolist() for name, column in vars(found.rows).items()},
        "points": found.rows.point.tolist(),
        "message": found.message.tolist(),
        "place": found.place.tolist(),
        "counts": {one.gateway: one for one in tally.counts(Connections())},
        "letters": letters_of(batch.by_itself()),
        "dead": tally.dead(),
        "report": tally.report(dead=0, replayed=0),
        "last": batch.last_arrived_us,
    }


TIMES = st.sampled_from(
    [
        iso(NOW_US - 1_000_000),
        "2026-11-24T16:15:00+08:00",
        NOW_US // 1000,
        "2026-11-24T08:15:00",
        iso(NOW_US + 600_000_000),
        iso(NOW_US + 700_000_000),
        5,
        2**52,
        "soon",
        None,
    ]
)
READING = st.fixed_dictionaries(
    {"point": st.sampled_from(["E", "E", "T", "X", ""])},
    optional={
        "value": st.sampled_from([1.5, 3, 250.0, -1.0, 1e13, 1e308, "1", None]),
        "time": TIMES,
        "kind": st.sampled_from(["register", "instant", None, "odd"]),
        "unit": st.sampled_from(["kWh", "MWh", "C", "m3", None, "odd"]),
    },
)
GOOD = st.fixed_dictionaries(
    {
        "point": st.sampled_from(["E", "T"]),
        "time": st.sampled_from([iso(NOW_US - 1_000_000), NOW_US // 1000]),
        "value": st.floats(0, 90),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"readings": st.lists(st.one_of(GOOD, GOOD, READING), max_size=4)},
    optional={
        "time": TIMES,
        "session": st.sampled_from([0, 7, None, -1]),
        "seq": st.sampled_from([0, 9, None]),
        "sent": TIMES,
        "more": st.just(1),
    },
)
WELL = st.builds(
    lambda readings, numbered, sent: {"readings": readings, **numbered, **sent},
    st.lists(GOOD, min_size=1, max_size=3),
    st.sampled_from([{}, {"session": 3, "seq": 5}, {"session": 3, "seq": 4}]),
    st.sampled_from([{}, {"sent": iso(NOW_US)}, {"sent": NOW_US // 1000 - 7}]),
)
AHEAD = GOOD.map(lambda one: {"readings": [{**one, "time": iso(NOW_US + 700_000_000)}]})
PAYLOAD = st.one_of(
    WELL.map(lambda one: json.dumps(one).encode()),
    AHEAD.map(lambda one: json.dumps(one).encode()),
    MESSAGE.map(lambda one: json.dumps(one).encode()),
    GOOD.map(lambda one: json.dumps({"readings": [one]}).encode()),
    st.sampled_from([b"", b"{", b'{"readings":[]}', b'{"readings":[]},{"readings":[]}', b"\xff"]),
)
RECORD = st.fixed_dictionaries(
    {"payload": PAYLOAD},
    optional={
        "gateway": st.sampled_from(GATEWAYS),
        "kind": st.sampled_from(["message", "will", "connect", "disconnect", "lost"]),
        "route": st.sampled_from(["elsewhere", "greenoffice/v1/s/h/readings", "http/v1/ingest"]),
        "dup": st.booleans(),
    },
)


PLAIN = WELL.map(lambda one: {"payload": json.dumps(one).encode()})


def timed(when: object, value: float) -> dict[str, Any]:
    """A point that is known, after one message of it; its message's own time is not needed."""
    reading = {"point": "E", "time": iso(NOW_US - 1_000_000), "value": value}
    return {"payload": json.dumps({"readings": [reading], "time": when}).encode()}


@given(st.lists(st.one_of(PLAIN, RECORD), max_size=8), st.integers(1, 5))
@example([timed(None, 1.0), timed("soon", 1.0), timed("soon", 1e300)], 5)
@example([{"payload": b'{"readings":[],"time":"soon"}'}], 5)
def test_together_comes_to_what_each_comes_to_by_itself(
    given: list[dict[str, Any]], unlucky: int
) -> None:
    records = [located(number, **one) for number, one in enumerate(given)]
    known, decoding = registry(), Decoding()
    resolver, alone = Resolver(known), Resolver(known)
    expected = told(ReceivedBatch.of([decoding.read(*r, alone) for r in records]), alone, unlucky)
    for _ in ("points are looked up", "points are known"):
        batch = receive(records, decoding, resolver, 10**6)
        assert told(batch, resolver, unlucky) == expected


def good(*points: str, **more: Any) -> bytes:
    readings = [{"point": p, "time": iso(NOW_US), "value": 1.0} for p in points]
    return json.dumps({"readings": readings, **more}).encode()


def test_what_is_right_throughout_is_read_together_from_the_first_message_on() -> None:
    records = [located(number, good("E", "T")) for number in range(3)]
    batch = receive(records, Decoding(), Resolver(registry()), 10**6)
    assert (len(batch.plain), batch.apart) == (3, {})


def test_a_message_that_breaks_its_decoder_is_read_by_itself(monkeypatch) -> None:
    """Else one message would stop the intake for good."""
    decoding, resolver = Decoding(), Resolver(registry())
    lane = decoding.lanes(resolver)(located(0, good("E")).record)
    assert lane is not None

    def broken(payload: bytes) -> None:
        raise IndexError(len(payload))

    monkeypatch.setattr(decoding, "lanes", lambda _: lambda _: lane._replace(plain=broken))
    batch = receive([located(0, good("E"))], decoding, resolver, 10**6)
    assert (len(batch.plain), list(batch.apart)) == (0, [0])
    assert batch.apart[0].problems == []


def test_long_topics_are_read_by_themselves_and_not_remembered() -> None:
    decoding = Decoding()
    lane_of = decoding.lanes(Resolver(registry()))
    records = [
        located(n, good("E"), route="t/" * 511 + end).record for n, end in ((0, "ab"), (1, "abc"))
    ]
    assert [lane_of(record) for record in records] == [None, None]
    assert [len(route) for _, route, _ in decoding._lanes] == [1024]


def test_a_point_that_nobody_knows_keeps_its_message_apart_and_no_other() -> None:
    records = [located(0, good("E")), located(1, good("E", "X")), located(2, good("E"))]
    batch = receive(records, Decoding(), Resolver(registry()), 10**6)
    assert (batch.plain.number.tolist(), list(batch.apart)) == ([0, 2], [1])
    assert [one.reason for one in batch.apart[1].problems] == ["unknown_point"]


@pytest.mark.parametrize("route", [Route("s/g", "#", "native", "a=b"), Route("s/g", "#", "status")])
def test_another_decoder_or_one_with_options_reads_each_by_itself(route: Route) -> None:
    batch = receive([located(0, good("E"))], Decoding(), Resolver(registry(routes=(route,))), 9)
    assert (len(batch.plain), list(batch.apart)) == (0, [0])


def test_a_route_of_some_days_reads_each_by_its_day() -> None:
    route = Route("s/g", "#", "native", valid=Validity(date(2026, 11, 24)))
    batch = receive([located(0, good("E"))], Decoding(), Resolver(registry(routes=(route,))), 9)
    assert (len(batch.plain), list(batch.apart)) == (0, [0])


def test_a_batch_ends_with_the_message_that_reaches_the_number_of_readings() -> None:
    records = [located(number, good("E", "T")) for number in range(5)]
    resolver = Resolver(registry())
    assert [len(receive(records, Decoding(), resolver, most)) for most in (1, 2, 3, 4, 99)] == [
        *(1, 1, 2, 2),
        5,
    ]


def test_a_message_that_was_read_with_others_is_read_again_once_when_asked_for() -> None:
    records = [located(0, good("E")), located(1, good("T"))]
    batch = receive(records, Decoding(), Resolver(registry()), 10**6)
    assert batch[1].found.points == ["T"]
    assert batch[1] is batch[1]
    assert batch.by_itself() == [batch[1]]


def test_only_the_native_payload_is_read_together() -> None:
    assert [name for name, one in DECODERS.items() if one.plain] == ["native"]


def test_values_beyond_all_measure_are_told_of_their_message_and_of_no_other() -> None:
    readings = [{"point": "E", "time": iso(NOW_US), "value": v} for v in (1.0, 1e300)]
    records = [located(0, good("E")), located(1, json.dumps({"readings": readings}).encode())]
    resolver = Resolver(registry())
    batch = receive(records, Decoding(), resolver, 10**6)
    assert len(batch_columns(batch, resolver.table()).rows) == 2
    assert [(one.offset, one.index, one.reason) for one in letters_of(batch.by_itself())] == [
        (1, 1, "bad_value")
    ]
    assert len(columns(batch.by_itself(), resolver.table()).rows) == 1
