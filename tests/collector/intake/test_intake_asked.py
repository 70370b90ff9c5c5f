"""Dead letters that a person asks to try again, and what decoding says of one now."""

from __future__ import annotations

from typing import Any

import pytest

from collector.decode import Decoded, Decoder
from collector.intake import Decoding, verdict
from metering.intake import LetterCause
from metering.localtime import parse_instant
from metering.reading import Kind
from metering.registry import Point

T0 = "2026-11-24T08:00:00Z"
LATER = "2026-11-25T08:00:00Z"


def asked(bench: Any, **cause: Any) -> int:
    found: int = bench.store.ask_again(None, LetterCause(**cause))
    return found


def test_what_is_still_wrong_stays_open_and_what_is_mended_is_taken_in(bench: Any) -> None:
    bench.push([{"point": "new", "value": 1.0, "time": T0}])
    bench.push([{"point": "new", "value": 2.0, "time": LATER}])
    bench.push(b"{")
    bench.drain()
    assert asked(bench) == 3
    assert bench.intake.replay_asked()
    assert len(bench.reasons("open")) == 3
    assert not bench.intake.replay_asked()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    assert asked(bench) == 3
    assert bench.intake.replay_asked()
    assert bench.rows() == [(9, parse_instant(T0), 1.0, 0)]
    assert len(bench.reasons("replayed")) == 1
    assert sorted(bench.reasons("open")) == [("bad_json", -1), ("future_time", 0)]
    assert bench.reasons("asked") == []


def test_those_of_a_cause_alone_are_asked_for(bench: Any) -> None:
    for name in ("a", "b"):
        bench.push([{"point": name, "value": 1.0, "time": T0}])
    bench.push(b"{", gateway="s/h", route="greenoffice/v1/s/h/readings")
    bench.drain()
    assert asked(bench, point="a", reason="unknown_point") == 1
    assert asked(bench, gateway="s/h") == 1
    assert bench.store.ask_again(frozenset({"s/h"}), LetterCause()) == 0
    assert bench.reasons("open") == [("unknown_point", 0)]


def test_a_letter_of_a_reason_that_no_registry_mends_is_tried_too(bench: Any) -> None:
    """As after a new version whose decoder was mended."""

    def broken(*_: Any) -> Decoded:
        raise ZeroDivisionError

    def mended(incoming: Any, _: Any) -> Decoded:
        return Decoded([0], ["E1"], [None], [None], [incoming.arrived_us], [5.0])

    for decode in (broken, mended):
        decoders = {"own": Decoder(decode, topics=("own/#",))}
        bench.intake = bench.fresh(decoding=Decoding([], decoders))
        if decode is broken:
            bench.push(b"x", route="own/a")
            bench.drain()
            assert bench.reasons() == [("decoder_failed", -1)]
        assert asked(bench) == 1
        bench.intake.replay_asked()
    assert bench.reasons() == []
    assert [row[2] for row in bench.rows()] == [5.0]


def test_what_the_store_refuses_again_stays_open(bench: Any) -> None:
    numbered = {"session": 1, "seq": 1}
    for value in (1.0, 2.0):
        reading = {"point": "E1", "value": value, "time": T0}
        bench.push({**numbered, "readings": [reading]}, packet_id=int(value))
    bench.drain()
    assert bench.reasons() == [("conflicting", 0)]
    assert asked(bench) == 1
    bench.intake.replay_asked()
    assert bench.reasons() == [("conflicting", 0)]


def test_what_came_beyond_those_kept_is_read_again(make_bench: Any) -> None:
    bench = make_bench(kept_letters=1)
    for name in ("a", "b"):
        bench.push([{"point": name, "value": 1.0, "time": T0}])
    bench.drain()
    bench.register(*(Point(n, "s/g", name, Kind.INSTANT, "1") for n, name in ((8, "a"), (9, "b"))))
    assert asked(bench) == 2
    while bench.intake.replay_asked() or bench.intake.reread():
        pass
    assert sorted(row[0] for row in bench.rows()) == [8, 9]
    assert bench.reasons() == []


@pytest.mark.parametrize(
    ("reading", "row"),
    [
        ({"point": "new", "unit": "kWh"}, ("new", "register", "kWh")),
        ({"point": "new", "unit": "kW"}, ("new", "instant", "kW")),
        ({"point": "new", "unit": "kW", "kind": "mean"}, ("new", "mean", "kW")),
        ({"point": "new"}, ("new", "", "")),
        ({"point": "T1", "unit": "kWh"}, ("T1", "instant", "kWh")),
        ({"point": "E1", "kind": "interval"}, ("E1", "interval", "kWh")),
    ],
)
def test_the_row_that_would_mend_it_is_proposed(
    bench: Any, reading: dict[str, str], row: tuple[str, str, str]
) -> None:
    bench.push([{"value": 1.0, "time": T0, **reading}, {"value": 2.0, "point": "E1", "time": T0}])
    bench.drain()
    (letter,) = bench.store.dead_letters(None)
    found = verdict(
        letter, bench.journal.record(letter.segment, letter.offset), Decoding(), bench.registry
    )
    assert (found.read_by, found.readings, found.file) == ("native", 1, "points.csv")
    assert [one.reason for one in found.problems] == [letter.reason]
    assert found.row is not None
    assert tuple(found.row.values()) == ("s/g", *row)


def test_a_route_is_proposed_by_what_reads_the_message(bench: Any) -> None:
    bench.push([{"point": "E1", "value": 1.0, "time": T0}], route="plc/7")
    bench.push(b"\xff", route="plc/8")
    bench.drain()
    decoders = []
    for letter in bench.store.dead_letters(None):
        record = bench.journal.record(letter.segment, letter.offset)
        found = verdict(letter, record, Decoding(), bench.registry)
        assert found.file == "routes.csv"
        assert found.row is not None
        decoders.append(found.row["decoder"])
    assert decoders == ["", "native"]


def test_of_what_is_mended_nothing_is_proposed(bench: Any) -> None:
    bench.push([{"point": "new", "value": 1.0, "time": T0}])
    bench.drain()
    (letter,) = bench.store.dead_letters(None)
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    record = bench.journal.record(letter.segment, letter.offset)
    found = verdict(letter, record, Decoding(), bench.registry)
    assert (found.readings, found.problems, found.row) == (1, (), None)
