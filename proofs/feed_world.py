"""Three small institutions for the feed check: their registry, and their meters' registers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from metering import items
from metering.localtime import MINUTE_US, day_bounds

ZONES = {"bureau": "Asia/Shanghai", "school": "Asia/Shanghai", "mission": "Asia/Kathmandu"}
"""Institutions and their zones; one whose days begin at a quarter hour of UTC."""
DAYS = 12
BUILDINGS = ("a", "b")
METERS = {
    "a-total": ("a", "01000", "yes", 15),
    "a-cooling": ("a", "01B00", "", 15),
    "b-total": ("b", "01000", "yes", 15),
    "b-water": ("b", "02000", "yes", 60),
}
"""Of each institution: building, item, total, step [minutes]."""
BATCH = 500
"""Readings a message."""
Reading = dict[str, str | int]
"""A reading as a gateway's payload has it."""


@dataclass(frozen=True)
class Register:
    """A meter and what it showed."""

    meter: str
    item: str
    total: bool
    times_us: tuple[int, ...]
    values: tuple[int, ...]
    """[kWh or m3] at each time."""

    @property
    def unit(self) -> str:
        """Canonical unit of its item."""
        return items.category(self.item).unit

    def readings(self) -> Iterator[Reading]:
        """As the gateway sends them."""
        for time_us, value in zip(self.times_us, self.values, strict=True):
            yield {
                "point": self.meter,
                "kind": "register",
                "unit": self.unit,
                "time": time_us // 1000,
                "value": value,
            }


def registry_files() -> dict[str, str]:
    """The CSV files that describe the institutions."""
    tree = ["code,parent,type,name_en,zone"]
    gateways = ["site,code"]
    meters = ["code,node,item,total,step_min,max_per_hour"]
    points = ["gateway,point,kind,unit,meter,digits"]
    for one, zone in ZONES.items():
        tree += [f"{one},,institution,{one.title()},{zone}", f"{one}-site,{one},site,Site,"]
        tree += [f"{one}-{b},{one}-site,building,Building {b.upper()}," for b in BUILDINGS]
        gateways.append(f"{one}-site,gw")
        for meter, (building, item, total, step_min) in METERS.items():
            code = f"{one}-{meter}"
            meters.append(f"{code},{one}-{building},{item},{total},{step_min},4000")
            points.append(f"{one}-site/gw,{code},register,{items.category(item).unit},{code},7")
    tables = {"tree": tree, "gateways": gateways, "meters": meters, "points": points}
    return {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in tables.items()}


def registers(institution: str, first: date, days: int, seed: int) -> list[Register]:
    """What each meter of an institution showed over whole local days, ends included."""
    zone = ZONES[institution]
    start = day_bounds(first, zone)[0]
    end = day_bounds(first + timedelta(days=days), zone)[0]
    chance = random.Random(f"{seed}/{institution}")  # noqa: S311 - a simulated load
    found = []
    for meter, (_, item, total, step_min) in METERS.items():
        times = tuple(range(start, end + 1, step_min * MINUTE_US))
        value, values = chance.randrange(1000, 9000), []
        for _ in times:
            values.append(value)
            value += chance.randrange(2, 40)
        code = f"{institution}-{meter}"
        found.append(Register(code, item, total == "yes", times, tuple(values)))
    return found


def messages(readings: list[Reading], session: int) -> Iterator[dict[str, object]]:
    """Payloads of a gateway's session."""
    for seq, start in enumerate(range(0, len(readings), BATCH), start=1):
        yield {"session": session, "seq": seq, "readings": readings[start : start + BATCH]}
