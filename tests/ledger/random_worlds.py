"""Worlds made at random, each from its seed: places, meters of every kind, what befalls them, when
it was told, and the order in which it all arrives.

    seed ──▶ registry, as it is and as it was known at first
         ──▶ readings ──▶ batches, some late, wrong at first or between two processes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from metering.localtime import MINUTE_US, day_bounds, iso, local_day
from metering.reading import Kind
from metering.registry import (
    Direction,
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
from metering.tariff import TariffRow

Rng = np.random.Generator
DAY_MIN = 1440
ZONES = {
    "Asia/Shanghai": date(2026, 2, 26),
    "Europe/Berlin": date(2026, 3, 27),
    "Australia/Lord_Howe": date(2026, 4, 3),
    "Asia/Kathmandu": date(2026, 4, 29),
    "America/St_Johns": date(2026, 10, 30),
}
"""With the first day: months end, and clocks change."""
OTHERS = ("Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe")
"""Of a place whose clocks are not those of its institution."""
ITEMS = ("01000", "01A00", "01B00", "01B20", "01C00", "01D00", "01000", "01A10")
EDGES = (("o", "b"), ("o", "c"), ("c", "f"))
NODES = ("b", "b", "c", "f", "o")
LONG_DAYS = 200
"""In worlds that last longer troubles last longer too."""


@dataclass(frozen=True)
class SentReading:
    """What a point says of an instant."""

    point: int
    time_us: int
    value: float
    entered: bool = False


@dataclass
class Batch:
    """What arrives before the ledger steps."""

    now_us: int
    sent: list[SentReading]
    restarts: bool = False
    registered: Registry | None = None
    """A change of the registry that is told with it."""


@dataclass
class RandomWorld:
    """All that happens in a world."""

    zone: str
    first: date
    days: int
    registry: Registry
    known_first: Registry
    """What was registered at first."""
    batches: list[Batch]

    @property
    def ends_us(self) -> int:
        """Well past every settling."""
        return day_bounds(self.first + timedelta(days=self.days + 1), self.zone)[1]


@dataclass
class Site:
    """A world while it is made."""

    rng: Rng
    zone: str
    first: date
    days: int
    steps: tuple[int, ...]
    meters: dict[str, Meter] = field(default_factory=dict)
    points: dict[int, Point] = field(default_factory=dict)
    installed: list[Installation] = field(default_factory=list)
    at_first: list[Installation] = field(default_factory=list)
    sent: list[SentReading] = field(default_factory=list)

    @property
    def start_us(self) -> int:
        return day_bounds(self.first, self.zone)[0]

    @property
    def minutes(self) -> int:
        last = self.first + timedelta(days=self.days - 1)
        return (day_bounds(last, self.zone)[1] - self.start_us) // MINUTE_US

    def pick(self, *values):
        """One of the values."""
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def meter(self, **more) -> Meter:
        code = f"m{len(self.meters) + 1}"
        more.setdefault("step_min", self.pick(*self.steps))
        more.setdefault("max_per_hour", self.pick(None, None, Decimal(60), Decimal(4)))
        node = self.pick(*NODES)
        more.setdefault("total", self.chance(0.25))
        self.meters[code] = Meter(code, node, self.pick(*ITEMS), **more)
        return self.meters[code]

    def point(self, kind: Kind, *, bounded: bool = False) -> int:
        number = len(self.points) + 1
        unit = "kW" if kind is Kind.MEAN else "kWh"
        high = 50_000.0 if bounded else None
        self.points[number] = Point(number, "o/g", f"p{number}", kind, unit, high=high)
        return number

    def serve(self, *rows: Installation, before: tuple[Installation, ...] | None = None) -> None:
        """Register installations, those of `before` at first."""
        self.installed += rows
        self.at_first += rows if before is None else before

    def load(self) -> np.ndarray:
        """(minutes + 1,) kWh up to each minute."""
        base, more = self.pick((2, 7.5), (0.2, 30), (1, 1), (0, 3))
        minute = np.arange(self.minutes) % DAY_MIN
        shape = np.where(minute % DAY_MIN < self.pick(420, 700), base, base + more)
        noise = self.rng.uniform(0.4, 1.6, self.minutes) if self.chance(0.7) else 1.0
        return np.concatenate(([0.0], np.cumsum(shape * noise / 60)))

    def stamps(self, step_min: int) -> np.ndarray:
        """Minutes at which a register is read."""
        every = self.pick(step_min, step_min, 15, 60, 5 if step_min < 30 else 240)
        every = max(every, min(self.steps))
        offset = self.pick(0, 0, 0, every // 3)
        return np.arange(offset, self.minutes + 1, min(every, DAY_MIN))

    def send(self, point: int, minutes, values, *, entered: bool = False) -> None:
        """Readings, at minutes since the start."""
        times = (self.start_us + np.round(np.asarray(minutes) * MINUTE_US)).astype(np.int64)
        pairs = zip(times.tolist(), np.round(values, 4).tolist(), strict=True)
        self.sent += [SentReading(point, t, v, entered) for t, v in pairs]


def _up(site: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at : at + 1 + (end - at) % 6] += site.pick(1, 90, 400, 60_000)


def _zeros(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = 0


def _stuck(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = values[at]


def _rest(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[end:] -= values[end - 1] - values[at]
    values[at:end] = values[at]


def _open(_: Site, values: np.ndarray, at: int, __: int) -> None:
    values[at:] = values[at]


def _reset(_: Site, values: np.ndarray, at: int, __: int) -> None:
    values[at:] -= values[at]


def _jump(site: Site, values: np.ndarray, at: int, __: int) -> None:
    values[at:] += site.pick(30, 900)


def _lose(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = np.nan


def _thin(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = np.where(np.arange(at, end) % 4 == 0, values[at:end], np.nan)


def _scaled(site: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] *= site.pick(1000, 10, 0.5)


def _falls(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = values[at:end][::-1].copy()


def _shift(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = values[np.minimum(np.arange(at, end) + 4, len(values) - 1)]


def _dead(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = values[at]
    values[end - 1 - (end - at) // 3 : end] = 0


def _stale(_: Site, values: np.ndarray, at: int, end: int) -> None:
    values[at:end] = values[max(at - 3, 0)]


TROUBLES: tuple[Callable[[Site, np.ndarray, int, int], None], ...] = (
    *(_up, _up, _zeros, _stuck, _stuck, _rest, _open, _reset, _jump, _lose, _lose),
    *(_thin, _scaled, _falls, _shift, _dead, _stale),
)


def trouble(site: Site, values: np.ndarray, most: int) -> None:
    """Up to so many troubles, or one each month."""
    most = max(most, site.days // 30)
    for _ in range(int(site.rng.integers(0, most + 1))):
        at = int(site.rng.integers(1, len(values) - 1))
        length = site.pick(1, 1, 2, 3, 4, 5, 6, 9, 20, 90)
        end = min(at + length * (3 if site.days > LONG_DAYS and length > 6 else 1), len(values))
        TROUBLES[int(site.rng.integers(len(TROUBLES)))](site, values, at, end)


def register(site: Site) -> None:
    """A register on its own."""
    meter, digits = site.meter(), site.pick(None, None, None, 4)
    point = site.point(Kind.REGISTER, bounded=site.chance(0.5))
    signed = digits is None and site.chance(0.15)
    direction = Direction.EXPORT if site.chance(0.2) else Direction.IMPORT
    load = site.load()
    minutes = site.stamps(meter.step_min)
    if signed:
        load -= np.linspace(0, load[-1] * 0.8, len(load)) * site.pick(0, 1)
    values = site.pick(0, 500, 9990) + load[minutes]
    trouble(site, values, 4)
    if digits is not None:
        values = values % 10_000
    known = ~np.isnan(values)
    site.send(point, minutes[known], values[known])
    if site.chance(0.25):
        some = np.sort(site.rng.choice(len(minutes), 2, replace=False))
        near = np.interp(minutes[some], minutes[known], values[known])
        site.send(point, minutes[some], near, entered=True)
    ratio = site.pick(Decimal(1), Decimal(1), Decimal("2.5"))
    row = Installation(meter.code, point, ratio, digits=digits, signed=signed, direction=direction)
    before = (replace(row, ratio=Decimal(2)),) if site.chance(0.15) else None
    site.serve(row, before=before)


def intervals(site: Site) -> None:
    """Energies of intervals, or mean powers."""
    kind = site.pick(Kind.INTERVAL, Kind.MEAN)
    meter = site.meter()
    point = site.point(kind, bounded=True)
    every = site.pick(min(meter.step_min, 60), 5, 15, 30, 60, meter.step_min)
    every = max(every, min(site.steps))
    minutes = np.arange(0, site.minutes, every).astype(np.float64)
    values = np.diff(site.load()[np.append(minutes.astype(int), site.minutes)])
    values *= 60 / every if kind is Kind.MEAN else 1
    for _ in range(int(site.rng.integers(0, 4))):
        at = int(site.rng.integers(0, len(values)))
        end = at + int(site.pick(1, 3, 8, 30 * 60 // every, 50 * 60 // every))
        what = site.pick("same", "same", "lose", "below", "much", "beyond")
        part = values[at:end]
        part[:] = {"same": values[at], "lose": np.nan, "below": -1.5, "beyond": 70_000}.get(
            what, part * 100
        )
    if site.chance(0.5):
        off = site.rng.random(len(minutes)) < 0.1
        minutes[off] += site.rng.choice((-0.4, 0.3, 0.6, 1.0, 2.0), int(off.sum()))
        minutes, firsts = np.unique(np.maximum(minutes, 0), return_index=True)
        values = values[firsts]
    known = ~np.isnan(values)
    site.send(point, minutes[known], values[known])
    if site.chance(0.4):
        some = np.sort(site.rng.choice(len(minutes), 2, replace=False))
        site.send(point, minutes[some], [1.25, 0.75], entered=True)
    direction = Direction.EXPORT if site.chance(0.2) else Direction.IMPORT
    signed = site.chance(0.2)
    site.serve(Installation(meter.code, point, direction=direction, signed=signed))


def _told(site: Site, at: int, window: tuple[int, int] | None, by_day: bool):
    """(text of a change, days of what ended with it, of what began)."""
    low, high = (at, at) if window is None else (at - window[0], at + window[1])
    times = [site.start_us + m * MINUTE_US for m in (low, high)]
    first = local_day(times[0], site.zone)
    if by_day:
        return "", Validity(None, first), Validity(first, None)
    last = local_day(times[1] - 1, site.zone)
    text = "/".join(dict.fromkeys(iso(one, site.zone) for one in times))
    return text, Validity(None, last + timedelta(days=1)), Validity(first, None)


def _change(site: Site) -> tuple[int, str, Validity, Validity]:
    """When something changed, and how it was told."""
    at = int(site.rng.integers(DAY_MIN // 2, site.minutes - DAY_MIN // 2))
    by_day = site.chance(0.4)
    if by_day:
        start = day_bounds(local_day(site.start_us + at * MINUTE_US, site.zone), site.zone)[0]
        at = (start - site.start_us) // MINUTE_US + site.pick(0, 0, 200, 877)
    wide = not by_day and site.chance(0.5)
    window = tuple(site.rng.integers(1, 200, 2).tolist()) if wide else None
    return at, *_told(site, at, window, by_day)


def replaced(site: Site) -> None:
    """A register, a transformer or both that are changed."""
    meter = site.meter(total=False)
    at, text, until, since = _change(site)
    how = site.pick("point", "point", "same", "ratio", "both")
    rates = (Decimal(20), Decimal("2.5")) if how in ("ratio", "both") else (Decimal(1),) * 2
    digits = site.pick(None, None, 4)
    old = Installation(
        meter.code, site.point(Kind.REGISTER), rates[0], digits, valid=until, ends=text
    )
    point = site.point(Kind.REGISTER) if how == "point" else old.point
    new = Installation(meter.code, point, rates[1], digits, valid=since, starts=text)
    true = site.load()

    def said(minute: int, of_old: bool) -> float:
        before, after = true[min(minute, at)], max(true[minute] - true[at], 0)
        if how == "ratio":
            value = 9970 + before / 20 + after / 2.5
        else:
            value = 9970 + before / float(rates[0]) if of_old else 12 + after / float(rates[1])
        return round(float(value % 10_000 if digits else value), 4)

    if text and site.chance(0.6):
        wrong = site.pick(0, 0, 3)
        final, first = (Decimal(repr(said(at, one))) + wrong for one in (True, False))
        which = site.pick("both", "final", "first")
        old = replace(old, final=final if which != "first" else None)
        new = replace(new, first=first if which != "final" else None)
    minutes = site.stamps(meter.step_min).tolist()
    if site.chance(0.4):
        minutes = sorted({*minutes, at})
    for one, own in ((old, True), (new, False)):
        mine = minutes
        if how == "point":
            mine = [m for m in minutes if (m <= at + 95 if own else m >= at - 185)]
        elif own:
            mine = [m for m in minutes if m < at]
        else:
            mine = [m for m in minutes if m >= at]
        if len(mine) < 3:
            continue
        values = np.array([said(m, own) for m in mine])
        if site.chance(0.3):
            trouble(site, values, 1)
        known = ~np.isnan(values)
        site.send(one.point, np.array(mine)[known], values[known])
    simple = replace(old, valid=Validity(), ends="", final=None)
    site.serve(old, new, before=(simple,) if site.chance(0.5) else None)


def moved(site: Site) -> None:
    """A register that goes on under another meter, while others take its place."""
    one, other = site.meter(total=False), site.meter(total=False)
    at, text, until, since = _change(site)
    point, true = site.point(Kind.REGISTER), site.load()
    ratio = site.pick(Decimal(1), Decimal(3))
    old = Installation(one.code, point, valid=until, ends=text)
    new = Installation(other.code, point, ratio, valid=since, starts=text)

    def said(minute: int) -> float:
        before, after = true[min(minute, at)], max(true[minute] - true[at], 0)
        return round(float(8000 + before + after / float(ratio)), 4)

    if text and site.chance(0.4):
        value = Decimal(repr(said(at))) + site.pick(0, 0, 3)
        old, new = (
            (replace(old, final=value), new)
            if site.chance(0.5)
            else (
                old,
                replace(new, first=value),
            )
        )
    minutes = site.stamps(one.step_min)
    values = np.array([said(m) for m in minutes.tolist()])
    if site.chance(0.4):
        trouble(site, values, 2)
    known = ~np.isnan(values)
    site.send(point, minutes[known], values[known])
    rows = [old, new]
    if site.chance(0.6):
        later, earlier = site.point(Kind.REGISTER), site.point(Kind.REGISTER)
        rows += [Installation(one.code, later, valid=since, starts=text)]
        rows += [Installation(other.code, earlier, valid=until, ends=text)]
        site.send(later, minutes[minutes >= at], 3 + true[minutes[minutes >= at]])
        site.send(earlier, minutes[minutes <= at], 70 + true[minutes[minutes <= at]] * 0.5)
    simple = replace(old, valid=Validity(), ends="", final=None)
    site.serve(*rows, before=(simple,) if site.chance(0.5) else None)


def clean(site: Site) -> None:
    """A register that nothing befalls, but that sleeps for long or ticks in lumps."""
    meter = site.meter(max_per_hour=None)
    point, minutes = site.point(Kind.REGISTER), site.stamps(meter.step_min)
    values = 40 + site.load()[minutes]
    if site.chance(0.5):
        at = int(site.rng.integers(1, len(minutes)))
        _rest(site, values, at, min(at + 60 * 48 // 15, len(minutes)))
    if site.chance(0.4):
        values = np.floor(values / 5) * 5
    site.send(point, minutes, values)
    site.serve(Installation(meter.code, point))


MAKERS = (register, register, register, intervals, intervals, replaced, replaced, moved, clean)


def _price(days: str, start: int, end: int, **more) -> TariffRow:
    item = more.pop("item", "01000")
    months = frozenset(range(1, 13))
    return TariffRow("t", item, months, days, start, end, f"p{start}", Decimal("0.5"), **more)


TARIFF = (
    *(_price("working", 0, 510), _price("working", 510, 1000), _price("working", 1000, 1440)),
    _price("rest", 0, 1440),
    *(_price("all", 0, 700, item="01A00"), _price("all", 700, 1440, item="01A00")),
    _price("all", 425, 1440, node="f"),
    _price("all", 0, 425, node="f"),
)


STEPS = (15, 15, 15, 20, 30, 60, 60, DAY_MIN)
COARSE, DAILY = (60, 60, DAY_MIN), (DAY_MIN,)
"""Of worlds that last for months, and for more than a year."""


def random_world(
    seed: int, days: int = 5, meters: int = 7, steps: tuple[int, ...] = STEPS
) -> RandomWorld:
    """The world of a seed."""
    rng = np.random.default_rng(seed)
    zone = list(ZONES)[int(rng.integers(len(ZONES)))] if seed % 2 else "Asia/Shanghai"
    elsewhere = OTHERS[int(rng.integers(len(OTHERS)))] if seed % 3 == 0 else None
    site = Site(rng, zone, ZONES[elsewhere or zone], days, steps)
    while len(site.meters) < meters:
        site.pick(*MAKERS)(site)
    priced = site.chance(0.7)
    supply = tuple(
        SupplyEdge(f"m{n}", f"m{n + 1}") for n in range(1, len(site.meters)) if site.chance(0.2)
    )
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone=zone),
        "b": Node("b", NodeType.BUILDING),
        "c": Node("c", NodeType.BUILDING, zone=elsewhere),
        "f": Node("f", NodeType.BUILDING),
    }
    registry = Registry(
        version=2,
        nodes=nodes,
        space=tuple(SpaceEdge(*edge) for edge in EDGES),
        meters=site.meters,
        supply=supply,
        points=site.points,
        installations=tuple(site.installed),
        tariff=TARIFF if priced else (),
    )
    at_first = replace(registry, version=1, installations=tuple(site.at_first))
    if site.chance(0.3):
        at_first = replace(at_first, tariff=())
    if site.chance(0.3):
        at_first = replace(at_first, supply=())
    if site.chance(0.3):
        plain = {c: replace(m, total=False, max_per_hour=None) for c, m in site.meters.items()}
        at_first = replace(at_first, meters=plain)
    batches = list(_batches(site, registry))
    return RandomWorld(zone, site.first, days, registry, at_first, batches)


def _batches(site: Site, registry: Registry) -> Iterator[Batch]:
    """All that was sent, mostly in the order of time, and the clock beside it."""
    rng, sent = site.rng, sorted(site.sent, key=lambda one: (one.time_us, one.point))
    late = rng.random(len(sent)) < site.pick(0.0, 0.002, 0.02)
    delay = np.where(late, rng.integers(10**11, 3 * 10**11, len(sent)), 0).tolist()
    due = [one.time_us + more for one, more in zip(sent, delay, strict=True)]
    how = site.pick("live", "live", "shuffled", "backwards")
    order = np.argsort(due, kind="stable")
    if how == "shuffled":
        order = rng.permutation(len(sent))
    elif how == "backwards":
        order = order[::-1]
    count = int(site.pick(3, 8, 16))
    parts = np.array_split(order, np.sort(rng.integers(0, len(sent), count)))
    parts = [part for part in parts if len(part)]
    told = int(rng.integers(0, len(parts) + 1))
    end = day_bounds(site.first + timedelta(days=site.days + 1), site.zone)[1]
    now = 0
    for place, part in enumerate(parts):
        own = [sent[n] for n in part.tolist()]
        now = max(now, *(due[n] for n in part.tolist())) + 1_000_000
        moment = now if how == "live" else end
        if site.chance(0.3):
            wrong = own[int(rng.integers(len(own)))]
            value = wrong.value + site.pick(5000, 1, -40)
            yield Batch(moment, [replace(wrong, value=round(value, 4))])
        change = registry if place == told else None
        yield Batch(moment, own, restarts=site.chance(0.2), registered=change)
    yield Batch(end, [], registered=registry if told == len(parts) else None)
