"""A platform's folder with books of many meters for as long as wanted, up to this moment.

    the last two days        readings that the real ledger booked
    the days before          rows as it wrote those of yesterday, with other energy

So the store holds what a platform would hold that had run all the time, and is made in minutes. Of
places the days before hold all electricity of each, and every item of the campus: what boards ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, insert

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from ledger import Plans
from metering.book import BookRow, DirtyMark, SeriesKey
from metering.factor import Factor
from metering.localtime import day_bounds, day_number, iso, local_day
from metering.quantity import I64
from metering.registry import NodeType, Registry
from metering.registry.files import write_registry
from metering.tariff import TariffRow
from proofs.bench_campus import A_DAY, BODY, ZONE, arriving, campus
from proofs.steps import say
from proofs.world_folder import platform_folder
from storage import open_engine
from storage.sql.book_codec import packed
from storage.sql.book_lookup import all_ids
from storage.sql.engine import writing
from storage.sql.schema import BOOK_ROW

ALL: Final = "01000"
AREA_M2: Final = 4_000
"""Of each building."""
KGCO2: Final = Decimal("0.5306")
"""Of a kWh."""
EDGES, PRICES = (0, 8, 12, 17, 22), ("0.3105", "0.9812", "0.6455", "1.1786", "0.3105")
WRITTEN_AT_ONCE, CACHE_KB = 30, 800_000
"""Days in a transaction, and memory for its pages: to write them is not what is measured."""


@dataclass(frozen=True)
class BoardBooks:
    """The folder, and what it holds."""

    folder: DataFolder
    meters: Sequence[str]
    first: date
    last: date
    """The running day."""
    now_us: int
    """When the last readings came in."""


def priced_campus(meters: int) -> Registry:
    """A campus with prices by the time of day, factors, and areas."""
    found = campus(meters)
    nodes = {
        code: replace(node, area_m2=Decimal(AREA_M2)) if node.type is NodeType.BUILDING else node
        for code, node in found.nodes.items()
    }
    year = frozenset(range(1, 13))
    tariff = tuple(
        TariffRow("t", ALL, year, "all", a * 60, b * 60, f"p{a}", Decimal(price))
        for a, b, price in zip(EDGES, (*EDGES[1:], 24), PRICES, strict=True)
    )
    factors = (Factor(ALL, "kgco2", KGCO2), Factor(ALL, "kgce", Decimal("0.1229")))
    return replace(found, nodes=nodes, tariff=tariff, factors=factors)


def board_books(root: Path, meters: int, days: int, now_us: int) -> BoardBooks:
    """Make the folder: books of so many local days, the running one included."""
    registry = priced_campus(meters)
    folder, _ = platform_folder(root, iso(now_us), write_registry(registry))
    with closing(Assembly.open(folder)) as assembly:
        now_us = assembly.now_us()
        today = local_day(now_us, ZONE)
        yesterday, first = today - timedelta(days=1), today - timedelta(days=days - 1)
        _booked(assembly, meters, day_bounds(yesterday, ZONE)[0], now_us)
        say(f"two days of {meters} meters are booked")
        known = Plans(registry).on(BODY, yesterday).figures
        wanted = [name for name in known if name[1] == ALL or name[0] == BODY]
        keys = [SeriesKey(BODY, "meter", one.code, one.item) for one in registry.meters.values()]
        keys += [SeriesKey(BODY, "node", *name) for name in wanted]
        with assembly.stores.books.at_rest() as books:
            rows = {row.key: row for row in books.rows(keys, yesterday, yesterday)}
        place = {code: n for n, code in enumerate(registry.meters)}
        parts = [[place[code] for code in known[name].meters] for name in wanted]
        engine = open_engine(f"sqlite:///{folder.database}")
        _write(engine, [rows[key] for key in keys], parts, (first, yesterday))
        engine.dispose()
    return BoardBooks(folder, list(registry.meters), first, today, now_us)


def _booked(assembly: Assembly, meters: int, since_us: int, now_us: int) -> None:
    assert assembly.owned is not None
    for rows in arriving(meters, 2, since_us=since_us):
        assembly.owned.upsert(rows.take(rows.time_us <= now_us))
    marks = [DirtyMark(p, since_us, now_us, "reading") for p in range(1, meters + 1)]
    assembly.stores.marks.mark(marks, writer_no=1, ready=True)
    while assembly.stores.marks.waiting():
        assembly.ledger.step()


def _write(
    engine: Engine, like: Sequence[BookRow], parts: Sequence[Sequence[int]], span: tuple[date, date]
) -> None:
    """Rows of the days from the first of the span up to its last, which is not included; `parts`
    are the places of the meters in each row behind those of meters."""
    meters = len(like) - len(parts)
    rng = np.random.default_rng(meters)
    quarter = np.arange(A_DAY)
    load = np.where((quarter >= 32) & (quarter < 72), 7_000_000, 1_500_000)
    with engine.connect() as con:
        ids = all_ids(con, BODY)
    kept = [_Kept.of(row, ids[row.key]) for row in like]
    statement = str(insert(BOOK_ROW).compile(dialect=engine.dialect))
    numbers = range(day_number(span[0]), day_number(span[1]))
    for begun in range(0, len(numbers), WRITTEN_AT_ONCE):
        with writing(engine) as con:
            con.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KB}")
            for number in numbers[begun : begun + WRITTEN_AT_ONCE]:
                own = rng.integers(load // 2, load, (meters, A_DAY))
                sums = [own[list(of)].sum(axis=0) for of in parts]
                slots = np.concatenate([own, np.stack(sums)])
                con.exec_driver_sql(statement, list(_rows(kept, number, slots)))
            con.exec_driver_sql("PRAGMA cache_size = -2000")
        say(f"{min(begun + WRITTEN_AT_ONCE, len(numbers))} of {len(numbers)} days are written")


@dataclass(frozen=True)
class _Kept:
    """A row as the store keeps it, and where its energy by window lies in it."""

    told: dict[str, Any]
    before: bytes
    after: bytes

    @staticmethod
    def of(row: BookRow, series_id: int) -> _Kept:
        """Of a row of one part that is wholly measured."""
        assert row.finest.windows is not None
        told = {**packed(row, series_id, 1), "told": True, "serial": None, "provisional": False}
        before, after = told["parts"].split(row.finest.windows.quantity.tobytes())
        return _Kept(told, before, after)


def _rows(kept: Sequence[_Kept], day: int, slots: I64) -> Iterator[tuple[Any, ...]]:
    windows = np.add.reduceat(slots, np.array(EDGES) * 4, axis=1)
    totals = slots.sum(axis=1).tolist()
    names = [column.name for column in BOOK_ROW.columns]
    for n, one in enumerate(kept):
        told = one.told | {
            "day": day,
            "total": totals[n],
            "slots": slots[n].tobytes(),
            "parts": one.before + windows[n].tobytes() + one.after,
        }
        yield tuple(told[name] for name in names)
