"""Power of a small data centre along its supply chain.

utility ─┬─▶ UPS in ─(loss)─▶ UPS out ─(cables)─▶ IT
         ├─▶ cooling
         └─▶ the rest (lighting, ventilation; not metered)
"""

from __future__ import annotations

import numpy as np

from metering.reading import F64
from simulators.building import Day, Loads

IT_KW = 180.0
REST_KW = 5.0


def ups_loss(output_kw: F64) -> F64:
    """Loss of the UPS [kW]: idle, proportional and quadratic part of its output."""
    return 4.0 + 0.022 * output_kw + 6.0e-5 * output_kw**2


def loads(day: Day, harder: F64) -> Loads:
    """Power of every meter of the data centre [kW], keyed by meter code.

    harder: factor by which the cooling takes more than it needs, minute by minute.
    """
    daily = 1.0 + 0.03 * np.cos(2 * np.pi * (day.hours - 15.0) / 24.0)
    it = IT_KW * daily * day.noise("dc-it", 0.008, 0.004)
    ups_out = it / 0.985
    ups_in = ups_out + ups_loss(ups_out)
    effort = 0.16 + 0.009 * np.clip(day.outdoor_c - 6.0, 0.0, None)
    cooling = ups_in * effort * harder * day.noise("dc-cooling", 0.015, 0.006)
    return {
        "dc-it": it,
        "dc-ups-out": ups_out,
        "dc-ups-in": ups_in,
        "dc-cooling": cooling,
        "dc-utility": ups_in + cooling + REST_KW,
    }


def rack_inlet(day: Day, rack: int) -> F64:
    """Air temperature at a rack's inlet [C]; higher racks sit a little warmer."""
    base = 21.2 + 0.7 * rack + 0.03 * (day.outdoor_c - 15.0)
    return base * day.noise(f"dc-rack-{rack}", 0.008, 0.004)
