"""What the intake sees of deliveries: gaps of numbers and times, answers, receipts by day."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.localtime import iso, parse_instant
from metering.registry import Point

HOUR_US = 3_600_000_000
NOW_US = parse_instant("2026-11-24T08:15:02Z")
MORNING_US = parse_instant("2026-11-24T00:00:00Z")


def message(seq: int | None, *times_us: int, session: int = 4) -> dict[str, Any]:
    readings = [{"point": "E1", "time": iso(time), "value": 5.0} for time in times_us]
    order = {} if seq is None else {"session": session, "seq": seq}
    return {**order, "readings": readings}


def test_numbers_that_did_not_come_and_came_late(bench: Any) -> None:
    for seq in (1, 2, 3, 6):
        bench.push(message(seq, MORNING_US + seq))
    bench.drain()
    (gap,) = bench.store.gaps("s/g")
    assert (gap.session, gap.numbers) == (4, (4, 5))
    bench.push(message(5, MORNING_US + 5))
    bench.drain()
    assert [one.numbers for one in bench.store.gaps("s/g")] == [(4, 4)]
    bench.push(b'{"session": 4, "seq": 4, "readings": [{"point": "unknown", "value": 1}]}')
    bench.drain()
    assert [one.state for one in bench.store.gaps("s/g")] == ["closed"]


def test_times_that_did_not_come_and_came_late(bench: Any) -> None:
    times = [MORNING_US - hours * HOUR_US for hours in range(40)]
    for time in sorted(times):
        if not MORNING_US - 6 * HOUR_US < time < MORNING_US - 2 * HOUR_US:
            bench.push(message(None, time))
    bench.drain()
    (gap,) = bench.store.gaps("s/g")
    assert gap.times_us == (MORNING_US - 6 * HOUR_US + 1_000, MORNING_US - 2 * HOUR_US)
    bench.push(message(None, *times))
    bench.drain()
    assert [one.state for one in bench.store.gaps("s/g")] == ["closed"]


def test_an_answer_ends_what_the_gateway_was_asked_as_and_nobody_elses(bench: Any) -> None:
    bench.push(message(1, MORNING_US))
    bench.push(message(3, MORNING_US + 1))
    bench.drain()
    (gap,) = bench.store.gaps("s/g")
    bench.store.settle(replace(gap, asked_as=gap.id, tries=1), gap)
    told = json.dumps({"event": "resend", "id": gap.id, "result": "not_kept"}).encode()
    bench.push(told, gateway="s/h", route="greenoffice/v1/s/h/events")
    bench.drain()
    assert [one.state for one in bench.store.gaps("s/g")] == ["open"]
    bench.push(told, route="greenoffice/v1/s/g/events")
    bench.drain()
    assert [one.state for one in bench.store.gaps("s/g")] == ["lost"]


def test_receipts_by_day_lead_to_the_journal(bench: Any) -> None:
    times = ("2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z", "2026-11-24T08:00:00Z")
    arrivals = [parse_instant(one) for one in times]
    bench.push(message(1, arrivals[0]), arrived_us=arrivals[0])
    bench.push(message(2, arrivals[0], arrivals[1] - 2 * HOUR_US), arrived_us=arrivals[1])
    bench.push(b"no JSON", arrived_us=arrivals[2])
    bench.push(message(3, arrivals[2]), arrived_us=arrivals[2], gateway="x/y")
    bench.drain()
    second, first = bench.store.receipts("s/g")
    assert (first.messages, first.new, first.first, first.last) == (1, 1, *[(1 << 24 | 1, 0)] * 2)
    assert (second.messages, second.new, second.duplicates, second.dead) == (2, 1, 1, 1)
    assert (second.late, second.first, second.last) == (1, (1 << 24 | 1, 1), (1 << 24 | 1, 2))
    assert second.bytes == sum(len(one.payload) for one in bench.journal.records[1][1:3])
    assert bench.store.receipts("x/y") == []


def test_what_is_taken_in_after_all_belongs_to_the_day_it_came(bench: Any) -> None:
    bench.push({"readings": [{"point": "N", "time": iso(MORNING_US), "value": 1}]})
    bench.drain()
    bench.register(replace(Point(9, "s/g", "N", bench.registry.points[1].kind, "kWh")))
    bench.registry = replace(bench.registry, version=2)
    bench.intake.replay_dead_letters()
    (day,) = bench.store.receipts("s/g")
    assert (day.messages, day.new, day.dead) == (1, 1, 1)


@pytest.mark.parametrize("apart", [False, True])
def test_the_clock_of_a_gateway_is_told_by_what_it_sent(bench: Any, apart: bool) -> None:
    """Read together, or by itself where nobody knows a point; one that waited does not count."""
    unknown = [{"point": "unknown", "value": 1}] if apart else []
    for waited_s in (1, 7_200):
        told = message(waited_s, MORNING_US + waited_s)
        sent_us = NOW_US + 60_000_000 - waited_s * 1_000_000
        bench.push({**told, "sent": iso(sent_us), "readings": told["readings"] + unknown})
    bench.drain()
    assert bench.store.delivery_states(None)["s/g"].clock_offset_us == 59_000_000


@given(st.permutations(range(1, 12)), st.sets(st.integers(1, 11), max_size=4), st.integers(1, 12))
def test_batches_and_a_rebuild_change_nothing(make_bench, order, lost, size) -> None:
    """The same messages in batches of another size, and taken in once more."""
    benches = [make_bench(limit=size), make_bench()]
    for bench in benches:
        for seq in [0, *(one for one in order if one not in lost)]:
            bench.push(message(seq, MORNING_US + seq))
        bench.drain()
    days = [bench.store.receipts("s/g") for bench in benches]
    assert days[0] == days[1]
    known = benches[0].store.gaps("s/g")
    benches[0].intake.rebuild()
    assert benches[0].store.gaps("s/g") == known
    assert benches[0].store.receipts("s/g") == days[0]
