"""Real counters and real sub-meters: every decision explained, every sum closed.

water_counters       raw registers of water, hourly, as they came: falls, jumps, repeats, holes
nrel_rsf_submeters   an office by the hour: what is used, by end use, and what the roof gives
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ledger import Ledger
from metering.book import DirtyMark, RegisterEvent, SeriesKey
from metering.quantity import I64
from metering.reading import F64, Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from proofs.array_readings import ArrayReadings
from proofs.steps import data_folder_with_recordings, finish, say
from storage.memory import MemoryBooks, MemoryMarks

WATER = "water_counters/water_meters_raw.parquet"
OFFICE = "nrel_rsf_submeters/rsf_2011_hourly.parquet"
NET = "building_net"
METERED = (
    *("cooling", "heating", "mechanical", "lighting", "plug", "datacenter"),
    *("building", "pv"),
)
SAYS_NO_MORE = ("gap", "stuck", "limit", "off_grid")
"""Kinds that say when, and of which a cost is none of the story's."""
LATER_US = 30 * 86_400_000_000
EVERY_DAY = (date(1990, 1, 1), date(2100, 1, 1))


def run_counters() -> None:
    """Book both; prints what was decided and what does not close, and says what is absent."""
    data = data_folder_with_recordings()
    result: dict[str, Any] = {}
    for name, file, check in (("water", WATER, water), ("office", OFFICE, office)):
        if (data / file).is_file():
            result[name] = check(data / file)
            say(f"{name}: {result[name]}")
        else:
            say(f"skipped: no {file} in {data} (GREENOFFICE_DATA)")
            result[name] = {"skipped": f"no {file}"}
    passed = all(
        "skipped" in one or not (one["unexplained"] or one["differences"])
        for one in result.values()
    )
    finish(result, passed)


def water(file: Path) -> dict[str, Any]:
    """Each counter alone: falls without a decision, decisions without a reason, slots below 0."""
    rows = duckdb.connect().execute(
        "SELECT meter, epoch_us(ts_local), reading_l / 1000 FROM read_parquet(?) ORDER BY 1, 2",
        [str(file)],
    )
    found = rows.fetchnumpy()
    names, first = np.unique(np.asarray(found["meter"], dtype=str), return_index=True)
    ends = [*first[1:].tolist(), len(found["meter"])]
    tally = {"counters": len(names), "readings": 0, "falls": 0, "decisions": 0}
    unexplained: list[str] = []
    below = 0
    kinds: dict[str, int] = {}
    for name, low, high in zip(names.tolist(), first.tolist(), ends, strict=True):
        time_us, value = once_each(
            np.asarray(found[_column(found, 1)][low:high], dtype=np.int64),
            np.asarray(found[_column(found, 2)][low:high], dtype=np.float64),
        )
        books = booked({name: (time_us, value)}, Kind.REGISTER, "02000", "m3")
        events = books.events("o", -(2**62), 2**62)
        falls = np.flatnonzero(np.diff(value) < 0)
        tally["readings"] += len(time_us)
        tally["falls"] += len(falls)
        tally["decisions"] += len(events)
        for one in events:
            kinds[one.kind] = kinds.get(one.kind, 0) + 1
        unexplained += [f"{name} {one.kind} {one.start_us}" for one in events if not _says(one)]
        unexplained += [
            f"{name} falls at {int(time_us[n + 1])}"
            for n in falls.tolist()
            if not any(e.start_us <= time_us[n + 1] and e.end_us >= time_us[n] for e in events)
        ]
        days = books.rows([SeriesKey("o", "meter", name, "02000")], *EVERY_DAY)
        below += sum((row.total or 0) < 0 for row in days)
    return {
        **tally,
        "kinds": dict(sorted(kinds.items())),
        "unexplained": len(unexplained),
        "first": unexplained[:10],
        "differences": below,
    }


def office(file: Path) -> dict[str, Any]:
    """All sub-meters as mean power: each comes to what its file adds up to, and the building with
    the roof, which counts below zero, to the net figure recorded beside them."""
    columns = ", ".join(f"{name}_kw" for name in (*METERED, NET))
    found = (
        duckdb.connect()
        .execute(
            f"SELECT epoch_us(ts_local_end) - 3600000000 AS t, {columns} "  # noqa: S608
            "FROM read_parquet(?) ORDER BY 1",
            [str(file)],
        )
        .fetchnumpy()
    )
    time_us = np.asarray(found["t"], dtype=np.int64)
    series = {
        name: once_each(time_us, np.asarray(found[f"{name}_kw"], dtype=np.float64))
        for name in METERED
    }
    books = booked(series, Kind.MEAN, "01000", "kW")
    totals = {
        name: sum(
            row.total or 0
            for row in books.rows([SeriesKey("o", "meter", name, "01000")], *EVERY_DAY)
        )
        for name in series
    }
    wrong = [
        f"{name}: {totals[name]} booked"
        for name, (_, value) in series.items()
        if totals[name] != round(float(np.nansum(value)) * 1_000_000)
    ]
    net = round(float(np.nansum(np.asarray(found[f"{NET}_kw"], dtype=np.float64))) * 1_000_000)
    if totals["building"] + totals["pv"] != net:
        wrong.append(f"building and roof are not the net {net} mWh")
    return {
        "meters": len(series),
        "readings": len(time_us) * len(series),
        "building_kwh": totals["building"] / 1_000_000,
        "net_kwh": net / 1_000_000,
        "unexplained": 0,
        "differences": len(wrong),
        "first": wrong[:10],
    }


def _column(found: dict[str, Any], place: int) -> str:
    return list(found)[place]


def once_each(time_us: I64, value: F64) -> tuple[I64, F64]:
    """Of readings in rising time those with a value, of one instant the last."""
    known = ~np.isnan(value)
    time_us, value = time_us[known], value[known]
    last = np.append(np.diff(time_us) > 0, True)
    return time_us[last], value[last]


def _says(event: RegisterEvent) -> bool:
    """Whether an event says what it costs and what was read."""
    if event.kind in SAYS_NO_MORE:
        return True
    return event.cost is not None and event.value is not None


def booked(series: dict[str, tuple[I64, F64]], kind: Kind, item: str, unit: str) -> MemoryBooks:
    """Books of the meters of one building of the institution `o`, hourly: by name times [us],
    rising, and values in the unit, of one reading or more."""
    registry = Registry(
        version=1,
        nodes={
            "o": Node("o", NodeType.INSTITUTION, zone="UTC"),
            "b": Node("b", NodeType.BUILDING),
        },
        space=(SpaceEdge("o", "b"),),
        meters={name: Meter(name, "b", item, step_min=60) for name in series},
        points={n: Point(n, "o/g", name, kind, unit) for n, name in enumerate(series, start=1)},
        installations=tuple(
            Installation(name, n, register_unit=unit, signed=name == "pv")
            for n, name in enumerate(series, start=1)
        ),
    )
    readings, marks = ArrayReadings(), MemoryMarks()
    books = MemoryBooks(marks)
    latest = max(int(time_us[-1]) for time_us, _ in series.values())
    ledger = Ledger(readings, books, marks, lambda: registry, lambda: latest + LATER_US)
    for point, (time_us, value) in enumerate(series.values(), start=1):
        readings.put(point, time_us, value)
        mark = DirtyMark(point, int(time_us[0]), int(time_us[-1]))
        marks.mark([mark], writer_no=1, ready=True)
    while ledger.step().marks:
        pass
    return books
