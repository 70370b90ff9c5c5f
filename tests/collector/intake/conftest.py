"""An intake over a journal in memory and the in-memory stores."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from collector.intake import Intake
from collector.journal.record import Located, Record
from metering.errors import NotFound
from metering.localtime import parse_instant
from metering.reading import Kind, ReadingColumns
from metering.registry import Gateway, Installation, Meter, Node, NodeType, Point, Registry
from storage.memory import MemoryIntake, MemoryMarks, MemoryReadings

NOW_US = parse_instant("2026-11-24T08:15:02Z")

POINTS = (
    Point(1, "s/g", "E1", Kind.REGISTER, "kWh", low=0.0, high=1e6),
    Point(2, "s/g", "T1", Kind.INSTANT, "C", low=-40.0, high=60.0),
    Point(3, "s/g", "W1", Kind.REGISTER, "m3"),
    Point(4, "s/h", "E1", Kind.REGISTER, "kWh"),
)

REGISTRY = Registry(
    version=1,
    nodes={"s": Node("s", NodeType.SITE)},
    gateways={"s/g": Gateway("s", "g"), "s/h": Gateway("s", "h")},
    meters={"m": Meter("m", "s", "01000"), "w": Meter("w", "s", "02000")},
    points={point.id: point for point in POINTS},
    installations=(
        Installation("m", 1, Decimal(20), 6, "kWh"),
        Installation("w", 3, Decimal(1), 8, "L"),
    ),
)


class MemoryJournal:
    """Records by writer, in segments of so many each."""

    a_segment = 1 << 30

    def __init__(self) -> None:
        self.records: dict[int, list[Record]] = {}

    def writers(self) -> list[int]:
        return sorted(self.records)

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        start = max((segment & 0xFFFFFF) - 1, 0) * self.a_segment + offset
        found = self.records.get(writer_no, [])[start : start + limit]
        return [Located(*self._place(writer_no, at), one) for at, one in enumerate(found, start)]

    def segments(self) -> list[int]:
        lengths = {writer_no: len(records) for writer_no, records in self.records.items()}
        places = [self._place(no, at)[0] for no in sorted(lengths) for at in range(lengths[no])]
        return sorted(set(places))

    def record(self, segment: int, offset: int) -> Record:
        found = self.read(segment >> 24, segment, offset, 1)
        if not found or found[0][:2] != (segment, offset):
            raise NotFound("no such record")
        return found[0].record

    def _place(self, writer_no: int, at: int) -> tuple[int, int]:
        return writer_no << 24 | 1 + at // self.a_segment, at % self.a_segment


class Bench:
    """What a test pushes in, and what it finds."""

    now_us = NOW_US

    def __init__(self, **intake: Any) -> None:
        self.journal = MemoryJournal()
        self.readings = MemoryReadings()
        self.marks = MemoryMarks()
        self.store = MemoryIntake(self.marks)
        self.registry = REGISTRY
        self.intake = self.fresh(**intake)

    def fresh(self, **options: Any) -> Intake:
        """An intake as after a restart of the process."""
        return Intake(
            self.journal,
            self.readings,
            self.store,
            self.marks,
            lambda: self.registry,
            lambda: NOW_US,
            **options,
        )

    def push(
        self,
        payload: bytes | list[dict[str, Any]] | dict[str, Any],
        *,
        writer_no: int = 1,
        **record: Any,
    ) -> None:
        """Journal one message; a list is a list of readings."""
        if isinstance(payload, list):
            payload = {"readings": payload}
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        plain = Record(
            "message", NOW_US, "s/g", "client", "conn", "greenoffice/v1/s/g/readings", payload
        )
        records = self.journal.records.setdefault(writer_no, [])
        fields = {name: getattr(plain, name) for name in Record.__struct_fields__}
        records.append(Record(**(fields | record)))

    def register(self, *points: Point) -> None:
        """Add points to the registry."""
        added = {point.id: point for point in points}
        self.registry = replace(self.registry, points=self.registry.points | added)

    def drain(self, writer_no: int = 1) -> None:
        """Step to the end of the journal."""
        while self.intake.step(writer_no).records:
            pass

    def rows(self) -> list[tuple[int, int, float, int]]:
        """(point, time_us, value, flag) of all that is stored."""
        found = self.stored()
        columns = (found.point, found.time_us, found.value, found.flag)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def stored(self) -> ReadingColumns:
        """All that is stored, sorted."""
        return self.readings.scan(list(self.registry.points), -(2**62), 2**62)

    def reasons(self, state: str | None = "open") -> list[tuple[str, int]]:
        """(reason, index) of the dead letters, oldest first."""
        found = self.store.dead_letters(None, state=state)
        return [(letter.reason, letter.index) for letter in reversed(found)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def make_bench() -> Callable[..., Bench]:
    """For laws, which need a new one for each example."""
    return Bench
