"""The nodes a report speaks of, with their area and persons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from metering.registry import NodeType, Registry
from reports.model import MeterName, Place

TYPES: Final = (NodeType.SITE, NodeType.BUILDING, NodeType.DATACENTRE)


def places(registry: Registry, institution: str, day: date) -> tuple[Place, ...]:
    """The institution, its sites and its buildings on a day, parents first."""
    found: dict[str, Place] = {}

    def visit(code: str, depth: int) -> None:
        if code in found:
            return
        node = registry.nodes[code]
        found[code] = Place(
            code,
            str(node.type),
            depth,
            node.name("zh"),
            node.name("en"),
            area_of(registry, code, day),
            persons_of(registry, code, day),
        )
        for child in _below(registry, code, day):
            visit(child, depth + 1)

    visit(institution, 0)
    return tuple(found.values())


def area_of(registry: Registry, code: str, day: date) -> Decimal | None:
    """The node's own area, else the sum of its sites' or buildings' where all are known."""
    own = registry.nodes[code].area_m2
    if own is not None:
        return own
    parts = [area_of(registry, child, day) for child in _below(registry, code, day)]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if parts and len(known) == len(parts) else None


def persons_of(registry: Registry, code: str, day: date) -> int | None:
    """The node's own persons, else the sum of its sites' or buildings' where all are known."""
    own = registry.nodes[code].persons
    if own is not None:
        return own
    parts = [persons_of(registry, child, day) for child in _below(registry, code, day)]
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def _below(registry: Registry, code: str, day: date) -> list[str]:
    own = registry.institution(code)
    return [
        child
        for child in registry.children(code, day)
        if registry.nodes[child].type in TYPES and registry.institution(child) == own
    ]


def meter_names(registry: Registry, codes: Iterable[str]) -> tuple[MeterName, ...]:
    """Names of the meters, sorted by code; a meter that is gone goes by its code."""
    found = []
    for code in sorted(set(codes) - {""}):
        meter = registry.meters.get(code)
        if meter is not None:
            found.append(MeterName(code, meter.name("zh"), meter.name("en")))
        else:
            found.append(MeterName(code, code, code))
    return tuple(found)
