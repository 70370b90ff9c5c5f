"""What the intake tells: dead letters with their reasons, counts of gateways, metrics, replays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from collector.decode import Decoded, Decoder, Problem
from collector.intake import Decoding, IntakeMetrics, IntakeReport, refusals
from collector.intake.batch import ReceivedBatch
from collector.intake.counting import Connections, OutcomeTally, taken_again, taken_in
from collector.intake.dead_letters import MENDABLE, letters_of, with_problems
from collector.intake.decoding import Received
from collector.intake.normalise import Columns
from collector.journal.record import Record
from metering.errors import InvalidInput
from metering.intake import GatewayCounts
from metering.reading import Kind, Outcome, ReadingColumns
from metering.registry import Point, Route

TOPIC = "greenoffice/v1/s/g/readings"
T0 = "2026-11-24T08:00:00Z"


def record(kind: str = "message", **more: Any) -> Record:
    plain = Record(kind, 1_000, "s/g", "client", "conn", TOPIC, b"payload")
    fields = {name: getattr(plain, name) for name in Record.__struct_fields__}
    return Record(**(fields | more))


def received(*problems: Problem, times: tuple[int | None, ...] = (1, 2), **more: Any) -> Received:
    count = len(times)
    found = Decoded(
        list(range(count)),
        [f"p{n}" for n in range(count)],
        [None] * count,
        [None] * count,
        list(times),
        [float(n) for n in range(count)],
        sent_us=more.pop("sent_us", None),
    )
    told = {"record": record(), "gateway": "s/g", "read_by": "native", **more}
    return Received(5, 6, **told, found=found, slots=[0] * count, problems=list(problems))


def problem(index: int, reason: str = "bad_value") -> Problem:
    return Problem(reason, "said", "value", "7", "mend it", index, "p1")


def test_a_letter_holds_all_that_is_known_of_its_problem() -> None:
    payload = bytes(range(256)) * 3
    (letter,) = letters_of([received(problem(1), record=record(payload=payload))])
    told = (letter.gateway, letter.route, letter.reason, letter.message, letter.field)
    assert told == ("s/g", TOPIC, "bad_value", "said", "value")
    assert (letter.value, letter.fix, letter.point, letter.read_by) == (
        "7",
        "mend it",
        "p1",
        "native",
    )
    assert (letter.segment, letter.offset, letter.index, letter.arrived_us) == (5, 6, 1, 1_000)
    assert letter.preview == payload[:512]
    assert letter.digest == sha256(payload).hexdigest()[:32]
    assert (letter.state, letter.seen) == ("open", 1)


def test_a_topic_of_another_grammar_belongs_to_what_is_the_same() -> None:
    (ours,) = letters_of([received(problem(1))])
    (theirs,) = letters_of([received(problem(1), record=record(route="tele/7"))])
    assert theirs.digest == sha256(b"payload\0tele/7").hexdigest()[:32]
    assert ours.digest == sha256(b"payload").hexdigest()[:32]


@pytest.mark.parametrize("reason", [*MENDABLE, "bad_value"])
def test_only_a_reading_without_a_time_that_can_be_mended_is_a_letter_of_its_own(
    reason: str,
) -> None:
    timed, untimed = letters_of([received(problem(0, reason), problem(1, reason), times=(1, None))])
    assert timed.digest == sha256(b"payload").hexdigest()[:32]
    alone = reason != "bad_value"
    assert untimed.digest == (f"{timed.digest}@5:6" if alone else timed.digest)


def test_a_redelivery_repeats_no_problem_of_a_reading_without_a_time() -> None:
    message = received(problem(0), problem(1), problem(-1), times=(1, None), redelivered=True)
    assert [letter.index for letter in letters_of([message])] == [0, -1]
    assert [letter.index for letter in letters_of([replace(message, redelivered=False)])] == [
        0,
        1,
        -1,
    ]
    assert letters_of([received()]) == []


def columns_of(message: tuple[int, ...], place: tuple[int, ...], times: tuple[int, ...]) -> Columns:
    rows = [(1, time, 0.0, 0, 0, 0, 0, 0, 0) for time in times]
    numbers = (np.array(one, dtype=np.int64) for one in (message, place))
    return Columns(ReadingColumns.of(rows), *numbers)


def test_conflicts_and_what_the_store_refused_are_problems_of_their_messages() -> None:
    messages = [received(), received()]
    columns = columns_of((0, 0, 1), (0, 1, 1), (1, 2, 3))
    outcome = np.array([Outcome.NEW, -1, Outcome.NEW])
    error = InvalidInput("out of bounds", field="value", fix="look")
    found = with_problems(messages, columns, outcome, {2: error})
    assert found.tolist() == [Outcome.NEW, -1, -1]
    assert outcome.tolist() == [Outcome.NEW, -1, Outcome.NEW]
    (conflict,), (refused,) = messages[0].problems, messages[1].problems
    assert (conflict.reason, conflict.index, conflict.point, conflict.value) == (
        "conflicting",
        1,
        "p1",
        "1.0",
    )
    assert "under the same order" in conflict.message
    assert "count seq up" in conflict.fix
    assert refused == Problem("refused", "out of bounds", "value", "1.0", "look", 1, "p1")
    unmendable = [received()]
    with_problems(unmendable, columns_of((0,), (1,), (1,)), outcome[:1], {0: InvalidInput("no")})
    assert unmendable[0].problems[0].fix == ""


def tally(*messages: Received, taken: tuple[tuple[int, int, int], ...] = ()) -> OutcomeTally:
    """Of rows (message, time, outcome)."""
    rows = columns_of(
        tuple(one[0] for one in taken), (0,) * len(taken), tuple(one[1] for one in taken)
    )
    return OutcomeTally.of(
        ReceivedBatch.of(messages), rows, np.array([one[2] for one in taken], dtype=np.int64)
    )


def test_readings_are_counted_by_message_and_outcome() -> None:
    found = tally(
        received(),
        received(),
        taken=((0, 5, 0), (0, 9, 1), (0, 7, 1), (1, 3, 3), (1, 99, -1), (1, 2, 2)),
    )
    assert found.outcomes.tolist() == [[1, 2, 0, 0], [0, 0, 1, 1]]
    assert found.last_time_us.tolist() == [9, 3]
    assert [found.total(one) for one in Outcome] == [1, 2, 1, 1]
    assert found.report(dead=4, replayed=0) == IntakeReport(2, 5, 1, 2, 1, 1, 4, 0)
    assert found.report(dead=0, replayed=3) == IntakeReport(0, 5, 1, 2, 1, 1, 0, 3)


def test_readings_of_a_redelivery_without_a_time_are_duplicates() -> None:
    again = received(times=(None, 1, None), redelivered=True)
    found = tally(received(times=(None, None)), again, taken=((1, 1, 0),))
    assert found.outcomes.tolist() == [[0, 0, 0, 0], [1, 2, 0, 0]]
    assert found.last_time_us.tolist() == [0, 1]


def test_a_gateway_is_told_the_sum_of_its_messages() -> None:
    messages = [
        received(problem(1), problem(-1), sent_us=900),
        received(record=record(arrived_us=3_000, payload=b"four"), sent_us=3_500),
        received(record=record(arrived_us=2_000, payload=b"12"), gateway="s/h"),
        received(record=record("connect", arrived_us=2_500), times=()),
    ]
    taken = ((0, 50, 0), (1, 40, 1), (1, 30, 2), (1, 20, 3), (2, 99, 0))
    found = tally(*messages, taken=taken)
    assert found.dead() == {"bad_value": 2}
    one, other = found.counts(Connections())
    assert one == GatewayCounts(
        "s/g",
        messages=2,
        readings=5,
        new=1,
        duplicates=1,
        corrections=1,
        outdated=1,
        dead=2,
        bytes=11,
        last_arrival_us=3_000,
        last_time_us=50,
        last_skew_us=-500,
        connected=True,
        connection_us=2_500,
    )
    assert (other.gateway, other.messages, other.bytes, other.last_skew_us) == ("s/h", 1, 2, None)
    assert (other.connected, other.connection_us) == (None, 0)
    assert (
        GatewayCounts("s/g")
        == tally(received(record=record("x", arrived_us=0), times=())).counts(Connections())[0]
    )


def test_a_replay_adds_readings_and_no_messages() -> None:
    whole = GatewayCounts(
        "s/g", 9, 8, 1, 2, 3, 4, 5, 77, 66, 55, 44, connected=True, connection_us=33
    )
    assert taken_in([whole]) == (
        GatewayCounts(
            "s/g", new=1, duplicates=2, corrections=3, outdated=4, dead=5, last_time_us=55
        ),
    )


def test_what_is_read_again_adds_what_is_new_of_it_alone() -> None:
    whole = GatewayCounts("s/g", new=1, duplicates=2, corrections=3, outdated=4, dead=5)
    assert taken_again([whole]) == (GatewayCounts("s/g", new=1, corrections=3),)


def test_what_a_person_entered_is_no_sign_of_life_of_a_gateway_not_heard_before() -> None:
    entered = received(record=record("entered", arrived_us=3_000))
    (found,) = tally(entered, taken=((0, 50, 0), (0, 60, 0))).counts(Connections())
    assert (found.messages, found.new) == (1, 2)
    assert (found.last_arrival_us, found.last_time_us, found.last_skew_us) == (0, 0, None)


def test_a_gateway_is_gone_when_all_its_clients_are() -> None:
    follow = Connections().follow
    assert follow(record("message")) is None
    assert follow(record("connect", client="a", connection="1"))
    assert follow(record("connect", client="b", connection="2"))
    assert follow(record("connect", client="a", connection="3"))
    assert follow(record("disconnect", client="a", connection="1"))
    assert follow(record("disconnect", client="b", connection="2"))
    assert follow(record("disconnect", client="a", connection="9"))
    assert follow(record("connect", gateway="s/h"))
    assert follow(record("disconnect", client="a", connection="3")) is False
    assert follow(record("disconnect", client="a", connection="3")) is False
    assert follow(record("connect", client="", connection="4"))
    assert follow(record("disconnect", client="", connection="5"))
    assert follow(record("disconnect", client="", connection="4")) is False


def test_a_connection_that_another_took_over_is_gone_though_its_end_was_not_told() -> None:
    follow = Connections().follow
    assert follow(record("connect", client="a", connection="1"))
    assert follow(record("connect", client="a", connection="2"))
    assert follow(record("disconnect", client="a", connection="2")) is False


def test_metrics_tell_every_outcome_and_the_age_of_the_last_record() -> None:
    registry = CollectorRegistry()
    metrics = IntakeMetrics(registry)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"greenoffice_intake_{name}", labels)

    metrics.observe(IntakeReport(2, 15, 1, 2, 4, 8, 3, 5), {"a": 2, "b": 1}, 2_500_000)
    metrics.observe(IntakeReport(1), {"a": 1}, None)
    kinds = ("new", "duplicates", "corrections", "outdated")
    assert [value("readings_total", outcome=one) for one in kinds] == [1, 2, 4, 8]
    assert (value("records_total"), value("replayed_total")) == (3, 5)
    assert [value("dead_letters_total", reason=one) for one in "ab"] == [3, 1]
    assert value("lag_seconds") == 2.5
    metrics.observe(IntakeReport(1), {}, -7)
    assert value("lag_seconds") == 0


def test_reports_add_up_field_by_field() -> None:
    one, other = IntakeReport(1, 2, 3, 4, 5, 6, 7, 8), IntakeReport(10, 20, 30, 40, 50, 60, 70, 80)
    assert one + other == IntakeReport(11, 22, 33, 44, 55, 66, 77, 88)
    assert IntakeReport() == IntakeReport(0, 0, 0, 0, 0, 0, 0, 0)


def test_the_lag_is_that_of_the_last_record_and_a_replay_has_none(bench: Any) -> None:
    registry = CollectorRegistry()
    bench.intake = bench.fresh(metrics=IntakeMetrics(registry))
    early = {"arrived_us": bench.now_us - 9_000_000}
    bench.push([{"point": "new", "value": 1.0, "time": T0}], **early)
    bench.push([{"point": "E1", "value": 1.0, "time": T0}], arrived_us=bench.now_us - 4_000_000)
    bench.drain()
    assert registry.get_sample_value("greenoffice_intake_lag_seconds") == 4
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    assert bench.intake.replay_dead_letters().replayed == 1
    assert registry.get_sample_value("greenoffice_intake_lag_seconds") == 4
    assert registry.get_sample_value("greenoffice_intake_replayed_total") == 1
    counts = {one.gateway: one.counts for one in bench.store.gateways()}["s/g"]
    assert (counts.messages, counts.readings, counts.new, counts.dead) == (2, 2, 2, 1)


def test_a_batch_ends_with_the_message_that_fills_it(make_bench: Any) -> None:
    bench = make_bench(limit=3)
    bench.intake._size = replace(bench.intake._size, readings=4)
    for count in (1, 3, 4, 9, 1, 1, 1):
        bench.push([{"point": "E1", "value": float(n), "time": T0} for n in range(count)])
    sizes = []
    while (report := bench.intake.step(1)).records:
        sizes.append((report.records, bench.store.checkpoint(1)[1]))
    assert sizes == [(2, 2), (1, 3), (1, 4), (3, 7)]


def test_letters_of_several_writers_replay_each_under_its_own(make_bench: Any) -> None:
    bench = make_bench()
    writers = (1, 2, 3)
    for writer_no in writers:
        bench.push([{"point": "new", "value": float(writer_no), "time": T0}], writer_no=writer_no)
        bench.drain(writer_no)
    bench.marks.clear()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    batches: list[int] = []
    commit = bench.store.commit
    bench.store.commit = lambda batch: batches.append(batch.writer_no) or commit(batch)
    assert bench.intake.replay_dead_letters().replayed == 3
    assert batches == [1, 2, 3]
    assert [bench.store.checkpoint(n) for n in writers] == [(n << 24 | 1, 1) for n in writers]


def test_each_open_letter_is_looked_at_once(make_bench: Any, monkeypatch: Any) -> None:
    """Also where there are more than a page of them that stay."""
    bench = make_bench(kept_letters=5_000)
    bench.push([{"point": f"p{n:04}", "value": 1.0, "time": T0} for n in range(2_500)])
    bench.drain()
    bench.register(Point(9, "s/g", "p0000", Kind.INSTANT, "1"))
    looked, ask = Counter[int](), bench.store.dead_letters

    def counted(gateways: Any, **more: Any) -> Any:
        found = ask(gateways, **more)
        looked.update(letter.id for letter in found)
        return found

    monkeypatch.setattr(bench.store, "dead_letters", counted)
    report = bench.intake.replay_dead_letters()
    assert (report.replayed, report.new) == (1, 1)
    assert len(looked) == 2_500
    assert set(looked.values()) == {2}  # as what is kept, and whether it counts others


def test_a_letter_whose_message_has_expired_stays(bench: Any) -> None:
    bench.push([{"point": "new", "value": 1.0, "time": T0}])
    bench.push([{"point": "new", "value": 2.0, "time": "2026-11-24T08:15:00Z"}])
    bench.drain()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    first = bench.journal.records[1][0]
    kept = bench.journal.record
    bench.journal.record = lambda segment, offset: kept(segment, 9 if offset == 0 else offset)
    assert bench.intake.replay_dead_letters().replayed == 1
    assert [letter.preview for letter in bench.store.dead_letters(None, state="open")] == [
        first.payload
    ]


def test_a_reading_whose_reason_stands_is_not_replayed_with_its_neighbour(bench: Any) -> None:
    bench.push(
        [
            {"point": "new", "value": 1.0, "time": T0},
            {"point": "E1", "value": 2.0, "time": T0, "kind": "mean"},
            {"point": "new", "value": 3.0, "time": "2026-11-24T08:15:00Z", "unit": "kWh"},
        ]
    )
    bench.drain()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    report = bench.intake.replay_dead_letters()
    assert (report.replayed, report.new, report.dead) == (1, 1, 0)
    assert sorted(bench.reasons()) == [("bad_kind", 1), ("unknown_point", 2)]


def test_the_first_reading_that_stands_refused_holds_back_no_other(bench: Any) -> None:
    bench.push([{"point": name, "value": 1.0, "time": T0} for name in ("other", "new")])
    bench.drain()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    assert bench.intake.replay_dead_letters().replayed == 1
    assert bench.reasons() == [("unknown_point", 0)]


def told(bench: Any, decoding: Decoding, payload: bytes = b"x", **more: Any) -> Any:
    (letter,) = refusals(record(payload=payload, **more), decoding, bench.registry)
    return letter


def test_a_fault_of_a_decoder_names_it_with_the_first_bytes(bench: Any) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("telegram")

    letter = told(bench, Decoding(decoders={"native": Decoder(broken, ("#",))}), b"abc")
    assert (letter.reason, letter.field, letter.index) == ("decoder_failed", "payload", -1)
    assert letter.message == "decoder native failed: KeyError: 'telegram'"
    assert "abc" in letter.value
    assert letter.fix
    assert (letter.segment, letter.offset) == (0, 0)


def test_a_route_that_cannot_be_followed_names_what_is_known(bench: Any) -> None:
    def refuses(_: Mapping[str, str]) -> Any:
        raise InvalidInput("unknown options", field="options", fix="colour=X")

    def bare(_: Mapping[str, str]) -> Any:
        raise InvalidInput("unknown options", field="options")

    table = {
        name: Decoder(lambda *_: Decoded(), ("#",), configured=how)
        for name, how in (("b", refuses), ("a", bare))
    }
    known = Decoding(decoders=table)

    def routed(decoder: str) -> Any:
        bench.registry = replace(bench.registry, routes=(Route("s/g", "#", decoder, "x=1"),))
        letter = told(bench, known)
        return letter.reason, letter.message, letter.field, letter.value, letter.fix

    fix = "register a route to one of a, b"
    assert routed("gone") == ("bad_route", "there is no such decoder", "decoder", "gone", fix)
    assert routed("b") == ("bad_route", "unknown options", "options", "x=1", "colour=X")
    assert routed("a") == ("bad_route", "unknown options", "options", "x=1", "")
