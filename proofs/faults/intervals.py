"""Faults of readings of interval energy and of mean power."""

from __future__ import annotations

import numpy as np

from proofs.faults.feed import FaultMeter
from proofs.faults.registers import Fault


def hole(readings: int) -> Fault:
    """Some intervals are never sent."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] = np.nan

    return fault


def late_by(seconds: int) -> Fault:
    """All stamps are some seconds off the grid."""

    def fault(meter: FaultMeter, _: int) -> None:
        meter.stamp += seconds

    return fault


def negated(readings: int) -> Fault:
    """Values change their sign."""

    def fault(meter: FaultMeter, place: int) -> None:
        meter.value[place : place + readings] *= -1

    return fault


def held(hours: float) -> Fault:
    """One value is sent for hours on end."""

    def fault(meter: FaultMeter, place: int) -> None:
        end = place + round(hours * 3600 / meter.cadence_s)
        meter.value[place:end] = meter.value[place - 1]

    return fault
