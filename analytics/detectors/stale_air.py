"""Stale air: CO2 of a room stays above 1,000 ppm while people work.

An hour is bad above 1,000 ppm, a day in half of its office hours, and it takes five such days of
seven. It wastes nothing; but air that is saved so is paid for by those who breathe it.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.room_conditions import conditions
from analytics.detectors.site import Candidate, Input, Site
from analytics.groups import Bools, Floats
from analytics.sensors import CO2

NAME = "stale_air"
MOST_PPM = 1000.0


def _stale(site: Site) -> list[Candidate]:
    def is_bad(room: Floats) -> Bools:
        return np.asarray(room > MOST_PPM)

    return conditions(site, NAME, CO2, is_bad, DETECTOR.causes[0], MOST_PPM)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.AIR}),
    candidates=_stale,
    quantity=EvidenceUnit.UNPRICED,
    causes=("too_little_air",),
    action="check_air",
)
