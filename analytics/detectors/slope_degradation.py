"""Weather response: heating or cooling takes more for each kelvin than it used to."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches(
    "slope_degradation", causes=("plant_worn", "setpoint_moved"), action="service_plant"
)
