"""Wrong clock: everything the meter does comes hours too early or too late."""

from __future__ import annotations

from analytics.detectors.detector import Detector, Quantity
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.stretched import from_stretches

NAME = "meter_clock"


def _stretches(site: Site) -> list[Candidate]:
    return from_stretches(site, NAME)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.BASELINE}),
    candidates=_stretches,
    quantity=Quantity.FAULT,
    causes=("clock_wrong",),
    action="check_clock",
)
