"""Meter at nothing: hours without any use, of a meter that never rests."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.hourly_faults import from_hours
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_zero"


def _hours(site: Site) -> list[Candidate]:
    return from_hours(site, NAME, "zero")


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_hours,
    quantity=Quantity.FAULT,
    causes=("supply_lost",),
    action="check_register",
)
