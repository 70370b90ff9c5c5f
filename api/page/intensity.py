"""Places by energy for their size, beside how irregularly they keep their hours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from api.page.places import Place
from api.page.visit import Visit
from api.usecases.energy import Days
from api.usecases.intensity import Intensity, intensities_of
from figures import View
from metering.quality import MISSING, WHOLE

DAYS: Final = 28


def rows(visit: Visit, view: View, place: Place) -> list[dict[str, Any]]:
    """The place and those right below it over the last full days; none where neither is known."""
    days = Days(place.today - timedelta(days=DAYS), place.today - timedelta(days=1))
    found = intensities_of(visit.caller, view, place.key(place.node), days)
    told = [_row(visit, one) for one in found.places]
    known = any(one["per_m2"] != "–" or one["irregularity"] != "–" for one in told)
    return told if known else []


def no_area(visit: Visit, place: Place) -> bool:
    """Whether neither the place nor any below it has a registered floor area."""
    registry = visit.caller.reach.registry
    return not any(registry.nodes[code].area_m2 for code in registry.subtree(place.node))


def _row(visit: Visit, one: Intensity) -> dict[str, Any]:
    known, index = WHOLE - int(one.period.shares[MISSING]), one.irregularity.value
    return {
        "place": one.place.name(visit.language),
        "known": "" if known >= WHOLE else f"{known * 100 / WHOLE:.1f} %",
        "per_m2": "–" if one.per_m2 is None else f"{one.per_m2:.2f}",
        "irregularity": "–" if index is None else f"{index * 100:.1f} %",
    }
