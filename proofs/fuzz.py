"""Random registers and faults, booked in many ways: one content, and the laws it keeps."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np

from ledger import Ledger
from metering.book import BookRow, DirtyMark, SeriesKey
from metering.bookhash import book_hash
from metering.localtime import DAY_MIN, day_bounds
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from proofs.fuzz_worlds import FuzzedReading, Sequence, sequence
from proofs.steps import finish, say
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings

ZONE = "Asia/Shanghai"
FIRST, DAYS = date(2026, 3, 2), 5
START_US = day_bounds(FIRST, ZONE)[0]
NOW_US = day_bounds(FIRST + timedelta(days=DAYS + 3), ZONE)[0]
METER = SeriesKey("o", "meter", "m", "01000")
PER_WH = 1000
"""Book units [mWh] of what the truth is told in."""
MOST_TOLD = 10


@dataclass
class FuzzedLedger:
    """A ledger over stores in memory, and a clock that stands still."""

    registry: Registry
    marks: MemoryMarks = field(default_factory=MemoryMarks)
    readings: MemoryReadings = field(default_factory=MemoryReadings)

    def __post_init__(self) -> None:
        self.books = MemoryBooks(self.marks)
        self.restart()

    def restart(self) -> None:
        """A process that knows nothing takes over."""
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: self.registry, lambda: NOW_US
        )

    def push(self, sent: list[FuzzedReading]) -> None:
        """Readings arrive: marked, then stored."""
        times = [one.time_us for one in sent]
        rows = [(1, one.time_us, one.value, 0, 0, n, 0, 0, 0) for n, one in enumerate(sent)]
        self.readings.upsert(ReadingColumns.of(rows))
        self.marks.mark([DirtyMark(1, min(times), max(times))], writer_no=1, ready=True)

    def rows(self) -> list[BookRow]:
        """The meter's days."""
        return self.books.rows([METER], FIRST, FIRST + timedelta(days=DAYS - 1))

    @property
    def hash(self) -> str:
        """Of all days."""
        return book_hash(self.books)


def run_fuzz(seconds: float, seed: int) -> None:
    """Sequence after sequence for as long as is given; prints the tally, fails on any breach."""
    ends = time.monotonic() + seconds
    sequences = 0
    different: list[str] = []
    against: list[str] = []
    faults: Counter[str] = Counter()
    while time.monotonic() < ends:
        made = sequence(seed * 1_000_000 + sequences, START_US, DAYS)
        sequences += 1
        faults.update(made.faults or ["none"])
        whole = once(made)
        if unlike := [name for name, found in hashes(made).items() if found != whole.hash]:
            different.append(f"{made.seed} {'/'.join(unlike)} {'+'.join(made.faults)}")
        against += [f"{made.seed} {law} {'+'.join(made.faults)}" for law in broken(made, whole)]
        if sequences % 50 == 0:
            say(f"{sequences} sequences, {len(different)} different, {len(against)} broken")
    result: dict[str, Any] = {
        "sequences": sequences,
        "different": len(different),
        "law_broken": len(against),
        "faults": dict(sorted(faults.items())),
        "first": [*different[:MOST_TOLD], *against[:MOST_TOLD]],
        "seed": seed,
    }
    finish(result, bool(sequences) and not different and not against)


def hashes(made: Sequence) -> dict[str, str]:
    """Of the books that came about in other ways than in one piece, by way."""
    pieces = _batches(made)
    found = {"batches": pieces.hash}
    pieces.restart()
    pieces.ledger.rebuild()
    return found | {"rebuilt": pieces.hash, "shuffled": _batches(made, shuffled=True).hash}


def _registry(made: Sequence) -> Registry:
    limit = made.limit
    meter = Meter("m", "b", "01000", step_min=made.step_min, max_per_hour=limit)
    return Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone=ZONE),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        meters={"m": meter},
        points={1: Point(1, "o/g", "m", Kind.REGISTER, "kWh")},
        installations=(Installation("m", 1, digits=made.digits),),
    )


def once(made: Sequence) -> FuzzedLedger:
    """Booked in one piece."""
    world = FuzzedLedger(_registry(made))
    world.push(made.sent)
    world.ledger.step()
    return world


def _batches(made: Sequence, *, shuffled: bool = False) -> FuzzedLedger:
    """In pieces with restarts, some of them late or with a value that is put right afterwards."""
    rng = np.random.default_rng([made.seed, int(shuffled)])
    world, left = FuzzedLedger(_registry(made)), list(made.sent)
    if shuffled:
        left = [left[n] for n in rng.permutation(len(left))]
    while left:
        size = int(rng.integers(1, max(1, len(made.sent) // 3) + 1))
        piece, left = left[:size], left[size:]
        if rng.random() < 0.2:
            wrong = piece[int(rng.integers(len(piece)))]
            world.push(
                [FuzzedReading(wrong.time_us, wrong.value + float(rng.choice((-400.0, 5000.0))))]
            )
            world.ledger.step()
        world.push(piece)
        if rng.random() < 0.3:
            world.restart()
        world.ledger.step()
    return world


def broken(made: Sequence, world: FuzzedLedger) -> list[str]:
    """The laws that the books break."""
    slots = np.concatenate([row.finest.slots for row in world.rows()] or [np.zeros(0, np.int64)])
    if slots.size != DAYS * DAY_MIN // made.step_min:
        return [f"slots {slots.size}"]
    shares = np.concatenate([row.finest.shares for row in world.rows()])
    known = slots != ABSENT
    edges = np.arange(slots.size + 1) * made.step_min
    truth = np.diff(made.truth[edges]) * PER_WH
    sound = _sound(made, edges)
    measured = shares[:, MEASURED] == WHOLE
    found = []
    if (slots[known] < 0).any():
        found.append("negative")
    if any(
        row.total != row.finest.slots[row.finest.slots != ABSENT].sum()
        for row in world.rows()
        if row.total is not None
    ):
        found.append("total")
    if (sound & ~measured).any():
        found.append(f"lost {int((sound & ~measured).sum())}")
    if (sound & measured & (slots != truth)).any():
        found.append(f"wrong {int((sound & measured & (slots != truth)).sum())}")
    told = not {"stuck"} & set(made.faults)
    if told and (~sound & measured & (slots != truth)).any():
        found.append(f"measured {int((~sound & measured & (slots != truth)).sum())}")
    off = int(slots[known].sum()) - int(truth.sum())
    if made.keeps_total and off:
        found.append(f"energy {off / 1e6:+.3f} kWh")
    return found


def _sound(made: Sequence, edges: np.ndarray) -> np.ndarray:
    """(slots,) whether good readings bound a slot: none of it lies in a doubted stretch."""
    sound = np.ones(edges.size - 1, dtype=bool)
    for start, end in made.doubted:
        sound &= (edges[1:] <= start) | (edges[:-1] >= end)
    return sound
