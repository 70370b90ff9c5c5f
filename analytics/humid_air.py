"""The wet-bulb temperature, to which water in a tower can be cooled.

R. Stull, "Wet-Bulb Temperature from Relative Humidity and Air Temperature", Journal of Applied
Meteorology and Climatology 50 (2011), 2267-2269: a fit at the pressure of the sea, good to about
a kelvin between 5 and 99 % and -20 and 50 C. With t [C] and u [%]:

    tw = t atan(0.151977 sqrt(u + 8.313659)) + atan(t + u) - atan(u - 1.676331)
         + 0.00391838 u^1.5 atan(0.023101 u) - 4.686035
"""

from __future__ import annotations

import numpy as np

from analytics.groups import Floats

LEAST_PERCENT, MOST_PERCENT = 5.0, 99.0
LEAST_C, MOST_C = -20.0, 50.0


def wet_bulb(temperature: Floats, humidity: Floats) -> Floats:
    """[C] of air of a temperature [C] and a relative humidity [%], of one shape; saturated air has
    its own temperature at most; NaN where either is unknown, or beyond what the formula is good
    for."""
    known = (humidity >= LEAST_PERCENT) & (temperature >= LEAST_C) & (temperature <= MOST_C)
    u = np.where(known, np.minimum(humidity, MOST_PERCENT), np.nan)
    fitted = (
        temperature * np.arctan(0.151977 * np.sqrt(u + 8.313659))
        + np.arctan(temperature + u)
        - np.arctan(u - 1.676331)
        + 0.00391838 * u**1.5 * np.arctan(0.023101 * u)
        - 4.686035
    )
    return np.asarray(np.minimum(fitted, temperature))
