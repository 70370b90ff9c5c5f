"""The platform in memory: messages in, figures out, in as many ways as books can come about."""

from __future__ import annotations

import itertools
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from collector.intake import Intake
from collector.journal.record import Located, Record
from figures import Energy, Figures, cost, energy
from ledger import Ledger
from metering.bookhash import book_hash
from metering.errors import GreenOfficeError
from metering.quality import MEASURED, WHOLE
from metering.registry.files import read_registry_texts
from proofs.faults.case import BUILDING, GATEWAY, SITE, FaultCase
from storage.memory import MemoryReadings
from storage.stores import memory_stores

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
SIZES = (1, 2, 5, 20, 60, 200)
"""Readings of a batch, at random."""
SEGMENT = 1 << 24 | 1


class NotExpressible(Exception):
    """The registry has no way to say what a case needs; its own words."""


class MessageRow(NamedTuple):
    """A reading on its way."""

    arrives: int
    seq: int
    stream: str
    stamp: int
    value: float


@dataclass(frozen=True, eq=False)
class Published:
    """What one way of booking tells of one meter or node."""

    energy: Energy
    days: list[int | None]
    cost: dict[str, Decimal]

    @property
    def measured(self) -> np.ndarray:
        """(n,) whether a slot is called measured, whole."""
        return np.asarray(self.energy.shares[:, MEASURED] == WHOLE)


class JournalInMemory:
    """All messages so far."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def writers(self) -> list[int]:
        """The only one."""
        return [1]

    def segments(self) -> list[int]:
        """The only one."""
        return [SEGMENT]

    def read(self, _: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Records from a place on."""
        assert segment in (0, SEGMENT)
        found = self.records[offset : offset + limit]
        return [Located(SEGMENT, at, one) for at, one in enumerate(found, offset)]

    def record(self, segment: int, offset: int) -> Record:
        """The record at a place."""
        assert segment == SEGMENT
        return self.records[offset]


class PlatformInMemory:
    """Intake, ledger and figures over stores in memory, with a clock that is told."""

    def __init__(self, case: FaultCase) -> None:
        self.case, self.now_us = case, case.origin_us
        self.journal, self.readings, self.stores = (
            JournalInMemory(),
            MemoryReadings(),
            memory_stores(),
        )
        self.restart()

    def restart(self) -> None:
        """Processes that know nothing take over."""
        registry = self.stores.registry.load
        self.intake = Intake(
            self.journal,
            self.readings,
            self.stores.intake,
            self.stores.marks,
            registry,
            lambda: self.now_us,
        )
        self.ledgers = [
            Ledger(
                self.readings, self.stores.books, self.stores.marks, registry, lambda: self.now_us
            )
            for _ in range(self.case.workers)
        ]

    def register(self, at_s: float) -> None:
        """The case's facts at some second; NotExpressible where the registry refuses them."""
        try:
            known = self.stores.registry.load()
            wanted = read_registry_texts(self.case.files(at_s), known)
        except GreenOfficeError as refused:
            raise NotExpressible(str(refused)) from refused
        self.stores.registry.apply(wanted, actor="case", now_us=self.now_us)

    def take(self, rows: list[MessageRow]) -> None:
        """Readings arrive; those of one number are one message."""
        part: list[MessageRow] = []
        for row in rows:
            if part and row.seq != part[0].seq:
                self._message(part)
                part = []
            part.append(row)
        if part:
            self._message(part)

    def _message(self, rows: list[MessageRow]) -> None:
        origin_ms = self.case.origin_us // 1000
        readings = [
            {"point": one.stream, "time": origin_ms + one.stamp * 1000, "value": one.value}
            for one in rows
        ]
        body = {"session": 1, "seq": rows[0].seq, "readings": readings}
        arrived = self.case.origin_us + max(one.arrives for one in rows) * SECOND_US
        topic = f"greenoffice/v1/{SITE}/g/readings"
        self.journal.records.append(
            Record("message", arrived, GATEWAY, "client", "c", topic, json.dumps(body).encode())
        )

    def work(self) -> None:
        """Take in and book until nothing is left."""
        while self.intake.step(1).records:
            pass
        self.intake.replay_dead_letters()
        for turn in range(50):
            done = self.ledgers[turn % len(self.ledgers)].step()
            if not done.marks and not self.stores.marks.waiting() and turn >= len(self.ledgers):
                return

    def rebuild(self) -> None:
        """Readings and books again from the messages."""
        self.intake.rebuild()
        self.work()
        self.ledgers[0].rebuild()
        self.work()

    @property
    def hash(self) -> str:
        """Of all books."""
        return book_hash(self.stores.books)

    def told(self) -> dict[str, Published]:
        """Of each meter, and of the building where it is judged."""
        case, registry = self.case, self.stores.registry.load
        codes = [one.code for one in case.meters] + [one.code for one in case.formulas]
        found: dict[str, Published] = {}
        with Figures(self.stores.books, registry, lambda: self.now_us).view() as view:
            for code in [*codes, *([BUILDING] if case.node else [])]:
                item = case.meters[0].item if code == BUILDING else None
                key = view.key_of(code, item)
                spent = cost(view, key, case.first, case.last).money if case.prices else ()
                found[code] = Published(
                    energy(view, key, case.first, case.last, "native"),
                    energy(view, key, case.first, case.last, "day").values(),
                    {one.currency: one.amount for one in spent},
                )
        return found


@dataclass(frozen=True)
class Way:
    """How books came about, their content and what they tell."""

    name: str
    hash: str
    told: dict[str, Published]


def ways(case: FaultCase, seed: int) -> Iterator[Way]:
    """The case booked in one piece, in random batches with restarts as readings arrive, and again
    from the messages; then the same of all readings shuffled."""
    rows = _rows(case)
    end_us = case.origin_us + max((case.seconds, *(r.arrives for r in rows))) * SECOND_US
    end_us += 4 * DAY_US
    yield _way("once", _once(case, rows, end_us))
    for shuffled in (False, True):
        rng = np.random.default_rng([zlib.crc32(case.name.encode()), seed, int(shuffled)])
        platform = _batches(case, rows, end_us, rng, shuffled=shuffled)
        yield _way("shuffled" if shuffled else "batches", platform)
        platform.rebuild()
        yield _way("shuffled, rebuilt" if shuffled else "rebuilt", platform)


def _way(name: str, platform: PlatformInMemory) -> Way:
    return Way(name, platform.hash, platform.told())


def _rows(case: FaultCase) -> list[MessageRow]:
    """All readings of all meters in the order of arrival."""
    rows = []
    for meter in case.meters:
        columns = zip(
            meter.arrives.tolist(),
            meter.seq.tolist(),
            meter.stream,
            meter.stamp.tolist(),
            (meter.value / meter.scale).tolist(),
            strict=True,
        )
        rows += [MessageRow(*one) for one in columns if one[-1] == one[-1]]
    return sorted(rows, key=lambda one: one.arrives)


def _phases(case: FaultCase, rows: list[MessageRow]) -> Iterator[tuple[list[MessageRow], float]]:
    """Rows with the second whose registry holds when they arrive."""
    for low, high in itertools.pairwise([-math.inf, *case.turns, math.inf]):
        yield [one for one in rows if low <= one.arrives < high], low


def _once(case: FaultCase, rows: list[MessageRow], end_us: int) -> PlatformInMemory:
    platform = PlatformInMemory(case)
    platform.now_us = end_us
    for part, at_s in _phases(case, rows):
        platform.register(at_s)
        platform.take(part)
        platform.work()
    return platform


def _batches(
    case: FaultCase,
    rows: list[MessageRow],
    end_us: int,
    rng: np.random.Generator,
    *,
    shuffled: bool,
) -> PlatformInMemory:
    """In pieces with a restart after each; where the order is kept the clock runs along."""
    platform = PlatformInMemory(case)
    sizes = SIZES if len(rows) < 1000 else tuple(one * (len(rows) // 500) for one in SIZES)
    for phase, at_s in _phases(case, rows):
        platform.register(at_s)
        part = [phase[n] for n in rng.permutation(len(phase))] if shuffled else phase
        while part:
            size = int(rng.choice(sizes))
            taken, part = part[:size], part[size:]
            platform.take(taken)
            arrived = case.origin_us + max(one.arrives for one in taken) * SECOND_US
            later = int(rng.choice((0, 60, 1800))) * SECOND_US
            platform.now_us = end_us if shuffled else max(platform.now_us, arrived + later)
            platform.work()
            platform.restart()
    platform.now_us = end_us
    platform.work()
    platform.work()
    return platform
