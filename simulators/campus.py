"""The demo campus as its registry files describe it: the same files that are imported.

gateway ─ register point ─ meter ─ building        (a meter's cumulative register)
        └ sensor point  ─ role, node               (temperature, CO2, persons)
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from metering.calendar import CalendarDay, DayKind, WorkCalendar

FOLDER = Path(__file__).parent / "campus"
SITE = "campus"
ZONE = "Asia/Shanghai"
REACTIVE = "90000"


@dataclass(frozen=True)
class SimMeter:
    """A meter of the campus: where it hangs and what it measures."""

    code: str
    node: str
    item: str
    total: bool
    fed_by: str
    max_per_hour: float


@dataclass(frozen=True)
class SimPoint:
    """A point of a gateway: a register of a meter, or a sensor with a role."""

    gateway: str
    name: str
    kind: str
    unit: str
    meter: str
    ratio: float
    digits: int
    role: str
    node: str

    @property
    def key(self) -> str:
        """Name of the point in the whole campus: gateway/point."""
        return f"{self.gateway}/{self.name}"


@dataclass(frozen=True)
class Campus:
    """Meters, points and calendar of the demo."""

    meters: dict[str, SimMeter]
    points: tuple[SimPoint, ...]
    calendar: WorkCalendar

    @property
    def gateways(self) -> list[str]:
        """Codes of the gateways, in the order of the file."""
        return list(dict.fromkeys(point.gateway for point in self.points))

    def without_bills(self) -> Campus:
        """The campus as it was before suppliers billed it: without what only bills ask for."""
        meters = {c: one for c, one in self.meters.items() if one.item != REACTIVE}
        points = tuple(p for p in self.points if not p.meter or p.meter in meters)
        return replace(self, meters=meters, points=points)

    def points_of(self, gateway: str) -> list[SimPoint]:
        """The gateway's points in the order it sends them."""
        return [point for point in self.points if point.gateway == gateway]

    def point_of_meter(self, meter: str) -> SimPoint:
        """The register point behind a meter."""
        return next(point for point in self.points if point.meter == meter)


def load_campus(folder: Path = FOLDER) -> Campus:
    """Read meters.csv, points.csv and calendar.csv of a registry folder."""
    return Campus(
        {row["code"]: _meter(row) for row in rows_of(folder / "meters.csv")},
        tuple(_point(row) for row in rows_of(folder / "points.csv")),
        WorkCalendar.of(_day(row) for row in rows_of(folder / "calendar.csv")),
    )


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file of the folder, by column."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _meter(row: dict[str, str]) -> SimMeter:
    return SimMeter(
        row["code"],
        row["node"],
        row["item"],
        row["total"] == "yes",
        row["fed_by"],
        float(row["max_per_hour"]),
    )


def _point(row: dict[str, str]) -> SimPoint:
    return SimPoint(
        row["gateway"].removeprefix(f"{SITE}/"),
        row["point"],
        row["kind"],
        row["unit"],
        row["meter"],
        float(row["ratio"] or 1),
        int(row["digits"] or 0),
        row["role"],
        row["node"],
    )


def _day(row: dict[str, str]) -> CalendarDay:
    return CalendarDay(
        date.fromisoformat(row["date"]),
        DayKind(row["kind"]),
        row["name_zh"],
        row["name_en"],
        row["status"],
        row["source"],
    )
