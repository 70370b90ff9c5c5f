"""More beside what is wanted than on earlier days like it: what detectors of data centres share.

The waste of a day is what was used beside, less what the earlier days say of such a day. It is told
of the largest meter of the side that supplies, at most what that measured, in each hour in
proportion to what it measured there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analytics.centres import CentreMeters
from analytics.detectors.priced import half_of, priced
from analytics.detectors.site import Candidate, Site
from analytics.groups import Floats, Ints
from analytics.overheads import DayUse, Overheads, judge


@dataclass(frozen=True, eq=False)
class Loss:
    """A run of days of a data centre on which more was used beside."""

    centre: CentreMeters
    row: int
    """The meter that is told of it."""
    use: DayUse
    told: Overheads
    places: Ints
    """Of the days of the run."""

    @property
    def excess(self) -> Floats:
        """Used beside above what was usual on each day of the run [kW]."""
        at = self.places
        return np.asarray(self.use.beside[at] - self.told.usual[at])

    @property
    def ratio(self) -> float:
        """Beside over wanted, over the run."""
        return float(self.use.beside[self.places].sum() / self.use.wanted[self.places].sum())

    @property
    def usual(self) -> float:
        """What that was before."""
        return float(self.told.usual[self.places].sum() / self.use.wanted[self.places].sum())


def losses(site: Site, supplies: str, wanted: str, least: float, *, weather: bool) -> list[Loss]:
    """Runs of each data centre whose roles `supplies` and `wanted` are of the site; `least` is
    the least effect on the ratio of what is lost to what is wanted."""
    found = []
    for centre in site.centres:
        rows = [_rows(site, centre.meters(role)) for role in (supplies, wanted)]
        if not all(
            own and len(own) == len(centre.meters(role))
            for own, role in zip(rows, (supplies, wanted), strict=True)
        ):
            continue
        over, under = (site.measured[own].sum(axis=0) for own in rows)
        outdoor = site.outdoor if weather else None
        use = DayUse.of(site.clock.day, over - under, under, outdoor)
        told = judge(use, least * use.wanted, site.limits.sigmas)
        largest = max(rows[0], key=lambda row: float(np.nansum(site.measured[row])))
        found += [Loss(centre, largest, use, told, places) for places in told.runs]
    return found


def _rows(site: Site, meters: tuple[str, ...]) -> list[int]:
    return [site.codes.index(one) for one in meters if one in site.codes]


def candidate(
    site: Site,
    pattern: str,
    loss: Loss,
    cause: str,
    detail: dict[str, str | int | float],
    more: Iterable[str] = (),
) -> Candidate | None:
    """What is told of a run; None where its hours measured nothing. `more` are meters that show it
    too, beside the one that is told of it."""
    return priced(
        site,
        pattern,
        loss.row,
        _rate(site, loss, site.measured[loss.row]),
        cause=cause,
        detail=detail,
        half=_half(loss),
        place=loss.centre.node,
        tells_of=frozenset({site.codes[loss.row], *more}),
    )


def _rate(site: Site, loss: Loss, power: Floats) -> Floats:
    """What is wasted in each hour of the run [kW], (hours,); NaN outside of it."""
    days = loss.use.days[loss.places]
    place = np.searchsorted(days, site.clock.day)
    place = np.minimum(place, days.size - 1)
    inside = (days[place] == site.clock.day) & np.isfinite(power)
    count = np.bincount(place[inside], minlength=days.size)
    sums = np.bincount(place[inside], power[inside], days.size)
    share = np.divide(loss.excess * count, sums, out=np.zeros(days.size), where=sums > 0)
    return np.where(inside, np.clip(share, 0.0, 1.0)[place] * power, np.nan)


def _half(loss: Loss) -> float:
    """Half of the 90 % interval [kWh]."""
    return half_of(loss.told, loss.places, 24 * float(loss.told.spread[loss.places].mean()))
