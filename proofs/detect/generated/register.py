"""Between plant and reader: a register that counts pulses, and hours that never come."""

from __future__ import annotations

import numpy as np

from proofs.detect.fleet import Floats
from proofs.detect.generated.chance import HOURS, log_between

PULSES_KWH = (0.01, 0.1, 1.0)
COARSEST = 0.03
"""A pulse is at most this share of a mean hour."""
SHORT_GAPS_A_YEAR, LONG_GAPS_A_YEAR = 4.0, 0.15


def pulse_kwh(rng: np.random.Generator, mean_kw: float) -> float:
    """What a pulse of the meter stands for [kWh]."""
    fine = [pulse for pulse in PULSES_KWH if pulse <= COARSEST * mean_kw]
    return float(rng.choice(fine)) if fine else PULSES_KWH[0]


def counted(power: Floats, pulse: float) -> Floats:
    """Hourly power [kW] as a register tells it that shows whole pulses [kWh], (hours,)."""
    shown = np.floor(np.cumsum(power) / pulse)
    return np.diff(shown, prepend=0.0) * pulse


def gaps(rng: np.random.Generator) -> list[slice]:
    """Hours of two years that are never told: some short ones, rarely days."""
    found = []
    for a_year, low, high in ((SHORT_GAPS_A_YEAR, 1, 12), (LONG_GAPS_A_YEAR, 24, 120)):
        for first in rng.integers(0, HOURS, rng.poisson(2 * a_year)):
            found.append(slice(int(first), int(first) + round(log_between(rng, low, high))))
    return found
