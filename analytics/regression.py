"""What the weather adds by the slopes of a fit; the fit itself is `analytics.sums`."""

import numpy as np

from analytics.groups import Bools, Floats

TILE = 512
"""Hours that are multiplied at once."""


def weather_by_regime(slopes: Floats, design: Floats, running: Bools) -> Floats:
    """Weather's part [kW], (meters, hours), by the slopes (meters, 2, columns) of each regime.

    NaN where the design is; zero for a meter without slopes, whether the weather is known or not.
    """
    (meters, _, columns), hours = slopes.shape, len(design)
    result = np.zeros((meters, hours))
    if not columns:
        return result
    # Always in tiles of one size, meter by meter: a product of matrices may round otherwise where
    # there are more rows, and what is expected must not depend on who is asked about together.
    for first in range(0, hours, TILE):
        tile = np.zeros((columns, TILE))
        here = slice(first, min(first + TILE, hours))
        size = here.stop - first
        tile[:, :size] = design[here].T
        both, out = (slopes @ tile)[:, :, :size], result[:, here]
        out[...] = both[:, 0]
        np.copyto(out, both[:, 1], where=running[:, here])
    result[~np.any(slopes != 0, axis=(1, 2))] = 0.0
    return result
