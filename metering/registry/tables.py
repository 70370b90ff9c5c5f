"""What the rows of files say, before anything is checked across rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from metering.calendar import CalendarDay
from metering.factor import Factor
from metering.registry.model import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    Point,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.registry.rows import Row
from metering.tariff import TariffRow

DATED = ("valid_from", "valid_to")
"""Columns of the days on which a fact holds."""


@dataclass
class Facts:
    """What the files say, each fact with its row; named as in the registry."""

    nodes: list[tuple[Row, Node]] = field(default_factory=list)
    space: list[tuple[Row, SpaceEdge]] = field(default_factory=list)
    gateways: list[tuple[Row, Gateway]] = field(default_factory=list)
    routes: list[tuple[Row, Route]] = field(default_factory=list)
    meters: list[tuple[Row, Meter]] = field(default_factory=list)
    supply: list[tuple[Row, SupplyEdge]] = field(default_factory=list)
    formulas: list[tuple[Row, MeterFormula]] = field(default_factory=list)
    points: list[tuple[Row, Point]] = field(default_factory=list)
    installations: list[tuple[Row, Installation]] = field(default_factory=list)
    tariff: list[tuple[Row, TariffRow]] = field(default_factory=list)
    calendar: list[tuple[Row, CalendarDay]] = field(default_factory=list)
    factors: list[tuple[Row, Factor]] = field(default_factory=list)
    more: dict[str, list[tuple[Row, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Those of `metering.registry.facts`, by kind."""
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    """Ids of points by (gateway, name): the lasting ones where known, else the next free."""
    last_id: int = 0

    def id_of(self, gateway: str, name: str) -> int:
        """The id of a point, a new one for a new point."""
        if (gateway, name) not in self.ids:
            self.last_id += 1
            self.ids[gateway, name] = self.last_id
        return self.ids[gateway, name]
