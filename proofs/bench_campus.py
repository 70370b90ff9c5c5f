"""A campus of as many meters as wanted: buildings of a total meter and nine that it feeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from metering.localtime import day_bounds
from metering.quantity import I64
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
    SupplyEdge,
)

ZONE, BODY, GATEWAY = "Asia/Shanghai", "campus", "campus/g"
FIRST = date(2025, 11, 1)
QUARTER_US, A_DAY = 900_000_000, 96
A_BUILDING, A_SITE = 10, 1000
"""Meters of each."""
SUB_ITEMS = (
    *("01A10", "01A20", "01B10", "01B20", "01C10"),
    *("01C20", "01D10", "01D20", "01A1A"),
)
FIRST_US = day_bounds(FIRST, ZONE)[0]


def campus(meters: int) -> Registry:
    """The registry; a meter's point has the number in its code."""
    nodes = {BODY: Node(BODY, NodeType.INSTITUTION, zone=ZONE, name_en="Campus", name_zh="园区")}
    space, supply, known = list[SpaceEdge](), list[SupplyEdge](), dict[str, Meter]()
    for number in range(1, meters + 1):
        site, building = f"s{(number - 1) // A_SITE}", f"b{(number - 1) // A_BUILDING}"
        for code, kind, above in (
            (site, NodeType.SITE, BODY),
            (building, NodeType.BUILDING, site),
        ):
            if code not in nodes:
                nodes[code] = Node(code, kind, name_en=code, name_zh=code)
                space.append(SpaceEdge(above, code))
        place = (number - 1) % A_BUILDING
        code, total = f"m{number}", f"m{number - place}"
        item = "01000" if place == 0 else SUB_ITEMS[place - 1]
        known[code] = Meter(code, building, item, total=place == 0, name_en=code, name_zh=code)
        if place:
            supply.append(SupplyEdge(total, code))
    numbers = range(1, meters + 1)
    return Registry(
        version=1,
        nodes=nodes,
        space=tuple(space),
        supply=tuple(supply),
        meters=known,
        gateways={GATEWAY: Gateway(BODY, "g")},
        points={n: Point(n, GATEWAY, f"m{n}", Kind.REGISTER, "kWh") for n in numbers},
        installations=tuple(Installation(f"m{n}", n) for n in numbers),
    )


def arriving(
    meters: int, days: int, chunk_days: int = 5, *, since_us: int = FIRST_US
) -> Iterator[ReadingColumns]:
    """The readings of every quarter hour in the order in which they come in: registers of an
    office's load, in whole Wh."""
    rng = np.random.default_rng(meters)
    counted = np.zeros(meters, np.int64)
    for day in range(0, days, chunk_days):
        slots = min(chunk_days, days - day) * A_DAY
        quarter = np.arange(slots) % A_DAY
        load = np.where((quarter >= 32) & (quarter < 72), 7000, 1500)[:, None]
        register = counted + np.cumsum(rng.integers(load // 2, load, (slots, meters)), axis=0)
        counted = register[-1]
        yield _columns(since_us + (day * A_DAY + np.arange(slots)) * QUARTER_US, register)


def _columns(time_us: I64, register: I64) -> ReadingColumns:
    """Of register (slots, meters) [Wh]; all points of an instant beside each other."""
    slots, meters = register.shape
    number = np.arange(slots * meters)
    zero = np.zeros(slots * meters, np.int64)
    times = np.repeat(time_us, meters)
    return ReadingColumns(
        np.tile(np.arange(1, meters + 1), slots),
        times,
        register.ravel() / 1000,
        zero.astype(np.int16),
        times,
        number,
        zero + 1,
        number,
        zero,
    )
