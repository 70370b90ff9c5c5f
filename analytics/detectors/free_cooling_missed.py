"""A building's chiller runs in office hours though at such a wet bulb it rested before.

    colder by 3 K than the days on which it rested, five days of seven (`free_cooling`)

A day of which nobody knows whether anything had to be cooled says little: the free cooling may be
off, or something new asks for cold. Both are named with even odds.
"""

from __future__ import annotations

from analytics.detectors.chiller_free_cooling import chillers_missed
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site

NAME = "free_cooling_missed"
OFF, NEW = "free_cooling_off", "cooling_wanted"
MARGIN_K = 3.0
LEAST_HOURS = 6


def _missed(site: Site) -> list[Candidate]:
    return chillers_missed(
        site,
        NAME,
        site.chillers,
        site.clock.occupied,
        margin=MARGIN_K,
        least_hours=LEAST_HOURS,
        cause=OFF,
        also=NEW,
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.WET_BULB, Input.CHILLER}),
    candidates=_missed,
    quantity=EvidenceUnit.WASTE,
    causes=(OFF, NEW),
    action="check_changeover",
)
