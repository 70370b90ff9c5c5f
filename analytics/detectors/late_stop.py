"""Late stop: the meter's day ends hours after it used to."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.stretched import from_stretches

NAME = "late_stop"


def _stretches(site: Site) -> list[Candidate]:
    return from_stretches(site, NAME)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_stretches,
    quantity=Quantity.WASTE,
    causes=(
        "stop_moved",
        "cleaners",
    ),
    action="restore_schedule",
)
