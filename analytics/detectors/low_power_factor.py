"""Low power factor: a meter that draws more reactive energy than its account allows.

    power factor of a day = P / sqrt(P^2 + Q^2)

P and Q are the active and the reactive energy of the hours of the day in which both are known and
P is 30 % of its usual high (the 95th percentile) or more; reactive energy that is fed back is
added, as suppliers do. A day is low below the factor that the account is held to, by half a
hundredth at least, and needs six such hours. Five low days of seven make a finding, which ends with
the third day in a row that is not low. Suppliers judge the month as a whole; the bill says what it
was.

Reactive energy that is fed back shows capacitors that stay in; where both ways are metered, the
share of each gives the odds of the two causes.
"""

from __future__ import annotations

import numpy as np

from analytics.billed import BilledMeter
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Bools, Floats
from analytics.lasting import lasting

NAME = "low_power_factor"
LACKING, STUCK_IN = "capacitors_lacking", "capacitors_stay_in"
LEAST_LOAD = 0.3
HIGH = 95
LEAST_HOURS = 6
MARGIN = 0.005


def _low(site: Site) -> list[Candidate]:
    found = [
        candidate
        for one in site.billed
        if one.power_factor is not None and {one.meter, one.reactive} <= set(site.codes)
        for candidate in _of_account(site, one, one.power_factor)
    ]
    return [one for one in found if one is not None]


def _of_account(site: Site, one: BilledMeter, standard: float) -> list[Candidate | None]:
    drawn = site.measured[site.codes.index(one.reactive)]
    back = np.zeros_like(drawn)
    if one.reactive_export in site.codes:
        back = np.abs(site.measured[site.codes.index(one.reactive_export)])
    active = site.measured[site.codes.index(one.meter)]
    judged = _judged(site, one, active, drawn + back)
    days, place = np.unique(site.clock.day, return_inverse=True)
    sums = [np.bincount(place[judged], x[judged], days.size) for x in (active, drawn + back)]
    enough = np.bincount(place[judged], minlength=days.size) >= LEAST_HOURS
    factor = sums[0] / np.maximum(np.hypot(*sums), 1e-9)
    low = enough & (factor < standard - MARGIN)
    return [
        _candidate(site, one, judged & np.isin(site.clock.day, run), (active, drawn, back))
        for run in lasting(days[low].tolist())
    ]


def _judged(site: Site, one: BilledMeter, active: Floats, reactive: Floats) -> Bools:
    """Hours under load of which both are known, since the contract began."""
    known = np.isfinite(active) & np.isfinite(reactive) & (site.clock.day >= one.since_day)
    if not known.any():
        return known
    least = LEAST_LOAD * float(np.percentile(active[known], HIGH))
    return np.asarray(known & (np.nan_to_num(active) >= max(least, 1e-9)))


def _candidate(
    site: Site, one: BilledMeter, inside: Bools, flows: tuple[Floats, Floats, Floats]
) -> Candidate | None:
    hours = np.flatnonzero(inside).astype(np.int64)
    active, drawn, back = (float(flow[hours].sum()) for flow in flows)
    lacking = drawn / max(drawn + back, 1e-9)
    detail: dict[str, str | int | float] = {
        "power_factor": round(active / float(np.hypot(active, drawn + back)), 4),
        "standard": one.power_factor or 0.0,
    }
    if one.reactive_export in site.codes:
        detail["also"] = STUCK_IN if lacking >= 0.5 else LACKING
        detail["odds"] = round(max(lacking, 1 - lacking), 3)
    return unpriced(
        site,
        NAME,
        site.codes.index(one.meter),
        hours,
        cause=LACKING if lacking >= 0.5 else STUCK_IN,
        detail=detail,
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.REACTIVE}),
    candidates=_low,
    quantity=EvidenceUnit.UNPRICED,
    causes=(LACKING, STUCK_IN),
    action="check_capacitors",
)
"""What it costs is a line of the bill, not energy."""
