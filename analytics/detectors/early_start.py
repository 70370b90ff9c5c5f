"""Early start: the meter's day begins hours before it used to."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches(
    "early_start", causes=("start_moved", "cleaners"), action="restore_schedule"
)
