"""scikit-learn: how far a day is from the usual shapes of its day type."""

from __future__ import annotations

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import Floats

MOST_CENTRES, DAYS_A_CENTRE = 6, 15


def day_types(one: MeterDays) -> Floats:
    """Distance to the nearest centre of the days off, or of the others, (days,).

    k-means with up to six centres of each type, begun ten times.
    """
    from sklearn.cluster import KMeans

    result = np.full(one.known.size, np.nan)
    for off in (False, True):
        past, asked = one.profiles[one.like(off)], one.known & (one.off == off)
        if asked.any():
            centres = min(MOST_CENTRES, max(1, len(past) // DAYS_A_CENTRE))
            clusters = KMeans(centres, n_init=10, random_state=1).fit(past)
            result[asked] = clusters.transform(one.profiles[asked]).min(axis=1)
    return result
