"""Base-load creep: a little more from week to week."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.stretched import from_stretches

NAME = "base_load_creep"


def _stretches(site: Site) -> list[Candidate]:
    return from_stretches(site, NAME)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_stretches,
    quantity=Quantity.WASTE,
    causes=("load_added",),
    action="review_loads",
)
