"""Ledgers that share the institutions: each mark and each institution has one of them, and together
they book what one books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger import Ledger, Portion
from ledger.sharing import groups
from metering.book import DirtyMark, SeriesKey
from metering.bookhash import book_hash
from metering.localtime import day_bounds
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
from metering.registry.model import MeterFormula
from metering.shard import all_shards
from metering.validity import Validity
from storage import Stores, memory_stores
from storage.memory import MemoryReadings

ZONE = "Asia/Shanghai"
DAY = date(2026, 3, 2)
START = day_bounds(DAY, ZONE)[0]
HOUR_US = 3_600_000_000
NOW = START + 20 * 24 * HOUR_US
BODIES = [f"o{n}" for n in range(6)]


def registry(**more: Any) -> Registry:
    """Six institutions of a building, with a meter each, and one meter that is of none."""
    bodies = {one: Node(one, NodeType.INSTITUTION, zone=ZONE) for one in BODIES}
    houses = {f"h-{one}": Node(f"h-{one}", NodeType.BUILDING, zone=ZONE) for one in BODIES}
    nodes = {**bodies, **houses, "free": Node("free", NodeType.BUILDING, zone=ZONE)}
    at = [*(f"h-{one}" for one in BODIES), "free"]
    meters = {f"m-{node}": Meter(f"m-{node}", node, "01000", total=True) for node in at}
    known = Registry(
        version=1,
        nodes=nodes,
        space=tuple(SpaceEdge(one, f"h-{one}") for one in BODIES),
        meters=meters,
        points={n: Point(n, "s/g", m, Kind.REGISTER, "kWh") for n, m in enumerate(meters, 1)},
        installations=tuple(Installation(m, n) for n, m in enumerate(meters, 1)),
    )
    return replace(known, **more)


def test_institutions_without_anything_in_common_stand_alone() -> None:
    assert groups(registry()) == {one: one for one in ("", *BODIES)}


def joined(first: str, second: str, known: Registry) -> bool:
    found = groups(known)
    alone = {one for one in BODIES if found[one] == one}
    return found[first] == found[second] == min(first, second) and len(alone) == len(BODIES) - 1


def test_what_institutions_have_in_common_joins_them() -> None:
    plain = registry()
    moved = SpaceEdge("o2", "h-o5", valid=Validity(date(2026, 5, 1), None))
    until = SpaceEdge("o5", "h-o5", valid=Validity(None, date(2026, 5, 1)))
    edges = [edge for edge in plain.space if edge.child != "h-o5"]
    assert joined("o2", "o5", registry(space=(*edges, until, moved))), "a place in turn"
    halves = SpaceEdge("o2", "h-o5", "1/2"), SpaceEdge("o5", "h-o5", "1/2")
    assert joined("o2", "o5", registry(space=(*edges, *halves))), "a shared place"
    point = Installation("m-h-o2", 6)
    assert joined("o2", "o5", registry(installations=(*plain.installations, point))), "a point"
    formula = MeterFormula("m-h-o2", "m-h-o5 * 2")
    assert joined("o2", "o5", registry(formulas=(formula,))), "a formula"
    assert joined("o2", "o5", registry(supply=(SupplyEdge("m-h-o5", "m-h-o2"),))), "a feeder"


def test_a_change_elsewhere_moves_nobody() -> None:
    before = groups(registry())
    after = groups(registry(supply=(SupplyEdge("m-h-o0", "m-h-o1"),)))
    assert {one: after[one] for one in BODIES[2:]} == {one: before[one] for one in BODIES[2:]}


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_mark_and_each_series_has_one_owner(count: int) -> None:
    known = registry()
    marks = [DirtyMark(point, 0, 1) for point in (*known.points, 99)]
    marks += [
        DirtyMark(0, 0, 1, "registry 2", figure=SeriesKey(one, "node", code, "01000"))
        for one, code in [*((one, f"h-{one}") for one in BODIES), ("", "free"), ("gone", "")]
    ]
    keys = [SeriesKey(one, "meter", m, "01000") for m in known.meters for one in (*BODIES, "")]
    portions = [Portion(known, shard) for shard in all_shards(count)]
    for mark in marks:
        assert sum(portion.mark(mark) for portion in portions) == 1
    for key in keys:
        assert sum(portion.series(key) for portion in portions) == 1
    for node in known.nodes:
        assert sum(portion.node(node) for portion in portions) == 1


def test_who_books_a_meter_books_its_days_without_an_institution() -> None:
    """A place that is of an institution from a day on has days before."""
    late = SpaceEdge("o3", "h-o3", valid=Validity(date(2026, 5, 1), None))
    known = registry(space=(*(e for e in registry().space if e.child != "h-o3"), late))
    before = SeriesKey("", "meter", "m-h-o3", "01000")
    for shard in all_shards(7):
        portion = Portion(known, shard)
        assert portion.series(before) == portion.institution("o3")


class Noting:
    """A store of books that notes who commits for whom."""

    def __init__(self, books: Any, name: int, by: dict[str, set[int]]) -> None:
        self._books, self._name, self._by = books, name, by

    def __getattr__(self, asked: str) -> Any:
        return getattr(self._books, asked)

    def commit(self, institution: str, rows: Sequence[Any], **more: Any) -> int:
        if rows:
            self._by[institution].add(self._name)
        return int(self._books.commit(institution, rows, **more))


def ledgers(
    stores: Stores,
    readings: Any,
    count: int,
    by: dict[str, set[int]],
    now: Callable[[], int] = lambda: NOW,
) -> list[Ledger]:
    known = registry()
    return [
        Ledger(
            readings,
            Noting(stores.books, shard.index, by),  # type: ignore[arg-type]
            stores.marks,
            lambda: known,
            now,
            shard=shard,
        )
        for shard in all_shards(count)
    ]


@pytest.mark.parametrize("count", [2, 5])
def test_together_they_book_what_one_books(count: int) -> None:
    readings = MemoryReadings()
    rows = [
        (point, START + hour * HOUR_US, float(hour * point + hour % 3), 0, 1, hour, 0, 0, 0)
        for point in registry().points
        for hour in range(75)
    ]
    readings.upsert(ReadingColumns.of(rows))
    hashes = []
    for workers in (1, count):
        stores = memory_stores()
        by: dict[str, set[int]] = defaultdict(set)
        marks = [DirtyMark(p, START, START + 74 * HOUR_US) for p in (*registry().points, 99)]
        stores.marks.mark(marks, writer_no=1, ready=True)
        working = ledgers(stores, readings, workers, by)
        while stores.marks.waiting():
            done = [ledger.step() for ledger in working]
            assert any(one.marks for one in done), "a mark that nobody takes"
        hashes.append(book_hash(stores.books))
        assert by.keys() == {*BODIES, ""}
        assert all(len(names) == 1 for names in by.values())
        if workers > 1:
            assert len(set.union(*by.values())) > 1, "the work is shared"
    assert hashes[0] == hashes[1]


def test_a_day_that_ends_is_settled_by_its_owner() -> None:
    """Without a mark: each knows the days of its institutions that are not settled, also one that
    began only then."""
    readings, stores, clock = MemoryReadings(), memory_stores(), [START + 20 * HOUR_US]
    rows = [
        (point, START + hour * HOUR_US, float(hour * point), 0, 1, hour, 0, 0, 0)
        for point in registry().points
        for hour in range(20)
    ]
    readings.upsert(ReadingColumns.of(rows))
    marks = [DirtyMark(point, START, START + 19 * HOUR_US) for point in registry().points]
    stores.marks.mark(marks, writer_no=1, ready=True)
    running: dict[str, set[int]] = defaultdict(set)
    settling: dict[str, set[int]] = defaultdict(set)
    for ledger in ledgers(stores, readings, 3, running, lambda: clock[0]):
        ledger.step()
    assert all(stores.books.unsettled(one) for one in (*BODIES, ""))
    clock[0] = NOW
    for ledger in ledgers(stores, readings, 3, settling, lambda: clock[0]):
        ledger.step()
    assert not any(stores.books.unsettled(one) for one in (*BODIES, ""))
    assert settling == running
    assert all(len(names) == 1 for names in settling.values())
