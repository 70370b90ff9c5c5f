"""Whether another model of a meter is clearly better than the regression, and whose is worth it.

    weeks    1  2  3  4 ...     each told by both models, made of the other weeks alone
    first   e1 e1 e1 e1         mean size of what was missed
    second  e2 e2 e2 e2
    gain    mean(e1 - e2) / mean(e1), with the standard error of the pairs

Pairs of weeks, since both models miss a cold week by much: what differs is how much each misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Groups, Ints

MARGIN: Final = 0.05
"""Of its error, what the first model must miss less by the second."""
ERRORS: Final = 2.0
"""Standard errors by which the gain must be beyond the margin."""
LEAST_WEEKS: Final = 8
MOST_SHARE: Final = 0.02
"""Of the meters, those that may get another model on one day."""


@dataclass(frozen=True, eq=False)
class Contest:
    """Two models of each meter, (meters,) each; NaN where fewer weeks than `LEAST_WEEKS` say
    something."""

    gain: Floats
    """By what share the second misses less than the first, below 0 where it misses more."""
    error: Floats
    """Standard error of that."""

    @property
    def clear(self) -> Bools:
        """Meters whose second model is clearly better."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.gain - ERRORS * self.error > MARGIN)

    def chosen(self) -> Ints:
        """Rows of those that are worth it today, at most `MOST_SHARE` of the meters and at least
        one, most gained first, of equals the first row."""
        most = max(1, int(MOST_SHARE * self.gain.size))
        clear = np.flatnonzero(self.clear)
        order = np.argsort(-self.gain[clear], kind="stable")
        return np.asarray(clear[order][:most], dtype=np.int64)


def contest(energy: Floats, first: Floats, second: Floats, weeks: Ints) -> Contest:
    """By what came and what each model expects of it [kWh/h], (meters, hours), NaN where unknown,
    made without the hour's week; `weeks` is the week of each hour, (hours,), from 0 on. Hours that
    one of the models is silent about count for neither."""
    known = np.isfinite(energy) & np.isfinite(first) & np.isfinite(second)
    groups = Groups.of(weeks, int(weeks.max(initial=-1)) + 1)
    missed = [
        groups.means(np.where(known, np.abs(energy - one), np.nan))[0] for one in (first, second)
    ]
    size, less = missed[0], missed[0] - missed[1]
    count = np.isfinite(less).sum(axis=1)
    enough = count >= LEAST_WEEKS
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = np.nansum(size, axis=1) / count
        mean = np.nansum(less, axis=1) / count
        spread = np.nansum((less - mean[:, None]) ** 2, axis=1) / (count - 1)
        gain, error = mean / whole, np.sqrt(spread / count) / whole
    return Contest(np.where(enough, gain, np.nan), np.where(enough, error, np.nan))
