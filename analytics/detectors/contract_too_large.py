"""Contract too large: in a whole year no quarter of an hour came near what the account contracts.

    peak of a year < 0.4 contract      and a contracted kW costs something

What it costs is told for the part that a contract of a tenth above the peak would not need. The
evidence are the highest hours of each day of the window: one that comes near the contract ends it.
"""

from __future__ import annotations

import numpy as np

from analytics.billed import BilledMeter, KwPrice, YearPeak
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Ints

NAME = "contract_too_large"
LARGE = "contract_large"
FAR_BELOW = 0.4
MONTHS = 12
MARGIN = 1.1
"""Above the peak of a year, for a year that takes more."""


def _too_large(site: Site) -> list[Candidate]:
    found = [_of_account(site, one) for one in site.billed if one.meter in site.codes]
    return [one for one in found if one is not None]


def _of_account(site: Site, one: BilledMeter) -> Candidate | None:
    peak = one.peaks.year if one.peaks is not None else None
    if peak is None or one.contract_kw is None or one.contracted is None:
        return None
    if peak.kw >= FAR_BELOW * one.contract_kw:
        return None
    return _candidate(site, one, peak, one.contracted, one.contract_kw)


def _candidate(
    site: Site, one: BilledMeter, peak: YearPeak, price: KwPrice, contract_kw: float
) -> Candidate | None:
    row, needed = site.codes.index(one.meter), max(peak.kw, 0.0) * MARGIN
    return unpriced(
        site,
        NAME,
        row,
        _highest(site, row, one.since_day),
        cause=LARGE,
        detail={
            "contracted_kw": round(contract_kw, 3),
            "year_peak_kw": round(peak.kw, 3),
            "year_peak_us": peak.at_us,
            "needed_kw": round(needed, 3),
            "saved_a_year": round(price.of(contract_kw - needed, MONTHS), 2),
            "currency": price.currency,
        },
        usual=np.full(site.hours_us.size, contract_kw),
    )


def _highest(site: Site, row: int, since_day: int) -> Ints:
    """The highest hour of each known day since the contract began."""
    power = site.measured[row]
    hours = np.flatnonzero(np.isfinite(power) & (site.clock.day >= since_day))
    rising = hours[np.argsort(power[hours], kind="stable")]
    days = site.clock.day[rising]
    last = days.size - 1 - np.unique(days[::-1], return_index=True)[1]
    return np.sort(rising[last]).astype(np.int64)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.CONTRACT, Input.CONTRACT_YEAR}),
    candidates=_too_large,
    quantity=EvidenceUnit.UNPRICED,
    causes=(LARGE,),
    action="lower_contract",
)
"""What it costs is a line of the bill, not energy."""
