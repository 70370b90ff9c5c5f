"""Two intakes over one store for a moment: what both read is counted once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.intake import Intake
from metering.errors import Conflict
from metering.intake import IntakeBatch, LetterCause
from metering.reading import Kind
from metering.registry import Point
from storage.memory import MemoryIntake

READING = {"point": "E1", "value": 1, "time": "2026-11-24T08:00:00Z"}
UNKNOWN = READING | {"point": "E9"}


class Overtaken(MemoryIntake):
    """Lets another do the same just before the first commit."""

    other: Callable[[], object] | None = None

    def commit(self, batch: IntakeBatch) -> None:
        other, self.other = self.other, None
        if other is not None:
            other()
        super().commit(batch)


def overtaken(bench: Any) -> tuple[Overtaken, Intake]:
    """The bench over such a store, and a second intake over it."""
    bench.store = Overtaken(bench.marks)
    bench.intake = bench.fresh()
    return bench.store, bench.fresh()


def told(bench: Any) -> tuple[Any, ...]:
    letters = [(x.digest, x.index, x.state, x.seen) for x in bench.store.dead_letters(None)]
    return bench.store.gateways(), letters, bench.store.checkpoint(1), bench.rows()


def fill(bench: Any) -> None:
    bench.push([READING, UNKNOWN])
    bench.push(b"{no json")
    bench.push([READING | {"value": 2, "time": "2026-11-24T08:15:00Z"}])


def test_what_another_took_in_is_not_counted_again(make_bench: Callable[..., Any]) -> None:
    alone, bench = make_bench(), make_bench()
    store, second = overtaken(bench)
    fill(alone)
    alone.drain()
    fill(bench)
    store.other = lambda: second.step(1)
    with pytest.raises(Conflict):
        bench.intake.step(1)
    bench.drain()
    assert told(bench) == told(alone)


def test_a_letter_that_another_replayed_is_not_counted_again(
    make_bench: Callable[..., Any],
) -> None:
    point = Point(9, "s/g", "E9", Kind.REGISTER, "kWh")
    alone, bench = make_bench(), make_bench()
    store, second = overtaken(bench)
    for one in (alone, bench):
        fill(one)
        one.drain()
        one.register(point)
    alone.intake.replay_dead_letters()
    store.other = second.replay_dead_letters
    with pytest.raises(Conflict):
        bench.intake.replay_dead_letters()
    bench.intake.replay_dead_letters()
    assert told(bench) == told(alone)


def test_a_letter_that_is_discarded_while_it_is_read_again_stays_so(
    make_bench: Callable[..., Any],
) -> None:
    """It is left, and what else is to be read again is gone on with."""
    bench = make_bench()
    bench.store = Overtaken(bench.marks)
    bench.intake = bench.fresh(kept_letters=1)
    for number in range(4):
        bench.push([UNKNOWN | {"value": number, "time": f"2026-11-24T08:0{number}:00Z"}])
    bench.drain()
    bench.register(Point(9, "s/g", "E9", Kind.REGISTER, "kWh"))
    bench.intake.replay_dead_letters()
    (beyond,) = bench.store.dead_letters(None, state="open")
    assert bench.intake.reread()
    assert len(bench.rows()) == 4
    bench.store.discard(None, LetterCause(id=beyond.id))
    with pytest.raises(Conflict):
        bench.intake.reread()
    assert not bench.intake.reread()
    assert bench.store.dead_letter(beyond.id).state == "discarded"
