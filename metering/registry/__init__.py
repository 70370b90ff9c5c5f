"""What an institution has and had: places, meters, gateways, prices, each with its days.

model                  the registry as a value; what most callers need is exported here
taking                 rows (value, file, line, column) of whatever source become a registry
files                  CSV files give such rows, and are written
kind, kinds, facts     what there is to know of each kind of facts, said once; a new one is a file
merge                  one law of merging, for rows that come in and for stores
differences, changes   what another registry says otherwise, and what it books otherwise
proposal, past         what an import will change, and whether it reaches into told months
"""

from metering.registry.model import (
    Direction,
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.validity import Validity

__all__ = [
    "Direction",
    "Gateway",
    "Installation",
    "Meter",
    "MeterFormula",
    "Node",
    "NodeType",
    "Point",
    "Registry",
    "Route",
    "SpaceEdge",
    "SupplyEdge",
    "Validity",
]
