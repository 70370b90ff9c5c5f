"""The registry's files: their columns, and the facts that their rows state.

tree.csv      places and bodies, whose parts they are and since when
gateways.csv  field gateways
meters.csv    meters, where they hang and which meter feeds them (`fed_by`, several by ;)
points.csv    a gateway's values; a row with a meter installs the point there
tariff.csv    prices by time of use        calendar.csv  exceptions to the week
factors.csv   carbon and standard coal per unit of energy
"""

from __future__ import annotations

from dataclasses import dataclass, field

from metering.calendar import CalendarDay
from metering.factor import Factor
from metering.registry.model import Gateway, Installation, Meter, Node, Point, SpaceEdge, SupplyEdge
from metering.registry.rows import Row, Table
from metering.tariff import TariffRow

_DATED = ("valid_from", "valid_to")
_NAMES = ("name_zh", "name_en")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "tree.csv",
            ("code", "parent", "type"),
            (*_NAMES, "zone", "area_m2", "persons", "share", *_DATED),
        ),
        Table("gateways.csv", ("site", "code"), _NAMES),
        Table(
            "meters.csv",
            ("code", "node", "item"),
            ("total", "step_min", "fed_by", "dc_role", "max_per_hour", *_NAMES, *_DATED),
        ),
        Table(
            "points.csv",
            ("gateway", "point", "kind", "unit"),
            ("meter", "ratio", "digits", "low", "high", "role", "node", *_DATED),
        ),
        Table(
            "tariff.csv",
            ("tariff", "item", "months", "days", "start", "end", "period", "price"),
            (*_DATED, "currency", "source", "grade", "institution", "node", "meter"),
        ),
        Table("calendar.csv", ("date", "kind"), (*_NAMES, "status", "source")),
        Table(
            "factors.csv",
            ("item", "quantity", "value", "unit"),
            ("region", *_DATED, "source", "grade"),
        ),
    )
}


@dataclass
class Facts:
    """What the files say, each fact with its row, before anything is checked across rows."""

    nodes: list[tuple[Row, Node]] = field(default_factory=list)
    space: list[tuple[Row, SpaceEdge]] = field(default_factory=list)
    gateways: list[tuple[Row, Gateway]] = field(default_factory=list)
    meters: list[tuple[Row, Meter]] = field(default_factory=list)
    supply: list[tuple[Row, SupplyEdge]] = field(default_factory=list)
    points: list[tuple[Row, Point]] = field(default_factory=list)
    installations: list[tuple[Row, Installation]] = field(default_factory=list)
    tariff: list[tuple[Row, TariffRow]] = field(default_factory=list)
    calendar: list[tuple[Row, CalendarDay]] = field(default_factory=list)
    factors: list[tuple[Row, Factor]] = field(default_factory=list)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    """Ids of points by (gateway, name): the lasting ones where known, else the next free."""
    last_id: int = 0

    def id_of(self, gateway: str, name: str) -> int:
        """The id of a point, a new one for a new point."""
        if (gateway, name) not in self.ids:
            self.last_id += 1
            self.ids[gateway, name] = self.last_id
        return self.ids[gateway, name]
