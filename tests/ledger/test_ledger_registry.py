"""A change of the registry books what it touches and nothing else, as if all were booked anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import Ledger
from metering.bookhash import book_hash, worth_hash
from metering.factor import Factor
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
from metering.validity import ALWAYS
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
    """As a store applies it, where it is a registry at all: meters that are named exist, two
    points do not serve one at the same time, and nothing stands above itself."""
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
    after = merged(present, wanted)
    if all(_one_at_a_time(after, meter) for meter in after.meters):
        return after
    return merged(present, replace(wanted, installations=()))


def _one_at_a_time(registry, meter):
    """Whether one point serves it at a time, as an import asks for."""
    spans = sorted(
        (one.valid.start or date.min, one.valid.end or date.max)
        for one in registry.installations_of(meter)
    )
    return all(end <= start for (_, end), (start, _) in pairwise(spans))


def _circle(present, wanted, edge):
    edges = {(e.parent, e.child) for e in (*present.space, *wanted.space)}
    above, fresh = set(), {edge.parent}
    while fresh:
        above |= fresh
        fresh = {p for p, c in edges if c in fresh} - above
    return edge.child in above


def pushed(world, helpers, gaps, silent):
    for point in world.registry.points.keys() - silent:
        times = helpers.quarters(96 * DAYS + 1)
        kept = np.array([(n * 7 + point * 13) % 11 >= gaps for n in range(len(times))])
        values = np.cumsum((np.arange(len(times)) * point) % 7).astype(float)
        rows = helpers.columns(point, times[kept], values[kept])
        world.readings.upsert(rows)


def booked(helpers, registry, gaps=0, silent=frozenset()):
    """All readings under a registry, booked at once; silent points have none."""
    world = helpers.World(registry, helpers.later(DAYS + 2))
    world.readings = Counted()
    world.__post_init__()
    pushed(world, helpers, gaps, silent)
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


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(edits(), max_size=2),
    edits(),
    st.sampled_from([0, 2]),
    st.frozensets(st.integers(1, 6), max_size=3),
)
def test_a_change_books_what_a_fresh_booking_would(helpers, befores, change, gaps, silent):
    registry = office()
    for one in befores:
        registry = applied(registry, one)
    world = booked(helpers, registry, gaps, silent)
    after = applied(registry, change)
    before, told = settled(world), len(restatements(world))
    world.change(after)
    settle(world)
    fresh = booked(helpers, after, gaps, silent)
    assert hashes(world) == hashes(fresh)
    assert len(restatements(world)) - told <= differing(before, settled(world))


def test_a_meter_that_leaves_a_place_is_counted_there_no_more_whoever_has_the_place_then(helpers):
    """The place comes below another institution in the same step: the one before is asked too."""
    moved = Registry(
        meters={"m1": Meter("m1", "f", "01000"), "m3": Meter("m3", "q", "01000")},
        space=(SpaceEdge("p", "f"),),
    )
    back = Registry(meters={"m1": Meter("m1", "o", "01000")}, space=(SpaceEdge("o", "f"),))
    before = applied(office(), moved)
    world, after = booked(helpers, before), applied(before, back)
    world.change(after)
    settle(world)
    assert hashes(world) == hashes(booked(helpers, after))


def settled(world):
    return {(row.key, row.day): row for row in world.books.digest_rows()}


def restatements(world):
    return [one for body in ("o", "p", "") for one in world.books.restatements(body, limit=10**6)]


def differing(before, after):
    """Rows that are others than before: each is told once at most."""
    return sum(1 for place, row in before.items() if not row.same_content(after[place]))


def office():
    """`o` with b (a total and two meters behind it) and c (one meter); everything has readings."""
    meters = [
        Meter("m1", "b", "01000", total=True),
        Meter("m2", "b", "01A00"),
        Meter("m3", "b", "01B00"),
        Meter("m4", "c", "01000"),
    ]
    return merged(
        base(),
        Registry(
            points=base().points,
            meters={one.code: one for one in meters},
            installations=tuple(Installation(m.code, n + 1) for n, m in enumerate(meters)),
        ),
    )


LAST = Validity(DAY + timedelta(days=3))
"""Days from the fourth one on."""
NOON = Validity(end=DAY + timedelta(days=3))


# The last reading is at the midnight after the last day: that day has a row that knows nothing.
@pytest.mark.parametrize(
    ("change", "read", "series", "days"),
    [
        pytest.param(
            lambda r: replace(
                r,
                nodes={**r.nodes, "b": replace(r.nodes["b"], name_en="B", area_m2=Decimal(9))},
                meters={**r.meters, "m2": replace(r.meters["m2"], name_zh="灯", dc_role="it")},
                factors=(Factor("01000", "kgco2", Decimal("0.5")),),
            ),
            set(),
            set(),
            0,
            id="names, areas, factors",
        ),
        pytest.param(
            lambda r: replace(
                r,
                meters={**r.meters, "m5": Meter("m5", "c", "01A00", valid=LAST)},
                installations=(*r.installations, Installation("m5", 5, valid=LAST)),
            ),
            {5},
            {"m5 01A00", "c 01000", "c 01A00", "o 01000", "o 01A00"},
            3,
            id="an added meter",
        ),
        pytest.param(
            lambda r: replace(r, meters={**r.meters, "m4": replace(r.meters["m4"], valid=NOON)}),
            set(),
            {"c 01000", "o 01000"},
            3,
            id="an end in the past",
        ),
        pytest.param(
            lambda r: replace(r, installations=(Installation("m4", 4, valid=NOON),)),
            {4},
            {"m4 01000", "c 01000", "o 01000"},
            2,
            id="a register that counts no more",
        ),
        pytest.param(
            lambda r: replace(
                r, space=(SpaceEdge("o", "c", valid=NOON), SpaceEdge("b", "c", valid=LAST))
            ),
            set(),
            {"o 01000"},
            3,
            id="a moved node behind a total",
        ),
        pytest.param(
            lambda r: replace(
                r, space=(SpaceEdge("o", "b", valid=NOON), SpaceEdge("c", "b", valid=LAST))
            ),
            set(),
            {"c 01000", "c 01A00", "c 01B00"},
            3,
            id="a moved node",
        ),
        pytest.param(
            lambda r: replace(r, meters={**r.meters, "m1": replace(r.meters["m1"], total=False)}),
            set(),
            {"b 01000", "o 01000"},
            6,
            id="a dropped total",
        ),
        pytest.param(
            lambda r: replace(r, supply=(SupplyEdge("m1", "m4", LAST),)),
            set(),
            {"o 01000"},
            3,
            id="a new feeder",
        ),
        pytest.param(
            lambda r: replace(r, installations=(replace(r.installations[3], ratio=Decimal(20)),)),
            {4},
            {"m4 01000", "c 01000", "o 01000"},
            5,
            id="another ratio",
        ),
    ],
)
def test_a_change_reads_and_writes_what_it_touches(helpers, change, read, series, days):
    world = booked(helpers, office())
    after = merged(office(), replace(change(office()), version=1))
    before = settled(world)
    world.readings.read.clear()
    world.change(after)
    settle(world)
    now = settled(world)
    other = [place for place, row in now.items() if not row.same_content(before.get(place, row))]
    other += now.keys() - before.keys()
    assert {point for point, count in world.readings.read.items() if count} <= read
    assert {f"{key.code} {key.item}" for key, _ in other} == series
    assert len({day for _, day in other}) == days
    assert hashes(world) == hashes(booked(helpers, after))
    assert {one.cause for _, one in restatements(world)} <= {f"registry {after.version}"}
    assert {now[place].registry for place in other} <= {after.version}
    assert {row.registry for place, row in now.items() if place not in other} == {office().version}


def test_a_place_that_moves_under_another_tariff_has_its_prices_turn_otherwise(helpers):
    priced = merged(office(), replace(office(), tariff=prices("t", 480, ALWAYS, node="b")))
    moved = replace(
        priced, space=(SpaceEdge("o", "c", valid=NOON), SpaceEdge("b", "c", valid=LAST))
    )
    after, world = merged(priced, moved), booked(helpers, priced)
    world.readings.read.clear()
    world.change(after)
    settle(world)
    assert set(world.readings.read) == {4}
    assert hashes(world) == hashes(booked(helpers, after))


def test_another_zone_books_all_days_of_what_is_below(helpers):
    zoned = {**office().nodes, "c": replace(office().nodes["c"], zone="Asia/Kathmandu")}
    after, world = merged(office(), replace(office(), nodes=zoned)), booked(helpers, office())
    world.readings.read.clear()
    world.change(after)
    settle(world)
    assert set(world.readings.read) == {4}
    assert hashes(world) == hashes(booked(helpers, after))


def test_a_figure_that_nothing_is_left_of_is_taken_from_the_books(helpers):
    """What stood in for a silent total has moved away; the total still has no reading."""
    silent = frozenset({1, 3})
    there = replace(office().meters["m2"], node="c")
    after = merged(office(), replace(office(), meters={**office().meters, "m2": there}))
    world = booked(helpers, office(), silent=silent)
    assert any(key.code == "b" and row.total for (key, _), row in settled(world).items())
    world.change(after)
    settle(world)
    assert not any(key.code == "b" and row.total for (key, _), row in settled(world).items())
    assert hashes(world) == hashes(booked(helpers, after, silent=silent))


def test_every_node_day_is_told_once_however_many_meters_change(helpers):
    """64 meters are read at once, and each of them is of the same figure."""
    meters = [Meter(f"n{n:03}", "b", "01000") for n in range(70)]
    points = {n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in range(1, 71)}
    registry = merged(
        base(),
        Registry(
            points=points,
            meters={one.code: one for one in meters},
            installations=tuple(Installation(m.code, n + 1) for n, m in enumerate(meters)),
        ),
    )
    world = booked(helpers, registry)
    world.books.tell("o", list(world.books.digest_rows("o")))
    faster = tuple(replace(one, ratio=Decimal(2)) for one in registry.installations)
    world.change(merged(registry, replace(registry, installations=faster)))
    settle(world)
    told = [(one.key, one.day) for _, one in restatements(world) if one.key.kind == "node"]
    assert len(told) == len(set(told)) == 2 * DAYS


def test_marks_of_figures_wait_until_all_is_booked(helpers):
    """Whatever stops between the meters and the nodes: the next ledger does both again."""
    world = booked(helpers, office())
    ratio = replace(office().installations[3], ratio=Decimal(20))
    after = merged(office(), replace(office(), installations=(ratio,)))
    world.change(after)
    waiting, commit = world.marks.waiting(), world.books.commit

    def stopping(institution, rows, **more):
        if any(row.key.kind == "node" for row in rows):
            raise KeyboardInterrupt
        return commit(institution, rows, **more)

    world.books.commit = stopping
    with pytest.raises(KeyboardInterrupt):
        world.ledger.step()
    world.books.commit = commit
    assert world.marks.waiting() == waiting
    again = helpers.World(after, world.now_us, world.marks, world.readings)
    again.books, again.ledger = (
        world.books,
        Ledger(world.readings, world.books, world.marks, lambda: after, lambda: world.now_us),
    )
    settle(again)
    assert hashes(again) == hashes(booked(helpers, after))
