"""Detectors: small functions from a site to candidates, all named in one table."""

from collections.abc import Callable

from analytics.detectors.after_hours import after_hours_plant
from analytics.detectors.faults import meter_gap, meter_stuck
from analytics.detectors.site import Candidate, Limits, Site
from analytics.detectors.weekend import weekend_run

Detector = Callable[[Site], list[Candidate]]

__all__ = ["DETECTORS", "Candidate", "Detector", "Limits", "Site"]

DETECTORS: dict[str, Detector] = {
    "meter_gap": meter_gap,
    "meter_stuck": meter_stuck,
    "after_hours_plant": after_hours_plant,
    "weekend_run": weekend_run,
}
"""Faults first: a reader of the table sees the order in which data is judged."""
