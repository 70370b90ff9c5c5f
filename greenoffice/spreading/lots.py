"""Parts of work over many institutions: whole groups of those that share something, and so many
small ones together that opening the stores is not the most of it."""

from __future__ import annotations

from collections.abc import Collection

from metering.registry import Registry
from metering.registry.apart import Group, apart

METERS_A_LOT, LOTS_A_HAND = 256, 4
"""A lot is full at so many meters, or when there are so many lots for each that does one at a
time, so that none waits long for the last; a single group may have more meters."""
MOST_OF_A_LOT = 64
"""Institutions of a lot, however few meters they have."""


def lots_of(
    registry: Registry, only: Collection[str] | None = None, *, hands: int = 1
) -> tuple[list[Group], list[Group]]:
    """(lots to be done first, one after another; lots that may be done side by side) of all
    institutions, or of those named. The first holds '' and what goes with it, if that is wanted.

    Each institution is in one lot, with all that it shares something with and that is wanted.
    hands: how many lots are done at a time.
    """
    groups = [
        named for group in apart(registry) if (named := tuple(c for c in group if _is_in(c, only)))
    ]
    held = _meters_held(registry)
    parts = LOTS_A_HAND * max(1, hands)
    meters = min(METERS_A_LOT, -(-sum(held.values()) // parts))
    bodies = min(MOST_OF_A_LOT, -(-sum(map(len, groups)) // parts))
    lots: list[Group] = []
    room = 0
    for group in (one for one in groups if "" not in one):
        own = sum(held.get(body, 0) for body in group)
        if not lots or own > room or len(lots[-1]) + len(group) > bodies:
            lots.append(())
            room = meters
        lots[-1] += group
        room -= own
    return [group for group in groups if "" in group], lots


def _is_in(code: str, only: Collection[str] | None) -> bool:
    return only is None or code in only


def _meters_held(registry: Registry) -> dict[str, int]:
    """By institution the meters that are ever its own."""
    found: dict[str, int] = {}
    for meter in registry.meters.values():
        for body in registry.institutions(meter.node):
            found[body] = found.get(body, 0) + 1
    return found
