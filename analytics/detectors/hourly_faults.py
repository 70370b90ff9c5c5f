"""From hours in which a meter measured wrongly to candidates, those near each other as one."""

from __future__ import annotations

from functools import partial
from itertools import groupby

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.scan.faults import Fault
from metering.localtime import HOUR_US


def of_hours(name: str, kind: str, *, causes: tuple[str, ...], action: str) -> Detector:
    """The detector of hours of a kind, as in `analytics.scan.faults`, which are told as `name`."""
    return Detector(
        name=name,
        needs=frozenset({Input.BASELINE}),
        candidates=partial(from_hours, pattern=name, kind=kind),
        quantity=EvidenceUnit.FAULT,
        causes=causes,
        action=action,
    )


def from_hours(site: Site, pattern: str, kind: str) -> list[Candidate]:
    """The faults of a kind, of meters that are judged."""
    own = [one for _, one in site.seen.faults if one.kind == kind and bool(site.judged[one.meter])]
    own.sort(key=lambda one: (one.meter, one.first))
    found = []
    for meter, pieces in groupby(own, key=lambda one: one.meter):
        found += [_candidate(site, pattern, meter, run) for run in _joined(site, list(pieces))]
    return found


def _joined(site: Site, pieces: list[Fault]) -> list[list[Fault]]:
    result: list[list[Fault]] = []
    for one in pieces:
        if result and one.first - result[-1][-1].end <= site.limits.merge_days * 24:
            result[-1].append(one)
        else:
            result.append([one])
    return result


def _candidate(site: Site, pattern: str, meter: int, run: list[Fault]) -> Candidate:
    hours = np.concatenate([np.arange(one.first, one.end, dtype=np.int64) for one in run])
    return Candidate(
        pattern=pattern,
        meter=meter,
        first_day=int(site.clock.day[hours[0]]),
        start_us=int(site.hours_us[hours[0]]),
        end_us=int(site.hours_us[hours[-1]]) + HOUR_US,
        hours=hours,
        days=len(run),
    )
