"""Silent gateway: several of its meters sent nothing over the same time, which is told once.

Which gaps belong together is said in `analytics.outages`; the gaps of meters that an outage
explains are none of their own. The case is kept by one meter of the gateway and stands at the
place that holds all of them; its evidence names those that were silent. Where most of a gateway's
meters went on, a line behind it is likelier than the gateway; both are told with their odds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.register_events import DAY_US, hours_within
from analytics.detectors.site import Candidate, Input, Own, Site
from analytics.outages import Outage
from metering.finding import GATEWAY_SILENT
from metering.localtime import HOUR_US
from metering.quantity import ABSENT

GATEWAY, LINE, NETWORK = "gateway_down", "line_down", "network_down"


def _outages(site: Site) -> list[Candidate]:
    held = [one for one in site.outages if one.subject in site.codes and _hours(site, one)]
    groups: dict[str, list[list[Outage]]] = {}
    for one in held:
        mine = groups.setdefault(one.subject, [[]])
        end = max((before.end_us for before in mine[-1]), default=one.start_us)
        if one.start_us - end > site.limits.merge_days * DAY_US:
            mine.append([])
        mine[-1].append(one)
    return [_candidate(site, some) for mine in groups.values() for some in mine]


def _hours(site: Site, one: Outage) -> int:
    """How many hours of complete days it has; 0 for less than an hour."""
    if not site.hours_us.size:
        return 0
    start, end = max(one.start_us, int(site.hours_us[0])), min(one.end_us, site.until_us)
    return hours_within(site, start, end).size if end - start >= HOUR_US else 0


def _candidate(site: Site, some: Sequence[Outage]) -> Candidate:
    first_us = int(site.hours_us[0])
    spans = [(max(one.start_us, first_us), min(one.end_us, site.until_us)) for one in some]
    hours = np.unique(np.concatenate([hours_within(site, *span) for span in spans]))
    unknown = np.full(hours.size, ABSENT, dtype=np.int64)
    widest = max(some, key=lambda one: (len(one.gateways), len(one.meters), -one.start_us))
    cause, also, odds = _cause(widest)
    own = Own(
        cause=cause,
        expected=unknown,
        measured=unknown,
        detail={
            "gateways": " ".join(widest.gateways),
            "meters": " ".join(sorted({meter for one in some for meter in one.meters})),
            "silent": len(widest.meters),
            "served": widest.served,
            "also": also,
            "odds": round(odds, 3),
        },
        chart=(),
        place=widest.place,
        confidence=odds,
    )
    day = int(site.clock.day[hours[0]])
    row = site.codes.index(widest.subject)
    end = max(end for _, end in spans)
    return Candidate(GATEWAY_SILENT, row, day, spans[0][0], end, hours, len(some), own)


def _cause(one: Outage) -> tuple[str, str, float]:
    """The likelier cause, the other one, and the odds of the first."""
    whole = NETWORK if len(one.gateways) > 1 else GATEWAY
    return (whole, LINE, one.whole) if one.whole >= 0.5 else (LINE, whole, 1.0 - one.whole)


DETECTOR = Detector(
    name=GATEWAY_SILENT,
    needs=frozenset({Input.OUTAGE}),
    candidates=_outages,
    quantity=EvidenceUnit.FAULT,
    causes=(GATEWAY, LINE, NETWORK),
    action="check_gateway",
)
