"""Demand above the contract: a meter whose power passed what its account has contracted.

Judged is the mean of an hour. A demand is the mean of a quarter of an hour, so it was at least as
high in one of the four: what is told is certain, and what a quarter alone did is not told. It takes
two days within a month of each other; days before the contract began are none of it.

A few days point to loads that began together; where it is passed on most days the contract is too
small. Both are told, with odds by the rule of succession over the days that are known.
"""

from __future__ import annotations

import numpy as np

from analytics.billed import BilledMeter
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site, chains
from analytics.detectors.unpriced import unpriced
from analytics.groups import Ints

NAME = "demand_over_contract"
TOGETHER, SMALL = "loads_together", "contract_small"
LEAST_DAYS = 2
MONTH_DAYS = 31


def _over(site: Site) -> list[Candidate]:
    found = [
        _candidate(site, one, chain)
        for one in site.billed
        if one.contract_kw is not None and one.meter in site.codes
        for chain in chains(_days(site, one).tolist(), MONTH_DAYS)
        if len(chain) >= LEAST_DAYS
    ]
    return [one for one in found if one is not None]


def _hours(site: Site, one: BilledMeter) -> Ints:
    power = site.measured[site.codes.index(one.meter)]
    with np.errstate(invalid="ignore"):
        over = power > (one.contract_kw or np.inf)
    return np.flatnonzero(over & (site.clock.day >= one.since_day)).astype(np.int64)


def _days(site: Site, one: BilledMeter) -> Ints:
    return np.unique(site.clock.day[_hours(site, one)])


def _candidate(site: Site, one: BilledMeter, chain: list[int]) -> Candidate | None:
    row, hours = site.codes.index(one.meter), _hours(site, one)
    hours = hours[np.isin(site.clock.day[hours], chain)]
    power = site.measured[row]
    highest = int(hours[np.argmax(power[hours])])
    within = (site.clock.day >= chain[0]) & np.isfinite(power)
    known = np.unique(site.clock.day[within]).size
    small = (len(chain) + 1) / (known + 2)
    contract = one.contract_kw or 0.0
    return unpriced(
        site,
        NAME,
        row,
        hours,
        cause=SMALL if small > 0.5 else TOGETHER,
        detail={
            "contract_kw": round(contract, 3),
            "peak_kw": round(float(power[highest]), 3),
            "peak_us": int(site.hours_us[highest]),
            "also": TOGETHER if small > 0.5 else SMALL,
            "odds": round(max(small, 1 - small), 3),
        },
        usual=np.full(site.hours_us.size, contract),
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.CONTRACT}),
    candidates=_over,
    quantity=EvidenceUnit.UNPRICED,
    causes=(TOGETHER, SMALL),
    action="stagger_loads",
)
"""What it costs is a line of the bill, not energy."""
