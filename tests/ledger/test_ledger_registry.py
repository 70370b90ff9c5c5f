"""A change of the registry books what it touches and nothing else, as if all were booked anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.bookhash import book_hash, worth_hash
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.merge import merged
from metering.tariff import TariffRow
from storage.memory import MemoryReadings

DAY = date(2026, 3, 2)
DAYS = 5
TURNS = [None, *(DAY + timedelta(days=n) for n in range(1, DAYS))]
ITEMS = ["01000", "01A00", "01B00", "01B10"]
NODES = ["o", "b", "c", "f"]
METERS = ["m1", "m2", "m3", "m4", "m5"]


class Counted(MemoryReadings):
    """Readings that tell how many of which points were read."""

    def __init__(self):
        super().__init__()
        self.read = {}

    def _told(self, rows):
        for point, count in zip(*np.unique(rows.point, return_counts=True), strict=True):
            self.read[int(point)] = self.read.get(int(point), 0) + int(count)
        return rows

    def scan(self, *given):
        return self._told(super().scan(*given))

    def before(self, *given):
        return self._told(super().before(*given))

    def after(self, *given):
        return self._told(super().after(*given))


@st.composite
def validities(draw):
    start, end = draw(st.sampled_from(TURNS)), draw(st.sampled_from(TURNS))
    return Validity(start, end) if not (start and end) or start < end else Validity(end, None)


def prices(tariff, edge, valid, **named):
    return tuple(
        TariffRow(
            tariff,
            "01000",
            frozenset(range(1, 13)),
            "all",
            a,
            b,
            "p",
            Decimal(1),
            valid=valid,
            **named,
        )
        for a, b in ((0, edge), (edge, 1440))
    )


def base():
    """Institutions `o` (with b, c, f) and `p` (with q); no meters yet."""
    kinds = {"o": NodeType.INSTITUTION, "p": NodeType.INSTITUTION}
    nodes = {c: Node(c, kinds.get(c, NodeType.BUILDING)) for c in [*NODES, "p", "q"]}
    nodes |= {c: replace(nodes[c], zone="Asia/Shanghai") for c in ("o", "p")}
    space = (SpaceEdge("o", "b"), SpaceEdge("o", "c"), SpaceEdge("p", "q"))
    points = {n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in range(1, len(METERS) + 2)}
    gateways = {"o/g": Gateway("o", "g")}
    return Registry(nodes=nodes, space=space, gateways=gateways, points=points)


@st.composite
def edits(draw):
    """Some facts to be added to a registry or put in place of those of the same key."""
    wanted = Registry()
    for code in draw(st.lists(st.sampled_from(METERS), unique=True, max_size=3)):
        number = METERS.index(code) + 1
        one = Meter(
            code,
            draw(st.sampled_from([*NODES, "q"])),
            draw(st.sampled_from(ITEMS)),
            total=draw(st.booleans()),
            step_min=draw(st.sampled_from([15, 60])),
            max_per_hour=draw(st.sampled_from([None, Decimal(60)])),
            valid=draw(validities()),
            name_en=draw(st.sampled_from(["", "Library"])),
        )
        put = Installation(
            code,
            draw(st.sampled_from([number, number, 6])),
            draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(20)])),
            valid=draw(validities()),
        )
        wanted = replace(
            wanted,
            meters={**wanted.meters, code: one},
            installations=(*wanted.installations, put),
        )
    for child in draw(st.lists(st.sampled_from(["b", "c", "f", "q"]), unique=True, max_size=2)):
        parent = draw(st.sampled_from([c for c in ["o", "b", "c", "p"] if c != child]))
        edge = SpaceEdge(parent, child, valid=draw(validities()))
        wanted = replace(wanted, space=(*wanted.space, edge))
    if draw(st.booleans()):
        pair = draw(st.lists(st.sampled_from(METERS), unique=True, min_size=2, max_size=2))
        wanted = replace(wanted, supply=(SupplyEdge(*sorted(pair), draw(validities())),))
    if draw(st.booleans()):
        named = draw(st.sampled_from([{}, {"node": "b"}, {"node": "o"}, {"meter": "m2"}]))
        edge = draw(st.sampled_from([480, 600]))
        wanted = replace(
            wanted, tariff=prices("t" + "".join(named.values()), edge, Validity(), **named)
        )
    if draw(st.integers(0, 9)) == 0:
        zoned = replace(base().nodes["c"], zone="Asia/Kathmandu")
        wanted = replace(wanted, nodes={"c": zoned})
    return wanted


def applied(present, wanted):
    """As a store applies it, where it is a registry at all: meters that are named exist, and
    nothing stands above itself."""
    known = present.meters.keys() | wanted.meters.keys()
    wanted = replace(
        wanted,
        points=present.points,
        supply=tuple(e for e in wanted.supply if {e.source, e.fed} <= known),
        tariff=tuple(r for r in wanted.tariff if not r.meter or r.meter in known),
    )
    wanted = replace(
        wanted, space=tuple(e for e in wanted.space if not _circle(present, wanted, e))
    )
    return merged(present, wanted)


def _circle(present, wanted, edge):
    edges = {(e.parent, e.child) for e in (*present.space, *wanted.space)}
    above, fresh = set(), {edge.parent}
    while fresh:
        above |= fresh
        fresh = {p for p, c in edges if c in fresh} - above
    return edge.child in above


def pushed(world, helpers, gaps):
    for point in world.registry.points:
        times = helpers.quarters(96 * DAYS + 1)
        kept = np.array([(n * 7 + point * 13) % 11 >= gaps for n in range(len(times))])
        values = np.cumsum((np.arange(len(times)) * point) % 5).astype(float)
        rows = helpers.columns(point, times[kept], values[kept])
        world.readings.upsert(rows)


def booked(helpers, registry, gaps):
    """All readings under a registry, booked at once."""
    world = helpers.World(registry, helpers.later(DAYS + 2))
    world.readings = Counted()
    world.__post_init__()
    pushed(world, helpers, gaps)
    world.ledger.rebuild()
    return world


def settle(world):
    while world.marks.waiting():
        world.ledger.step()


def hashes(world):
    return {
        body: (book_hash(world.books, institution=body), worth_hash(world.books, institution=body))
        for body in ("o", "p", "")
    }


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(edits(), min_size=1, max_size=3), edits(), st.sampled_from([0, 2]))
def test_a_change_books_what_a_fresh_booking_would(helpers, befores, change, gaps):
    registry = replace(base(), version=1)
    for one in befores:
        registry = applied(registry, one)
    world = booked(helpers, registry, gaps)
    after = applied(registry, change)
    before, told = settled(world), len(restatements(world))
    world.change(after)
    settle(world)
    fresh = booked(helpers, after, gaps)
    assert hashes(world) == hashes(fresh)
    assert len(restatements(world)) - told <= differing(before, settled(world))


def settled(world):
    return {(row.key, row.day): row for row in world.books.digest_rows()}


def restatements(world):
    return [one for body in ("o", "p", "") for one in world.books.restatements(body, limit=10**6)]


def differing(before, after):
    """Rows that are others than before: each is told once at most."""
    return sum(1 for place, row in before.items() if not row.same_content(after[place]))
