"""Late stop: the meter's day ends hours after it used to."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("late_stop", causes=("stop_moved", "cleaners"), action="restore_schedule")
