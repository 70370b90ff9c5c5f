"""A small platform in memory: two institutions, one of them where the clocks change, with meters of
every kind, a data centre, temperatures, cases and restatements."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from fastapi.testclient import TestClient

from api.app import create_app
from api.platform import Platform
from figures import Figures
from ledger import Ledger
from metering.access import Role
from metering.book import DirtyMark
from metering.factor import Factor
from metering.finding import Case, Changes, Finding
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.tariff import TariffRow
from proofs.quiet_platform import quiet_platform
from storage import MemoryReadings, memory_stores

FAR, NEAR = "Asia/Shanghai", "Europe/Berlin"
FIRST, LAST = date(2026, 10, 19), date(2026, 11, 2)
CHANGE = date(2026, 10, 25)
"""The day of 25 hours in NEAR."""
DAY_US = 24 * HOUR_US
QUARTER = 15
BY = "influxql"

PLACES: tuple[tuple[str, NodeType, str, int, int], ...] = (
    ("bureau", NodeType.INSTITUTION, "", 0, 0),
    ("campus", NodeType.SITE, "bureau", 0, 0),
    ("hall", NodeType.BUILDING, "campus", 800, 40),
    ("annex", NodeType.BUILDING, "campus", 200, 10),
    ("dc", NodeType.DATACENTRE, "campus", 0, 0),
    ("mission", NodeType.INSTITUTION, "", 0, 0),
    ("villa", NodeType.BUILDING, "mission", 350, 7),
)
"""Code, type, what it is below, area and persons."""
METERS: tuple[tuple[str, str, str, bool, int, str], ...] = (
    ("hall-all", "hall", "01000", True, QUARTER, ""),
    ("hall-light", "hall", "01A00", False, QUARTER, ""),
    ("hall-ac", "hall", "01B00", False, QUARTER, ""),
    ("hall-water", "hall", "02000", True, 60, ""),
    ("annex-all", "annex", "01000", True, QUARTER, ""),
    ("annex-ac", "annex", "01B00", False, QUARTER, ""),
    ("dc-utility", "dc", "01000", True, QUARTER, "utility"),
    ("dc-ups-in", "dc", "01D10", False, QUARTER, "ups_in"),
    ("dc-ups-out", "dc", "01D10", False, QUARTER, "ups_out"),
    ("dc-it", "dc", "01D10", False, QUARTER, "it"),
    ("dc-cooling", "dc", "01B00", False, QUARTER, "cooling"),
    ("villa-all", "villa", "01000", True, QUARTER, ""),
    ("villa-ac", "villa", "01B00", False, QUARTER, ""),
)
"""Code, place, item, whether it is the total, minutes between readings, role."""
SILENT, SILENT_FROM = "annex-ac", date(2026, 10, 29)
"""A meter of which nothing comes from a day on."""
_TEMPERATURES = (
    ("weather", "campus", "outdoor_temperature"),
    ("rack", "dc", "rack_inlet_temperature"),
)


class InfluxScene:
    """The platform, a caller who reaches all of it, and a client with its key."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"influxql {seed}")
        self.registry = _registry()
        self.start_us = min(day_bounds(FIRST, zone)[0] for zone in (FAR, NEAR))
        self.now_us = day_bounds(LAST, NEAR)[1]
        self.readings = MemoryReadings()
        self.stores = memory_stores()
        self.stores.registry.apply(self.registry, actor=BY, now_us=self.now_us)
        self._ledger = Ledger(
            self.readings,
            self.stores.books,
            self.stores.marks,
            lambda: self.registry,
            lambda: self.now_us,
        )
        self._fill()
        self.stores.findings.record(
            Changes(opened=tuple(_cases(self.start_us))), now_us=self.now_us
        )
        self.platform = self._platform()
        secret = self.stores.access.create_key("all", "", Role.READ, actor=BY, now_us=self.now_us)
        self.client = TestClient(
            create_app(self.platform),
            client=("127.0.0.1", 50_000),
            headers={"Authorization": f"Token {secret}"},
        )

    def _platform(self) -> Platform:
        figures = Figures(self.stores.books, lambda: self.registry, lambda: self.now_us)
        return quiet_platform(
            self.stores, self.readings, figures, lambda: self.registry, lambda: self.now_us
        )

    def _fill(self) -> None:
        values: dict[int, list[int]] = {}
        for point in self.registry.points.values():
            values[point.id] = self._push(point)
        self._settle()
        self.now_us += 2 * HOUR_US
        for point in list(self.registry.points.values())[:2]:  # corrections, which restate a day
            step = _step_us(point, self.registry)
            number = 5 * DAY_US // step + 3
            at, value = self.start_us + number * step, values[point.id][number]
            row = (point.id, at, (value + 1) / 1000, 0, 0, 10**6, 0, 0, 0)
            self.readings.upsert(ReadingColumns.of([row]))
            self.stores.marks.mark([DirtyMark(point.id, at, at)], writer_no=1, ready=True)
        self._settle()

    def _settle(self) -> None:
        while self.stores.marks.waiting():
            self._ledger.step()

    def _push(self, point: Point) -> list[int]:
        """Readings of a register that rises [Wh], or of a temperature [m degree]."""
        step = _step_us(point, self.registry)
        last = day_bounds(SILENT_FROM, FAR)[0] if point.name == SILENT else self.now_us
        rows, values, value = [], list[int](), 20_000
        for number in range((last - self.start_us) // step + 1):
            values.append(value)
            rows.append(
                (point.id, self.start_us + number * step, value / 1000, 0, 0, number, 0, 0, 0)
            )
            hour = number * step // HOUR_US % 24
            most = 4000 if 8 <= hour < 18 else 900
            rise = self._chance.randint(1, most * step // HOUR_US + 1)
            value = value + rise if point.kind is Kind.REGISTER else 18_000 + rise
        self.readings.upsert(ReadingColumns.of(rows))
        mark = DirtyMark(point.id, int(rows[0][1]), int(rows[-1][1]))
        self.stores.marks.mark([mark], writer_no=1, ready=True)
        return values


def _step_us(point: Point, registry: Registry) -> int:
    meter = registry.meters.get(point.name)
    return (meter.step_min if meter else 30) * 60_000_000


def _registry() -> Registry:
    zones = {"bureau": FAR, "mission": NEAR}
    nodes = [
        Node(
            code,
            kind,
            f"{code}·",
            code.title(),
            zone=zones.get(code),
            area_m2=Decimal(area) if area else None,
            persons=persons or None,
        )
        for code, kind, _, area, persons in PLACES
    ]
    meters = [
        Meter(code, node, item, total=total, step_min=step, dc_role=role or None)
        for code, node, item, total, step, role in METERS
    ]
    served = {code: _gateway_of(node) for code, node, *_ in METERS}
    points = [
        Point(n, served[one.code], one.code, Kind.REGISTER, one.unit)
        for n, one in enumerate(meters, start=1)
    ]
    installations = tuple(Installation(one.name, one.id) for one in points)
    points += [
        Point(len(points) + n, "campus/g", name, Kind.INSTANT, "C", role, node)
        for n, (name, node, role) in enumerate(_TEMPERATURES, start=1)
    ]
    return Registry(
        nodes={one.code: one for one in nodes},
        space=tuple(SpaceEdge(above, code) for code, _, above, *_ in PLACES if above),
        gateways={
            "campus/g": Gateway("campus", "g"),
            "villa/g": Gateway("villa", "g"),
        },
        meters={one.code: one for one in meters},
        points={one.id: one for one in points},
        installations=installations,
        tariff=(
            *_prices("bureau", "0.8", "CNY"),
            *_prices("mission", "0.4", "EUR"),
        ),
        factors=(
            Factor("01000", "kgco2", Decimal("0.57"), grade="V"),
            Factor("01000", "kgce", Decimal("0.1229"), grade="V"),
        ),
    )


def _gateway_of(node: str) -> str:
    return "villa/g" if node == "villa" else "campus/g"


def _prices(institution: str, peak: str, currency: str) -> list[TariffRow]:
    def row(period: str, first: int, last: int, price: str) -> TariffRow:
        months = frozenset(range(1, 13))
        return TariffRow(
            f"tou-{institution}",
            "01000",
            months,
            "all",
            first,
            last,
            period,
            Decimal(price),
            currency=currency,
            institution=institution,
            grade="V",
        )

    return [row("valley", 0, 480, "0.25"), row("peak", 480, 1440, peak)]


def _cases(start_us: int) -> list[Case]:
    """Some that waste, and one of a meter that stands still."""
    found = []
    told = (
        ("after_hours_plant", "hall-ac", "hall", "01B00", 96.0, "29.76"),
        ("weekend_run", "hall-light", "hall", "01A00", 44.0, "13.60"),
        ("weekend_run", "annex-ac", "annex", "01B00", 12.5, "4.25"),
        ("meter_stuck", "villa-ac", "villa", "01B00", 0.0, ""),
    )
    for number, (pattern, meter, node, item, waste, cost) in enumerate(told, start=1):
        begin = start_us + (number + 1) * 2 * DAY_US
        hours = tuple(begin + n * HOUR_US for n in range(5))
        stuck = pattern == "meter_stuck"
        evidence = Finding(
            institution="mission" if node == "villa" else "bureau",
            node=node,
            meter=meter,
            item=item,
            pattern=pattern,
            start_us=begin,
            end_us=hours[-1] + HOUR_US,
            hours_us=hours,
            expected=None if stuck else 60_000_000,
            measured=None if stuck else 60_000_000 + int(waste * 1_000_000),
            waste=waste,
            waste_low=waste * 0.9,
            waste_high=waste * 1.1,
            cost=Decimal(cost) if cost else None,
            currency="CNY",
            kgco2=Decimal("1.5") if cost else None,
            confidence=0.97,
            baseline_version="tow-1",
            cause="register_frozen" if stuck else "bms_override",
            action="check_register" if stuck else "restore_schedule",
            detail={} if stuck else _DETAIL | {"example_us": hours[1]},
            hourly=tuple((at, 12.0, 31.2) for at in hours),
            found_us=begin + DAY_US,
        )
        found.append(Case(evidence, opened_us=evidence.found_us))
    return found


_DETAIL: dict[str, str | int | float] = {
    "expected": 12.0,
    "measured": 31.2,
    "unit": "kW",
    "temperature_c": 24,
}
