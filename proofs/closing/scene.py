"""A small office over SQLite or PostgreSQL, with a ledger and an API, to which things happen after
a month was closed: readings come late, prices, factors and baselines are made anew, the books are
rebuilt, the database is restored from a backup."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from fastapi.testclient import TestClient

from analytics import Memory, look, settle, site_inputs
from api.app import create_app
from api.platform import Platform
from figures import Figures
from ledger import Ledger
from metering.access import Role
from metering.book import DirtyMark
from metering.factor import Factor
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
from proofs.servers.postgres import OwnPostgres
from storage import MemoryReadings, open_engine, sql_stores
from storage.backup.database import back_up_database, restore_database

ZONE = "Asia/Shanghai"
MONTH = "2026-02"
FIRST, LAST = date(2026, 2, 1), date(2026, 2, 28)
BEGIN, END = date(2026, 1, 20), date(2026, 3, 5)
BY, WHY = "closing", "it was wrong"
GATEWAY = "campus/g"
METERS: dict[str, tuple[str, str, bool, int]] = {
    "all": ("hall", "01000", True, 15),
    "light": ("hall", "01A00", False, 15),
    "lab": ("annex", "01B00", False, 60),
}
DAY_US = 24 * HOUR_US
Span = tuple[str, int, int]
"""A meter and the first and last of its readings, by number."""


class ClosingScene:
    """The office, and what is done to it; each deed says what it was."""

    def __init__(self, seed: int, folder: Path, server: OwnPostgres | None = None) -> None:
        self._server = server
        self.chance = random.Random(f"closing {seed}")  # noqa: S311 - a simulated world
        self.folder, self._files = folder, 0
        self.changed_us: set[int] = set()
        self.start_us = day_bounds(BEGIN, ZONE)[0]
        self.now_us = day_bounds(END, ZONE)[1] + 36 * HOUR_US
        self.readings = MemoryReadings()
        self._values = {code: self._loads(code) for code in METERS}
        self.held = self._held_back()
        self._open(self._empty("office"))
        self.stores.registry.apply(self._office(), actor=BY, now_us=self.now_us)
        for code in METERS:
            self._push(code, [n for n in range(self._count(code)) if not self._holds(code, n)])
        self.settle()
        self._look()
        self.secrets = {
            name: self.stores.access.create_key(name, "", role, actor=BY, now_us=self.now_us)
            for name, role in (("reader", Role.READ), ("closer", Role.CLOSE))
        }

    def close(self) -> None:
        """End the client and the connections."""
        self.client.__exit__()
        self.stores.close()

    def settle(self) -> None:
        """Book until nothing waits."""
        while self.stores.marks.waiting():
            self.ledger.step()

    def deeds(self) -> list[tuple[str, Callable[[], None]]]:
        """What may happen, in an order of the seed's own."""
        late = [("late", lambda one=one: self._late(one)) for one in self.held]
        found: list[tuple[str, Callable[[], None]]] = [
            *late,
            ("corrected", self._corrected),
            ("price", self._price),
            ("price", self._price),
            ("factor", self._factor),
            ("place", self._place),
            ("baseline", self._baseline),
            ("rebuild", self._rebuild),
            ("restore", self._restore),
        ]
        self.chance.shuffle(found)
        return found

    def _late(self, span: Span) -> None:
        code, first, last = span
        self._push(code, list(range(first, last)))

    def _corrected(self) -> None:
        code = self.chance.choice(sorted(METERS))
        inside = day_bounds(FIRST + timedelta(days=5), ZONE)[0]
        number = (inside - self.start_us) // self._step(code) + self.chance.randint(0, 200)
        values = self._values[code]
        values[number] = (values[number] + values[number + 1]) // 2
        self._push(code, [number])

    def _price(self) -> None:
        """Dearer, or at another minute of the day."""
        edge = self.chance.choice([420, 437, 480, 555])
        rows = _prices(edge, Decimal(self.chance.randint(2, 9)) / 10)
        self._change(tariff=rows)

    def _factor(self) -> None:
        value = Decimal(self.chance.randint(400, 700)) / 1000
        self._change(factors=(Factor("01000", "kgco2", value, grade="V"),))

    def _place(self) -> None:
        """Another name and area."""
        area = Decimal(self.chance.randint(500, 900))
        self._change(nodes={"hall": Node("hall", NodeType.BUILDING, "新楼", area_m2=area)})

    def _baseline(self) -> None:
        day = (FIRST + timedelta(days=3)).isoformat()
        self.client.post(
            "/v1/baselines/all",
            json={"reason": "a new kitchen", "from": day},
            headers={"X-API-Key": self.secrets["closer"]},
        ).raise_for_status()
        self._look()

    def _rebuild(self) -> None:
        self.ledger.rebuild(whole=True)

    def _restore(self) -> None:
        """A backup, into a database that was empty."""
        kept = self.folder / f"backup-{self._files}.db"
        back_up_database(self._url, kept)
        self.close()
        self._files += 1
        url = self._empty(f"restored-{self._files}")
        restore_database(kept, url)
        self._open(url)

    def done(self, deed: Callable[[], None]) -> None:
        """Do it, book what it asks for, and let a day pass."""
        deed()
        self.settle()
        self.now_us += DAY_US

    def _open(self, url: str) -> None:
        self._url = url
        self.stores = sql_stores(open_engine(url))
        self.ledger = Ledger(
            self.readings,
            self.stores.books,
            self.stores.marks,
            self.stores.registry.load,
            lambda: self.now_us,
        )
        self.figures = Figures(
            self.stores.books,
            self.stores.registry.load,
            lambda: self.now_us,
            self.stores.registry.load,
        )
        made = TestClient(create_app(self._platform()), client=("127.0.0.1", 50_000))
        self.client = made.__enter__()

    def _empty(self, name: str) -> str:
        """The address of a database in which nothing is: on the server, where there is one."""
        if self._server is not None:
            return self._server.database()
        return f"sqlite:///{self.folder / f'{name}.db'}"

    def _look(self) -> None:
        """As analytics does once a day."""
        registry, stores = self.stores.registry.load(), self.stores
        with self.figures.view(registry) as view:
            inputs = site_inputs(view, self.readings, "campus", history_days=60)
            if inputs is None:
                return
            codes = [meter.code for meter in inputs.meters]
            cases = stores.findings.known(inputs.institution, int(inputs.hours_us[0]))
            versions, requests = stores.baselines.versions(codes), stores.baselines.requests(codes)
            seen = look(inputs, Memory(versions, requests, cases))
        stores.baselines.keep(seen.made)
        stores.baselines.note(seen.progress)
        stores.findings.record(settle(cases, seen), now_us=seen.now_us)

    def _change(self, **what: object) -> None:
        self.stores.registry.apply(
            replace(Registry(), **what),  # type: ignore[arg-type]
            actor=BY,
            now_us=self.now_us,
            reason=WHY,
        )
        self.changed_us.add(self.now_us)

    def _step(self, code: str) -> int:
        return METERS[code][3] * 60_000_000

    def _count(self, code: str) -> int:
        return ((END - BEGIN).days + 1) * DAY_US // self._step(code) + 1

    def _loads(self, code: str) -> list[int]:
        """Of a register that rises by day and less by night [Wh]."""
        found, value, step = [], 0, self._step(code)
        for number in range(self._count(code) + 1):
            found.append(value)
            hour = number * step // HOUR_US % 24
            most = 4000 if 8 <= hour < 18 else 900
            value += 2 * self.chance.randint(1, most * step // HOUR_US + 1)
        return found

    def _held_back(self) -> list[Span]:
        """Gaps of the month whose readings come late; and the first days of one meter, of which
        nothing was known."""
        found = []
        for code in sorted(METERS):
            step = self._step(code)
            opens = (day_bounds(FIRST, ZONE)[0] - self.start_us) // step
            whole = (LAST - FIRST).days * DAY_US // step
            first = opens + self.chance.randint(6 * DAY_US // step, whole - 3 * DAY_US // step)
            found.append((code, first, first + self.chance.randint(3, DAY_US // step)))
        if self.chance.random() < 0.5:
            step = self._step("light")
            until = (day_bounds(FIRST + timedelta(days=3), ZONE)[0] - self.start_us) // step
            found.append(("light", 0, until))
        return found

    def _holds(self, code: str, number: int) -> bool:
        return any(one == code and first <= number < last for one, first, last in self.held)

    def _push(self, code: str, numbers: list[int]) -> None:
        point, step = sorted(METERS).index(code) + 1, self._step(code)
        rows = [
            (point, self.start_us + n * step, self._values[code][n] / 1000, 0, 0, n, 0, 0, 0)
            for n in numbers
        ]
        self.readings.upsert(ReadingColumns.of(rows))
        mark = DirtyMark(point, int(rows[0][1]), int(rows[-1][1]))
        self.stores.marks.mark([mark], writer_no=1, ready=True)

    def _office(self) -> Registry:
        nodes = [
            Node("bureau", NodeType.INSTITUTION, zone=ZONE, persons=40),
            Node("campus", NodeType.SITE),
            Node("hall", NodeType.BUILDING, "楼", area_m2=Decimal(800)),
            Node("annex", NodeType.BUILDING, area_m2=Decimal(200)),
        ]
        edges = (("bureau", "campus"), ("campus", "hall"), ("campus", "annex"))
        codes = sorted(METERS)
        return Registry(
            nodes={one.code: one for one in nodes},
            space=tuple(SpaceEdge(*edge) for edge in edges),
            gateways={GATEWAY: Gateway("campus", "g")},
            meters={
                code: Meter(code, node, item, total=total, step_min=step)
                for code, (node, item, total, step) in METERS.items()
            },
            points={
                n: Point(n, GATEWAY, code, Kind.REGISTER, "kWh")
                for n, code in enumerate(codes, start=1)
            },
            installations=tuple(Installation(code, n) for n, code in enumerate(codes, start=1)),
            tariff=_prices(480, Decimal("0.8")),
            factors=(Factor("01000", "kgco2", Decimal("0.57"), grade="V"),),
        )

    def _platform(self) -> Platform:
        stores = self.stores
        return quiet_platform(
            stores, self.readings, self.figures, stores.registry.load, lambda: self.now_us
        )


def _prices(edge: int, peak: Decimal) -> tuple[TariffRow, ...]:
    row = TariffRow(
        "tou", "01000", frozenset(range(1, 13)), "all", 0, edge, "valley", Decimal("0.3")
    )
    return (
        replace(row, grade="V"),
        replace(row, start_min=edge, end_min=1440, period="peak", price=peak, grade="V"),
    )
