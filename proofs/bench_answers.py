"""What answers of many series cost, by the API as it is: of a year by hour, by day, and as Arrow.

    campus of so many meters, priced by the time of day ──▶ a year of books ──▶ /v1/energy

Books are written as the store keeps them, day after day; what booking costs is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Engine, insert
from starlette.types import ASGIApp, Message

from api import Platform, create_app
from figures import Figures
from metering.book import BookRow, PriceWindows, SeriesKey
from metering.factor import Factor
from metering.localtime import day_bounds
from metering.quality import MEASURED, WHOLE
from metering.tariff import TariffRow, TariffScope
from proofs.bench_campus import A_DAY, BODY, FIRST, ZONE, campus
from proofs.steps import say
from storage import Stores, open_engine, sql_stores
from storage.sql.book_codec import packed
from storage.sql.engine import writing
from storage.sql.schema import BOOK_ROW, INSTITUTION_REVISION, SERIES

ARROW = "application/vnd.apache.arrow.stream"
SERIES_BY_HOUR, FEW, DAYS = 63, 20, 365
ARROW_METERS, ARROW_DAYS = 1_000, 40
WRITTEN_AT_ONCE, CACHE_KB = 60, 800_000
"""Days in a transaction, and memory for its pages: to write them is not what is measured."""
EDGES = (0, 8, 12, 17, 22)
PRICES = ("0.3105", "0.9812", "0.6455", "1.1786", "0.3105")
GOALS = {
    "year_by_hour_63_series_s": 1,
    "year_by_day_20_meters_s": 0.1,
    "year_by_day_10000_meters_s": 5,
    "arrow_intervals_per_s": 20_000_000,
}
"""Of one request each, CPU seconds of the whole application."""
AT_LEAST = ("arrow_intervals_per_s",)


def answers(meters: int) -> dict[str, float]:
    """CPU [s] of each answer, with books of so many meters."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-bench-") as root:
        asked = AskedAnswers(Path(root), meters)
        say(f"a year of books of {meters} meters is stored")
        year, month = _span(DAYS), _span(ARROW_DAYS)
        by_hour = {"meter": _codes(SERIES_BY_HOUR), "step": "hour", "fields": "quantity,money"}
        by_day = {"step": "day", "fields": "quantity,shares"}
        found = {
            "year_by_hour_63_series_s": asked.cost(SERIES_BY_HOUR * DAYS * 24, by_hour | year),
            "year_by_day_20_meters_s": asked.cost(
                FEW * DAYS, {"meter": _codes(FEW)} | by_day | year
            ),
            "year_by_day_10000_meters_s": asked.cost(
                meters * DAYS, {"below": BODY} | by_day | year, arrow=True
            ),
        }
        count = min(ARROW_METERS, meters) * ARROW_DAYS * A_DAY
        native = {"below": "s0", "step": "native", "fields": "quantity"}
        spent = asked.cost(count, native | month, arrow=True)
        found["arrow_intervals_per_s"] = round(count / spent)
        return found


def missed_answers(found: dict[str, Any]) -> list[str]:
    """The goals that were not reached."""
    return [
        name
        for name, goal in GOALS.items()
        if (found[name] < goal if name in AT_LEAST else found[name] > goal)
    ]


def _codes(count: int) -> str:
    return ",".join(f"m{n}" for n in range(1, count + 1))


def _span(days: int) -> dict[str, str]:
    return {"start": FIRST.isoformat(), "end": (FIRST + timedelta(days=days)).isoformat()}


@dataclass(frozen=True)
class _Nothing:
    """Ports of the platform that no answer here asks."""

    name: str

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{self.name}.{name} was asked")


class AskedAnswers:
    """The API over books of a year."""

    def __init__(self, root: Path, meters: int) -> None:
        engine = open_engine(f"sqlite:///{root}/books.sqlite")
        self.stores: Stores = sql_stores(engine)
        self.now_us = day_bounds(FIRST + timedelta(days=DAYS + 40), ZONE)[0]
        known = replace(campus(meters), tariff=_tariff(), factors=_factors())
        self.stores.registry.apply(known, actor="bench", now_us=self.now_us)
        registry = self.stores.registry.load()
        _book(engine, meters)
        secret = self.stores.access.create_key(
            "bench", "", "read", actor="bench", now_us=self.now_us
        )
        self.app = create_app(_platform(self.stores, registry, self.now_us))
        self.headers = [(b"x-api-key", secret.encode())]
        for arrow in (False, True):  # what is made once
            self.cost(
                24, {"meter": "m1", "step": "hour", "fields": "quantity"} | _span(1), arrow=arrow
            )

    def cost(self, intervals: int, asked: dict[str, str], *, arrow: bool = False) -> float:
        """CPU [s] of the best of five answers, which have so many intervals."""
        headers = [*self.headers, *([(b"accept", ARROW.encode())] if arrow else [])]
        spent = []
        for _ in range(5):
            begun = time.process_time()
            status, content = asyncio.run(_answer(self.app, urlencode(asked), headers))
            spent.append(time.process_time() - begun)
            assert status == 200, bytes(content[:500])
            told = _intervals(content, arrow=arrow)
            assert told == intervals, f"{told} of {intervals} intervals"
        return round(min(spent), 3)


async def _answer(app: ASGIApp, query: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, Any]:
    """Status and body, as the application hands them to its server."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("bench", 0),
        "client": ("127.0.0.1", 0),
        "root_path": "",
        "method": "GET",
        "path": "/v1/energy",
        "raw_path": b"/v1/energy",
        "query_string": query.encode(),
        "headers": headers,
        "state": {},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def _intervals(content: Any, *, arrow: bool) -> int:
    if arrow:
        return int(pa.ipc.open_stream(content).read_all().num_rows)
    return sum(len(one["amount"]) for one in msgspec.json.decode(content)["data"])


def _platform(stores: Stores, registry: Any, now_us: int) -> Any:
    books = stores.books
    given: dict[str, Any] = {
        name: _Nothing(name)
        for name in (
            *("readings", "messages", "ingest", "desk", "evidence", "read_registry"),
            *("read_uploaded", "workbook"),
            *("credentials", "statements"),
        )
    }
    return Platform(
        **given,
        books=books,
        figures=Figures(books, lambda: registry, lambda: now_us),
        intake=stores.intake,
        clocks=stores.intake,
        want_again=stores.intake.want,
        marks=stores.marks,
        findings=stores.findings,
        baselines=stores.baselines,
        reports=stores.reports,
        closings=stores.closings,
        registry=lambda: registry,
        registry_store=stores.registry,
        access=stores.access,
        now_us=lambda: now_us,
    )


def _tariff() -> tuple[TariffRow, ...]:
    year = frozenset(range(1, 13))
    ends = (*EDGES[1:], 24)
    return tuple(
        TariffRow("t", "01000", year, "all", a * 60, b * 60, f"p{a}", Decimal(price))
        for a, b, price in zip(EDGES, ends, PRICES, strict=True)
    )


def _factors() -> tuple[Factor, ...]:
    return (
        Factor("01000", "kgco2", Decimal("0.5306")),
        Factor("01000", "kgce", Decimal("0.1229")),
    )


def _book(engine: Engine, meters: int) -> None:
    """A year of every meter, in the order in which days are booked."""
    rng = np.random.default_rng(meters)
    registry = campus(meters)
    keys = [SeriesKey(BODY, "meter", one.code, one.item) for one in registry.meters.values()]
    with writing(engine) as con:
        con.execute(insert(SERIES), [{"id": n, **vars(key)} for n, key in enumerate(keys, start=1)])
        con.execute(insert(INSTITUTION_REVISION), [{"institution": BODY, "revision": 1}])
    quarter = np.arange(A_DAY)
    load = np.where((quarter >= 32) & (quarter < 72), 7_000_000, 1_500_000)
    statement = str(insert(BOOK_ROW).compile(dialect=engine.dialect))
    for begun in range(0, DAYS, WRITTEN_AT_ONCE):
        with writing(engine) as con:
            con.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")
            for number in range(begun, min(begun + WRITTEN_AT_ONCE, DAYS)):
                slots = rng.integers(load // 2, load, (meters, A_DAY))
                rows = list(_rows(keys[0], FIRST + timedelta(days=number), slots))
                con.exec_driver_sql(statement, rows)
            con.exec_driver_sql("PRAGMA cache_size = -2000")


def _rows(key: SeriesKey, day: date, slots: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of a day as the store packs them: one as it does, of the others what differs."""
    shares = np.zeros((A_DAY, 4), np.uint16)
    shares[:, MEASURED] = WHOLE
    offsets = tuple(hour * 60 for hour in EDGES)
    windows = np.add.reduceat(slots, np.array(EDGES) * 4, axis=1)
    own = PriceWindows(offsets, windows[0], np.zeros(len(offsets), np.int64))
    hours, scope = shares[:24], TariffScope("", "", "01000")
    total = int(slots[0].sum())
    row = BookRow.of(
        key, day, 15, slots[0], shares, hours, total, shares[0], scope=scope, windows=own
    )
    told = {**packed(row, 1, 1), "told": True, "serial": None}
    names = [column.name for column in BOOK_ROW.columns]
    before, after = told["parts"].split(windows[0].tobytes())
    for n, total in enumerate(slots.sum(axis=1).tolist(), start=1):
        told |= {
            "series_id": n,
            "total": total,
            "slots": slots[n - 1].tobytes(),
            "parts": before + windows[n - 1].tobytes() + after,
        }
        yield tuple(told[name] for name in names)
