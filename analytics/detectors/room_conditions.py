"""What detectors of rooms share: one finding for a meter, which names its bad rooms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.detectors.site import Candidate, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Bools, Floats
from analytics.rooms import bad_hours


def conditions(
    site: Site, pattern: str, role: str, is_bad: Callable[[Floats], Bools], cause: str, limit: float
) -> list[Candidate]:
    """A candidate for each meter with rooms that are bad on five days of seven; `is_bad` says so of
    a room's hourly values, (hours,) each."""
    rooms = [one for one in site.sensed if one.role == role and one.meter in site.codes]
    found = []
    for meter, bad in bad_hours(rooms, site.clock, is_bad).items():
        values = np.concatenate([room.values[hours] for room, hours in bad])
        nodes = sorted({room.node for room, _ in bad})
        found.append(
            unpriced(
                site,
                pattern,
                site.codes.index(meter),
                np.unique(np.concatenate([hours for _, hours in bad])),
                cause=cause,
                detail={
                    "rooms": " ".join(nodes),
                    "room_value": round(float(np.median(values)), 1),
                    "room_limit": limit,
                },
                place=nodes[0] if len(nodes) == 1 else "",
            )
        )
    return [one for one in found if one is not None]
