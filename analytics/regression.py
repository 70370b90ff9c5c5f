"""Least squares for many meters with one design, their bins profiled out.

The model of a meter is  y[t] = level[bin(t)] + x[t] . slope.  By Frisch, Waugh and Lovell
(Econometrica 1933; JASA 1963) the slopes are those of the regression of y on x after the
bin means are taken from both, so a meter needs one small solve instead of one with two
hundred columns:

    (X'WX - sum_b Sx Sx' / n + ridge) slope = X'Wy - sum_b Sx Sy / n

with n, Sx and Sy the count and the sums in each bin. W is 1 where a meter's hour counts and
0 where it is absent or trimmed, so X'WX is one matrix product of all meters' weights with
the outer products of the shared design rows.
"""

import numpy as np

from analytics.groups import Bools, Floats, Groups


def fit_slopes(energy: Floats, kept: Bools, design: Floats, bins: Groups, ridge: float) -> Floats:
    """Slopes [kW per unit of design], shape (meters, columns).

    `energy` [kWh/h] and `kept` have shape (meters, hours), `design` (hours, columns). Only
    kept hours count; their energy and design must be finite. `ridge` is a share of the
    number of kept hours, meant for a standardised design; it also makes the solve
    regular, so that a meter without any kept hour gets slopes of zero.
    """
    columns = design.shape[1]
    meters = energy.shape[0]
    if columns == 0:
        return np.zeros((meters, 0))
    weight = kept.astype(np.float64)
    x = np.where(np.isfinite(design), design, 0.0)
    y = np.where(kept, energy, 0.0)
    counts = np.maximum(bins.sums(weight), 1.0)
    bin_y = bins.sums(y)
    bin_x = np.stack([bins.sums(weight * x[:, column]) for column in range(columns)], axis=2)
    gram = (weight @ _outer_products(x)).reshape(meters, columns, columns)
    gram -= np.einsum("mbp,mbq->mpq", bin_x, bin_x / counts[:, :, None], optimize=True)
    gram += ridge * np.maximum(weight.sum(axis=1), 1.0)[:, None, None] * np.eye(columns)
    moment = y @ x - np.einsum("mbp,mb->mp", bin_x, bin_y / counts)
    return np.asarray(np.linalg.solve(gram, moment[:, :, None])[:, :, 0])


def weather_part(slopes: Floats, design: Floats) -> Floats:
    """What the slopes add in each hour [kW], shape (meters, hours); NaN where the design is.

    Column by column: a product of matrices rounds otherwise for one meter than for many.
    """
    total = np.zeros((slopes.shape[0], design.shape[0]))
    for column in range(design.shape[1]):
        total += slopes[:, column, None] * design[:, column]
    return total


def _outer_products(rows: Floats) -> Floats:
    return np.asarray((rows[:, :, None] * rows[:, None, :]).reshape(rows.shape[0], -1))
