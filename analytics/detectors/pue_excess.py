"""Data centre: more energy beside the servers than the earlier days say of such a day.

    utility - IT > fit by IT and weather + 0.03 IT      on five days of seven (`overheads`)

The first heat of a year, and more IT than was ever seen, are not judged. What the cooling's meters
have more, of all that is more, gives the odds of the two causes; where the cooling is not measured
nobody can tell.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.centre_losses import Loss, candidate, losses
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.overheads import DayUse, usual_after

NAME = "pue_excess"
COOLING, OTHER = "cooling_works_more", "losses_grew"
LEAST = 0.03


def _excess(site: Site) -> list[Candidate]:
    found = []
    for loss in losses(site, "utility", "it", LEAST, weather=True):
        cooling = _cooling(site, loss)
        found.append(
            candidate(
                site,
                NAME,
                loss,
                COOLING if cooling >= 0.5 else OTHER,
                {
                    "ratio": round(1 + loss.ratio, 4),
                    "usual_ratio": round(1 + loss.usual, 4),
                    "also": OTHER if cooling >= 0.5 else COOLING,
                    "odds": round(max(cooling, 1 - cooling), 3),
                },
                more=loss.centre.meters("cooling"),
            )
        )
    return [one for one in found if one is not None]


def _cooling(site: Site, loss: Loss) -> float:
    """The part of the excess that the cooling's meters show, smoothed by a day of each cause; 0.5
    where not all of them are known."""
    meters = loss.centre.meters("cooling")
    rows = [site.codes.index(one) for one in meters if one in site.codes]
    if not rows or len(rows) < len(meters):
        return 0.5
    it = [site.codes.index(one) for one in loss.centre.meters("it")]
    own, wanted = (site.measured[some].sum(axis=0) for some in (rows, it))
    use = DayUse.of(site.clock.day, own, wanted, site.outdoor)
    more = (use.beside - usual_after(use, int(loss.places[0])))[loss.places]
    share = np.clip(more / loss.excess, 0.0, 1.0)
    known = share[np.isfinite(share)]
    return float((known.sum() + 1) / (known.size + 2))


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.CENTRE}),
    candidates=_excess,
    quantity=EvidenceUnit.WASTE,
    causes=(COOLING, OTHER),
    action="check_cooling",
)
