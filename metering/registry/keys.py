"""Natural keys: what counts as the same fact, for rows that come in, for merging and for telling
what differs. The rows of a tariff that begin together also stand and go together
(`metering.tariff_sets`).

Dated facts of one key begin on the same day: with another beginning it is a fact more.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date

from metering.calendar import CalendarDay
from metering.factor import Factor
from metering.registry.model import (
    Gateway,
    Installation,
    Meter,
    Node,
    Point,
    SpaceEdge,
    SupplyEdge,
)
from metering.tariff import TariffRow
from metering.tariff_sets import set_key

Key = tuple[Hashable, ...]


def node_key(node: Node) -> tuple[str]:
    return (node.code,)


def space_key(edge: SpaceEdge) -> tuple[str, str, date]:
    """Of an edge of the space tree."""
    return (edge.parent, edge.child, edge.valid.first)


def gateway_key(gateway: Gateway) -> tuple[str]:
    """Its site and code are its user's name."""
    return (gateway.user,)


def meter_key(meter: Meter) -> tuple[str]:
    return (meter.code,)


def supply_key(edge: SupplyEdge) -> tuple[str, str, date]:
    """Of an edge of the supply tree."""
    return (edge.source, edge.fed, edge.valid.first)


def point_key(point: Point) -> tuple[str, str]:
    """The gateway, and what it calls the point; the id follows from that."""
    return (point.gateway, point.name)


def installation_key(one: Installation) -> tuple[str, int, date]:
    """Of an installation, by its point's id."""
    return (one.meter, one.point, one.valid.first)


def factor_key(factor: Factor) -> tuple[str, str, str, date]:
    return (factor.item, factor.quantity, factor.region, factor.valid.first)


def day_key(entry: CalendarDay) -> tuple[date]:
    return (entry.day,)


def price_key(row: TariffRow) -> Key:
    """Of one row inside its set: the minutes it prices."""
    months = ",".join(map(str, sorted(row.months)))
    return (*set_key(row), months, row.days, row.start_min, row.end_min)
