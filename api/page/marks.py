"""Marks of the day on the overview of a place."""

from __future__ import annotations

from typing import Any

from api import sentences
from api.page.places import Place
from api.page.visit import Visit
from api.usecases.day_marks import day_marks
from metering.day_mark import DayMark

MOST_SHOWN = 5
MOST_COUNTED = 100
"""Marks that are asked for: beyond them nobody needs the number."""


def unusual(visit: Visit, place: Place) -> dict[str, Any]:
    """The marks that are farthest beyond what is usual, and how many more there are."""
    found = day_marks(visit.caller, place.node, limit=MOST_COUNTED)
    return {
        "shown": [_shown(visit, one) for one in found[:MOST_SHOWN]],
        "more": len(found[MOST_SHOWN:]),
    }


def _shown(visit: Visit, mark: DayMark) -> dict[str, str]:
    registry = visit.caller.reach.registry
    meter, zone = registry.meters.get(mark.meter), registry.zone(mark.node)
    return {
        "meter": mark.meter if meter is None else meter.name(visit.language),
        "place": registry.node(mark.node).name(visit.language),
        "sentence": sentences.of_mark(mark, zone, visit.language),
        "lineage": f"/lineage?meter={mark.meter}&time={mark.start_us}",
    }
