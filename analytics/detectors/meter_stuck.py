"""Stuck meter: its register stood still although it never rests."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.register_events import from_events
from analytics.detectors.site import Candidate, Input, Site

NAME = "meter_stuck"


def _still(site: Site) -> list[Candidate]:
    return from_events(site, NAME, (event for event in site.events if event.kind == "stuck"))


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.EVENTS}),
    candidates=_still,
    quantity=Quantity.FAULT,
    causes=("register_frozen",),
    action="check_register",
)
