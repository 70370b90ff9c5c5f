"""STUMPY: how far a day is from the learnt 24 hours that are most like it, at any time of day."""

from __future__ import annotations

import numpy as np

from proofs.detect.peers.days import MeterDays
from proofs.detect.peers.given import HOURS_A_DAY, Floats


def profile_of_loads(one: MeterDays) -> Floats:
    """Distance by the load itself, (days,).

    What `stumpy.aamp` tells of the windows that begin at midnight; `mass_absolute` asks for those
    alone, 40 times as fast. Learnt days are not compared with hours of their own.
    """
    from stumpy.core import mass_absolute

    past = one.filled[: one.learnt * HOURS_A_DAY]
    result = np.full(one.known.size, np.nan)
    for day in np.flatnonzero(one.known):
        distance = np.array(mass_absolute(one.profiles[day], past))
        if day < one.learnt:
            begin = day * HOURS_A_DAY
            distance[max(0, begin - HOURS_A_DAY) : begin + HOURS_A_DAY + 1] = np.inf
        result[day] = distance.min()
    return result


def profile_of_shapes(one: MeterDays) -> Floats:
    """Distance by the shape alone, each window at mean 0 and deviation 1, (days,): `stumpy.stump`,
    the scored part joined with the learnt one, and the learnt one with itself."""
    from stumpy import config, stump

    config.STUMPY_EXCL_ZONE_DENOM = 1  # no learnt day is compared with hours of its own
    cut = one.learnt * HOURS_A_DAY
    past, scored = one.filled[:cut], one.filled[cut:]
    own = stump(past, HOURS_A_DAY)[::HOURS_A_DAY, 0]
    other = stump(scored, HOURS_A_DAY, T_B=past, ignore_trivial=False)[::HOURS_A_DAY, 0]
    distance = np.concatenate([own, other]).astype(np.float64)
    return np.where(one.known & np.isfinite(distance), distance, np.nan)
