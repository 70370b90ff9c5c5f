"""Whether the readings hold what was taken in: what is a loss, and what only looks like one."""

from __future__ import annotations

import pytest

from collector.intake import Decoding, lacking
from metering.intake import IntakeBatch
from metering.localtime import iso, parse_instant
from tests.collector.intake.conftest import NOW_US, Bench

T0_US = parse_instant("2026-11-24T08:00:00Z")


def timed(number: int) -> list[dict[str, object]]:
    return [{"point": "E1", "time": iso(T0_US + number * 1_000_000, "UTC"), "value": number}]


def lost(bench: Bench, reached: tuple[int, int] = (0, -1)) -> tuple[int, int] | None:
    """The first message that is lacking behind the last one that is known to be stored."""
    span = (1, reached, bench.store.checkpoint(1))
    return lacking(span, bench.journal, bench.readings, Decoding(), bench.registry)


def taken_in(bench: Bench) -> None:
    """Say that all messages were, whatever is stored."""
    last = len(bench.journal.records[1]) - 1
    segment, offset = last // bench.journal.a_segment, last % bench.journal.a_segment
    place = bench.store.checkpoint(1)
    bench.store.commit(IntakeBatch(1, *place, 1 << 24 | 1 + segment, offset + 1))


def test_a_redelivery_without_a_time_is_no_loss(bench: Bench) -> None:
    """It was told from its first delivery, so nothing is stored of its own time of arrival."""
    bench.push(timed(0))
    packet = {"packet_id": 7, "qos": 1}
    bench.push([{"point": "E1", "value": 5}], **packet)
    bench.push([{"point": "E1", "value": 5}], **packet, dup=True, arrived_us=NOW_US + 1)
    bench.drain()
    assert len(bench.rows()) == 2
    assert lost(bench) is None
    bench.readings.clear()
    assert lost(bench) == (1 << 24 | 1, 0)
    assert lost(bench, (1 << 24 | 1, 0)) is None


def test_a_reading_that_a_later_one_replaced_is_no_loss(bench: Bench) -> None:
    bench.push(timed(0))
    bench.push([timed(0)[0] | {"value": 7}])
    bench.drain()
    assert lost(bench) is None


@pytest.mark.parametrize("a_segment", [7, 1_000, 5_000])
@pytest.mark.parametrize("place", [0, 1, 999, 1_000, 2_100, 2_499])
def test_the_first_loss_is_named_wherever_it_lies(bench: Bench, place: int, a_segment: int) -> None:
    """In segments of any length, and over the bounds of all of them."""
    bench.journal.a_segment = a_segment
    bench.push(timed(0))
    bench.drain()
    bench.journal.records[1] *= place
    for number in range(place, 2_500):
        bench.push(timed(1 + number % 10))
    taken_in(bench)
    assert lost(bench) == (1 << 24 | 1 + place // a_segment, place % a_segment)


@pytest.mark.parametrize(("before", "found"), [(19_999, True), (20_000, False)])
def test_the_first_twenty_thousand_messages_are_looked_at(
    bench: Bench, before: int, found: bool
) -> None:
    """If anything is lacking, the first of them are."""
    bench.push(b"{}", kind="connect", route="")
    bench.journal.records[1] *= before
    bench.push(timed(0))
    bench.push(timed(1))
    taken_in(bench)
    assert lost(bench) == ((1 << 24 | 1, before) if found else None)


def test_what_is_not_taken_in_yet_is_no_loss(bench: Bench) -> None:
    bench.push(timed(0))
    bench.drain()
    bench.push(timed(1))
    assert lost(bench) is None
    assert lost(bench, (1 << 24 | 1, 1)) is None
