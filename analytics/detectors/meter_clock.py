"""Wrong clock: everything the meter does comes hours too early or too late."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("meter_clock", causes=("clock_wrong",), action="check_clock")
