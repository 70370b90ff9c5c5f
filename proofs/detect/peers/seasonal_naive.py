"""The seasonal naive score: an hour is expected to be as it was a week before."""

from __future__ import annotations

import numpy as np

from proofs.detect.fleet import Fleet, Floats
from proofs.detect.peers.daily import daily_scores

WEEK_H = 168


def seasonal_naive(fleet: Fleet) -> Floats:
    """Score of each meter and day, (meters, days); 0 where too little is known."""
    expected = np.full_like(fleet.load, np.nan)
    expected[:, WEEK_H:] = fleet.load[:, :-WEEK_H]
    return daily_scores(fleet.load - expected, fleet.scored_from)
