"""Below zero: hours of a meter that never fed back."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.hourly_faults import from_hours
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_negative"


def _hours(site: Site) -> list[Candidate]:
    return from_hours(site, NAME, "negative")


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_hours,
    quantity=Quantity.FAULT,
    causes=("wired_backwards",),
    action="check_wiring",
)
