"""A small institution with two Octobers and a September, booked by the real ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from figures import Figures, energy
from ledger import Ledger
from metering.book import BookRow, DirtyMark
from metering.factor import Factor
from metering.finding import Case, Changes, Finding
from metering.localtime import day_bounds, next_month, parse_instant
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
from metering.tariff import TariffRow
from reports import ReportSource, month_report
from storage.memory import MemoryBooks, MemoryFindings, MemoryMarks, MemoryReadings

HOUR_US = 3_600_000_000
ZONE = "Asia/Shanghai"
MONTHS = (date(2025, 10, 1), date(2026, 9, 1), date(2026, 10, 1))
NOW = parse_instant("2026-11-05T12:00:00+08:00")
CURRENCY = "CNY"
INSTITUTION = "bureau"

METERS = (
    Meter("a-total", "office-a", "01000", True, 60, None, Decimal(900), "A楼总电表", "A, total"),
    Meter("a-light", "office-a", "01A00", False, 60, None, Decimal(300), "A楼照明", "A, lighting"),
    Meter("a-ac", "office-a", "01B00", False, 60, None, Decimal(400), "A楼空调", "A, cooling"),
    Meter("a-water", "office-a", "02000", True, 60, None, Decimal(20), "A楼水表", "A, water"),
    Meter("b-total", "office-b", "01000", True, 60, None, Decimal(900), "B楼总电表", "B, total"),
    Meter("b-power", "office-b", "01C00", False, 60, None, Decimal(300), "B楼动力", "B, power"),
)
PER_HOUR = {
    "a-total": 120.123,
    "a-light": 30.5,
    "a-ac": 55.25,
    "a-water": 1.5,
    "b-total": 80.777,
    "b-power": 20.1,
    "dc-utility": 44.4,
    "dc-ups-in": 33.3,
    "dc-ups-out": 31.1,
    "dc-it": 29.9,
}


DC_METERS = (
    Meter("dc-utility", "dc", "01D10", False, 60, "utility", None, "机房市电", "DC, utility"),
    Meter("dc-ups-in", "dc", "01D10", False, 60, "ups_in", None, "UPS输入", "DC, UPS input"),
    Meter("dc-ups-out", "dc", "01D10", False, 60, "ups_out", None, "UPS输出", "DC, UPS output"),
    Meter("dc-it", "dc", "01D10", False, 60, "it", None, "IT设备", "DC, IT"),
)
FEEDS = (("dc-utility", "dc-ups-in"), ("dc-ups-in", "dc-ups-out"), ("dc-ups-out", "dc-it"))


def mixed_registry() -> Registry:
    """The same with a data centre, prices that turn at 08:30, a building billed in another
    currency, and a meter with a price of its own."""
    plain = registry()
    meters = (*METERS, *DC_METERS)
    centre = Node("dc", NodeType.DATACENTRE, "数据机房", "Data room", None, Decimal(400), None)
    return replace(
        plain,
        nodes={**plain.nodes, "dc": centre},
        space=(*plain.space, SpaceEdge("campus", "dc")),
        supply=tuple(SupplyEdge(source, fed) for source, fed in FEEDS),
        meters={meter.code: meter for meter in meters},
        points={
            n: Point(n, "campus/g", meter.code, Kind.REGISTER, meter.unit)
            for n, meter in enumerate(meters, start=1)
        },
        installations=tuple(Installation(m.code, n) for n, m in enumerate(meters, start=1)),
        tariff=tuple(mixed_tariff()),
    )


def mixed_tariff() -> list[TariffRow]:
    def row(tariff, start, end, period, price, item="01000", **more):
        months = frozenset(range(1, 13))
        return TariffRow(tariff, item, months, "all", start, end, period, Decimal(price), **more)

    return [
        row("t", 0, 510, "valley", "0.3217"),
        row("t", 510, 1140, "peak", "1.1033"),
        row("t", 1140, 1440, "flat", "0.7"),
        row("abroad", 0, 510, "valley", "0.0713", currency="USD", node="office-b"),
        row("abroad", 510, 1440, "peak", "0.21", currency="USD", node="office-b"),
        row("light", 0, 1440, "flat", "0.5", "01A00", meter="a-light"),
        row("cooling", 0, 1440, "flat", "0.5", "01B00", meter="a-ac"),
        row("w", 0, 1440, "flat", "4.2", "02000", grade="S"),
    ]


def registry() -> Registry:
    nodes = [
        Node("bureau", NodeType.INSTITUTION, "示范机关", "Example bureau", ZONE),
        Node("campus", NodeType.SITE, "办公园区", "Office campus"),
        Node("office-a", NodeType.BUILDING, "办公楼A", "Office A", None, Decimal(12000), 600),
        Node("office-b", NodeType.BUILDING, "办公楼B", "Office B", None, Decimal(8000), 420),
        Node("other", NodeType.INSTITUTION, "另一机关", "Other bureau", ZONE),
    ]
    edges = [("bureau", "campus"), ("campus", "office-a"), ("campus", "office-b")]
    return Registry(
        version=1,
        nodes={node.code: node for node in nodes},
        space=tuple(SpaceEdge(parent, child) for parent, child in edges),
        meters={meter.code: meter for meter in METERS},
        points={
            n: Point(n, "campus/g", meter.code, Kind.REGISTER, meter.unit)
            for n, meter in enumerate(METERS, start=1)
        },
        installations=tuple(Installation(m.code, n) for n, m in enumerate(METERS, start=1)),
        tariff=tuple(tariff()),
        factors=tuple(factors()),
    )


def tariff() -> list[TariffRow]:
    times = [(0, 480, "valley", "0.32"), (480, 1140, "peak", "1.10"), (1140, 1440, "flat", "0.70")]
    months = frozenset(range(1, 13))
    rows = [
        TariffRow("t", "01000", months, "all", a, b, name, Decimal(price), source="Example price")
        for a, b, name, price in times
    ]
    water = TariffRow("w", "02000", months, "all", 0, 1440, "flat", Decimal("4.2"), grade="S")
    return [*rows, water]


def factors() -> list[Factor]:
    return [
        Factor("01000", "kgco2", Decimal("0.5306"), "CN", source="Official notice", grade="V"),
        Factor("01000", "kgce", Decimal("0.1229"), "CN", source="GB/T 2589-2020", grade="S"),
    ]


def a_finding() -> Finding:
    return Finding(
        institution="bureau",
        node="office-a",
        meter="a-ac",
        item="01B00",
        pattern="after_hours_plant",
        start_us=parse_instant("2026-10-12T19:00:00+08:00"),
        end_us=parse_instant("2026-10-14T07:00:00+08:00"),
        hours_us=tuple(parse_instant("2026-10-12T19:00:00+08:00") + n * HOUR_US for n in range(9)),
        expected=1,
        measured=2,
        waste=412.3456,
        waste_low=380.1,
        waste_high=440.2,
        cost=Decimal("259.7"),
        currency=CURRENCY,
        kgco2=Decimal("218.79"),
        confidence=0.97,
        baseline_version="1",
        cause="bms_override",
        action="restore_schedule",
    )


@dataclass
class Bureau:
    """The institution's stores, and a ledger that has come to rest."""

    now_us: int = NOW
    months: tuple[date, ...] = MONTHS
    holes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Per meter the instants between which it sent nothing."""
    registry: Registry = field(default_factory=registry)

    def __post_init__(self) -> None:
        self.marks, self.readings = MemoryMarks(), MemoryReadings()
        self.books, self.findings = MemoryBooks(self.marks), MemoryFindings()
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: self.registry, lambda: self.now_us
        )
        for month in self.months:
            for point, meter in enumerate(self.registry.meters.values(), start=1):
                self._push(point, meter, month)
        self.findings.record(Changes((Case(a_finding()),)), now_us=self.now_us)
        self.book()

    @classmethod
    def like(cls, booked: Bureau) -> Bureau:
        """One with the same readings, books and findings in stores of its own, without the
        ledger's work."""
        made = cls(now_us=booked.now_us, months=(), registry=booked.registry)
        made.readings.upsert(booked.readings.scan(list(booked.registry.points), 0, 2**62))
        by_revision: dict[int, list[BookRow]] = {}
        for row in booked.rows():
            by_revision.setdefault(row.revision, []).append(row)
        for revision in sorted(by_revision):
            made.books.commit(
                INSTITUTION,
                by_revision[revision],
                expected_revision=revision - 1,
                events=booked.books.events(INSTITUTION, 0, 2**62),
                now_us=made.now_us,
            )
        return made

    def rows(self) -> list[BookRow]:
        return self.books.rows(self.books.series(INSTITUTION), date.min, date.max)

    def book(self) -> None:
        while self.ledger.step().marks:
            pass

    def _push(self, point: int, meter: Meter, month: date) -> None:
        start = day_bounds(month, ZONE)[0]
        end = min(day_bounds(next_month(month), ZONE)[0], self.now_us)
        times = np.arange(start, end + 1, HOUR_US, dtype=np.int64)
        shape = 1 + 0.6 * np.sin((times // HOUR_US + 8 - 6) % 24 / 24 * 2 * np.pi)
        weekend = 1 - 0.45 * (((times // HOUR_US + 8) // 24 + 3) % 7 >= 5)
        growth = 1 + 0.05 * (month.year - 2025) + 0.01 * month.month
        base = 1e6 * (month.year - 2020) + 8e4 * month.month
        values = base + np.cumsum(PER_HOUR[meter.code] * shape * weekend * growth)
        if meter.code in self.holes:
            first, last = map(parse_instant, self.holes[meter.code])
            keep = (times < first) | (times >= last)
            times, values = times[keep], values[keep]
        if len(times):
            self.push(point, times, np.round(values, 3))

    def push(self, point: int, times, values) -> None:
        count = len(times)
        zeros = np.zeros(count, dtype=np.int64)
        rows = ReadingColumns(
            np.full(count, point, dtype=np.int64),
            np.asarray(times, dtype=np.int64),
            np.asarray(values, dtype=np.float64),
            np.zeros(count, dtype=np.int16),
            zeros,
            np.arange(count, dtype=np.int64),
            zeros,
            zeros,
            zeros,
        )
        self.readings.upsert(rows)
        mark = DirtyMark(point, int(times[0]), int(times[-1]))
        self.marks.mark([mark], writer_no=1, ready=True)

    @property
    def figures(self) -> Figures:
        return Figures(self.books, lambda: self.registry, lambda: self.now_us)

    def energy(self, node: str, item: str, first: date, last: date, step: str):
        with self.figures.view() as view:
            return energy(view, view.key_of(node, item), first, last, step)

    def source(self) -> ReportSource:
        return ReportSource(self.figures, self.registry, self.findings)

    def report(self, month: str = "2026-10", **more):
        return month_report(self.source(), "bureau", month, **more)


@pytest.fixture(scope="session")
def bureau() -> Bureau:
    """Read only: October 2026, with October 2025 and September 2026 whole."""
    return Bureau()


@pytest.fixture(scope="session")
def october(bureau):
    return bureau.report()


@pytest.fixture(scope="session")
def mixed() -> Bureau:
    """Read only: one October with two currencies, prices that turn at 08:30, a data centre."""
    return Bureau(months=(date(2026, 10, 1),), registry=mixed_registry())


@pytest.fixture(scope="session")
def mixed_october(mixed):
    return mixed.report()


@pytest.fixture
def own(bureau) -> Bureau:
    """The same, to be changed by one test."""
    return Bureau.like(bureau)


@pytest.fixture
def helpers() -> SimpleNamespace:
    return SimpleNamespace(
        Bureau=Bureau, HOUR_US=HOUR_US, ZONE=ZONE, registry=registry, mixed_registry=mixed_registry
    )
