"""Weekend or holiday run: a plant that works although nobody does."""

from __future__ import annotations

from analytics.detectors.stretched import of_stretches

DETECTOR = of_stretches("weekend_run", causes=("holiday_table_missing",), action="add_exception")
