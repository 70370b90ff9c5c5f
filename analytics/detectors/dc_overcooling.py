"""Data centre: racks take in colder air than they need, or cold air comes back unused.

    too cold  : the warmest inlet below 18 C; where no inlet is known, the supply air below 18 C
    bypass    : return - supply < 8 K, while the warmest inlet is more than 5 K above the supply
    told      : in half of the hours of five days of seven

ASHRAE TC 9.9 (2021) recommends 18 to 27 C at the inlet. The warmest of the racks decides: it is
served by whatever the others get too much of. Where the warmest rack is not too cold and the air
comes back cold, some of it never passed a server, and the set point cannot be raised before that
is closed. What either would save depends on the chiller, and is not told.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Floats
from analytics.lasting import lasting_hours
from analytics.sensors import RACK_INLET, RETURN_AIR, SUPPLY_AIR

NAME = "dc_overcooling"
SET_LOW, BYPASS = "air_set_low", "air_bypasses"
LOW_INLET_C = 18.0
LEAST_RISE_K = 8.0
MOST_SPREAD_K = 5.0
LEAST_HOURS = 12


def _overcooled(site: Site) -> list[Candidate]:
    found = [_of_meter(site, row, code) for row, code in enumerate(site.codes)]
    return [one for one in found if one is not None]


def _of_meter(site: Site, row: int, code: str) -> Candidate | None:
    inlet = _warmest(site.said(code, RACK_INLET))
    supply, back = (_mean(site.said(code, role)) for role in (SUPPLY_AIR, RETURN_AIR))
    air = np.where(np.isfinite(inlet), inlet, supply)
    cold = air < LOW_INLET_C
    bypass = ~cold & (back - supply < LEAST_RISE_K) & (inlet - supply > MOST_SPREAD_K)
    hours = lasting_hours(site.clock.day, np.isfinite(air), cold | bypass, LEAST_HOURS)
    if not hours.size:
        return None
    is_cold = 2 * int(cold[hours].sum()) >= hours.size
    detail: dict[str, str | int | float] = (
        {"inlet_c": round(float(np.median(air[hours][cold[hours]])), 1)}
        if is_cold
        else {"air_rise_k": round(float(np.median((back - supply)[hours][bypass[hours]])), 1)}
    )
    return unpriced(site, NAME, row, hours, cause=SET_LOW if is_cold else BYPASS, detail=detail)


def _warmest(values: Floats) -> Floats:
    """Of those that are known in each hour; NaN without any."""
    known = np.isfinite(values)
    highest = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(np.isfinite(highest), highest, np.nan)


def _mean(values: Floats) -> Floats:
    """NaN in hours in which one of them is unknown, or without any."""
    return values.sum(axis=0) / len(values) if len(values) else np.full(values.shape[1], np.nan)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.CENTRE_AIR}),
    candidates=_overcooled,
    quantity=EvidenceUnit.UNPRICED,
    causes=(SET_LOW, BYPASS),
    action="check_air_ways",
)
