"""Dead letters are bounded, counted beyond, and nothing of them is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from collector.intake import Decoding, gateways_to_reread, lacking
from collector.intake.letter_bound import DAY_US, LetterBound, is_beyond
from collector.intake.rereading import Rereading
from metering.errors import Unavailable
from metering.intake import DeadLetter
from metering.localtime import parse_instant
from metering.reading import Kind
from metering.registry import Point
from storage.memory import MemoryIntake, MemoryMarks, MemoryReadings
from tests.collector.intake.conftest import NOW_US, Bench

T0 = parse_instant("2026-11-24T08:00:00Z") // 1000


@pytest.fixture
def bench() -> Bench:
    return Bench(kept_letters=3)


def unknown(number: int, name: str = "X") -> list[dict[str, Any]]:
    return [{"point": name, "time": T0 + number * 1000, "value": number}]


def drain(bench: Bench) -> None:
    bench.drain()
    while bench.intake.reread():
        pass


def letters(bench: Bench, state: str | None = None) -> list[DeadLetter]:
    return list(reversed(bench.store.dead_letters(None, state=state, limit=100)))


def test_what_is_beyond_is_counted_in_one_letter_of_its_own(bench: Bench) -> None:
    for number in range(10):
        bench.push(unknown(number))
    bench.push(b"{")
    bench.push(unknown(0), gateway="s/h", route="greenoffice/v1/s/h/readings")
    bench.push(unknown(99), arrived_us=NOW_US + DAY_US)
    drain(bench)
    found = [(one.gateway, one.reason, one.seen, is_beyond(one)) for one in letters(bench)]
    kept = ("s/g", "unknown_point", 1, False)
    assert found.count(kept) == 4
    assert sorted(set(found) - {kept}) == [
        ("s/g", "bad_json", 1, False),
        ("s/g", "unknown_point", 7, True),
        ("s/h", "unknown_point", 1, False),
    ]
    (counts,) = [one.counts for one in bench.store.gateways() if one.gateway == "s/g"]
    assert counts.dead == 12
    beyond = next(one for one in letters(bench) if is_beyond(one))
    assert (beyond.offset, beyond.fix != "", beyond.index) == (3, True, -1)
    # its name as it is stored: what came before an upgrade is counted on
    assert beyond.digest == f"beyond unknown_point {NOW_US // DAY_US} 1"


def test_what_is_kept_already_counts_up_as_before(bench: Bench) -> None:
    for number in (1, 2, 3, 4, 2, 2):
        bench.push(unknown(number))
    drain(bench)
    assert [(one.seen, is_beyond(one)) for one in letters(bench)] == [
        *((1, False), (3, False), (1, False), (1, True))
    ]


@pytest.mark.parametrize("restart", [False, True])
def test_all_of_it_is_taken_in_once_the_reason_is_gone(bench: Bench, restart: bool) -> None:
    for number in range(10):
        bench.push([*unknown(number), {"point": "E1", "time": T0 + number * 1000, "value": 5}])
    drain(bench)
    before = next(one.counts for one in bench.store.gateways())
    bench.register(Point(9, "s/g", "X", Kind.INSTANT, "kW"))
    if restart:
        bench.intake = bench.fresh(kept_letters=3)
    bench.intake.replay_dead_letters()
    assert len([row for row in bench.rows() if row[0] == 9]) == 3
    drain(bench)
    assert [row[2] for row in bench.rows() if row[0] == 9] == list(range(10))
    assert len(bench.rows()) == 20
    assert {one.state for one in letters(bench)} == {"replayed"}
    after = next(one.counts for one in bench.store.gateways())
    assert (after.new, after.duplicates, after.messages) == (20, 0, before.messages)
    assert (after.dead, before.dead) == (10, 10)


def test_what_no_registry_mends_stays_open(bench: Bench) -> None:
    for number in range(6):
        bench.push(unknown(number, "X" if number % 2 else "Y"))
    drain(bench)
    bench.register(Point(9, "s/g", "X", Kind.INSTANT, "kW"))
    bench.intake.replay_dead_letters()
    drain(bench)
    assert [row[2] for row in bench.rows()] == [1, 3, 5]
    assert [is_beyond(one) for one in letters(bench, "open")].count(True) == 1
    bench.register(Point(8, "s/g", "Y", Kind.INSTANT, "kW"))
    bench.intake.replay_dead_letters()
    drain(bench)
    assert sorted(row[2] for row in bench.rows()) == [0, 1, 2, 3, 4, 5]
    assert letters(bench, "open") == []


def test_a_store_that_is_away_meanwhile_costs_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        bench.push([{"point": "X", "value": number}], packet_id=number + 1)
    drain(bench)
    bench.register(Point(9, "s/g", "X", Kind.INSTANT, "kW"))
    bench.intake.replay_dead_letters()
    upsert = bench.readings.upsert

    def away(*_: object) -> None:
        monkeypatch.setattr(bench.readings, "upsert", upsert)
        raise Unavailable("away", field="readings", fix="wait")

    monkeypatch.setattr(bench.readings, "upsert", away)
    with pytest.raises(Unavailable):
        bench.intake.reread()
    drain(bench)
    assert letters(bench, "open") == []


def test_a_rebuild_comes_to_the_same(bench: Bench) -> None:
    for number in range(10):
        bench.push(unknown(number))
    drain(bench)
    before = [(one.digest, one.seen) for one in letters(bench)]
    bench.intake.rebuild()
    assert [(one.digest, one.seen) for one in letters(bench)] == before


def test_a_restart_keeps_no_more(bench: Bench) -> None:
    for number in range(10):
        bench.push(unknown(number))
        bench.intake = bench.fresh(kept_letters=3)
        drain(bench)
    assert [one.seen for one in letters(bench)] == [1, 1, 1, 7]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("rs"), st.integers(0, 9))))
def test_the_law(came: list[tuple[str, str, int]]) -> None:
    """Never more than so many of one gateway and reason, and each is either kept or counted."""
    bound = LetterBound(MemoryIntake(MemoryMarks()), 4)
    found = bound.bounded(
        DeadLetter(g, "", reason, "", "", "", "", 1, 0, 0, str(number), 0)
        for g, reason, number in came
    )
    assert len(found) == len(came)
    for gateway, reason in {(g, reason) for g, reason, _ in came}:
        mine = [one for one in found if (one.gateway, one.reason) == (gateway, reason)]
        assert len({one.digest for one in mine if not is_beyond(one)}) <= 4
        assert len({one.digest for one in mine if is_beyond(one)}) <= 1


def letter(name: str, number: int, arrived_us: int = NOW_US) -> DeadLetter:
    return DeadLetter(name, "", "r", "", "", "", "", 1, 0, 0, f"{name} {number}", arrived_us)


def test_the_bound_holds_for_any_number_of_gateways_at_once() -> None:
    """Nothing of a batch is stored before all of it is bounded."""
    names = [f"s/{n:03}" for n in range(200)]
    bound = LetterBound(MemoryIntake(MemoryMarks()), 2)
    found = bound.bounded(letter(name, number) for number in range(5) for name in names)
    kept = Counter(one.gateway for one in found if not is_beyond(one))
    assert kept == dict.fromkeys(names, 2)


def test_the_store_is_asked_once_for_each_of_the_latest_64(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered takes no more room than that."""
    store = MemoryIntake(MemoryMarks())
    asked, ask = list[str](), store.dead_letters

    def counted(gateways: frozenset[str] | None, **more: Any) -> list[DeadLetter]:
        asked.extend(gateways or ())
        return ask(gateways, **more)

    monkeypatch.setattr(store, "dead_letters", counted)
    bound, names = LetterBound(store, 2), [f"s/{n:03}" for n in range(65)]
    for _ in range(2):
        bound.bounded(letter(name, 0) for name in names[:64])
    assert asked == names[:64]
    bound.bounded([letter(names[64], 0)])
    bound.bounded(letter(name, 0) for name in names[1:])
    assert asked == names
    bound.bounded([letter(names[0], 0)])
    assert asked == [*names, names[0]]


def test_after_a_restart_each_day_is_counted_on(bench: Bench) -> None:
    """Yesterday's is full; of today one more is kept."""
    for number in range(4):
        bench.push(unknown(number))
    for number in (4, 5):
        bench.push(unknown(number), arrived_us=NOW_US + DAY_US)
    bench.drain()
    bench.intake = bench.fresh(kept_letters=3)
    bench.push(unknown(6))
    for number in (7, 8):
        bench.push(unknown(number), arrived_us=NOW_US + DAY_US)
    bench.drain()
    assert [(one.seen, is_beyond(one)) for one in letters(bench)] == [
        *[(1, False)] * 3,
        (2, True),
        *[(1, False)] * 3,
        (1, True),
    ]


def test_what_is_still_to_be_read_again_is_no_loss(bench: Bench) -> None:
    """Of other gateways what is lacking is seen all the same."""
    for number in range(10):
        bench.push(unknown(number))
    drain(bench)
    bench.register(Point(9, "s/g", "X", Kind.INSTANT, "kW"))
    bench.intake.replay_dead_letters()

    def lost() -> tuple[int, int] | None:
        span = (1, (1 << 24 | 1, 2), bench.store.checkpoint(1))
        left_out = gateways_to_reread(bench.store)
        return lacking(span, bench.journal, bench.readings, Decoding(), bench.registry, left_out)

    assert gateways_to_reread(bench.store) == {"s/g"}
    assert lost() is None
    other = [{"point": "E1", "time": T0, "value": 1}]
    bench.push(other, gateway="s/h", route="greenoffice/v1/s/h/readings")
    bench.drain()
    bench.readings = MemoryReadings()
    assert lost() == (1 << 24 | 1, 10)
    bench.intake = bench.fresh(kept_letters=3)
    bench.intake.replay_dead_letters()
    drain(bench)
    assert gateways_to_reread(bench.store) == frozenset()


def test_nothing_is_left_where_nothing_began() -> None:
    assert Rereading().writer_no is None
