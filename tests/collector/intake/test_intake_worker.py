"""What one step of the intake does with good, bad, late and repeated messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from collector.decode import Decoder
from collector.intake import Decoding, IntakeMetrics, IntakeReport, refusals
from collector.intake.letter_bound import is_beyond
from collector.topics import HTTP_ROUTE
from metering.errors import InvalidInput, StorageFull, Unavailable
from metering.intake import IntakeBatch
from metering.localtime import parse_instant
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Point
from storage.memory import MemoryIntake, MemoryMarks

T0 = "2026-11-24T08:15:00Z"
T0_US = parse_instant(T0)


def reading(value: Any, point: str = "E1", time: str | None = T0, **more: Any) -> dict[str, Any]:
    timed = {} if time is None else {"time": time}
    return {"point": point, "value": value, **timed, **more}


def test_a_reading_is_stored_marked_and_counted(bench: Any) -> None:
    bench.push({"session": 3, "seq": 8, "sent": "2026-11-24T08:15:01Z", "readings": [reading(5.5)]})
    assert bench.intake.step(1) == IntakeReport(records=1, readings=1, new=1)
    stored = bench.stored()
    assert bench.rows() == [(1, T0_US, 5.5, Flag.GOOD)]
    assert (stored.order_hi[0], stored.order_lo[0]) == (3, 8)
    assert (stored.segment[0], stored.offset[0], stored.index[0]) == (1 << 24 | 1, 0, 0)
    (mark,) = bench.marks.ready()
    assert (mark.point, mark.start_us, mark.end_us, mark.cause) == (1, T0_US, T0_US, "reading")
    (status,) = bench.store.gateways()
    counts = status.counts
    assert (counts.messages, counts.readings, counts.new, counts.dead) == (1, 1, 1, 0)
    assert (counts.last_time_us, counts.last_skew_us) == (T0_US, 1_000_000)
    assert bench.store.checkpoint(1) == (1 << 24 | 1, 1)
    assert bench.intake.step(1) == IntakeReport()


def test_units_become_canonical(bench: Any) -> None:
    bench.push([reading(1500, unit="Wh"), reading(300.0, "T1", unit="K"), reading(12345678, "W1")])
    bench.drain()
    assert [row[2] for row in bench.rows()] == [1.5, pytest.approx(26.85), 12345.678]


def test_outside_the_range_is_kept_and_flagged(bench: Any) -> None:
    bench.push([reading(-1.0), reading(99.0, "T1")])
    bench.drain()
    assert [row[3] for row in bench.rows()] == [Flag.OUT_OF_RANGE, Flag.OUT_OF_RANGE]
    assert bench.reasons() == []


def test_each_bad_reading_is_its_own_dead_letter(bench: Any) -> None:
    bench.push(
        [
            reading(1.0),
            reading(2.0, "nobody"),
            reading(3.0, unit="furlong"),
            reading(3.0, unit="m3"),
            reading(4.0, kind="mean"),
            reading("5"),
            reading(6.0, time="2026-11-24T08:15:00"),
            reading(7.0, time="2099-01-01T00:00:00Z"),
            reading(8.0, time="1970-01-01T00:00:00Z"),
            reading(9e99),
            reading(10.0, "T1"),
        ]
    )
    assert bench.intake.step(1) == IntakeReport(records=1, readings=2, new=2, dead=9)
    assert sorted(bench.reasons(), key=lambda found: found[1]) == [
        ("unknown_point", 1),
        ("bad_unit", 2),
        ("bad_unit", 3),
        ("bad_kind", 4),
        ("bad_value", 5),
        ("bad_time", 6),
        ("future_time", 7),
        ("old_time", 8),
        ("bad_value", 9),
    ]
    for letter in bench.store.dead_letters(None):
        assert letter.field
        assert letter.value
        assert letter.fix
        assert letter.preview.startswith(b'{"readings"')
    (status,) = bench.store.gateways()
    assert (status.counts.readings, status.counts.new, status.counts.dead) == (11, 2, 9)


@pytest.mark.parametrize(
    ("route", "payload", "reason"),
    [
        ("greenoffice/v1/s/g/readings", b"{", "bad_json"),
        ("greenoffice/v1/s/g/readings", b"\xff", "bad_utf8"),
        ("greenoffice/v1/s/g/readings", b"{}", "bad_message"),
        ("greenoffice/v1/s/h/readings", b'{"readings": []}', "foreign_topic"),
        ("vendor/7", b"{}", "unknown_topic"),
        ("greenoffice/v1/s/g/status", b"alive", "bad_json"),
    ],
)
def test_a_bad_message_is_one_dead_letter(
    bench: Any, route: str, payload: bytes, reason: str
) -> None:
    bench.push(payload, route=route)
    bench.push([reading(1.0)])
    bench.drain()
    assert bench.reasons() == [(reason, -1)]
    assert len(bench.rows()) == 1
    bench.push(payload, route=route)
    bench.drain()
    (letter,) = bench.store.dead_letters(None)
    assert (letter.seen, letter.gateway) == (2, "s/g")


def test_duplicates_corrections_and_outdated_are_told_apart(bench: Any) -> None:
    for seq, value in [(2, 5.0), (2, 5.0), (3, 5.0), (4, 6.0), (1, 4.0)]:
        bench.push({"session": 1, "seq": seq, "readings": [reading(value)]})
    whole = bench.intake.step(1)
    assert whole == IntakeReport(5, 5, new=1, duplicates=2, corrections=1, outdated=1)
    assert bench.rows() == [(1, T0_US, 6.0, Flag.GOOD)]
    bench.push({"session": 1, "seq": 4, "readings": [reading(7.0)]})
    assert bench.intake.step(1).dead == 1
    assert bench.reasons() == [("conflicting", 0)]


def test_a_correction_dirties_as_one_and_a_duplicate_not_at_all(bench: Any) -> None:
    bench.push([reading(5.0)])
    bench.drain()
    bench.marks.clear()
    bench.push([reading(5.0)])
    bench.drain()
    assert bench.marks.waiting() == 0
    bench.push([reading(6.0)])
    bench.drain()
    assert [mark.cause for mark in bench.marks.ready()] == ["correction"]


def test_without_a_time_that_of_arrival_stands_in(bench: Any) -> None:
    bench.push([reading(5.0, time=None)])
    bench.push([reading(5.0, time=None)], arrived_us=bench.now_us + 1)
    bench.drain()
    assert bench.rows() == [
        (1, bench.now_us, 5.0, Flag.ARRIVAL_TIME),
        (1, bench.now_us + 1, 5.0, Flag.ARRIVAL_TIME),
    ]


@pytest.mark.parametrize("between", [False, True])
def test_a_redelivery_without_times_is_a_duplicate(bench: Any, between: bool) -> None:
    untimed = [reading(5.0, time=None), reading(9.0, "nobody", time=None), reading(1.0, "T1")]
    packet = {"packet_id": 7, "qos": 1}
    bench.push(untimed, **packet)
    if between:
        bench.drain()
    later = bench.now_us + 1
    bench.push(untimed, **packet, dup=True, connection="next", arrived_us=later)
    bench.drain()
    (status,) = bench.store.gateways()
    assert (status.counts.new, status.counts.duplicates, status.counts.dead) == (2, 3, 1)
    assert len(bench.rows()) == 2
    bench.push(untimed, **packet, arrived_us=later)  # the packet id came round: real data
    bench.drain()
    assert len(bench.rows()) == 3


def test_session_and_sequence_tell_a_redelivery_too(bench: Any) -> None:
    message = {"session": 1, "seq": 1, "readings": [reading(5.0, time=None)]}
    bench.push(message)
    bench.push(message, arrived_us=bench.now_us + 1)
    assert bench.intake.step(1) == IntakeReport(2, 2, new=1, duplicates=1)


def test_an_unknown_point_replays_once_registered(bench: Any) -> None:
    bench.push([reading(1.0, "new"), reading(2.0), reading(3.0, "later")])
    bench.push([reading(4.0, "new", time=None)], arrived_us=bench.now_us + 1)
    bench.push([reading(4.0, "new", time=None)], arrived_us=bench.now_us + 2)
    bench.drain()
    assert bench.intake.replay_dead_letters() == IntakeReport()
    bench.register(Point(9, "s/g", "new", Kind.INSTANT, "1"))
    report = bench.intake.replay_dead_letters()
    assert (report.records, report.new, report.dead, report.replayed) == (0, 3, 0, 3)
    assert [row[:3] for row in bench.rows() if row[0] == 9] == [
        (9, T0_US, 1.0),
        (9, bench.now_us + 1, 4.0),
        (9, bench.now_us + 2, 4.0),
    ]
    assert bench.reasons() == [("unknown_point", 2)]
    assert bench.reasons("replayed") == [("unknown_point", 0)] * 3
    assert bench.store.checkpoint(1)[1] == 3
    assert {mark.point for mark in bench.marks.ready()} == {1, 9}
    assert bench.intake.replay_dead_letters() == IntakeReport()


def test_a_replayed_reading_does_not_override_a_later_one(bench: Any) -> None:
    bench.push([reading(1.0, unit="L")])
    bench.push([reading(2.0)])
    bench.drain()
    as_volume = replace(bench.registry.points[1], unit="m3")
    bench.registry = replace(bench.registry, points={**bench.registry.points, 1: as_volume})
    report = bench.intake.replay_dead_letters()
    assert (report.replayed, report.outdated) == (1, 1)
    assert bench.rows() == [(1, T0_US, 2.0, Flag.GOOD)]


def test_a_long_backlog_of_two_writers_replays_whole(bench: Any) -> None:
    times = [
        f"2026-11-{day:02}T{hour:02}:{m:02}:00Z"
        for day in (1, 2)
        for hour in range(24)
        for m in range(13)
    ]
    bench.intake = bench.fresh(kept_letters=10_000)
    for writer_no, point in [(1, "new"), (2, "newer")]:
        bench.push([reading(1.0, point, time) for time in times], writer_no=writer_no)
        bench.push([reading(2.0, point, time) for time in times], writer_no=writer_no)
        bench.drain(writer_no)
    bench.register(*(Point(i, "s/g", n, Kind.INSTANT, "1") for i, n in [(8, "new"), (9, "newer")]))
    report = bench.intake.replay_dead_letters()
    assert report.replayed == 4 * len(times) > 2_000
    assert report.new + report.corrections + report.outdated == report.replayed
    assert [row[2] for row in bench.rows()] == [2.0] * 2 * len(times)
    assert bench.reasons() == []
    assert [bench.store.checkpoint(writer_no)[1] for writer_no in (1, 2)] == [2, 2]


class Flaky:
    """Reading store that fails when told to."""

    def __init__(self, real: Any, poison: float = float("nan")) -> None:
        self.real = real
        self.poison = poison
        self.error: Exception | None = None

    def may_hold(self, *asked: Any) -> Any:
        return self.real.may_hold(*asked)

    def existing(self, *asked: Any) -> ReadingColumns:
        return self.real.existing(*asked)

    def upsert(self, rows: ReadingColumns) -> None:
        if self.error is not None:
            raise self.error
        if (rows.value == self.poison).any():
            raise InvalidInput("out of the column's bounds", fix="look at the value")
        self.real.upsert(rows)


@pytest.mark.parametrize("error", [Unavailable("down"), StorageFull("full")])
def test_a_store_that_is_down_loses_nothing(bench: Any, error: Exception) -> None:
    flaky = Flaky(bench.readings)
    bench.intake._readings = flaky
    bench.push([reading(1.0), reading(2.0, "nobody")])
    flaky.error = error
    with pytest.raises(type(error)):
        bench.intake.step(1)
    assert bench.store.checkpoint(1) == (0, 0)
    assert bench.marks.ready() == []
    assert bench.marks.waiting() == 1
    flaky.error = None
    assert bench.intake.step(1) == IntakeReport(1, 1, new=1, dead=1)
    assert len(bench.rows()) == 1


def test_one_poisonous_row_does_not_block_the_others(bench: Any) -> None:
    bench.intake._readings = Flaky(bench.readings, poison=13.0)
    bench.push([reading(float(n), time=f"2026-11-24T08:00:{n:02}Z") for n in range(20)])
    assert bench.intake.step(1) == IntakeReport(1, 19, new=19, dead=1)
    assert bench.reasons() == [("refused", 13)]


def test_a_crash_before_the_checkpoint_changes_nothing(bench: Any) -> None:
    for seq, value in [(1, 1.0), (1, 1.0), (2, 2.0)]:
        bench.push({"session": 1, "seq": seq, "readings": [reading(value)]})
    commit = bench.store.commit
    bench.store.commit = lambda batch: (_ for _ in ()).throw(Unavailable("killed"))
    with pytest.raises(Unavailable):
        bench.intake.step(1)
    before = bench.rows()
    bench.store.commit = commit
    bench.intake = bench.fresh()
    report = bench.intake.step(1)
    assert (report.readings, report.new) == (3, 1)
    assert bench.rows() == before
    assert bench.marks.ready()


def test_a_failing_decoder_is_a_dead_letter(bench: Any) -> None:
    def broken(*arguments: Any) -> Any:
        raise KeyError("telegram")

    bench.intake = bench.fresh(decoding=Decoding(decoders={"native": Decoder(broken, ("#",))}))
    bench.push([reading(1.0)])
    bench.drain()
    assert bench.reasons() == [("decoder_failed", -1)]


def test_connections_show_in_the_gateway(bench: Any) -> None:
    event = {"route": "", "payload": b"{}"}
    for kind, client, connection in [
        ("connect", "c", "1"),
        ("connect", "c", "2"),
        ("disconnect", "c", "1"),
    ]:
        bench.push(**event, kind=kind, client=client, connection=connection)
    bench.drain()
    (status,) = bench.store.gateways()
    assert (status.counts.connected, status.counts.messages) == (True, 0)
    bench.push(**event, kind="disconnect", client="c", connection="2", arrived_us=bench.now_us + 5)
    bench.drain()
    (status,) = bench.store.gateways()
    assert (status.counts.connected, status.counts.connection_us) == (False, bench.now_us + 5)


def test_status_will_and_events_count_without_readings(bench: Any) -> None:
    topic = "greenoffice/v1/s/g/"
    bench.push(b'{"online": false}', kind="will", route=topic + "status")
    bench.push(b"anything", route=topic + "events")
    assert bench.intake.step(1) == IntakeReport(records=2)
    (status,) = bench.store.gateways()
    assert (status.counts.messages, status.counts.bytes) == (2, 25)


def test_http_readings_belong_to_the_gateway_of_the_route(bench: Any) -> None:
    bench.push([reading(1.0)], route=HTTP_ROUTE, writer_no=2)
    bench.push([reading(2.0)], route=HTTP_ROUTE + "/s/h", gateway="key-7", writer_no=2)
    bench.drain(2)
    assert [row[0] for row in bench.rows()] == [1, 4]


def test_refusals_are_told_before(bench: Any) -> None:
    bench.push([reading(1.0), reading(9e99), reading(2.0, "nobody"), reading(None)])
    record = bench.journal.records[1][0]
    told = refusals(record, Decoding(), bench.registry)
    bench.drain()
    assert sorted((one.reason, one.index) for one in told) == sorted(bench.reasons())


def test_a_huge_message_of_unknown_points_is_no_burden(bench: Any) -> None:
    bench.push([reading(1.0, f"a point with a long name {n:04}") for n in range(5_000)])
    assert bench.intake.step(1).dead == 5_000
    letters = bench.store.dead_letters(None, limit=10_000)
    assert len({letter.digest for letter in letters if not is_beyond(letter)}) == 1
    assert (len(letters), sum(letter.seen for letter in letters)) == (1_001, 5_000)


def test_metrics_add_up(bench: Any) -> None:
    registry = CollectorRegistry()
    bench.intake = bench.fresh(metrics=IntakeMetrics(registry))
    bench.push([reading(1.0), reading(1.0), reading(2.0, "nobody")])
    bench.drain()
    value = registry.get_sample_value
    assert value("greenoffice_intake_records_total") == 1
    assert value("greenoffice_intake_readings_total", {"outcome": "new"}) == 1
    assert value("greenoffice_intake_readings_total", {"outcome": "duplicates"}) == 1
    assert value("greenoffice_intake_dead_letters_total", {"reason": "unknown_point"}) == 1


class AskedStore(MemoryIntake):
    """Counts how often it is asked for a checkpoint, and refuses to commit where it is told to."""

    def __init__(self, marks: MemoryMarks) -> None:
        super().__init__(marks)
        self.asked, self.refuses = 0, False

    def checkpoint(self, writer_no: int) -> tuple[int, int]:
        self.asked += 1
        return super().checkpoint(writer_no)

    def commit(self, batch: IntakeBatch) -> None:
        super().commit(batch)
        if self.refuses:
            raise Unavailable("it was done, and nobody says so", field="store")


def test_who_knows_its_place_asks_nobody_where_nothing_is_new(bench: Any) -> None:
    """After an error it does not know it any more: what was told to fail may be done."""
    bench.store = store = AskedStore(bench.marks)
    intake = bench.fresh()
    bench.push([reading(1)])
    assert intake.step(1).records == 1
    asked = store.asked
    for _ in range(3):
        assert intake.step(1).records == 0
    assert store.asked == asked
    assert intake.place(1) == store.checkpoint(1)
    bench.push([reading(2)])
    store.refuses = True
    with pytest.raises(Unavailable):
        intake.step(1)
    store.refuses = False
    assert intake.step(1).records == 0
    assert store.gateways()[0].counts.messages == 2
