"""Wrong multiplier: all readings by one factor, as after a change of current transformers."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("meter_multiplier", causes=("ratio_wrong",), action="check_ratio")
