"""What came beyond the dead letters that are kept: read again once, all of it and no more."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from collector.decode import Decoded, Decoder, Incoming, Problem
from collector.intake import Decoding
from collector.intake.letter_bound import BEYOND, DAY_US, is_beyond
from collector.intake.rereading import Rereading
from collector.intake.resolve import Resolver
from metering.intake import DeadLetter, IntakeBatch
from metering.localtime import parse_instant
from metering.reading import Kind
from metering.registry import Point, Registry
from storage.memory import MemoryIntake, MemoryMarks
from tests.collector.intake.conftest import NOW_US, Bench

T0 = parse_instant("2026-11-24T08:00:00Z") // 1000
DAY_ENDS_US = parse_instant("2026-11-25T00:00:00Z")
TEN_MINUTES_US = 600_000_000
X = Point(9, "s/g", "X", Kind.INSTANT, "kW")


@pytest.fixture
def bench() -> Bench:
    return Bench(kept_letters=1)


def timed(number: int, name: str = "X") -> dict[str, Any]:
    return {"point": name, "time": T0 + number * 1000, "value": number}


def mend(bench: Bench, *points: Point) -> None:
    """Register the points, and take in what is beyond as far as it can be read now."""
    bench.register(*points)
    bench.intake.replay_dead_letters()
    reread(bench)


def reread(bench: Bench) -> None:
    """Until there is nothing left."""
    while bench.intake.reread():
        pass


def taken(bench: Bench) -> list[float]:
    return [row[2] for row in bench.rows() if row[0] == X.id]


def still_counted(bench: Bench) -> list[int]:
    """Days since 1970 of which a letter that counts others is open."""
    found = bench.store.dead_letters(None, state="open", limit=100)
    return sorted(one.arrived_us // DAY_US for one in found if is_beyond(one))


def test_a_redelivery_without_a_time_is_taken_once(bench: Bench) -> None:
    """As when it came: the packet says that it is one, or the numbers of the gateway do. A packet
    id that came round is none."""
    packet = {"packet_id": 7, "qos": 1}
    numbered = {"session": 1, "seq": 1, "readings": [{"point": "X", "value": 6}]}
    bench.push([timed(0)])
    bench.push([{"point": "X", "value": 5}], **packet)
    bench.push([{"point": "X", "value": 5}], **packet, dup=True, arrived_us=NOW_US + 1)
    bench.push([{"point": "X", "value": 5}], **packet, arrived_us=NOW_US + 2)
    bench.push(numbered, arrived_us=NOW_US + 3)
    bench.push(numbered, arrived_us=NOW_US + 4)
    bench.drain()
    mend(bench, X)
    found = [row[1:3] for row in bench.rows() if row[0] == X.id]
    assert found[1:] == [(NOW_US, 5), (NOW_US + 2, 5), (NOW_US + 3, 6)]


def test_a_reading_with_a_time_is_taken_however_often_it_was_delivered(bench: Bench) -> None:
    bench.push([timed(0)])
    bench.push([timed(1)], packet_id=7, qos=1, dup=True)
    bench.push([timed(1)], packet_id=7, qos=1, dup=True)
    bench.drain()
    mend(bench, X)
    assert taken(bench) == [0, 1]


def test_a_letter_stands_for_its_day_and_what_came_out_of_order_about_its_end(
    bench: Bench,
) -> None:
    """What is still refused keeps it open if it came less than ten minutes into the next day."""
    day = NOW_US // DAY_US
    for late_us, open_days in ((-1, [day, day + 1]), (0, [day + 1]), (1, [day + 1])):
        bench = Bench(kept_letters=1)
        for number in (0, 1):
            bench.push([timed(number)])
        arrived_us = DAY_ENDS_US + TEN_MINUTES_US + late_us
        for number in (2, 3):
            bench.push([timed(number, "Y")], arrived_us=arrived_us)
        bench.drain()
        assert still_counted(bench) == [day, day + 1]
        mend(bench, X)
        assert taken(bench) == [0, 1]
        assert still_counted(bench) == open_days


def test_a_day_is_a_day_of_utc_to_the_microsecond(bench: Bench) -> None:
    for number, arrived_us in enumerate((DAY_ENDS_US - 1, DAY_ENDS_US, DAY_ENDS_US + DAY_US - 1)):
        bench.push([timed(number)], arrived_us=arrived_us)
    bench.drain()
    seen = [is_beyond(one) for one in bench.store.dead_letters(None)]
    assert seen == [True, False, False]


def test_what_the_intake_has_not_reached_is_left_to_it(bench: Bench) -> None:
    for number in range(3):
        bench.push([timed(number)])
    bench.drain()
    for number in range(3, 5):
        bench.push([timed(number)])
    mend(bench, X)
    assert taken(bench) == [0, 1, 2]
    bench.drain()
    (counts,) = [one.counts for one in bench.store.gateways()]
    assert (counts.new, counts.duplicates, counts.outdated) == (5, 0, 0)
    assert counts.messages == counts.readings == 5


def test_another_gateway_holds_nothing_open_and_ends_nothing(bench: Bench) -> None:
    other = {"gateway": "s/h", "route": "greenoffice/v1/s/h/readings"}
    bench.push([timed(0)])
    for number in range(1, 5):
        bench.push([timed(number)])
        bench.push([timed(number, "Y")], **other)
    bench.drain()
    mend(bench, X)
    assert taken(bench) == [0, 1, 2, 3, 4]
    found = bench.store.dead_letters(None, state="open")
    assert {one.gateway for one in found if is_beyond(one)} == {"s/h"}


def test_a_connection_between_messages_ends_nothing(bench: Bench) -> None:
    bench.push([timed(0)])
    for number in (1, 2):
        bench.push(b"{}", kind="connect", route="")
        bench.push([timed(number)])
    bench.drain()
    mend(bench, X)
    assert taken(bench) == [0, 1, 2]


@pytest.mark.parametrize("refused", [0, 1])
def test_a_reading_that_is_still_refused_holds_back_no_other(bench: Bench, refused: int) -> None:
    bench.push([timed(0)])
    readings = [timed(1)]
    readings.insert(refused, timed(2, "Y"))
    bench.push(readings)
    bench.drain()
    mend(bench, X)
    assert taken(bench) == [0, 1]
    assert still_counted(bench) == [NOW_US // DAY_US]
    mend(bench, Point(8, "s/g", "Y", Kind.INSTANT, "kW"))
    assert [row[2] for row in bench.rows() if row[0] == 8] == [2]
    assert still_counted(bench) == []


@pytest.mark.parametrize("kept", [1, 10])
def test_what_stands_against_a_whole_message_stands_against_each_of_its_readings(kept: int) -> None:
    """Whether the letters of its readings are kept or counted."""

    def torn(incoming: Incoming, _: object) -> Decoded:
        """One reading, and at its end a message that broke off."""
        number = int(incoming.payload)
        found = Decoded([0], ["X"], [None], [None], [T0 * 1000 + number], [float(number)])
        if number:
            found.problems.append(Problem("bad_message", "broke off", index=-1))
        return found

    decoding = Decoding(decoders={"native": Decoder(torn, ("#",))})
    bench = Bench(kept_letters=kept, decoding=decoding)
    for number in (0, 1, 2):
        bench.push(b"%d" % number)
    bench.drain()
    mend(bench, X)
    assert taken(bench) == [0]


@pytest.mark.parametrize("limit", [1, 3, 4, 5, 100])
def test_each_message_is_read_once_over_all_segments(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(kept_letters=1, limit=limit)
    bench.journal.a_segment = 3
    for number in range(11):
        bench.push([timed(number)])
    bench.drain()
    bench.register(X)
    bench.intake.replay_dead_letters()
    read, came = bench.journal.read, Counter[tuple[int, int]]()

    def counted(*place: int) -> Any:
        found = read(*place)
        came.update((one.segment, one.offset) for one in found)
        return found

    monkeypatch.setattr(bench.journal, "read", counted)
    reread(bench)
    assert taken(bench) == list(range(11))
    assert set(came.values()) == {1}
    assert min(came) == (1 << 24 | 1, 1)  # the first that came beyond
    assert still_counted(bench) == []


def test_writers_of_one_gateway_are_counted_and_read_again_each() -> None:
    """Their messages lie in journals of their own."""
    bench = Bench(kept_letters=1)
    writers = (1, 2, 3, 4)
    for writer_no in writers:
        for number in (0, 1):
            bench.push([timed(writer_no * 10 + number)], writer_no=writer_no)
        bench.drain(writer_no)
    assert len(still_counted(bench)) == 4
    mend(bench, X)
    assert taken(bench) == [10, 11, 20, 21, 30, 31, 40, 41]
    assert still_counted(bench) == []


def test_a_letter_that_counts_others_is_found_once_behind_any_number_of_letters() -> None:
    counting = {0, 700, 2_499}
    store = MemoryIntake(MemoryMarks())
    letters = [
        DeadLetter("s/g", "", "unknown_point", "", "", "", "", 1 << 24 | 1, n, -1, digest, 0)
        for n, digest in ((n, f"{BEYOND if n in counting else ''}{n}") for n in range(2_500))
    ]
    store.commit(IntakeBatch(1, 0, 0, 0, 0, dead_letters=tuple(letters)))
    rereading, found = Rereading(), list[int]()
    rereading.begin(store)
    while rereading.writer_no is not None:
        batch = rereading.step(lambda *_: [], (0, 0), Decoding(), Resolver(Registry()), 1_000)
        found += [store.dead_letter(id).offset for id in batch.letters]
        rereading.done(batch)
    assert sorted(found) == sorted(counting)


def test_what_was_taken_before_counts_as_nothing_again(bench: Bench) -> None:
    """A message that brought good readings and a bad one: the good ones came once."""
    for number in range(4):
        bench.push([timed(number), timed(number, "E1")])
    bench.push([timed(2, "E1") | {"value": 7}])
    bench.drain()
    before = next(one.counts for one in bench.store.gateways())
    mend(bench, X)
    after = next(one.counts for one in bench.store.gateways())
    assert (after.new, before.new) == (8, 4)
    assert (after.duplicates, after.corrections) == (before.duplicates, before.corrections)
    assert (after.outdated, after.dead) == (before.outdated, before.dead)
