"""The time in which a meter is an institution's own: of another's days it is told nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.detectors import Candidate
from analytics.groups import Ints
from metering.localtime import HOUR_US, day_bounds
from metering.registry import Registry
from metering.validity import ALWAYS, joined

Stay = tuple[int, int]
"""[start, end) [us]."""
ALL_TIME: Stay = (0, 1 << 62)


def stay_of(registry: Registry, site: str, node: str, institution: str) -> Stay:
    """The last time in which a node lay in a site, and was of an institution there; nothing where
    it never was."""
    zone = registry.zone(node)
    spans = joined(
        [
            both
            for days, body in registry.bodies(node)
            for held in registry.held(site).get(node, ())
            if body == institution and (both := days.shared(held)) is not None
        ]
    )
    if not spans:
        return (0, 0)
    last = spans[-1]
    return (
        ALL_TIME
        if last == ALWAYS
        else (
            ALL_TIME[0] if last.start is None else day_bounds(last.start, zone)[0],
            ALL_TIME[1] if last.end is None else day_bounds(last.end, zone)[0],
        )
    )


def within_stay(candidate: Candidate, hours_us: Ints, stay: Stay) -> Candidate | None:
    """What a candidate shows of a stay; None where that is nothing."""
    starts = hours_us[candidate.hours]
    inside = (starts >= stay[0]) & (starts + HOUR_US <= stay[1])
    if inside.all():
        return candidate
    if not inside.any():
        return None
    own = candidate.own
    if own is not None:
        own = replace(own, expected=own.expected[inside], measured=own.measured[inside])
    kept = starts[inside]
    first, last = int(kept[0]), int(kept[-1]) + HOUR_US
    return replace(
        candidate,
        start_us=max(candidate.start_us, stay[0]) if inside[0] else first,
        end_us=min(candidate.end_us, stay[1]) if inside[-1] else last,
        hours=np.asarray(candidate.hours[inside]),
        own=own,
    )


Chart = tuple[tuple[int, float | None, float | None], ...]


def charted(chart: Chart, stay: Stay) -> Chart:
    """The hours of a chart that lie in a stay."""
    return tuple(row for row in chart if stay[0] <= row[0] < stay[1])
