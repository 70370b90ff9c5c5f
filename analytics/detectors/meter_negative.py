"""Below zero: hours of a meter that never fed back."""

from __future__ import annotations

from analytics.detectors.hourly_faults import of_hours

DETECTOR = of_hours(
    "meter_negative", "negative", causes=("wired_backwards",), action="check_wiring"
)
