"""Meter at nothing: hours without any use, of a meter that never rests."""

from __future__ import annotations

from analytics.detectors.hourly_faults import of_hours

DETECTOR = of_hours("meter_zero", "zero", causes=("supply_lost",), action="check_register")
