"""Unexplained excess: the meter takes more, and no pattern tells how."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("unexplained_excess", causes=("unknown_cause",), action="look_on_site")
