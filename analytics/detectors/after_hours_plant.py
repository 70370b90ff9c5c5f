"""After-hours plant: equipment that runs in the hours in which the meter is off."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("after_hours_plant", causes=("bms_override",), action="restore_schedule")
