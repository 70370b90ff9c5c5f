"""High base load: something more runs day and night."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("high_base_load", causes=("left_on",), action="night_audit")
