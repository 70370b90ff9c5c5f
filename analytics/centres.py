"""Which meters of a data centre measure what.

registry ─▶ meters with a role, by the nearest data centre above them ─▶ CentreMeters
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from metering.registry import Meter, NodeType, Registry


@dataclass(frozen=True)
class CentreMeters:
    """A data centre's meters by role, each by code."""

    node: str
    roles: Mapping[str, tuple[str, ...]]

    def meters(self, role: str) -> tuple[str, ...]:
        """() for a role that nobody measures."""
        return self.roles.get(role, ())


def centre_meters(
    registry: Registry, meters: Iterable[Meter], day: date
) -> tuple[CentreMeters, ...]:
    """The data centres that some meters are of on a day, by code."""
    found: dict[str, dict[str, list[str]]] = {}
    for meter in sorted(meters, key=lambda one: one.code):
        centre = _centre(registry, meter, day) if meter.dc_role else ""
        if centre and meter.valid.holds(day):
            found.setdefault(centre, {}).setdefault(str(meter.dc_role), []).append(meter.code)
    return tuple(
        CentreMeters(node, {role: tuple(codes) for role, codes in roles.items()})
        for node, roles in sorted(found.items())
    )


def _centre(registry: Registry, meter: Meter, day: date) -> str:
    places = [meter.node, *registry.ancestors(meter.node, day)]
    centres = (one for one in places if registry.nodes[one].type is NodeType.DATACENTRE)
    return next(centres, "")
