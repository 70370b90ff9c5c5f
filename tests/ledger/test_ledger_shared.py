"""A place of several: each has its part, in each slot by largest remainder, and the parts are the
whole, whoever holds it and however it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger import Ledger
from metering.book import SeriesKey
from metering.bookhash import book_hash, worth_hash
from metering.quantity import ABSENT, apportion, divided
from metering.registry import Meter, Node, NodeType, SpaceEdge, Validity
from metering.registry.apart import apart
from metering.registry.sharing import Division, division
from metering.tariff import TariffRow

DAYS = 4
BODIES = ("", "o", "p", "q")


def after(helpers, days: int) -> date:
    return helpers.DAY + timedelta(days=days)


def whole(helpers):
    """`b` of institution `o`; `p` and `q` have nothing yet but a meter of `q`."""
    known = helpers.campus([helpers.meter("m"), Meter("own", "q", "01000")])
    more = {code: Node(code, NodeType.INSTITUTION, zone=helpers.ZONE) for code in "pq"}
    return replace(known, nodes={**known.nodes, **more})


def shared(helpers, known, days: int = 0, shares=("0.5", "0.3", "0.2")):
    """`b` belongs to all three from a day on."""
    turn = after(helpers, days) if days else None
    edges = [SpaceEdge("o", "b", valid=Validity(end=turn))] if turn else []
    edges += [SpaceEdge(c, "b", s, Validity(turn)) for c, s in zip("opq", shares, strict=True)]
    space = tuple(e for e in known.space if e.child != "b")
    return replace(known, space=(*space, *edges), version=known.version + 1)


def push(world, helpers, days: int = DAYS) -> None:
    times = helpers.quarters(96 * days + 1)
    for point in world.registry.points:
        steps = np.random.default_rng(point).integers(0, 50, len(times))
        world.push(point, times, np.cumsum(steps) / 1_000_000 + np.arange(len(times)) * 0.25)


def settle(world) -> None:
    while world.marks.waiting():
        world.ledger.step()


def told(helpers, before, later):
    world = helpers.World(before, helpers.later(DAYS + 1))
    push(world, helpers)
    settle(world)
    if later is not before:
        world.change(later)
        settle(world)
    return world


def rows(world, body: str, code: str, kind: str = "node"):
    key = SeriesKey(body, kind, code, "01000")
    return {row.day: row for row in world.books.rows([key], date.min, date.max)}


def hashes(world) -> list[str]:
    return [f(world.books, institution=body) for f in (book_hash, worth_hash) for body in BODIES]


def parts_are_the_whole(world, days) -> None:
    """In each slot: `q` has a meter of its own beside its part."""
    for day in days:
        found = [rows(world, body, body)[day].finest.slots for body in "opq"]
        own = rows(world, "q", "own", "meter")[day].finest.slots
        assert np.array_equal(sum(found) - own, rows(world, "", "b")[day].finest.slots)


def test_each_institution_has_its_part_in_each_slot(helpers):
    known = shared(helpers, whole(helpers))
    world = told(helpers, known, known)
    days = [after(helpers, n) for n in range(DAYS)]
    parts_are_the_whole(world, days)
    for day in days:
        slots = rows(world, "", "b")[day].finest.slots.tolist()
        expected = [apportion(amount, [5, 3, 2]).tolist() for amount in slots]
        assert rows(world, "o", "o")[day].finest.slots.tolist() == [one[0] for one in expected]
        assert rows(world, "p", "p")[day].finest.slots.tolist() == [one[1] for one in expected]
    assert not rows(world, "o", "b")
    assert not rows(world, "o", "m", "meter")


@pytest.mark.parametrize("days", [1, 2])
def test_a_share_that_begins_is_the_same_told_late_or_early(helpers, days):
    known = whole(helpers)
    later = shared(helpers, known, days)
    late, early = told(helpers, known, later), told(helpers, later, later)
    assert hashes(late) == hashes(early)
    parts_are_the_whole(late, [after(helpers, n) for n in range(days, DAYS)])
    assert rows(late, "o", "b")[after(helpers, days - 1)].total is not None
    assert rows(late, "o", "b")[after(helpers, days)].total is None
    late.ledger.rebuild()
    settle(late)
    assert hashes(late) == hashes(early)


def test_other_shares_make_other_parts(helpers):
    known = shared(helpers, whole(helpers))
    other = shared(helpers, known, shares=("100 m2", "60 m2", "80 m2"))
    late, early = told(helpers, known, other), told(helpers, other, other)
    assert hashes(late) == hashes(early)
    parts_are_the_whole(late, [after(helpers, n) for n in range(DAYS)])


def test_a_late_reading_goes_through_to_every_part(helpers):
    known = shared(helpers, whole(helpers))
    world = helpers.World(known, helpers.later(DAYS + 1))
    times = helpers.quarters(96 * DAYS + 1)
    world.push(2, times, np.arange(len(times)) * 0.25)
    gone = (np.arange(len(times)) < 100) | (np.arange(len(times)) > 140)
    world.push(1, times[gone], (np.arange(len(times)) * 0.3)[gone])
    settle(world)
    world.push(1, times[~gone], (np.arange(len(times)) * 0.3)[~gone] + 0.1)
    world.ledger.step()
    assert not world.marks.waiting(), "one step books the parts too"
    parts_are_the_whole(world, [after(helpers, n) for n in range(DAYS)])
    told_again = [one for _, one in world.books.restatements("p", limit=100)]
    assert {one.cause for one in told_again} <= {"reading"}


def test_a_building_of_two_sites_is_whole_above_them(helpers):
    known = helpers.campus([helpers.meter("m")], edges=(("o", "s"), ("o", "t")))
    edges = (SpaceEdge("s", "b", "0.3333"), SpaceEdge("t", "b", "0.6667"))
    nodes = {**known.nodes, "b": Node("b", NodeType.BUILDING)}
    known = replace(known, nodes=nodes, space=(*known.space, *edges))
    world = told(helpers, known, known)
    for day in (after(helpers, n) for n in range(DAYS)):
        s, t, b, o = (rows(world, "o", code)[day] for code in "stbo")
        assert np.array_equal(s.finest.slots + t.finest.slots, b.finest.slots)
        assert o.total == b.total == s.total + t.total


def test_what_is_shared_is_held_by_who_holds_all_of_it(helpers):
    known = shared(helpers, whole(helpers), 1)
    assert "b" in known.held("o")
    assert known.held("o")["b"] == (Validity(end=after(helpers, 1)),)
    assert "b" not in known.held("p")
    assert known.institution("b", helpers.DAY) == "o"
    assert known.institution("b", after(helpers, 1)) == ""
    city = replace(
        known,
        nodes={**known.nodes, "c": Node("c", NodeType.CITY)},
        space=(*known.space, *(SpaceEdge("c", one) for one in "opq")),
    )
    assert city.held("c")["b"] == (Validity(),)


def priced(known, minute: int = 480):
    rows_of_day = [(0, minute, "valley", "0.30"), (minute, 1440, "peak", "1.10")]
    tariff = tuple(
        TariffRow("list", "01000", frozenset(range(1, 13)), "all", a, b, name, Decimal(price))
        for a, b, name, price in rows_of_day
    )
    return replace(known, tariff=tariff)


@pytest.mark.parametrize("minute", [480, 487])
def test_price_windows_of_parts_hold_what_their_slots_hold(helpers, minute):
    """Also where a gap lies over the edge, and where the edge lies inside a slot."""
    known = priced(shared(helpers, whole(helpers)), minute)
    world = helpers.World(known, helpers.later(DAYS + 1))
    times = helpers.quarters(96 * DAYS + 1)
    kept = (np.arange(len(times)) % 96 < 20) | (np.arange(len(times)) % 96 > 60)
    world.push(1, times[kept], (np.arange(len(times)) * 0.3)[kept])
    settle(world)
    for day in (after(helpers, n) for n in range(1, DAYS - 1)):
        found = [rows(world, *place)[day].finest for place in (("o", "o"), ("p", "p"), ("q", "q"))]
        all_of_it = rows(world, "", "b")[day].finest
        assert all_of_it.windows is not None
        assert all_of_it.windows.crossings
        for part in found:
            assert part.windows is not None
            assert part.windows.quantity.sum() == part.slots[part.slots != ABSENT].sum()
            for crossing, own in zip(
                all_of_it.windows.crossings, part.windows.crossings, strict=True
            ):
                assert crossing.name == own.name
                assert all(0 <= b <= a for a, b in zip(crossing.parts, own.parts, strict=True))
        together = sum(part.windows.quantity for part in found)
        if minute == 480:
            assert np.array_equal(together, all_of_it.windows.quantity)
        assert np.abs(together - all_of_it.windows.quantity).max() <= len(found)


def test_parts_are_by_largest_remainder_and_ties_go_to_the_earlier_code():
    amounts = np.array([1, 10, -10, 0, ABSENT, 7])
    parts = [divided(amounts, (1, 1, 1), place).tolist() for place in range(3)]
    assert parts[0] == [1, 4, -4, 0, ABSENT, 3]
    assert parts[1] == [0, 3, -3, 0, ABSENT, 2]
    assert parts[2] == [0, 3, -3, 0, ABSENT, 2]


def test_shares_are_weights_in_the_order_of_codes():
    assert division({"b": "0.25", "a": "0.75"}, "a") == Division((3, 1), 0)
    assert division({"b": "1200 m2", "a": "800.5 m2"}, "b") == Division((1601, 2400), 1)


def test_a_part_of_a_part_is_divided_twice(helpers):
    known = helpers.campus([helpers.meter("m")], edges=(("o", "s"), ("o", "t")))
    more = {"u": Node("u", NodeType.BUILDING), "b": Node("b", NodeType.BUILDING)}
    edges = (
        SpaceEdge("s", "u", "0.5"),
        SpaceEdge("t", "u", "0.5"),
        SpaceEdge("u", "b", "0.5"),
        SpaceEdge("t", "b", "0.5"),
    )
    known = replace(known, nodes={**known.nodes, **more}, space=(*known.space, *edges))
    world = told(helpers, known, known)
    s, t, u, b = (rows(world, "o", code)[helpers.DAY].finest.slots for code in "stub")
    assert np.array_equal(u, divided(b, (1, 1), 1))
    assert np.array_equal(s, divided(u, (1, 1), 0))
    assert np.array_equal(s + t, b)


def by_meters(helpers, items=("01A00", "01B00")):
    """`b` of `o` and `p` by what the meters `x` and `y` on it count; its total holds both."""
    own = [Meter(code, "b", item) for code, item in zip("xy", items, strict=True)]
    meters = [helpers.meter("m", total=True), *own]
    known = helpers.campus(meters)
    nodes = {**known.nodes, "p": Node("p", NodeType.INSTITUTION, zone=helpers.ZONE)}
    edges = (SpaceEdge("o", "b", "meter x"), SpaceEdge("p", "b", "meter y"))
    return replace(known, nodes=nodes, space=edges)


def counting(world, helpers, point: int, per_quarter: float, days=DAYS, first: int = 0) -> None:
    times = helpers.quarters(96 * days + 1)[96 * first :]
    world.push(point, times, (96 * first + np.arange(len(times))) * per_quarter)


@pytest.mark.parametrize("items", [("01A00", "01B00"), ("02000", "02000")])
def test_meters_on_a_place_say_each_days_shares(helpers, items):
    """Late ones too, though the total of the place stays as it is; water may divide electricity."""
    world = helpers.World(by_meters(helpers, items), helpers.later(DAYS + 1))
    counting(world, helpers, 1, 1.0)
    settle(world)
    assert rows(world, "o", "o")[helpers.DAY].total is None
    counting(world, helpers, 2, 0.25)
    counting(world, helpers, 3, 0.5)
    world.ledger.step()
    assert not world.marks.waiting()
    for day in (after(helpers, n) for n in range(DAYS)):
        slots = rows(world, "", "b")[day].finest.slots
        assert np.array_equal(rows(world, "o", "o")[day].finest.slots, divided(slots, (1, 2), 0))
        assert np.array_equal(rows(world, "p", "p")[day].finest.slots, divided(slots, (1, 2), 1))


def test_a_day_without_one_of_the_meters_divides_nothing(helpers):
    """Missing is not zero: of such a day no part is known, and of one on which all stand still
    each has the same."""
    world = helpers.World(by_meters(helpers), helpers.later(DAYS + 1))
    counting(world, helpers, 1, 1.0)
    counting(world, helpers, 2, 0.0)
    counting(world, helpers, 3, 0.0, days=2)
    settle(world)
    halves = rows(world, "o", "o")[helpers.DAY]
    assert halves.total == rows(world, "p", "p")[helpers.DAY].total == 48_000_000
    silent = after(helpers, 2)
    assert rows(world, "", "b")[silent].total == 96_000_000
    assert rows(world, "o", "o")[silent].total is None
    assert rows(world, "o", "o")[silent].day_shares.tolist() == [0, 0, 0, 10_000]


def parted(world, known, began, only=None):
    """The rebuild in parts, as workers do it; each by a ledger that knows nothing."""
    marks = world.ledger.begin_rebuild()
    told = []
    for group in apart(known) if only is None else only:
        ledger = Ledger(
            world.readings, world.books, world.marks, lambda: known, lambda: world.now_us
        )
        told.append(ledger.rebuild_some(group, began))
    return marks, told


def late(world, helpers) -> None:
    """Corrections of every point that no mark tells of."""
    times = helpers.quarters(96 * DAYS + 1)[40:150]
    for point in world.registry.points:
        before = world.readings.scan([point], int(times[0]), int(times[-1]) + 1)
        world.push(point, times, before.value + np.linspace(0, 0.01, len(times)))
    world.marks.remove([mark.id for mark in world.marks.ready()])


@pytest.mark.parametrize("broken", [0, 1, 2, 5])
def test_a_rebuild_in_parts_is_the_whole_whatever_broke_off(helpers, monkeypatch, broken):
    """Also where a part is begun, breaks off after some commits, and is done again."""
    known = shared(helpers, whole(helpers))
    one, other = told(helpers, known, known), told(helpers, known, known)
    for world in (one, other):
        for body in BODIES:
            world.books.tell(body, list(world.books.digest_rows(body)))
        late(world, helpers)
    at_once = one.ledger.rebuild()
    bodies = [body for group in apart(known) for body in group]
    began = {body: other.books.revision(body) for body in bodies}
    before = {body: other.ledger.last_restatement(body) for body in bodies}
    if broken:
        commit, left = other.books.commit, [broken]

        def breaks(*given, **more):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return commit(*given, **more)

        monkeypatch.setattr(other.books, "commit", breaks)
        with pytest.raises(KeyboardInterrupt):
            parted(other, known, began)
        monkeypatch.undo()
    marks, parts = parted(other, known, began)
    other.ledger.end_rebuild(marks)
    assert hashes(other) == hashes(one)
    assert not other.marks.waiting()
    assert at_once.differing > 0
    for name in ("rows", "differing", "kept"):
        assert sum(getattr(part, name) for part in parts) == getattr(at_once, name), name
    restated = sum(other.ledger.restated_since(body, before[body]) for body in bodies)
    assert restated == at_once.restated > 0
