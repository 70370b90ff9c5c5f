"""A small world for the ledger: a registry, stores in memory and a clock that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger.worker import Ledger
from metering.book import BookRow, DirtyMark, SeriesKey
from metering.localtime import day_bounds, local_day
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.changes import marks_of_change
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings

QUARTER_US = 900_000_000
HOUR_US = 3_600_000_000
DAY = date(2026, 3, 2)
ZONE = "Asia/Shanghai"


def columns(point: int, times: Sequence[int], values: Sequence[float], flag: int = 0):
    count = len(times)
    zeros = np.zeros(count, dtype=np.int64)
    return ReadingColumns(
        np.full(count, point, dtype=np.int64),
        np.asarray(times, dtype=np.int64),
        np.asarray(values, dtype=np.float64),
        np.full(count, flag, dtype=np.int16),
        zeros,
        np.arange(count, dtype=np.int64),
        zeros,
        zeros,
        zeros,
    )


def campus(
    meters: Sequence[Meter],
    *,
    kinds: dict[str, Kind] | None = None,
    edges: Sequence[tuple[str, str]] = (("o", "b"),),
    supply: Sequence[tuple[str, str]] = (),
    installations: Sequence[Installation] = (),
    zone: str = ZONE,
    digits: int | None = None,
    signed: bool = False,
    version: int = 1,
) -> Registry:
    """Institution `o` with buildings; each meter has a point of its own, numbered from 1,
    unless installations are given."""
    kinds = kinds or {}
    nodes = {"o": Node("o", NodeType.INSTITUTION, zone=zone)}
    for parent, child in edges:
        nodes.setdefault(parent, Node(parent, NodeType.BUILDING))
        nodes.setdefault(child, Node(child, NodeType.BUILDING))
    points = {
        n: Point(n, "o/g", m.code, kinds.get(m.code, Kind.REGISTER), m.unit)
        for n, m in enumerate(meters, start=1)
    }
    for one in installations:
        points.setdefault(one.point, Point(one.point, "o/g", f"p{one.point}", Kind.REGISTER, "kWh"))
    own = tuple(
        Installation(m.code, n, digits=digits, signed=signed) for n, m in enumerate(meters, start=1)
    )
    return Registry(
        version=version,
        nodes=nodes,
        space=tuple(SpaceEdge(parent, child) for parent, child in edges),
        meters={m.code: m for m in meters},
        supply=tuple(SupplyEdge(source, fed) for source, fed in supply),
        points=points,
        installations=tuple(installations) or own,
    )


def meter(code: str, item: str = "01000", node: str = "b", **more) -> Meter:
    more.setdefault("max_per_hour", Decimal(60))
    return Meter(code, node, item, **more)


@dataclass
class World:
    """Everything around one ledger."""

    registry: Registry
    now_us: int
    marks: MemoryMarks = field(default_factory=MemoryMarks)
    readings: MemoryReadings = field(default_factory=MemoryReadings)

    def __post_init__(self) -> None:
        self.books = MemoryBooks(self.marks)
        self.restart()

    def restart(self) -> None:
        """A process that knows nothing takes over."""
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: self.registry, lambda: self.now_us
        )

    def push(self, point: int, times, values, flag: int = 0) -> None:
        """Readings arrive: marked dirty, then stored."""
        if len(times) == 0:
            return
        rows = columns(point, times, values, flag)
        mark = DirtyMark(point, int(min(times)), int(max(times)))
        self.readings.upsert(rows)
        self.marks.mark([mark], writer_no=1, ready=True)

    def change(self, registry: Registry) -> None:
        """The registry changes: marked dirty as a registry store does."""
        changed = marks_of_change(self.registry, registry)
        self.registry = registry
        self.marks.mark(changed, writer_no=0, ready=True)

    def key(self, kind: str, code: str, item: str = "01000") -> SeriesKey:
        return SeriesKey("o", kind, code, item)

    def rows(self, kind: str, code: str, item: str = "01000") -> list[BookRow]:
        return self.books.rows([self.key(kind, code, item)], date(2000, 1, 1), date(2100, 1, 1))

    def all_rows(self) -> dict[tuple[SeriesKey, date], BookRow]:
        found = self.books.rows(self.books.series("o"), date(2000, 1, 1), date(2100, 1, 1))
        return {(row.key, row.day): row for row in found}

    def totals(self, kind: str, code: str, item: str = "01000") -> dict[date, int | None]:
        return {row.day: row.total for row in self.rows(kind, code, item)}

    def kinds(self) -> list[str]:
        return [event.kind for event in self.books.events("o", 0, 2**62)]


def midnight(day: date = DAY, zone: str = ZONE) -> int:
    return day_bounds(day, zone)[0]


def later(days: int, day: date = DAY, zone: str = ZONE) -> int:
    """Noon of the day so many days after, well past every settling."""
    return midnight(day + timedelta(days=days), zone) + 12 * HOUR_US


def quarters(count: int, start: int | None = None) -> np.ndarray:
    return (midnight() if start is None else start) + np.arange(count) * QUARTER_US


def assert_same_rows(left: World, right: World) -> None:
    one, two = left.all_rows(), right.all_rows()
    assert one.keys() == two.keys()
    for place, row in one.items():
        other = two[place]
        assert row.same_content(other), (
            place,
            row.total,
            other.total,
            row.day_shares.tolist(),
            other.day_shares.tolist(),
            row.spill,
            other.spill,
        )
    events = [w.books.events("o", 0, 2**62) for w in (left, right)]
    assert events[0] == events[1]


@pytest.fixture
def helpers():
    """The functions above, since test files are not packages."""
    return __import__("types").SimpleNamespace(
        World=World,
        campus=campus,
        meter=meter,
        columns=columns,
        midnight=midnight,
        later=later,
        quarters=quarters,
        same=assert_same_rows,
        local_day=local_day,
        QUARTER_US=QUARTER_US,
        HOUR_US=HOUR_US,
        DAY=DAY,
        ZONE=ZONE,
    )
