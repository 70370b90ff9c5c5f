"""A small world for both implementations: a ledger over stores in memory, and the exported file of
the same registry and readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ledger.worker import Ledger
from metering.book import DirtyMark
from metering.localtime import day_bounds
from metering.reading import ENTERED_ORDER, Flag, Kind, ReadingColumns
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
from recompute import RecomputedBooks
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings
from tests.two_books import differing_figures, journal, recomputed, sealed, viewed

ZONE = "Asia/Shanghai"
DAY = date(2026, 3, 2)
QUARTER_US = 900_000_000


def campus(meters, *, kinds=None, edges=(("o", "b"),), supply=(), zone=ZONE, **more) -> Registry:
    """Institution `o`; each meter has a point of its own, numbered from 1, unless installations
    are given."""
    kinds = kinds or {}
    nodes = {"o": Node("o", NodeType.INSTITUTION, zone=zone)}
    for parent, child in edges:
        nodes.setdefault(parent, Node(parent, NodeType.BUILDING))
        nodes.setdefault(child, Node(child, NodeType.BUILDING))
    installations = more.pop("installations", ())
    digits = more.pop("digits", None)
    points = {
        n: Point(n, "s/g", m.code, kinds.get(m.code, Kind.REGISTER), m.unit)
        for n, m in enumerate(meters, start=1)
    }
    for one in installations:
        points.setdefault(one.point, Point(one.point, "s/g", f"p{one.point}", Kind.REGISTER, "kWh"))
    own = tuple(Installation(m.code, n, digits=digits) for n, m in enumerate(meters, start=1))
    return Registry(
        version=1,
        nodes=nodes,
        space=tuple(SpaceEdge(parent, child) for parent, child in edges),
        meters={m.code: m for m in meters},
        supply=tuple(SupplyEdge(source, fed) for source, fed in supply),
        points=points,
        installations=tuple(installations) or own,
        **more,
    )


def meter(code: str, item: str = "01000", node: str = "b", **more) -> Meter:
    more.setdefault("max_per_hour", Decimal(60))
    return Meter(code, node, item, **more)


@dataclass
class World:
    """One ledger, and all that was sent to it."""

    registry: Registry
    days: int
    first: date = DAY
    marks: MemoryMarks = field(default_factory=MemoryMarks)
    readings: MemoryReadings = field(default_factory=MemoryReadings)
    sent: list[tuple[int, int, float, int]] = field(default_factory=list)
    """(point, time, value, first part of the order key)."""

    def __post_init__(self) -> None:
        self.books = MemoryBooks(self.marks)
        self.now_us = day_bounds(self.first + timedelta(days=self.days), ZONE)[1]
        self.now_us += 48 * 4 * QUARTER_US
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: self.registry, lambda: self.now_us
        )

    def push(self, point: int, times, values, *, entered: bool = False) -> None:
        """Readings arrive, or a person enters them, and are booked."""
        count = len(times)
        if not count:
            return
        zeros = np.zeros(count, dtype=np.int64)
        bounds = self.registry.points[point]
        array = np.asarray(values, dtype=np.float64)
        low = -np.inf if bounds.low is None else bounds.low
        high = np.inf if bounds.high is None else bounds.high
        flag = ((array < low) | (array > high)).astype(np.int16)
        flag |= int(Flag.ENTERED) * entered
        rows = ReadingColumns(
            np.full(count, point, dtype=np.int64),
            np.asarray(times, dtype=np.int64),
            array,
            flag,
            zeros,
            np.arange(count, dtype=np.int64),
            zeros,
            zeros,
            zeros,
        )
        self.readings.upsert(rows)
        self.marks.mark(
            [DirtyMark(point, int(min(times)), int(max(times)))], writer_no=1, ready=True
        )
        order = [ENTERED_ORDER if entered else 1] * count
        columns = ([point] * count, rows.time_us.tolist(), array.tolist(), order)
        self.sent += zip(*columns, strict=True)

    def book(self) -> None:
        """Everything that is dirty."""
        while self.ledger.step().marks:
            pass

    def lines(self, first: date | None = None, after: date | None = None):
        """The exported file, line by line."""
        begins, ends = first or self.first, after or self.first + timedelta(days=self.days)
        return journal(self.registry, self.sent, begins, ends, self.now_us)

    def recomputed(self, folder: Path, **span) -> RecomputedBooks:
        """The second implementation's books, from the file."""
        return recomputed(folder, self.lines(**span))

    def view(self):
        """What the platform tells of its books."""
        return viewed(self.books, self.registry, self.now_us)


def quarters(count: int, day: date = DAY, zone: str = ZONE) -> np.ndarray:
    return day_bounds(day, zone)[0] + np.arange(count) * QUARTER_US


@pytest.fixture
def helpers():
    """The functions above, since test files are not packages."""
    return SimpleNamespace(
        World=World,
        campus=campus,
        meter=meter,
        quarters=quarters,
        sealed=sealed,
        differences=differences,
        DAY=DAY,
        ZONE=ZONE,
        QUARTER_US=QUARTER_US,
    )


def differences(world: World, books: RecomputedBooks) -> list[str]:
    """Whatever the two implementations tell otherwise: energy, quality, money and events."""
    with world.view() as view:
        return differing_figures(world.books, view, books)
