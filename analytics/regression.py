"""What the weather adds by the slopes of a fit; the fit itself is `analytics.sums`."""

import numpy as np

from analytics.groups import Floats


def weather_part(slopes: Floats, design: Floats) -> Floats:
    """What the slopes add in each hour [kW], shape (meters, hours); NaN where the design is.

    Column by column: a product of matrices rounds otherwise for one meter than for many.
    """
    total = np.zeros((slopes.shape[0], design.shape[0]))
    for column in range(design.shape[1]):
        total += slopes[:, column, None] * design[:, column]
    return total
