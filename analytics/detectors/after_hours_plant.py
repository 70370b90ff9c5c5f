"""After-hours plant: equipment that runs in the hours in which the meter is off."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.stretched import from_stretches

NAME = "after_hours_plant"


def _stretches(site: Site) -> list[Candidate]:
    return from_stretches(site, NAME)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_stretches,
    quantity=Quantity.WASTE,
    causes=("bms_override",),
    action="restore_schedule",
)
