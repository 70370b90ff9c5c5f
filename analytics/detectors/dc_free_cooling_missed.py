"""A data centre's chiller runs though at such a wet bulb it rested before.

    colder by 2 K than the days on which it rested, five days of seven (`free_cooling`)

Servers want cooling all year, so that the cold outside is the reason why it rested.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.chiller_free_cooling import chillers_missed
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site

NAME = "dc_free_cooling_missed"
MARGIN_K = 2.0
LEAST_HOURS = 20


def _missed(site: Site) -> list[Candidate]:
    return chillers_missed(
        site,
        NAME,
        site.centre_chillers,
        np.ones(site.hours_us.size, dtype=np.bool_),
        margin=MARGIN_K,
        least_hours=LEAST_HOURS,
        cause=DETECTOR.causes[0],
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.WET_BULB, Input.CENTRE_CHILLER}),
    candidates=_missed,
    quantity=EvidenceUnit.WASTE,
    causes=("free_cooling_off",),
    action="check_changeover",
)
