"""Data centre: its UPS loses more than the earlier days say of such a load.

    UPS in - UPS out > fit by UPS out + 0.02 UPS out      on five days of seven (`overheads`)

A UPS loses a part of any load and a part of its own; a load that was never seen is not judged.
"""

from __future__ import annotations

from analytics.detectors.centre_losses import candidate, losses
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site

NAME = "ups_loss"
LEAST = 0.02


def _loses(site: Site) -> list[Candidate]:
    found = [
        candidate(
            site,
            NAME,
            loss,
            DETECTOR.causes[0],
            {
                "efficiency": round(1 / (1 + loss.ratio), 4),
                "usual_efficiency": round(1 / (1 + loss.usual), 4),
            },
        )
        for loss in losses(site, "ups_in", "ups_out", LEAST, weather=False)
    ]
    return [one for one in found if one is not None]


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.UPS}),
    candidates=_loses,
    quantity=EvidenceUnit.WASTE,
    causes=("ups_mode",),
    action="check_ups",
)
