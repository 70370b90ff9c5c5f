"""Figures made many at once are those that are made one by one, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import aggregate, stacks
from ledger.aggregate import Sums, affected, alike, node_rows
from ledger.periods import Clock, day_edges
from ledger.plan import plan
from ledger.windows import of_slots, offsets_of
from metering.book import BookRow, Part, SeriesKey
from metering.errors import InvalidInput
from metering.localtime import HOUR_US, day_bounds, slot_count
from metering.quality import WHOLE, from_times
from metering.quantity import ABSENT, apportion
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge, SupplyEdge
from metering.tariff import TariffRow
from metering.tariff_choice import TariffChoice

DAY = date(2026, 3, 27)
ITEMS = ("01000", "01000", "01A00", "01B00", "01B20", "01A10", "01C00")
ZONES = ("", "", "", "Europe/Berlin", "Asia/Kathmandu")


def random_registry(rng: np.random.Generator) -> Registry:
    """Places up to four deep, one of them of two institutions, and meters of a few steps."""

    def pick(*values):
        return values[int(rng.integers(len(values)))]

    own = dict.fromkeys(("o", "p"), NodeType.INSTITUTION)
    nodes = {body: Node(body, kind, zone="Asia/Shanghai") for body, kind in own.items()}
    space = []
    for number in range(int(rng.integers(1, 9))):
        code = f"n{number}"
        parent = pick("o", *(f"n{n}" for n in range(number)))
        nodes[code] = Node(code, NodeType.BUILDING, zone=pick(*ZONES))
        space.append(SpaceEdge(parent, code))
    if rng.random() < 0.4:
        nodes["s"] = Node("s", NodeType.BUILDING)
        space += [SpaceEdge("o", "s", "0.7"), SpaceEdge("p", "s", "0.3")]
    places = [code for code in nodes if code != "p"]
    steps = pick((15,), (15,), (15, 60), (15, 30, 60, 1440))
    meters = {
        f"m{n}": Meter(
            f"m{n}",
            pick(*places),
            pick(*ITEMS),
            step_min=pick(*steps),
            total=bool(rng.random() < 0.4),
        )
        for n in range(int(rng.integers(2, 16)))
    }
    codes = sorted(meters)
    supply = tuple(
        SupplyEdge(codes[a], codes[b])
        for a in range(len(codes))
        for b in range(a + 1, len(codes))
        if rng.random() < 0.08
    )
    return Registry(
        version=3,
        nodes=nodes,
        space=tuple(space),
        meters=meters,
        supply=supply,
        tariff=tuple(random_prices(rng, codes)),
    )


def random_prices(rng: np.random.Generator, meters: list[str]) -> list[TariffRow]:
    """No tariff, one of everybody, and those of some meters; edges inside of slots too."""
    months, edge = frozenset(range(1, 13)), int(rng.choice([480, 487]))
    scopes = [{}] if rng.random() < 0.5 else []
    if rng.random() < 0.4:
        scopes += [{"meter": str(code)} for code in rng.choice(meters, 2)]
    return [
        TariffRow(f"t{n}", "01000", months, "all", start, end, name, Decimal(1), **scope)
        for n, scope in enumerate(scopes)
        for start, end, name in ((0, edge, "low"), (edge, 1440, "high"))
    ]


def quality(rng: np.random.Generator, count: int, known: np.ndarray) -> np.ndarray:
    """(count, 4) shares; of what is not known all is missing."""
    times = rng.integers(0, 4, (count, 4)) * (rng.random((count, 4)) < 0.4)
    times[rng.random(count) < 0.6] = (1, 0, 0, 0)
    shares = from_times(times.astype(np.int64))
    shares[~known] = (0, 0, 0, WHOLE)
    return shares


def random_row(rng, registry, choice, code: str, day: date) -> BookRow:
    """A meter's day, of which something may be missing, booked under other prices, or negative."""
    meter = registry.meters[code]
    zone = registry.zone(meter.node)
    wide, hours = len(day_edges(day, zone, meter.step_min)[0]), slot_count(day, zone, 60)
    silent = rng.random() < 0.5
    absent = rng.random(wide) < (0.3 if silent else 0.0)
    slots = np.where(absent, ABSENT, rng.integers(-50, 10**9, wide))
    shares = quality(rng, wide, ~absent)
    days = quality(rng, 1, np.array([True]))[0]
    spill = apportion(int(days[1]), rng.integers(0, 3, 3) + np.array([1, 0, 0]))
    scope = choice.of(code, day)
    windows = None
    if scope is not None and rng.random() < 0.9:
        offsets = offsets_of(choice, scope, day, zone)
        told = bool(rng.random() < 0.5)
        windows = of_slots(slots, lambda _: told, meter.step_min, offsets, day_bounds(day, zone))
        windows = replace(windows, estimated=rng.integers(0, 5, len(offsets)))
    hour_shares = quality(rng, hours, rng.random(hours) < 0.8)
    part = Part(meter.step_min, slots, shares, hour_shares, scope, windows)
    total = None if absent.all() else int(slots[~absent].sum())
    node = registry.institution(meter.node, day)
    key = SeriesKey(node, "meter", code, meter.item)
    provisional = bool(rng.random() < 0.3)
    return BookRow(key, day, (part,), total, days, tuple(spill.tolist()), provisional=provisional)


def others(rng, row: BookRow, longer: bool) -> BookRow:
    """The row as it may stand of another time: at another step, or an hour longer."""
    part = row.parts[0]
    what = rng.random()
    if what < 0.04:
        part = replace(part, step_min=60 if part.step_min != 60 else 15)
    elif what < 0.08 and longer and part.step_min <= 60:
        size = 60 // part.step_min
        more = {
            "slots": np.append(part.slots, np.full(size, 5)),
            "shares": np.concatenate([part.shares, part.shares[-size:]]),
            "hour_shares": np.concatenate([part.hour_shares, part.hour_shares[-1:]]),
            "windows": None,
        }
        part = replace(part, **more)
    return replace(row, parts=(part,))


class Case:
    """Everything that figures of a few days are made of."""

    def __init__(self, seed: int, *, longer: bool = True) -> None:
        rng = np.random.default_rng(seed)
        self.registry = random_registry(rng)
        self.choice = TariffChoice(self.registry)
        days = [DAY + timedelta(n) for n in range(int(rng.integers(1, 6)))]
        zones = [self.registry.zone(node) for node in self.registry.nodes]
        self.days = alike(zones, days, self.choice)[0]
        self.plan = plan(self.registry, "o", self.days[0])
        self.clock = Clock(day_bounds(self.days[-1], "Asia/Shanghai")[0] + 14 * HOUR_US)
        self.rows: dict[SeriesKey, dict[date, BookRow]] = {}
        for code in self.registry.meters:
            for day in self.days:
                if rng.random() < 0.9:
                    row = random_row(rng, self.registry, self.choice, code, day)
                    row = others(rng, row, longer)
                    self.rows.setdefault(row.key, {})[day] = row
        for body in ("", "o", "p"):  # what is made of others' places stands in the books
            one = plan(self.registry, body, self.days[0])
            for row in self.one_by_one(list(one.figures.values()), one):
                self.rows.setdefault(row.key, {})[row.day] = row
        self.changed = [str(code) for code in rng.choice(sorted(self.registry.meters), 2)]

    def sums(self, one=None) -> Sums:
        one = one or self.plan
        return Sums(self.registry, one, self.rows, self.days, self.clock, self.choice)

    def one_by_one(self, figures, one=None) -> list[BookRow]:
        sums = self.sums(one)
        return [row for figure in figures for row in sums.rows_of(figure, 4)]

    def at_once(self, figures) -> list[BookRow]:
        more = (self.days, self.clock, self.choice, 4)
        return node_rows(self.registry, self.plan, figures, self.rows, *more)


def same(left: list[BookRow], right: list[BookRow]) -> None:
    """Equal to the last bit, in one order."""
    names = [
        [(row.key, row.day, row.rules, row.registry) for row in rows] for rows in (left, right)
    ]
    assert names[0] == names[1]
    for one, other in zip(left, right, strict=True):
        assert one.same_content(other), (one.key, one.day)
        assert other.same_content(one)
        assert one.day_shares.dtype == other.day_shares.dtype
        assert (type(one.total), one.spill) == (type(other.total), other.spill)


def assert_same_both_ways(seed: int, **more) -> None:
    case = Case(seed, **more)
    for figures in (list(case.plan.figures.values()), affected(case.plan, case.changed)):
        same(case.at_once(figures), case.one_by_one(figures))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_many_figures_at_once_are_those_that_are_made_one_by_one(seed):
    assert_same_both_ways(seed)


@pytest.mark.parametrize("seed", range(6))
def test_how_much_is_added_up_at_once_changes_nothing(monkeypatch, seed):
    monkeypatch.setattr(stacks, "SLOTS_AT_ONCE", 100)
    monkeypatch.setattr(aggregate, "ROWS_AT_ONCE", 1)
    # One that is longer than its day makes all days longer that are summed beside it.
    assert_same_both_ways(seed, longer=False)


def campus(buildings: int, *, silent: slice = slice(0, 0)):
    """Buildings of a total and two more meters, of which the totals may say nothing for a time."""
    nodes = {"o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai")}
    meters, space = {}, []
    for n in range(buildings):
        nodes[f"b{n}"] = Node(f"b{n}", NodeType.BUILDING)
        space.append(SpaceEdge("o", f"b{n}"))
        for kind, item in (("t", "01000"), ("x", "01A10"), ("y", "01A20")):
            code = f"{kind}{n}"
            meters[code] = Meter(code, f"b{n}", item, total=kind == "t")
    registry = Registry(version=1, nodes=nodes, space=tuple(space), meters=meters)
    case = Case.__new__(Case)
    case.registry, case.choice, case.days = registry, TariffChoice(registry), [DAY]
    case.plan, case.clock = plan(registry, "o", DAY), Clock(day_bounds(DAY, "UTC")[1])
    case.rows = {}
    for place, (code, meter) in enumerate(meters.items()):
        slots = np.arange(96) + place
        if meter.total:
            slots[silent] = ABSENT
        shares = from_times(np.array([[1, 0, 0, 0]] * 96))
        shares[slots == ABSENT] = (0, 0, 0, WHOLE)
        key = SeriesKey("o", "meter", code, meter.item)
        part = Part(15, slots, shares, shares[::4].copy())
        case.rows[key] = {DAY: BookRow(key, DAY, (part,), 1, shares[0])}
    return case


def test_plain_figures_are_never_made_one_by_one(monkeypatch):
    case = campus(40)
    figures = list(case.plan.figures.values())
    expected = case.one_by_one(figures)
    monkeypatch.setattr(Sums, "make", None)
    found = case.at_once(figures)
    same(found, expected)
    assert len(found) == len(figures) == 164


def test_only_the_totals_that_are_silent_are_filled_one_by_one(monkeypatch):
    case, asked = campus(20, silent=slice(5, 9)), list[str]()
    for n in range(1, 20):  # only of the first building do the parts say more than the total
        for kind, item in (("x", "01A10"), ("y", "01A20")):
            row = case.rows[SeriesKey("o", "meter", f"{kind}{n}", item)][DAY]
            row.parts[0].slots[5:9] = ABSENT
    figures = list(case.plan.figures.values())
    expected = case.one_by_one(figures)
    fill = Sums._filled
    monkeypatch.setattr(
        Sums, "_filled", lambda sums, block, one: asked.append(one.node) or fill(sums, block, one)
    )
    same(case.at_once(figures), expected)
    assert asked == ["b0"]


def test_a_stack_grows_and_keeps_what_it_holds():
    case = campus(1)
    block = case.sums().make(case.plan.figures["b0", "01000"])[0]
    shape = len(block.slots), block.slots.shape[1], block.hours.shape[1]
    stack = stacks.Stack.room(1, block.name, shape)
    places = [stack.put(block) for _ in range(5)]
    for place in places:
        kept = stack.block(place.row)
        assert (kept.slots == block.slots).all()
        assert (kept.hours == block.hours).all()
        assert (kept.meters, kept.crossings) == (1, ((),))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_that_does_not_fit_is_refused_as_ever(sign):
    case = campus(2)
    for rows in case.rows.values():
        rows[DAY].parts[0].slots[7] = sign * (2**62 - 1)
    with pytest.raises(InvalidInput, match="exceeds 64 bits"):
        case.at_once(list(case.plan.figures.values()))
