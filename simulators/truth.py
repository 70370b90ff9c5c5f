"""What really happened, for comparison: energies, labels, and what the gateways got through.

truth.json   months, labels, gap and missing hours, seed and horizon
truth.npz    hours_us and, by meter code, the energy of each hour [kWh, kvarh or m3]
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from metering.localtime import HOUR_US, day_bounds, local_day, next_month
from metering.quantity import I64
from metering.reading import F64
from simulators.acknowledged import entries
from simulators.campus import Campus
from simulators.devices import Devices
from simulators.labels import Label
from simulators.message import BAD, DUPLICATE, READING
from simulators.world import World

FLOOR_TICKS = 2500
"""An hour of so many register steps is read to 0.04 % by a difference of two readings."""


@dataclass(frozen=True)
class Summary:
    """What the gateways' own files say was published and acknowledged."""

    published: int
    """Unique (gateway, point, reported time)."""
    duplicates_published: int
    bad_published: int


def truth_of(devices: Devices, campus: Campus) -> dict[str, Any]:
    """The contents of truth.json."""
    world = devices.world
    faults = [label for label in world.labels if not label.is_waste]
    return {
        "seed": world.seed,
        "start_us": world.start_us,
        "now_us": world.now_us,
        "zone": world.zone,
        "months": {
            meter.node: month_energies(world, meter.code)
            for meter in campus.meters.values()
            if meter.total and meter.item == "01000"
        },
        "labels": [asdict(label) for label in world.labels],
        "gap_hours": sum(len(f.hours) * len(f.concerned) for f in faults if f.restart_us is None),
        "missing_hours": sum(len(f.hours) for f in faults if f.restart_us is not None),
        "hour_floor": {code: FLOOR_TICKS * devices.tick(code) for code in campus.meters},
    }


def month_energies(world: World, meter: str) -> dict[str, float]:
    """Energy of every complete local month, by `YYYY-MM` [kWh, kvarh or m3]."""
    result: dict[str, float] = {}
    for first, start_us, after in whole_months(world):
        end_us = day_bounds(after, world.zone)[0]
        passed = world.energy(meter, np.array([start_us, end_us]))
        result[f"{first:%Y-%m}"] = float(passed[1] - passed[0])
    return result


def whole_months(world: World) -> list[tuple[date, int, date]]:
    """(first day, its start, the day behind the last) of every local month wholly inside the
    horizon."""
    found: list[tuple[date, int, date]] = []
    first = local_day(world.start_us, world.zone).replace(day=1)
    while day_bounds(next_month(first), world.zone)[0] <= world.now_us:
        start_us = day_bounds(first, world.zone)[0]
        if start_us >= world.start_us:
            found.append((first, start_us, next_month(first)))
        first = next_month(first)
    return found


def write_truth(folder: Path, devices: Devices, campus: Campus) -> None:
    """Write truth.json and truth.npz into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    world = devices.world
    hourly = {code: world.hourly(code) for code in campus.meters}
    count = len(next(iter(hourly.values())))
    hours: I64 = world.start_us + HOUR_US * np.arange(count, dtype=np.int64)
    with (folder / "truth.npz").open("wb") as out:
        np.savez_compressed(out, allow_pickle=False, hours_us=hours, **hourly)
    write_json(folder / "truth.json", truth_of(devices, campus))


def read_hourly(folder: Path) -> tuple[I64, dict[str, F64]]:
    """(hour starts [us], energy of each hour by meter code) from truth.npz."""
    with np.load(folder / "truth.npz") as stored:
        return stored["hours_us"], {k: stored[k] for k in stored.files if k != "hours_us"}


def read_truth(folder: Path) -> dict[str, Any]:
    """truth.json as written."""
    stored: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return stored


def read_labels(folder: Path) -> list[Label]:
    """The labels of truth.json."""
    rows = read_truth(folder)["labels"]
    lists = ("hours", "meters")
    return [Label(**row | {name: tuple(row.get(name, ())) for name in lists}) for row in rows]


def write_json(file: Path, content: object) -> None:
    """Replace a JSON file in one step, so that a reader never sees half of it."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(file)


def published(folder: Path) -> dict[tuple[str, str], I64]:
    """Reported times acknowledged, by (gateway, point): sorted, unique [us]."""
    found: dict[tuple[str, str], set[int]] = {}
    for file in sorted((folder / "gateways").glob("*.csv")):
        for _, entry in entries(file):
            if entry.kind == READING:
                found.setdefault((file.stem, entry.point), set()).add(entry.time_us)
    return {key: np.array(sorted(times), dtype=np.int64) for key, times in found.items()}


def summary(folder: Path) -> Summary:
    """Counts over all gateways' files of the folder."""
    counts = {READING: 0, DUPLICATE: 0, BAD: 0}
    for file in sorted((folder / "gateways").glob("*.csv")):
        for _, entry in entries(file):
            counts[entry.kind] += 1
    unique = sum(len(times) for times in published(folder).values())
    return Summary(unique, counts[DUPLICATE], counts[BAD])
