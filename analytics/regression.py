"""What the weather adds by the slopes of a fit; the fit itself is `analytics.sums`."""

import numpy as np

from analytics.groups import Bools, Floats

TILE = 512
"""Hours that are multiplied at once."""
ROWS = 8
"""Meters that are."""


def weather_by_regime(slopes: Floats, design: Floats, running: Bools) -> Floats:
    """Weather's part [kW], (meters, hours), by the slopes (meters, 2, columns) of each regime.

    NaN where the design is; zero for a meter without slopes, whether the weather is known or not.
    """
    (meters, _, columns), hours = slopes.shape, len(design)
    result = np.zeros((meters, hours))
    if not columns:
        return result
    # Always in tiles of one size, of as many meters: a product of matrices may round otherwise
    # where it has other rows, and what is expected must not depend on who is asked about together.
    by_column = np.zeros((columns, -(-hours // TILE) * TILE))
    by_column[:, :hours] = design.T
    for meter in range(0, meters, ROWS):
        rows = slice(meter, min(meter + ROWS, meters))
        own = np.zeros((2, ROWS, columns))
        own[:, : rows.stop - meter] = slopes[rows].swapaxes(0, 1)
        for first in range(0, hours, TILE):
            both = (own @ by_column[:, first : first + TILE])[:, : rows.stop - meter]
            here = slice(first, min(first + TILE, hours))
            rest, runs = both[:, :, : here.stop - first]
            result[rows, here] = np.where(running[rows, here], runs, rest)
    result[~np.any(slopes != 0, axis=(1, 2))] = 0.0
    return result
