"""How large a place is: what energy per m2 and per person is divided by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from metering.registry import NodeType, Registry

TYPES: Final = (NodeType.SITE, NodeType.BUILDING, NodeType.DATACENTRE)


def area_of(registry: Registry, code: str, day: date) -> Decimal | None:
    """The node's own area, else the sum of its sites' or buildings' where all are known."""
    own = registry.nodes[code].area_m2
    if own is not None:
        return own
    parts = [area_of(registry, child, day) for child in parts_of_place(registry, code, day)]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if parts and len(known) == len(parts) else None


def persons_of(registry: Registry, code: str, day: date) -> int | None:
    """The node's own persons, else the sum of its sites' or buildings' where all are known."""
    own = registry.nodes[code].persons
    if own is not None:
        return own
    parts = [persons_of(registry, child, day) for child in parts_of_place(registry, code, day)]
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def parts_of_place(registry: Registry, code: str, day: date) -> list[str]:
    """Sites, buildings and data centres directly below a node, of the same institution."""
    own = registry.institution(code, day)
    return [
        child
        for child in registry.children(code, day)
        if registry.nodes[child].type in TYPES and registry.institution(child, day) == own
    ]
