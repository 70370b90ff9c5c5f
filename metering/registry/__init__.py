"""What an institution has and had: places, meters, gateways, prices, each with its days.

model                  the registry as a value; what most callers need is exported here
files                  tables of rows (value, file, row, column) become a registry, and back
merge                  one law of keys and merging, for files and stores
differences, changes   what another registry says otherwise, and what it books otherwise
proposal, past         what an import will change, and whether it reaches into told months
"""

from metering.registry.model import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
    Validity,
)

__all__ = [
    "Gateway",
    "Installation",
    "Meter",
    "Node",
    "NodeType",
    "Point",
    "Registry",
    "Route",
    "SpaceEdge",
    "SupplyEdge",
    "Validity",
]
