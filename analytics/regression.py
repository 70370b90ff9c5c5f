"""What the weather adds by the slopes of a fit; the fit itself is `analytics.sums`."""

import numpy as np

from analytics.groups import Bools, Floats

TILE = 512
"""Hours that are multiplied at once."""


def weather_by_regime(slopes: Floats, design: Floats, running: Bools) -> Floats:
    """Weather's part [kW], (meters, hours), by the slopes (meters, 2, columns) of each regime.

    NaN where the design is; zero for a meter without slopes, whether the weather is known or not.
    """
    meters, (hours, columns) = slopes.shape[0], design.shape
    if not columns:
        return np.zeros((meters, hours))
    # Always in tiles of one size, meter by meter: a product of matrices may round otherwise where
    # there are more rows, and what is expected must not depend on who is asked about together.
    tiles = -(-hours // TILE)
    padded = np.zeros((tiles * TILE, columns))
    padded[:hours] = design
    of_tile = padded.reshape(tiles, TILE, columns).swapaxes(1, 2)
    both = np.empty((meters, 2, tiles * TILE))
    for tile, some in enumerate(of_tile):
        both[:, :, tile * TILE : (tile + 1) * TILE] = slopes @ some
    result = both[:, 0, :hours]
    np.copyto(result, both[:, 1, :hours], where=running)
    idle = ~np.any(slopes != 0, axis=(1, 2))
    result[idle] = 0.0
    return result
