"""Weather response: heating or cooling takes more for each kelvin than it used to."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.stretched import from_stretches

NAME = "slope_degradation"


def _stretches(site: Site) -> list[Candidate]:
    return from_stretches(site, NAME)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_stretches,
    quantity=Quantity.WASTE,
    causes=(
        "plant_worn",
        "setpoint_moved",
    ),
    action="service_plant",
)
