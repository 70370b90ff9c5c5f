"""Spike: a few hours beyond anything the meter has ever taken, gone as they came."""

from __future__ import annotations

from analytics.detectors.hourly_faults import of_hours

DETECTOR = of_hours("meter_spike", "spike", causes=("reading_wrong",), action="check_register")
