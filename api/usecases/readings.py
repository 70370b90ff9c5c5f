"""Readings of a scope: how many there are, and in which zone they are meant."""

from __future__ import annotations

from collections import Counter

import numpy as np

from api.caller import Caller
from metering.clock_repair import ClockRepair
from metering.reading import Flag, ReadingColumns
from metering.registry import Point


def counts_by_gateway(caller: Caller, gateway: str | None) -> Counter[str]:
    """How many unique (point, time) are stored in the scope, of one gateway if asked."""
    reach, readings = caller.reach, caller.platform.readings
    if gateway is not None:
        reach.gateway(gateway)
    by_gateway: dict[str, list[Point]] = {}
    for point in reach.points.values():
        if gateway is None or point.gateway == gateway:
            by_gateway.setdefault(point.gateway, []).append(point)
    return Counter({user: reach.counted(readings, own) for user, own in by_gateway.items()})


def clock_repairs(caller: Caller, point: Point, rows: ReadingColumns) -> list[ClockRepair]:
    """By which the times of these readings of a point were repaired; none are looked for where
    none was."""
    if not (rows.flag.astype(np.int64) & int(Flag.CLOCK_REPAIRED)).any():
        return []
    return caller.platform.intake.clock_repairs(point.gateway)


def zone_of_point(caller: Caller, point: Point) -> str:
    """The zone in which a point's local dates are meant."""
    registry = caller.reach.registry
    served = registry.meters_of_point(point.id)
    node = registry.meters[served[0].meter].node if served else point.node
    if node is None:
        node = registry.gateways[point.gateway].site if point.gateway in registry.gateways else ""
    return registry.zone(node) if node in registry.nodes else "UTC"
