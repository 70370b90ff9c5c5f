"""Upserts that were given up and done later: whatever they put back is put right again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings
from prometheus_client import CollectorRegistry

from collector.intake import Intake, IntakeMetrics
from collector.intake.doubts import APART_US, LATE_US, LOOKS_S, MOST, due_us, looked, raised
from collector.journal import Record
from ledger import Ledger
from metering.book import BookRow
from metering.bookhash import book_hash
from metering.errors import OutcomeUnknown, Unavailable
from metering.intake import WriteDoubt
from metering.localtime import HOUR_US, day_bounds, local_day, parse_instant
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from storage import memory_stores
from storage.memory import MemoryReadings
from tests.collector.intake.conftest import MemoryJournal

START_US = parse_instant("2026-11-24T08:00:00+08:00")
DAY = local_day(START_US, "Asia/Shanghai") - timedelta(1)
DAY_US = day_bounds(DAY, "Asia/Shanghai")[0]
MINUTE_US = 60_000_000
SECOND_US = 1_000_000
WRITERS = (1, 2)

REGISTRY = Registry(
    version=1,
    nodes={
        "o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai"),
        "s": Node("s", NodeType.SITE),
    },
    space=(SpaceEdge("o", "s"),),
    gateways={"s/g": Gateway("s", "g")},
    meters={"m": Meter("m", "s", "01000", total=True, step_min=60)},
    points={1: Point(1, "s/g", "E1", Kind.REGISTER, "kWh")},
    installations=(Installation("m", 1),),
)


class LateReadings(MemoryReadings):
    """What an upsert wrote may be done later, though it was given up."""

    lands_late = True

    def __init__(self) -> None:
        super().__init__()
        self.next: str = ""
        self.held: list[tuple[int, ReadingColumns]] = []
        self.now_us: Callable[[], int] = lambda: 0

    def upsert(self, rows: ReadingColumns) -> None:
        fails, self.next = self.next, ""
        if fails == "":
            super().upsert(rows)
            return
        if fails == "refused":
            raise Unavailable("refused")
        self.held.append((self.now_us(), rows))
        if fails == "killed":
            raise Killed
        raise OutcomeUnknown("no answer")

    def land(self, number: int, part: slice = slice(None)) -> None:
        """Do one of those that are held, or a part of it."""
        _, rows = self.held.pop(number)
        super().upsert(rows.take(np.arange(len(rows))[part]))


class Killed(Exception):
    """The process ends here."""


@dataclass
class World:
    """An intake and a ledger over stores in memory, and what is done to them."""

    now_us: int = START_US
    readings: MemoryReadings = field(default_factory=LateReadings)
    registry: Registry = REGISTRY

    def __post_init__(self) -> None:
        self.stores, self.journal = memory_stores(), MemoryJournal()
        if isinstance(self.readings, LateReadings):
            self.readings.now_us = lambda: self.now_us
        self.counters = CollectorRegistry()
        self.restart()

    def restart(self) -> None:
        """As after the end of the process."""
        now_us, known = lambda: self.now_us, lambda: self.registry
        self.counters = CollectorRegistry()
        self.intake = Intake(
            self.journal,
            self.readings,
            self.stores.intake,
            self.stores.marks,
            known,
            now_us,
            limit=2,
            metrics=IntakeMetrics(self.counters),
            kept_letters=2,
        )
        self.begin_ledger()

    def begin_ledger(self) -> None:
        """A ledger that remembers nothing."""
        now_us, known = lambda: self.now_us, lambda: self.registry
        self.ledger = Ledger(self.readings, self.stores.books, self.stores.marks, known, now_us)

    def push(
        self, seq: int, readings: Sequence[tuple[int, float]], writer_no: int = 1, point: str = "E1"
    ) -> None:
        """A message with readings of hours of the day that is over."""
        self.now_us += 1
        found = [
            {"point": point, "time": (DAY_US + hour * HOUR_US) // 1000, "value": value}
            for hour, value in readings
        ]
        body = json.dumps({"session": 1, "seq": seq, "readings": found}).encode()
        topic = "greenoffice/v1/s/g/readings"
        record = Record("message", self.now_us, "s/g", "c", "1", topic, body, 1)
        self.journal.records.setdefault(writer_no, []).append(record)

    def untimed(self, value: float, packet_id: int, *, dup: bool, writer_no: int = 1) -> None:
        """A message whose reading goes by its arrival."""
        self.now_us += 1
        body = json.dumps({"readings": [{"point": "E1", "value": value}]}).encode()
        topic = "greenoffice/v1/s/g/readings"
        self.journal.records.setdefault(writer_no, []).append(
            Record("message", self.now_us, "s/g", "c", "1", topic, body, 1, dup, packet_id)
        )

    def step(self, writer_no: int = 1) -> bool:
        return bool(self.intake.step(writer_no).records)

    def drain(self) -> None:
        """Take in and book all there is."""
        for writer_no in self.journal.writers():
            while self.step(writer_no):
                pass
        while self.intake.reread():
            pass
        self.book()

    def book(self) -> None:
        while self.ledger.step().marks:
            pass

    def looks(self, *, waits: bool = False) -> int:
        """All that is due now; how many batches that was."""
        return sum(1 for _ in iter(lambda: self.intake.look(waits=waits), False))

    def settle(self) -> None:
        """Every look to the last one."""
        self.drain()
        for _ in range(20):
            if not self.stores.intake.doubts():
                break
            self.now_us += LOOKS_S[0] * SECOND_US * 10
            self.looks()
        assert self.stores.intake.doubts() == []
        self.book()

    def values(self) -> dict[int, float]:
        """By hour of the day."""
        found = self.readings.scan([1], DAY_US, DAY_US + 25 * HOUR_US)
        hours = (found.time_us - DAY_US) // HOUR_US
        return dict(zip(hours.tolist(), found.value.tolist(), strict=True))

    def stored(self) -> list[Any]:
        found = self.readings.scan(list(self.registry.points), 0, 2**62)
        return list(zip(*(column.tolist() for column in vars(found).values()), strict=True))

    def told(self) -> Any:
        """What people see of the intake: nothing of it is a look's."""
        store = self.stores.intake
        letters = store.dead_letters(None, limit=1000)
        return [one.counts for one in store.gateways()], [(x.id, x.seen, x.state) for x in letters]

    def mended(self) -> float:
        return self.counters.get_sample_value("greenoffice_intake_mended_readings_total") or 0.0

    def row(self) -> BookRow:
        (key,) = [key for key in self.stores.books.series("o") if key.kind == "meter"]
        return self.stores.books.rows([key], DAY, DAY)[0]


HOURLY = [(hour, hour * 0.8) for hour in range(25)]


def given_up(world: World, seq: int, readings: Sequence[tuple[int, float]]) -> None:
    """A message whose upsert is held; the next try stores it."""
    world.push(seq, readings)
    assert isinstance(world.readings, LateReadings)
    world.readings.next = "unknown"
    with pytest.raises(OutcomeUnknown):
        world.step()
    assert world.step()


def late() -> tuple[World, LateReadings]:
    world = World()
    assert isinstance(world.readings, LateReadings)
    return world, world.readings


def test_a_late_write_is_put_right_at_the_next_look() -> None:
    """20.0 over 25.0: readings and books, the day restated where it was told wrong meanwhile."""
    world, readings = late()
    world.push(0, HOURLY)
    world.drain()
    given_up(world, 1, [(24, 20.0)])
    world.push(2, [(24, 25.0)])
    world.drain()
    right, told = world.row(), world.told()
    assert world.values()[24] == 25.0

    readings.land(0)
    assert world.values()[24] == 20.0
    world.begin_ledger()  # the one before was not told of it, and keeps what it read
    world.push(3, [(12, 9.7)])
    world.drain()
    assert (world.row().total, right.total) == (20_000_000, 25_000_000)
    world.stores.books.tell("o", [world.row()])
    assert world.looks() == 0

    world.now_us += LOOKS_S[0] * SECOND_US
    assert world.looks() > 0
    assert world.values()[24] == 25.0
    world.book()
    assert world.row().total == 25_000_000
    told_of = [one for _, one in world.stores.books.restatements("o") if one.key == right.key]
    assert [(one.old_total, one.new_total) for one in told_of] == [
        *((19_200_000, 20_000_000), (20_000_000, 25_000_000))
    ]
    assert world.mended() == 1
    assert world.told()[0][0].corrections == told[0][0].corrections + 1  # seq 3
    world.settle()
    assert world.mended() == 1


def test_nothing_wrong_costs_reads_alone() -> None:
    world, _ = late()
    world.push(0, HOURLY)
    given_up(world, 1, [(24, 25.0)])
    world.untimed(7.0, 3, dup=False)
    world.untimed(7.0, 3, dup=True)
    world.push(9, [(1, 1.0)], point="nobody")
    world.drain()
    before = world.stored(), world.told(), world.stores.marks.waiting()
    world.settle()
    assert (world.stored(), world.told(), world.stores.marks.waiting()) == before
    assert world.mended() == 0


@pytest.mark.parametrize("writer_no", WRITERS)
def test_a_process_that_was_killed_amid_a_write_is_doubted_too(writer_no: int) -> None:
    """Nobody could note it; the correction may come in over another way."""
    world, readings = late()
    world.push(0, HOURLY)
    world.push(0, [(3, 3.0)], writer_no=2)
    world.drain()
    world.settle()
    world.push(1, [(24, 20.0)])
    readings.next = "killed"
    with pytest.raises(Killed):
        world.step()
    world.restart()
    world.drain()
    assert world.intake.doubtful_writes == 0
    world.push(2, [(24, 25.0)], writer_no=writer_no)
    world.drain()
    readings.land(0)
    world.now_us += LOOKS_S[0] * SECOND_US
    world.looks()
    assert world.values()[24] == 25.0


def test_a_doubt_outlives_its_process() -> None:
    world, readings = late()
    world.push(0, HOURLY)
    given_up(world, 1, [(24, 20.0)])
    world.push(2, [(24, 25.0)])
    world.drain()
    world.now_us += 50 * MINUTE_US
    world.restart()
    world.drain()
    readings.land(0)
    assert world.intake.doubtful_writes == 1
    world.looks()
    assert world.values()[24] == 25.0


def test_a_rebuild_forgets_no_doubt() -> None:
    world, readings = late()
    world.push(0, HOURLY)
    given_up(world, 1, [(24, 20.0)])
    world.push(2, [(24, 25.0)])
    world.drain()
    world.intake.rebuild()
    readings.land(0)
    assert world.values()[24] == 20.0
    world.settle()
    assert world.values()[24] == 25.0


def test_it_is_noted_before_anything_more_is_written() -> None:
    """Also where the store of the doubts is away at first."""
    world, readings = late()
    world.push(0, HOURLY)
    world.drain()
    world.push(1, [(24, 20.0)])
    readings.next = "unknown"
    with pytest.raises(OutcomeUnknown):
        world.step()
    assert world.intake.doubtful_writes == 1
    keep, asked = world.stores.intake.keep_doubt, []

    def away(doubt: WriteDoubt) -> None:
        asked.append(doubt)
        raise Unavailable("away")

    world.stores.intake.keep_doubt = away  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(Unavailable):
            world.step()
    assert (len(asked), world.values()[24]) == (2, HOURLY[24][1])
    world.stores.intake.keep_doubt = keep  # type: ignore[method-assign]
    assert world.step()
    (doubt,) = world.stores.intake.doubts()
    assert (doubt.writes, doubt.place(1)) == (1, (0, 0))


def test_a_look_that_breaks_off_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marks of what it wrote become ready, though nothing more comes of that writer."""
    world, readings = late()
    world.push(0, HOURLY)
    given_up(world, 1, [(24, 20.0)])
    world.push(2, [(24, 25.0)])
    world.drain()
    readings.land(0)
    world.now_us += LOOKS_S[0] * SECOND_US
    commit = world.stores.intake.commit

    def down(_: object) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(world.stores.intake, "commit", down)
    with pytest.raises(Unavailable):
        world.looks()
    monkeypatch.setattr(world.stores.intake, "commit", commit)
    assert world.values()[24] == 25.0
    assert world.stores.marks.ready() == []
    world.restart()
    world.looks()
    world.now_us += LOOKS_S[0] * SECOND_US
    world.looks()
    assert len(world.stores.marks.ready()) == 1


def test_the_write_of_a_look_may_be_doubtful_itself() -> None:
    world, readings = late()
    world.push(0, HOURLY)
    given_up(world, 1, [(24, 20.0)])
    world.push(2, [(24, 25.0)])
    world.drain()
    readings.land(0)
    world.now_us += LOOKS_S[0] * SECOND_US
    readings.next = "unknown"
    with pytest.raises(OutcomeUnknown):
        world.looks()
    world.looks()
    assert world.values()[24] == 25.0
    world.push(3, [(24, 26.0)])
    world.drain()
    readings.land(0)
    assert world.values()[24] == 25.0
    world.settle()
    assert world.values()[24] == 26.0


def test_a_look_waits_for_what_is_new_but_not_for_ever() -> None:
    world, _ = late()
    world.push(0, HOURLY)
    world.drain()
    world.now_us += LOOKS_S[0] * SECOND_US
    assert world.looks(waits=True) == 0
    world.now_us += LATE_US
    assert world.looks(waits=True) > 0


def test_a_replay_reaches_further_back() -> None:
    """A letter of before the doubt, taken in after it, over what the late write brings back."""
    world, readings = late()
    world.push(7, [(24, 25.0)], point="later")
    world.drain()
    world.settle()
    given_up(world, 1, [(24, 20.0)])
    named = Point(1, "s/g", "later", Kind.REGISTER, "kWh")
    world.registry = replace(world.registry, version=2, points={1: named})
    world.intake.replay_dead_letters()
    assert world.values()[24] == 25.0
    world.registry = REGISTRY
    readings.land(0)
    assert world.values()[24] == 20.0
    world.registry = replace(world.registry, version=3, points={1: named})
    world.settle()
    assert world.values()[24] == 25.0


def test_readings_of_a_file_are_in_no_doubt() -> None:
    world = World(readings=MemoryReadings())
    world.push(0, HOURLY)
    world.drain()
    assert (world.stores.intake.doubts(), world.intake.doubtful_writes) == ([], 0)
    assert world.looks() == 0


def test_what_fails_again_soon_belongs_to_the_same_doubt() -> None:
    first = raised((), {1: (5, 3), 2: (9, 0)}, 1, 100)
    assert first == WriteDoubt(100, 100, {1: (5, 3), 2: (9, 0)}, 1)
    again = raised((replace(first, looks=2),), {1: (5, 2), 2: (9, 9)}, 1, 100 + APART_US - 1)
    assert again == WriteDoubt(100, 99 + APART_US, {1: (5, 2), 2: (9, 0)}, 2)
    later = raised((again,), {1: (6, 0)}, 1, 100 + APART_US)
    assert later == WriteDoubt(100 + APART_US, 100 + APART_US, {1: (6, 0)}, 1)


@given(st.lists(st.sampled_from([0, 1, APART_US - 1, APART_US, 2 * APART_US]), max_size=60))
@example([APART_US] * 30)
def test_there_are_never_many_doubts(pauses: list[int]) -> None:
    """And the earliest place of each is kept, however many failures there are."""
    known: dict[int, WriteDoubt] = {}
    now_us = 0
    for number, pause in enumerate(pauses):
        now_us += pause
        kept = raised([known[n] for n in sorted(known)], {1: (1, number)}, 1, now_us)
        known[kept.since_us] = kept
    assert len(known) <= MOST
    assert sum(doubt.writes for doubt in known.values()) == len(pauses)
    if known:
        assert min(doubt.place(1) for doubt in known.values()) == (1, 0)


def test_looks_that_were_missed_are_made_at_once() -> None:
    doubt = WriteDoubt(0, 0, {})
    assert due_us(doubt, 5) == LOOKS_S[0] * SECOND_US
    after = looked(doubt, (LOOKS_S[1] + 1) * SECOND_US, (LOOKS_S[1] + 9) * SECOND_US)
    assert after == replace(doubt, looks=2)
    assert looked(doubt, LOOKS_S[-1] * SECOND_US, LOOKS_S[-1] * SECOND_US) is None
    renewed = replace(doubt, last_us=LOOKS_S[-1] * SECOND_US)
    assert looked(renewed, LOOKS_S[-1] * SECOND_US - 1, LOOKS_S[-1] * SECOND_US) == renewed


def test_a_clock_that_is_put_back_ends_no_doubt_and_keeps_none_for_ever() -> None:
    doubt = WriteDoubt(10**9, 10**9, {}, looks=3)
    assert due_us(doubt, 500) == 500
    assert looked(doubt, 400, 500) == replace(doubt, last_us=500, looks=0)


Action = tuple[Any, ...]
values = st.lists(
    st.tuples(st.integers(0, 24), st.integers(0, 40).map(float)),
    max_size=4,
    unique_by=lambda r: r[0],
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 30), values, st.sampled_from(WRITERS)),
        st.tuples(st.just("push"), st.integers(0, 30), values, st.sampled_from(WRITERS)),
        st.tuples(st.just("untimed"), st.integers(1, 2), st.booleans(), st.sampled_from(WRITERS)),
        st.tuples(st.just("step"), st.sampled_from(WRITERS)),
        st.tuples(st.just("fail"), st.sampled_from(["unknown", "killed", "refused"])),
        st.tuples(st.just("land"), st.integers(0, 3), st.sampled_from([None, 0, 1])),
        st.tuples(st.just("wait"), st.integers(1, 1_200)),
        st.tuples(st.just("look")),
        st.tuples(st.just("book")),
        st.tuples(st.just("restart")),
    ),
    min_size=5,
    max_size=60,
)


def act(world: World, readings: LateReadings, action: Action, seen: set[int]) -> None:
    """One thing that happens; a process that is killed starts again."""
    name, *told = action
    try:
        if name == "push":
            seq, rows, writer_no = told
            world.push(seq if seq not in seen else seq + 100, rows, writer_no)
            seen.add(seq)
        elif name == "untimed":
            packet_id, dup, writer_no = told
            world.untimed(5.0, 10 * writer_no + packet_id, dup=dup, writer_no=writer_no)
        elif name == "step":
            world.step(told[0])
        elif name == "fail":
            readings.next = told[0]
        elif name == "land" and readings.held:
            readings.land(told[0] % len(readings.held), slice(told[1], None))
        elif name == "wait":
            world.now_us += told[0] * SECOND_US
            readings.held = [
                one for one in readings.held if world.now_us - one[0] < 3_000 * SECOND_US
            ]
        elif name == "look":
            world.looks()
        elif name == "book":
            world.book()
        elif name == "restart":
            world.restart()
    except Unavailable:
        pass
    except Killed:
        world.restart()


@given(actions, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_whatever_is_done_late_comes_to_the_same(happens: list[Action], random: Any) -> None:
    """Readings and books of a server that may do any failed write at any later moment, before the
    last look, are those of an undisturbed run."""
    world, readings = late()
    plain = World(readings=MemoryReadings())
    seen: set[int] = set()
    for action in [("push", 0, HOURLY, 1), *happens]:
        act(world, readings, action, seen)
    readings.next = ""
    world.drain()
    while readings.held:
        readings.land(random.randrange(len(readings.held)))
    told = world.told()
    world.settle()
    assert world.told() == told
    plain.journal, plain.now_us = world.journal, world.now_us
    plain.restart()
    plain.drain()
    assert world.stored() == plain.stored()
    assert book_hash(world.stores.books) == book_hash(plain.stores.books)
