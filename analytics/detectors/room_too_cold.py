"""Room cooled too far: in summer it is 2 K and more below the 26 C that a cooled room shall have.

Public institutions of China cool to no less than 26 C and heat to no more than 20 C. An hour is bad
below 24 C while it is 3 K warmer outside, so that the night's cold is no finding; a day in half of
its office hours, and it takes five such days of seven. What the cooling would save is not told: it
depends on the building.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.room_conditions import conditions
from analytics.detectors.site import Candidate, Input, Site
from analytics.groups import Bools, Floats
from analytics.sensors import ROOM_TEMPERATURE

NAME = "room_too_cold"
COOLED_TO_C = 26.0
MARGIN_K = 2.0
WARMER_K = 3.0


def _too_cold(site: Site) -> list[Candidate]:
    def is_bad(room: Floats) -> Bools:
        return np.asarray((room < COOLED_TO_C - MARGIN_K) & (site.outdoor >= room + WARMER_K))

    return conditions(site, NAME, ROOM_TEMPERATURE, is_bad, DETECTOR.causes[0], COOLED_TO_C)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.ROOM}),
    candidates=_too_cold,
    quantity=EvidenceUnit.UNPRICED,
    causes=("cooling_set_low",),
    action="raise_cooling",
)
