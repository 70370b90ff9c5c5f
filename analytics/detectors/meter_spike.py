"""Spike: a few hours beyond anything the meter has ever taken, gone as they came."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.hourly_faults import from_hours
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_spike"


def _hours(site: Site) -> list[Candidate]:
    return from_hours(site, NAME, "spike")


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_hours,
    quantity=Quantity.FAULT,
    causes=("reading_wrong",),
    action="check_register",
)
