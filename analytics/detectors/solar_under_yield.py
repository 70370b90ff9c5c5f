"""Solar panels yield less than they did of such irradiance, for days (`solar`).

A loss that came from one day to the next is one of strings, modules or an inverter; one that was
creeping in the ten days before is dirt or growing shade: how much of it was there already gives
the odds. What was lost would have been sold, or have saved what is bought: which of both, and at
what price, the meter cannot tell, so that no money is claimed.

The panels' meter is that of an export at the node of the irradiance, or the only one of
electricity there.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Floats
from analytics.sensors import IRRADIANCE
from analytics.solar import LowYield, bright, low_yields

NAME = "solar_under_yield"
STRINGS, DIRT = "strings_lost", "panels_dirty"


def _low(site: Site) -> list[Candidate]:
    found = []
    for row, code in enumerate(site.codes):
        sensors = site.said(code, IRRADIANCE)
        if len(sensors):
            light, made = sensors.mean(axis=0), np.abs(site.measured[row])
            runs = low_yields(site.clock.day, made, light, site.limits.sigmas)
            found += [_candidate(site, row, light, run) for run in runs]
    return [one for one in found if one is not None]


def _candidate(site: Site, row: int, light: Floats, run: LowYield) -> Candidate | None:
    lit = bright(site.measured[row], light) & np.isin(site.clock.day, run.days)
    place = np.minimum(np.searchsorted(run.days, site.clock.day), run.days.size - 1)
    sign = -1.0 if np.nansum(site.measured[row]) < 0 else 1.0
    sudden = run.at_once >= 0.5
    return unpriced(
        site,
        NAME,
        row,
        np.flatnonzero(lit).astype(np.int64),
        cause=STRINGS if sudden else DIRT,
        detail={
            "yield_share": round(run.share, 4),
            "also": DIRT if sudden else STRINGS,
            "odds": round(max(run.at_once, 1 - run.at_once), 3),
        },
        usual=np.where(lit, sign * light * run.per_w_m2[place], np.nan),
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.IRRADIANCE}),
    candidates=_low,
    quantity=EvidenceUnit.UNPRICED,
    causes=(STRINGS, DIRT),
    action="check_panels",
)
