"""Base-load creep: a little more from week to week."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("base_load_creep", causes=("load_added",), action="review_loads")
