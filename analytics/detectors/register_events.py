"""Meter faults, from what the ledger found on the registers: what their detectors share.

The ledger tells a genuine zero from a stuck register and a gap from a late reading; here its
events become findings: those long enough to matter, on complete days, pieces at most two days
apart joined into one.
"""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from analytics.detectors.site import Candidate, Site
from metering.book import RegisterEvent
from metering.localtime import HOUR_US, MINUTE_US

DAY_US = 24 * HOUR_US


def from_events(site: Site, pattern: str, events: Iterable[RegisterEvent]) -> list[Candidate]:
    """One for each run of a meter's events; events of meters that are not of the site are none."""
    found = []
    ordered = sorted(events, key=lambda event: (event.meter, event.start_us))
    for meter, pieces in groupby(ordered, key=lambda event: event.meter):
        if meter in site.codes:
            row = site.codes.index(meter)
            long = (_clip(site, row, event) for event in pieces)
            spans = [span for span in long if span is not None]
            found += [_candidate(site, pattern, row, joined) for joined in _joined(site, spans)]
    return found


def _clip(site: Site, row: int, event: RegisterEvent) -> tuple[int, int] | None:
    """The part of an event on the site's complete days; None where it is too short."""
    if site.hours_us.size == 0:
        return None
    start = max(event.start_us, int(site.hours_us[0]))
    end = min(event.end_us, site.until_us)
    least = max(HOUR_US, 2 * site.steps_min[row] * MINUTE_US)
    return (start, end) if end - start >= least else None


def _joined(site: Site, spans: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    result: list[list[tuple[int, int]]] = []
    for span in spans:
        if result and span[0] - result[-1][-1][1] <= site.limits.merge_days * DAY_US:
            result[-1].append(span)
        else:
            result.append([span])
    return result


def _candidate(site: Site, pattern: str, row: int, spans: list[tuple[int, int]]) -> Candidate:
    hours = np.unique(np.concatenate([hours_within(site, start, end) for start, end in spans]))
    first = int(site.clock.day[hours[0]])
    end = max(end for _, end in spans)
    return Candidate(pattern, row, first, spans[0][0], end, hours, len(spans))


def hours_within(
    site: Site, start_us: int, end_us: int
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Rows of the hours that overlap [start, end)."""
    first = int(np.searchsorted(site.hours_us, start_us - HOUR_US, side="right"))
    last = int(np.searchsorted(site.hours_us, end_us, side="left"))
    return np.arange(first, last, dtype=np.int64)
