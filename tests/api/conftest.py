"""A small seeded world: two institutions, 60 days of books, readings, findings, dead letters."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api import PartHealth, Platform, PushReceipt, Submission, create_app
from collector import Located, Record, RecordPlace
from figures import Figures
from greenoffice.building_models import model_text
from greenoffice.desk import JournalDesk
from greenoffice.evidence_files import EvidenceFiles
from greenoffice.registry_workbook import registry_workbook
from greenoffice.said_files import read_rows
from ledger import Ledger
from metering import quality
from metering.access import Role
from metering.book import BookRow, DirtyMark, RegisterEvent, SeriesKey
from metering.day_mark import DayMark
from metering.errors import NotFound
from metering.factor import Factor
from metering.finding import Case, Changes, Finding
from metering.intake import DeadLetter, GatewayCounts, IntakeBatch
from metering.localtime import HOUR_US, day_bounds, days_between, slot_starts
from metering.quantity import ABSENT, I64, add, total
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
from metering.registry.facts.accounts import Account
from metering.statement import Statement, StatementKind
from metering.tables import decode
from metering.tariff import TariffRow
from storage import DuckDBReadings, MemoryReadings, memory_stores, open_engine, sql_stores
from tests.api.kept_histories import KeptHistories

ZONE = "Asia/Shanghai"
TODAY = date(2026, 11, 24)
NOW_US = day_bounds(TODAY, ZONE)[0] + 10 * HOUR_US + 37 * 60_000_000
FIRST = TODAY - timedelta(days=60)
SEGMENT = (1 << 24) | 1
SLIP = b"%PDF-1.7 a slip"
EVIDENCE = tempfile.TemporaryDirectory(prefix="evidence-")  # gone with the run

BUILDINGS = {"office-a": 1.0, "office-b": 0.7, "canteen": 0.4}
SUB_ITEMS = {"01A00": 0.35, "01B00": 0.4, "01C00": 0.12, "01D00": 0.05}


@dataclass(frozen=True)
class Raw:
    """A journalled message."""

    arrived_us: int
    gateway: str
    route: str
    payload: bytes
    kind: str = "message"
    client: str = ""


@dataclass
class MemoryJournal:
    """The journal's two faces that the API uses."""

    kept: dict[tuple[int, int], Raw] = field(default_factory=dict)

    def record(self, segment: int, offset: int) -> Raw:
        if (segment, offset) not in self.kept:
            value = f"{segment}/{offset}"
            raise NotFound("no such message", field="message", value=value, fix="follow a link")
        return self.kept[(segment, offset)]

    def add(self, submission: Submission) -> PushReceipt:
        place = ((2 << 24) | 1, len(self.kept))
        self.kept[place] = Raw(
            submission.arrived_us, submission.gateway, submission.route, submission.payload
        )
        told = sha256(submission.payload).hexdigest()
        return PushReceipt(*place, told, submission.arrived_us)

    def append(self, record: Record) -> RecordPlace:
        place = RecordPlace((2 << 24) | 1, len(self.kept))
        self.kept[place] = Raw(
            record.arrived_us,
            record.gateway,
            record.route,
            record.payload,
            record.kind,
            record.client,
        )
        return place

    def writers(self) -> list[int]:
        return []

    def read(self, *_: int) -> list[Located]:
        return []


@dataclass(frozen=True)
class World:
    """The platform under test and one client a key."""

    platform: Platform
    journal: MemoryJournal
    client: TestClient
    keys: dict[str, str]

    def get(self, path: str, key: str = "bureau", **params: object):
        headers = {"X-API-Key": self.keys[key]}
        return self.client.get(path, params=params or None, headers=headers)

    def post(self, path: str, key: str = "bureau", **options: object):
        return self.client.post(path, headers={"X-API-Key": self.keys[key]}, **options)


def registry() -> Registry:
    """Bureau with a campus of three buildings and a data centre; a school that is none of it."""
    nodes = [
        Node("bureau", NodeType.INSTITUTION, "市机关事务局", "Municipal bureau", zone=ZONE),
        Node("campus", NodeType.SITE, "行政中心", "Civic campus"),
        Node("office-a", NodeType.BUILDING, "甲办公楼", "Office A", area_m2=Decimal(12500)),
        Node("office-b", NodeType.BUILDING, "乙办公楼", "Office B", area_m2=Decimal(8200)),
        Node("canteen", NodeType.BUILDING, "食堂", "Canteen", area_m2=Decimal(2100)),
        Node("dc", NodeType.DATACENTRE, "数据中心", "Data centre"),
        Node("school", NodeType.INSTITUTION, "第一中学", "First school", zone=ZONE),
        Node("yard", NodeType.SITE, "校园", "School yard"),
        Node("hall", NodeType.BUILDING, "教学楼", "Teaching hall"),
    ]
    edges = [
        ("bureau", "campus"),
        *(("campus", code) for code in (*BUILDINGS, "dc")),
        ("school", "yard"),
        ("yard", "hall"),
    ]
    meters = [*_building_meters(), *_dc_meters(), Meter("hall-total", "hall", "01000", total=True)]
    points = _points(meters)
    served = {p.name.removesuffix(".import"): p.id for p in points if p.name.endswith(".import")}
    return Registry(
        nodes={n.code: n for n in nodes},
        space=tuple(SpaceEdge(a, b) for a, b in edges),
        gateways={g.user: g for g in (Gateway("campus", "gw-1"), Gateway("yard", "gw-9"))},
        meters={m.code: m for m in meters},
        points={p.id: p for p in points},
        installations=tuple(Installation(m.code, served[m.code]) for m in meters),
        tariff=tuple(_tariff()),
        more={"account": (Account("6600-1", "canteen-water"), Account("9900-9", "hall-total"))},
        factors=(
            Factor("01000", "kgco2", Decimal("0.5366"), source="MEE notice 2024", grade="V"),
            Factor("01000", "kgce", Decimal("0.1229"), source="GB/T 2589-2020", grade="V"),
        ),
    )


def _building_meters() -> Iterator[Meter]:
    for code in BUILDINGS:
        yield Meter(f"{code}-total", code, "01000", total=True)
        for item in SUB_ITEMS:
            yield Meter(f"{code}-{item.lower()}", code, item)
        yield Meter(f"{code}-water", code, "02000", total=True, step_min=60)


def _dc_meters() -> Iterator[Meter]:
    for role, item, whole in (
        ("utility", "01000", True),
        ("ups_in", "01D10", False),
        ("ups_out", "01D10", False),
        ("it", "01D10", False),
        ("cooling", "01B00", False),
    ):
        yield Meter(f"dc-{role}", "dc", item, total=whole, dc_role=role)


def _points(meters: list[Meter]) -> list[Point]:
    points = []
    for n, meter in enumerate(meters, start=1):
        gateway = "yard/gw-9" if meter.node == "hall" else "campus/gw-1"
        points.append(Point(n, gateway, f"{meter.code}.import", Kind.REGISTER, meter.unit))
    free = [
        ("campus/gw-1", "weather", Kind.INSTANT, "C", "outdoor_temperature", "campus"),
        ("campus/gw-1", "rack-1", Kind.INSTANT, "C", "rack_inlet_temperature", "dc"),
        ("campus/gw-1", "rack-2", Kind.INSTANT, "C", "rack_inlet_temperature", "dc"),
        ("yard/gw-9", "weather", Kind.INSTANT, "C", "outdoor_temperature", "yard"),
    ]
    for n, (gateway, name, kind, unit, role, node) in enumerate(free, start=len(points) + 1):
        points.append(Point(n, gateway, name, kind, unit, role, node))
    return points


def _tariff() -> Iterator[TariffRow]:
    spans = ((0, 480, "valley", "0.31"), (480, 1320, "peak", "0.98"), (1320, 1440, "flat", "0.62"))
    for start, end, period, price in spans:
        yield TariffRow(
            "tou", "01000", frozenset(range(1, 13)), "all", start, end, period, Decimal(price)
        )


def profile(day: date, step_min: int, scale: float) -> I64:
    """A day's slots [book units]; absent after now."""
    starts = slot_starts(day, ZONE, step_min)
    hour = (np.arange(len(starts)) * step_min / 60) % 24
    work = 1.0 if day.weekday() < 5 else 0.15
    wave = (
        18 + 82 * work * np.exp(-(((hour - 13.5) / 4.2) ** 4)) + 4 * np.sin(day.toordinal() * 2.1)
    )
    slots = np.round(wave * scale * step_min / 60 * 1e6).astype(np.int64)
    return np.where(starts + step_min * 60_000_000 <= NOW_US, slots, ABSENT)


def row(key: SeriesKey, day: date, slots: I64, step_min: int) -> BookRow:
    """A booked day; absent slots are missing, a fixed gap in the past too."""
    shares = quality.all_of(quality.MEASURED, len(slots))
    shares[slots == ABSENT] = (0, 0, 0, quality.WHOLE)
    known = (slots != ABSENT).reshape(24, -1).sum(axis=1)
    times = np.zeros((24, 4), dtype=np.int64)
    times[:, quality.MEASURED], times[:, quality.MISSING] = known, 60 // step_min - known
    made = BookRow.of(
        key=key,
        day=day,
        step_min=step_min,
        slots=slots,
        shares=shares,
        hour_shares=quality.from_times(times),
        total=total(slots),
        day_shares=quality.from_times(times.sum(axis=0)[None, :])[0],
        provisional=day == TODAY,
    )
    return replace(made, registry=4)


@cache
def books() -> dict[str, list[BookRow]]:
    """Rows of every meter and node, by institution; made once, since nothing changes a row."""
    known = registry()
    rows: dict[str, list[BookRow]] = {"bureau": [], "school": []}
    for day in days_between(FIRST, TODAY):
        nodes: dict[tuple[str, str, str, int], list[I64]] = {}
        for meter in known.meters.values():
            institution = known.institution(meter.node)
            slots = profile(day, meter.step_min, _scale(meter))
            if day == TODAY - timedelta(days=9) and meter.code == "office-b-total":
                slots[40:52] = ABSENT
            key = SeriesKey(institution, "meter", meter.code, meter.item)
            rows[institution].append(row(key, day, slots, meter.step_min))
            if meter.dc_role not in (None, "utility"):
                continue
            for node in (meter.node, *known.ancestors(meter.node)):
                nodes.setdefault((institution, node, meter.item, meter.step_min), []).append(slots)
        for (institution, node, item, step), parts in nodes.items():
            key = SeriesKey(institution, "node", node, item)
            rows[institution].append(row(key, day, add(parts), step))
    return rows


def _scale(meter: Meter) -> float:
    if meter.dc_role:
        return {"utility": 1.5, "ups_in": 1.02, "ups_out": 0.97, "it": 0.95, "cooling": 0.4}[
            meter.dc_role
        ]
    building = BUILDINGS.get(meter.node, 0.5)
    return building * (0.02 if meter.item == "02000" else SUB_ITEMS.get(meter.item, 1.0))


def findings() -> list[Case]:
    """One of each pattern at the bureau, one at the school."""
    start = day_bounds(TODAY - timedelta(days=7), ZONE)[0] + HOUR_US
    hours = tuple(start + n * HOUR_US for n in range(5))
    around = [start + n * HOUR_US for n in range(-18, 30)]
    hourly = tuple((t, 12.0, 31.2 if t in hours else 12.5 + (t // HOUR_US) % 3) for t in around)
    base = Finding(
        institution="bureau",
        node="office-a",
        meter="office-a-01b00",
        item="01B00",
        pattern="after_hours_plant",
        start_us=hours[0],
        end_us=hours[-1] + HOUR_US,
        hours_us=hours,
        expected=60_000_000,
        measured=156_000_000,
        waste=96.0,
        waste_low=88.2,
        waste_high=103.5,
        cost=Decimal("29.76"),
        currency="CNY",
        kgco2=Decimal("51.51"),
        confidence=0.97,
        baseline_version="tow-1",
        cause="bms_override",
        action="restore_schedule",
        detail={
            "expected": 12.0,
            "measured": 31.2,
            "unit": "kW",
            "example_us": hours[1],
            "temperature_c": 24,
        },
        hourly=hourly,
        found_us=NOW_US - HOUR_US,
    )
    weekend = replace(
        base,
        node="office-b",
        meter="office-b-01a00",
        item="01A00",
        pattern="weekend_run",
        cause="holiday_table_missing",
        action="add_exception",
        waste=44.0,
        cost=Decimal("13.60"),
        kgco2=Decimal("23.6"),
    )
    stuck = replace(
        base,
        node="canteen",
        meter="canteen-01c00",
        item="01C00",
        pattern="meter_stuck",
        cause="register_frozen",
        action="check_register",
        expected=None,
        measured=None,
        waste=0.0,
        waste_low=0.0,
        waste_high=0.0,
        cost=None,
        kgco2=None,
        detail={},
        hourly=(),
    )
    school = replace(base, institution="school", node="hall", meter="hall-total", item="01000")
    named = {"f-after": base, "f-weekend": weekend, "f-stuck": stuck, "f-school": school}
    return [Case(found, opened_us=found.found_us, legacy_id=name) for name, found in named.items()]


def day_marks() -> list[DayMark]:
    """A plant that ran in the night, and a canteen in which nothing ran at noon of yesterday."""
    start_us = day_bounds(TODAY, ZONE)[0]
    night = DayMark(
        institution="bureau",
        node="office-a",
        meter="office-a-01b00",
        item="01B00",
        day=TODAY,
        start_us=start_us + HOUR_US,
        end_us=start_us + 4 * HOUR_US,
        above=True,
        measured=69_000_000,
        low=23_000_000,
        high=31_000_000,
        score=12.5,
        baseline_version="2-9f0c1d2e3a4b",
        revision=2,
        until_us=day_bounds(TODAY + timedelta(days=1), ZONE)[1],
    )
    noon = replace(
        night,
        node="canteen",
        meter="canteen-01a00",
        item="01A00",
        day=TODAY - timedelta(days=1),
        start_us=start_us - 12 * HOUR_US,
        end_us=start_us - 10 * HOUR_US,
        above=False,
        measured=200_000,
        low=12_000_000,
        high=15_000_000,
        until_us=day_bounds(TODAY, ZONE)[1],
    )
    return [night, noon]


SCHOOL_MARK = {"institution": "school", "node": "hall", "meter": "hall-total", "item": "01000"}


def letter(gateway: str, index: int, reason: str, value: str) -> DeadLetter:
    """A refused reading of the message at offset 7."""
    return DeadLetter(
        gateway=gateway,
        route=f"greenoffice/v1/{gateway}/readings",
        reason=reason,
        message=f"gateway {gateway} has no point of that name",
        field=f"readings[{index}].point",
        value=value,
        fix="register the point: its readings are then taken in from here",
        segment=SEGMENT,
        offset=7,
        index=index,
        digest=f"{gateway}{value}",
        arrived_us=NOW_US - 30_000_000,
        point=value,
        preview=b'{"readings": [{"point": "E9.import", "value": 1}]}',
    )


def readings(registry: Registry) -> ReadingColumns:
    """Two days of registers each quarter hour, and temperatures."""
    rows = []
    for point in registry.points.values():
        for n in range(200):
            time_us = NOW_US // (900_000_000) * 900_000_000 - n * 900_000_000
            value = 100_000.0 - n * 3 if point.kind is Kind.REGISTER else 21.0 + point.id % 5
            rows.append((point.id, time_us, value, 0, time_us, n, SEGMENT, 1000 - n, point.id % 7))
    return ReadingColumns.of(rows)


def seed(readings_store, stores) -> tuple[MemoryJournal, dict[str, str]]:
    """Fill the stores through their ports; the keys' secrets by name."""
    stores.registry.apply(registry(), actor="test", now_us=NOW_US)
    known = stores.registry.load()
    readings_store.upsert(readings(known))
    for institution, rows in books().items():
        event = RegisterEvent(
            institution, rows[0].key.code, "gap", NOW_US - 50 * HOUR_US, NOW_US - 47 * HOUR_US
        )
        stores.books.commit(institution, rows, expected_revision=0, events=[event], now_us=NOW_US)
        old = next(r for r in rows if r.day == FIRST and r.key.kind == "meter")
        part = old.finest
        more = replace(part, slots=part.slots + 1000 // len(part.slots))
        changed = replace(old, total=(old.total or 0) + 1000, parts=(more,))
        stores.books.commit(
            institution, [changed], expected_revision=1, now_us=NOW_US, cause="correction"
        )
    done = [mark.id for mark in stores.marks.ready()]
    stores.books.commit("", [], expected_revision=0, cleared=done, now_us=NOW_US)
    stores.findings.record(Changes(tuple(findings())), now_us=NOW_US)
    stores.findings.mark("campus", day_marks())
    stores.findings.mark("yard", [replace(day_marks()[0], **SCHOOL_MARK)])
    _intake(stores)
    journal = MemoryJournal()
    for offset in range(1001):
        gateway = "yard/gw-9" if offset == 8 else "campus/gw-1"
        payload = {"readings": [{"point": "E1.import", "value": offset}]}
        journal.kept[(SEGMENT, offset)] = Raw(
            NOW_US, gateway, f"greenoffice/v1/{gateway}/readings", json.dumps(payload).encode()
        )
    return journal, _keys(stores)


def _intake(stores) -> None:
    letters = [letter("campus/gw-1", n, "unknown_point", f"E{n}.import") for n in range(5)]
    evidence = {"sha256": sha256(SLIP).hexdigest(), "media": "application/pdf", "size": len(SLIP)}
    said = {
        **{"value": "5", "unit": "kWh", "point": "yard/gw-9/hall-total.import", "zone": ZONE},
        **{"at": "2026-11-20T02:00:00Z", "evidence": [evidence]},
    }
    entered = Statement(
        "5c4001",
        StatementKind.READING,
        "hall-total",
        date(2026, 11, 20),
        date(2026, 11, 21),
        said,
        arrived_us=NOW_US - HOUR_US,
    )
    billed = replace(
        entered,
        id="5c4002",
        kind=StatementKind.BILL,
        subject="9900-9",
        said={"number": "7", "total": "5", "evidence": [evidence]},
    )
    counts = [
        GatewayCounts(
            user,
            messages=120,
            readings=4000,
            new=3900,
            duplicates=90,
            corrections=2,
            dead=5,
            last_arrival_us=NOW_US - 8_000_000,
            last_time_us=NOW_US - 12_000_000,
            last_skew_us=1_200_000,
            connected=True,
        )
        for user in ("campus/gw-1", "yard/gw-9")
    ]
    stores.intake.commit(
        IntakeBatch(
            1,
            0,
            0,
            SEGMENT,
            1001,
            counts=tuple(counts),
            dead_letters=(*letters, letter("yard/gw-9", 0, "bad_unit", "kVAr/h")),
            at_us=NOW_US,
            statements=(entered, billed),
        )
    )


def _keys(stores) -> dict[str, str]:
    wanted = {
        "whole": ("", Role.ADMIN),
        "bureau": ("bureau", Role.ADMIN),
        "operator": ("bureau", Role.OPERATE),
        "closer": ("bureau", Role.CLOSE),
        "second": ("bureau", Role.CLOSE),
        "desk": ("bureau", Role.ENTER),
        "reader": ("bureau", Role.READ),
        "building": ("office-a", Role.ADMIN),
        "school": ("school", Role.ADMIN),
    }
    return {
        name: stores.access.create_key(name, node, role, actor="test", now_us=NOW_US)
        for name, (node, role) in wanted.items()
    }


def platform_of(readings_store, stores, journal: MemoryJournal, now_us: int = NOW_US) -> Platform:
    """The ports as one platform; hash and registry reading stand in by plain functions."""
    known = _cached(stores.registry)
    return Platform(
        readings=readings_store,
        books=stores.books,
        figures=Figures(stores.books, known, lambda: now_us, stores.registry.load),
        intake=stores.intake,
        clocks=stores.intake,
        want_again=stores.intake.want,
        dismiss=stores.intake.dismiss,
        marks=stores.marks,
        findings=stores.findings,
        baselines=stores.baselines,
        reports=stores.reports,
        closings=stores.closings,
        registry=known,
        registry_store=stores.registry,
        credentials=stores.credentials,
        access=stores.access,
        messages=journal,
        ingest=journal.add,
        desk=JournalDesk(journal, 2, stores.intake, journal.append),
        evidence=EvidenceFiles(Path(tempfile.mkdtemp(dir=EVIDENCE.name))),
        statements=stores.intake,
        histories=KeptHistories(),
        read_registry=read_registry,
        read_uploaded=lambda files, end: (read_registry(files, end), list(files)),
        read_rows=read_rows,
        workbook=lambda found, language: registry_workbook(language, found),
        model=model_text,
        ask_again=stores.intake.ask_again,
        now_us=lambda: now_us,
        health=lambda: {"intake": PartHealth(True, {"behind": 0})},
        language="en",
    )


def _cached(store):
    kept: dict[int, Registry] = {}

    def load() -> Registry:
        version = store.version()
        if version not in kept:
            kept.clear()
            kept[version] = store.load()
        return kept[version]

    return load


def read_registry(texts, end_missing=None) -> Registry:
    """Just enough to see that what is uploaded is what is applied."""
    read = (one if isinstance(one, str) else decode(one) for one in texts.values())
    codes = [line for text in read for line in text.splitlines()[1:]]
    return Registry(nodes={code: Node(code, NodeType.INSTITUTION, zone=ZONE) for code in codes})


def client_of(platform: Platform) -> TestClient:
    """A client on the platform's own machine."""
    return TestClient(create_app(platform), client=("127.0.0.1", 50_000))


def make_world(stores, readings_store) -> World:
    """A seeded world over given stores."""
    journal, keys = seed(readings_store, stores)
    platform = platform_of(readings_store, stores, journal)
    return World(platform, journal, client_of(platform), keys)


def booked_world(registry: Registry, now_us: int, values) -> World:
    """A registry whose books the ledger itself has made of readings; `values` are
    (times [us], values) by point. Its key `bureau` reaches everything."""
    stores, readings_store, journal = memory_stores(), MemoryReadings(), MemoryJournal()
    stores.registry.apply(registry, actor="test", now_us=now_us)
    for point, (times, numbers) in values.items():
        pairs = zip(times, numbers, strict=True)
        rows = [(point, int(t), float(v), 0, int(t), n, 0, 0, 0) for n, (t, v) in enumerate(pairs)]
        readings_store.upsert(ReadingColumns.of(rows))
        mark = DirtyMark(point, int(min(times)), int(max(times)))
        stores.marks.mark([mark], writer_no=1, ready=True)
    platform = platform_of(readings_store, stores, journal, now_us)
    Ledger(readings_store, stores.books, stores.marks, platform.registry, platform.now_us).step()
    key = stores.access.create_key("bureau", "", Role.ADMIN, actor="test", now_us=now_us)
    return World(platform, journal, client_of(platform), {"bureau": key})


@pytest.fixture
def booked():
    """Makes a world of a registry and readings."""
    return booked_world


@pytest.fixture
def signed():
    """Signs a key in."""
    return sign_in


@pytest.fixture
def world() -> World:
    return make_world(memory_stores(), MemoryReadings())


@pytest.fixture(scope="session")
def shared_world() -> World:
    """For tests that only read."""
    return make_world(memory_stores(), MemoryReadings())


@pytest.fixture(scope="module")
def real_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same over SQLite and DuckDB."""
    folder = tmp_path_factory.mktemp("stores")
    readings = DuckDBReadings(folder / "readings.duckdb")
    engine = open_engine(f"sqlite:///{folder / 'greenoffice.db'}")
    yield make_world(sql_stores(engine), readings)
    readings.close()
    engine.dispose()


@dataclass(frozen=True)
class SignedIn:
    """A session of the bureau's key in the world's client."""

    csrf: str


def sign_in(world: World, key: str = "bureau") -> SignedIn:
    """Through the form, as a browser does."""
    form = world.client.get("/signin").text
    token = re.search(r'name="token" value="([^"]+)"', form)[1]
    data = {"key": world.keys[key], "token": token, "next": "/"}
    response = world.client.post("/signin", data=data, follow_redirects=False)
    assert response.status_code == 303
    return SignedIn(
        re.search(r'name="csrf" value="([^"]+)"', world.client.get("/findings").text)[1]
    )


@pytest.fixture
def signed_in(world: World) -> SignedIn:
    return sign_in(world)
