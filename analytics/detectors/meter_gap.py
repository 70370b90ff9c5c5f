"""Silent meter: it sent nothing for at least two intervals and an hour, or lost it in a reset.

A reset is a gap only where it left an hour partly missing; where its readings go on, none is. What
an outage of the gateway explains is told there (`gateway_silent`).
"""

from __future__ import annotations

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.register_events import from_events, hours_within
from analytics.detectors.site import Candidate, Input, Site
from analytics.outages import GatewayGap
from metering.book import RegisterEvent
from metering.finding import METER_GAP
from metering.quality import MISSING


def _gaps(site: Site) -> list[Candidate]:
    lost = ("reset", "reversed")
    explained = frozenset[GatewayGap]().union(*(one.gaps for one in site.outages))
    gaps = (
        e
        for e in site.events
        if (e.kind == "gap" and (e.meter, e.start_us, e.end_us) not in explained)
        or (e.kind in lost and _lost(site, e))
    )
    return from_events(site, METER_GAP, gaps)


def _lost(site: Site, event: RegisterEvent) -> bool:
    """Whether any of the event's hours is partly missing."""
    if event.meter not in site.codes:
        return False
    row = site.codes.index(event.meter)
    return bool(site.shares[row, hours_within(site, event.start_us, event.end_us), MISSING].any())


DETECTOR = Detector(
    name=METER_GAP,
    needs=frozenset({Input.EVENTS}),
    candidates=_gaps,
    quantity=EvidenceUnit.FAULT,
    causes=("communication_lost",),
    action="check_communication",
)
