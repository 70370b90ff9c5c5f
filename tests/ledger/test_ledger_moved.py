"""A register that goes on under another meter: each kWh counts once, for the one or the other, and
the books do not depend on when the move was told, or on the order of the readings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.context import Context
from ledger.series import ChangeSpan
from ledger.turning import services
from metering.bookhash import book_hash
from metering.localtime import MINUTE_US, day_bounds, iso
from metering.quality import APPORTIONED, MEASURED, MISSING, WHOLE
from metering.registry import Installation, Validity
from metering.registry.rows import Problems, Row
from storage.memory import MemoryReadings

DAYS = 4
MINUTES = DAYS * 1440
FIRST = date(2026, 3, 2)
ZONE = "Asia/Shanghai"
MOVED, NEXT, BEFORE = 1, 2, 3
"""The register that moves, the one that takes its place, and the one whose place it takes."""
RATIOS = (20, 30)
LOAD = np.where(np.arange(MINUTES) % 1440 < 420, 20, 95) + np.arange(MINUTES) % 7
"""Wh in each minute that the register which moves counts."""
TRUE = np.concatenate(([0], np.cumsum(LOAD))).astype(np.int64)
SHORT = 14 * 60 + 37 + 1440
"""14:37 on the second day."""


@dataclass(frozen=True)
class Move:
    """What happened, in minutes since the first midnight, and how it was told."""

    at: int
    window: tuple[int, int] | None = None
    by_day: bool = False
    ratio: bool = False
    values: str = ""
    every: int = 15
    read_at_change: bool = False
    limit: str | None = "60"
    others: bool = False
    """Whether another register takes its place, and it takes that of another one."""
    back: bool = False
    """Whether it comes back a day and a half after."""

    @property
    def told(self) -> tuple[int, int]:
        return self.window or (self.at, self.at)


def value(move: Move, minute: int) -> float:
    """What the register that moves says [kWh, secondary where the ratio changes]."""
    before, after = TRUE[min(minute, move.at)], max(TRUE[minute] - TRUE[move.at], 0)
    one, other = RATIOS if move.ratio else (1, 1)
    return round(float(100 + before / 1000 / one + after / 1000 / other), 9)


def readings(move: Move) -> list[tuple[int, int, float]]:
    """(point, minute, value)."""
    minutes = sorted(
        {*range(0, MINUTES + 1, move.every), *([move.at] if move.read_at_change else [])}
    )
    found = [(MOVED, m, value(move, m)) for m in minutes]
    if move.others:
        found += [(NEXT, m, 500 + m / 100) for m in minutes if m >= move.at]
        found += [(BEFORE, m, 900 + m / 50) for m in minutes if m <= move.at]
    return found


def microseconds(minute: int) -> int:
    return day_bounds(FIRST, ZONE)[0] + minute * MINUTE_US


def text(move: Move) -> str:
    if move.by_day:
        return iso(microseconds(move.at), ZONE)[:10]
    texts = [iso(microseconds(minute), ZONE) for minute in move.told]
    return texts[0] if texts[0] == texts[1] else "/".join(texts)


def rows_of(meter: str, point: int, start: str = "", end: str = "", **more) -> Installation:
    row = Row("", 1, {"valid_from": start, "valid_to": end}, Problems())
    valid, starts, ends = row.moments()
    return Installation(meter, point, valid=valid, starts=starts, ends=ends, **more)


OLDER = rows_of("n", 4, "2026-01-01", "2026-02-01")
"""The meter that a register comes to is never without one that was registered."""


def installed(move: Move) -> tuple[Installation, ...]:
    at = text(move)
    one, other = (Decimal(ratio) for ratio in (RATIOS if move.ratio else (1, 1)))
    said = Decimal(repr(value(move, move.at)))
    final = said if "final" in move.values else None
    first = said if "first" in move.values else None
    back = iso(microseconds(move.at + 2160), ZONE) if move.back else ""
    found = [
        rows_of("m", MOVED, "", at, ratio=one, final=final),
        rows_of("n", MOVED, at, back, ratio=other, first=first),
    ]
    if move.back:
        found.append(rows_of("m", MOVED, back, "", ratio=other))
    if move.others:
        found += [rows_of("m", NEXT, at), rows_of("n", BEFORE, "", at)]
    return (*found, OLDER)


def registries(helpers, move: Move):
    """(before the move is told, after)."""
    fastest = None if move.limit is None else Decimal(move.limit)
    meters = [helpers.meter(c, node=node, max_per_hour=fastest) for c, node in ("mb", "nc")]
    told = installed(move)
    edges = (("o", "b"), ("o", "c"))
    after = helpers.campus(meters, edges=edges, installations=told)
    before = (replace(told[0], valid=Validity(), ends="", final=None), OLDER)
    return replace(after, installations=before), replace(after, version=2)


def world(helpers, registry):
    return helpers.World(registry, microseconds(MINUTES + 3 * 1440))


def push(one, rows) -> None:
    for point in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == point]
        one.push(point, np.array([microseconds(m) for _, m, _ in own]), [v for *_, v in own])


def settle(one) -> None:
    while one.marks.waiting():
        one.ledger.step()


def told_before(helpers, move: Move):
    one = world(helpers, registries(helpers, move)[1])
    push(one, readings(move))
    settle(one)
    return one


def total(one, *codes: str) -> int:
    return sum(row.total or 0 for code in codes for row in one.rows("meter", code))


def slots(one, code: str) -> tuple[np.ndarray, np.ndarray]:
    """(Wh, shares) of all quarter hours; 0 and missing where the meter has no row."""
    wh = np.zeros(DAYS * 96, dtype=np.int64)
    shares = np.zeros((DAYS * 96, 4), dtype=np.int64)
    shares[:, MISSING] = WHOLE
    for row in one.rows("meter", code):
        place = (row.day - FIRST).days * 96
        if place < len(wh):
            wh[place : place + 96] = np.maximum(row.finest.slots, 0)
            shares[place : place + 96] = row.finest.shares
    return wh / 1000, shares


def same(one, other) -> None:
    events = [list(each.books.events("o", 0, 2**62)) for each in (one, other)]
    assert events[0] == events[1]
    rows = [
        {place: row for place, row in each.all_rows().items() if row.total is not None}
        for each in (one, other)
    ]
    places = sorted(rows[0].keys() | rows[1].keys())
    pairs = [(place, rows[0].get(place), rows[1].get(place)) for place in places]
    assert [
        (place[0].code, place[1], a and a.total, b and b.total)
        for place, a, b in pairs
        if a is None or b is None or not a.same_content(b)
    ] == []
    assert book_hash(one.books) == book_hash(other.books)


MOVES = {
    "between two readings": Move(SHORT),
    "at a reading": Move(SHORT - 7),
    "read at the change": Move(SHORT, read_at_change=True),
    "hourly": Move(SHORT, every=60),
    "twice a day": Move(SHORT, every=720),
    "in a window": Move(SHORT, (SHORT - 37, SHORT + 83)),
    "in a window over midnight": Move(2 * 1440 - 9, (2 * 1440 - 60, 2 * 1440 + 80)),
    "by the day": Move(2 * 1440, by_day=True),
    "by the day, hourly off it": Move(2 * 1440, by_day=True, every=50),
    "no limit": Move(SHORT, limit=None),
    "with a value": Move(SHORT, values="final"),
    "with the other value": Move(SHORT, values="first"),
    "in a window with values": Move(SHORT, (SHORT - 37, SHORT + 83), values="final first"),
    "in a window with one value": Move(SHORT, (SHORT - 8, SHORT + 8), values="first"),
    "back again": Move(SHORT, back=True),
}


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_each_kwh_counts_once(helpers, name, others):
    move = replace(MOVES[name], others=others and not MOVES[name].back)
    one = told_before(helpers, move)
    counted = TRUE[max(m for p, m, _ in readings(move) if p == MOVED)]
    if not move.others:
        assert total(one, "m", "n") == pytest.approx(1000 * counted, abs=2)
    for code, held in (("m", TRUE[move.at]), ("n", counted - TRUE[move.at])):
        if move.back or move.others or move.window or (move.every > 15 and not move.values):
            continue
        assert total(one, code) == pytest.approx(1000 * held, abs=700_000)
    wh, shares = slots(one, "m")
    if not move.others and not move.back:
        assert wh[move.told[1] // 15 + 1 :].sum() == 0
    reads = {m for p, m, _ in readings(move) if p == MOVED}
    for code in ("m", "n"):
        wh, shares = slots(one, code)
        for slot in np.flatnonzero(shares[:, MEASURED] == WHOLE).tolist():
            if not move.others and move.every == 15:
                assert slot * 15 in reads
                assert wh[slot] == pytest.approx(TRUE[slot * 15 + 15] - TRUE[slot * 15], abs=1)
        assert (shares[:, MEASURED] == WHOLE).sum() > 0 or move.every > 15


@pytest.mark.parametrize("name", ["between two readings", "in a window", "hourly"])
def test_the_parts_are_split_by_time_and_apportioned(helpers, name):
    move = MOVES[name]
    one = told_before(helpers, move)
    low, high = move.told
    start = low // move.every * move.every
    end = -(-high // move.every) * move.every
    middle = (low + high) / 2
    passed = TRUE[end] - TRUE[start]
    for code, share in (("m", (middle - start)), ("n", end - middle)):
        wh, shares = slots(one, code)
        inside = slice(start // 15, end // 15)
        assert wh[inside].sum() == pytest.approx(passed * share / (end - start), abs=1)
        assert (shares[inside, MEASURED] == 0).all()
        assert shares[inside, APPORTIONED].sum() > 0


def test_a_ratio_may_change_on_the_way(helpers):
    move = Move(SHORT, ratio=True)
    one = told_before(helpers, move)
    assert total(one, "m") == pytest.approx(1000 * TRUE[SHORT], abs=500_000)
    assert total(one, "n") == pytest.approx(1000 * (TRUE[-1] - TRUE[SHORT]), abs=500_000)
    read = told_before(helpers, replace(move, values="final"))
    assert total(read, "m") == pytest.approx(1000 * TRUE[SHORT], abs=50)


def test_a_register_that_did_not_go_on_is_a_break(helpers):
    """Another register under the old name: nobody said so."""
    move = Move(SHORT)
    for shift, kind in ((50_000.0, "jump"), (-90.0, "reset")):
        one = world(helpers, registries(helpers, move)[1])
        rows = [(p, m, v + (shift if m > move.at else 0)) for p, m, v in readings(move)]
        push(one, rows)
        settle(one)
        start, end = SHORT // 15 * 15, SHORT // 15 * 15 + 15
        passed = TRUE[-1] - TRUE[end] + TRUE[start]
        assert total(one, "m", "n") == pytest.approx(1000 * passed, abs=2)
        told = [(e.meter, e.kind, e.start_us, e.end_us) for e in one.books.events("o", 0, 2**62)]
        at = microseconds(SHORT)
        assert sorted(told) == [
            ("m", kind, microseconds(start), at),
            ("n", kind, at, microseconds(end)),
        ]


def test_a_window_with_values_is_measured_nowhere(helpers):
    """A short window, so that no reading lacks: who wrote the value down did not say when."""
    move = Move(SHORT, (SHORT - 2, SHORT + 2), values="final")
    one = told_before(helpers, move)
    for code in ("m", "n"):
        _, shares = slots(one, code)
        assert shares[SHORT // 15, MEASURED] == 0
    assert total(one, "m") == pytest.approx(1000 * TRUE[SHORT], abs=2)


def test_a_limit_that_is_learned_later_judges_the_move_again(helpers):
    """Until three days are there nothing speaks against a jump; then the same stretch is none. The
    meter that it left has no reading of these days."""
    move = Move(1440 - 63, limit=None)
    rows = [(p, m, v + (50_000.0 if m > move.at else 0)) for p, m, v in readings(move)]
    one = world(helpers, registries(helpers, move)[1])
    whole = world(helpers, registries(helpers, move)[1])
    push(whole, rows)
    settle(whole)
    for day in range(DAYS + 1):
        push(one, [row for row in rows if row[1] // 1440 == day])
        settle(one)
        if day == 0:
            assert total(one, "m", "n") > 40_000_000_000
    assert total(whole, "m", "n") < 1_000_000_000
    same(one, whole)


def test_another_institution_is_another_register(helpers):
    """Nothing passes between the books of two institutions but a value that was written down."""
    move = Move(SHORT)
    told = registries(helpers, move)[1]
    elsewhere = replace(told.nodes["c"], type=told.nodes["o"].type, zone=ZONE)
    apart = replace(told, nodes=told.nodes | {"c": elsewhere})
    one = world(helpers, replace(apart, space=told.space[:1]))
    push(one, readings(move))
    settle(one)
    assert total(one, "m") == pytest.approx(1000 * TRUE[SHORT // 15 * 15], abs=2)


moves = st.builds(
    Move,
    at=st.integers(500, MINUTES - 2700),
    window=st.none(),
    ratio=st.booleans(),
    values=st.sampled_from(["", "", "final", "first", "final first"]),
    every=st.sampled_from([15, 60, 720]),
    read_at_change=st.booleans(),
    limit=st.sampled_from([None, "60"]),
    others=st.booleans(),
    back=st.booleans(),
)


def in_window(move: Move, width: tuple[int, int] | None) -> Move:
    if width is None:
        return move
    return replace(move, window=(move.at - width[0], move.at + width[1]), back=False)


def faulty(move: Move, seed: int) -> list[tuple[int, int, float]]:
    """The readings, some of them wrong around the change."""
    rng, rows = np.random.default_rng(seed), readings(move)
    if seed % 3 == 0:
        return rows
    return [
        (p, m, v if abs(m - move.at) > 400 or rng.random() > 0.2 else v + rng.choice([-90, 0, 1e4]))
        for p, m, v in rows
    ]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    move=moves,
    width=st.one_of(st.none(), st.tuples(st.integers(0, 400), st.integers(1, 400))),
    seed=st.integers(0, 2**32),
    late=st.booleans(),
)
def test_the_books_do_not_depend_on_when_it_was_told(helpers, move, width, seed, late):
    move = in_window(move, width)
    before, after = registries(helpers, move)
    rng, rows = np.random.default_rng(seed), faulty(move, seed)
    wanted = world(helpers, after)
    push(wanted, rows)
    settle(wanted)
    one = world(helpers, before)
    order = rng.permutation(len(rows)) if seed % 2 else np.arange(len(rows))
    turn = 6 if late else int(rng.integers(0, 6))
    for place, part in enumerate(np.array_split(order, 6)):
        if place == turn:
            one.change(after)
        push(one, [rows[n] for n in part])
        one.ledger.step()
        if rng.random() < 0.3:
            one.restart()
    settle(one)
    if turn == 6:
        one.change(after)
    settle(one)
    same(one, wanted)
    again = world(helpers, after)
    push(again, rows)
    again.ledger.rebuild()
    settle(again)
    same(again, wanted)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(move=moves, other=st.integers(500, MINUTES - 2700), width=st.integers(0, 300))
def test_a_move_told_otherwise_books_as_if_it_always_was(helpers, move, other, width):
    """First told at another instant, then in a window, then right, then taken back; then only the
    meter that it came from is known to have lost it."""
    before, after = registries(helpers, move)
    elsewhere = registries(helpers, replace(move, at=other))[1]
    window = registries(helpers, in_window(move, (width, width + 1)))[1]
    gone = replace(after, installations=(after.installations[0], OLDER))
    slow = {code: replace(m, max_per_hour=Decimal(5)) for code, m in after.meters.items()}
    limited = replace(after, meters=after.meters | {"n": slow["n"]})
    one = world(helpers, before)
    rows = readings(move)
    push(one, rows)
    settle(one)
    told = (elsewhere, window, after, limited, after, gone, before)
    for version, registry in enumerate(told, start=3):
        one.change(replace(registry, version=version))
        settle(one)
        fresh = world(helpers, one.registry)
        push(fresh, rows)
        settle(fresh)
        same(one, fresh)


def test_the_other_meter_of_a_register_that_comes_back_is_a_guest_once(helpers):
    days = [date(2026, 3, day) for day in (3, 4, 5)]
    rows = [
        Installation("m", 2, valid=Validity(None, days[0])),
        Installation("m", MOVED, valid=Validity(*days[:2])),
        Installation("n", MOVED, valid=Validity(*days[1:])),
        Installation("m", MOVED, valid=Validity(days[2], None)),
    ]
    meters = [helpers.meter("m"), helpers.meter("n", node="c")]
    registry = helpers.campus(meters, edges=(("o", "b"), ("o", "c")), installations=rows)
    bounded = Context(MemoryReadings()).bounded(services(registry, "m"))
    assert [(one.meter.code, one.guest) for one in bounded] == [
        *(("m", False), ("m", False)),
        ("n", True),
        ("m", False),
    ]


@pytest.mark.parametrize("width", [0, 30])
def test_a_change_is_near_what_no_other_reading_parts_from_it(helpers, width):
    """Of a register that goes on at another ratio at 14:37, read each quarter hour."""
    window = (SHORT - width, SHORT + width) if width else None
    told = replace(Move(SHORT, window), ratio=True)
    rows = [replace(one, meter="m") for one in installed(told)[:2]]
    registry = helpers.campus([helpers.meter("m")], installations=rows)
    one = world(helpers, registry)
    push(one, readings(told))
    context = Context(one.readings)
    bounded = context.bounded(services(registry, "m"))
    last = (SHORT - width) // 15 * 15
    first = -(-(SHORT + width) // 15) * 15

    def near(minute: int) -> bool:
        at = microseconds(minute)
        return bool(context.gone_on(bounded, ChangeSpan(at, at)))

    found = [near(minute) for minute in (last - 15, last - 1, last, first, first + 1, first + 15)]
    assert found == [False, False, True, True, False, False]
    assert near(SHORT)
