"""Robust scale and trimming: a few nights of waste must not look like normal spread."""

import numpy as np

from analytics.groups import Bools, Floats, median

MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of a normal sample equal its standard deviation."""


def scale(residuals: Floats, floor: Floats) -> Floats:
    """Robust standard deviation of each meter's residuals [kW].

    `residuals` has shape (meters, hours), NaN ignored; `floor` has shape (meters,) and keeps
    a meter that hardly varies (a register read in whole kWh) from calling every tick an
    outlier. Residuals are taken about zero, because the fit has already centred them.
    A meter without residuals gets its floor.
    """
    spread = MAD_TO_SIGMA * median(np.abs(residuals))
    return np.fmax(spread, floor)


def within(residuals: Floats, spread: Floats, limit: float) -> Bools:
    """True where a residual is known and at most `limit` times its meter's spread from zero."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(residuals) <= limit * spread[:, None])
