"""What a meter's days are off by at one time of the year, every year.

Days grow longer, reheating goes on through the summer, a school has its holidays: what no weather
says and no week holds, a fit misses each year alike. How far days of a season lay from what fits on
other weeks expect of them is learned for each shape: as much beyond it is no news a year later, and
no step from one season to the next.

    usual = median of along / size within the season and its neighbours
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analytics.groups import Floats, Ints, median
from analytics.robust import MAD_TO_SIGMA

SEASONS: Final = 26
"""Of a year: a fortnight each."""
YEAR_DAYS: Final = 365.2425
LEAST_DAYS: Final = 10
"""Days that a season and its neighbours must have in a shape."""
WEEK: Final = 7
LEAST_WEEKS: Final = 51
"""Of history, without which no season of rest is known."""
NOTHING, LONG_REST = 0.1, 0.15
"""Of a strong day, the 90th percentile, what no day of a week at rest reaches; and of the weeks,
those from which on a meter rests for seasons."""
STRONG: Final = 0.9
SURE: Final = 2.0
"""Standard deviations of a mean of its days: what a season is off by within them is chance."""


def seasons_of(days: Ints) -> Ints:
    """The season of each day since 1970-01-01, of `SEASONS`."""
    return np.asarray((days % YEAR_DAYS) * SEASONS / YEAR_DAYS, dtype=np.int64)


def learned_seasons(along: Floats, size: Floats, seasons: Ints) -> Floats:
    """How far each season lies from its expectation, as along / size, (SEASONS, shapes, meters); 0
    where too little is known, or where that may be chance.

    along, size: of days of history, (shapes, meters, days) each; seasons: theirs, (days,).
    """
    known = size > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(known, along / size, np.nan)
    found = np.zeros((SEASONS, *along.shape[:2]))
    for season in range(SEASONS):
        near = np.isin(seasons, (season + np.array([-1, 0, 1])) % SEASONS)
        if not near.any():
            continue
        count = known[..., near].sum(axis=2)
        usual = median(each[..., near])
        spread = MAD_TO_SIGMA * median(np.abs(each[..., near] - usual[..., None]))
        sure = np.abs(usual) * np.sqrt(count) > SURE * spread
        found[season] = np.where((count >= LEAST_DAYS) & sure, usual, 0.0)
    return found


def rests_for_seasons(daily: Floats) -> bool:
    """Whether a meter takes next to nothing in `LONG_REST` of its weeks, as heating does in summer.

    daily: mean power of each day of history [kW], (days,), NaN where unknown; False where less than
    `LEAST_WEEKS` of it are known, or nothing was ever taken.
    """
    weeks = np.abs(daily[: daily.size // WEEK * WEEK]).reshape(-1, WEEK)
    weeks = weeks[np.isfinite(weeks).any(axis=1)]
    if weeks.shape[0] < LEAST_WEEKS:
        return False
    strong = float(np.nanquantile(weeks, STRONG))
    at_rest = np.nanmax(weeks, axis=1) < NOTHING * strong
    return bool(strong > 0 and at_rest.mean() >= LONG_REST)
