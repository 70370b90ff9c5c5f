"""Hours that no baseline is fitted on: those of cases.

A version that learned the hours of an open case would hold the waste for usual and close it. So it
leaves out

    hours of cases that stand                          and of fixed ones: the waste was put
                                                       right; and of those that a move closed
    what the detectors see and nobody told             too small, or explained by a meter below
    hours at most two away from those                  the edges of an event are part of it
    the same hours of the meters above                 they carry it too

and takes what people said is as it should be. Cases opened today are left to the detectors, which
see them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from analytics.detectors import WORTHLESS, Candidate
from analytics.groups import Bools, Ints
from analytics.hierarchy import ancestors
from metering.finding import REFUTED, TEACHING, Case
from metering.localtime import local_day

EDGE_HOURS = 2


def left_out(
    codes: Sequence[str],
    feeders: Mapping[str, Sequence[str]],
    hours_us: Ints,
    cases: Sequence[Case],
    seen: Sequence[Candidate] = (),
    *,
    today: date,
    zone: str,
) -> Bools:
    """Hours of each meter that are not fitted, (meters, hours)."""
    rows = {code: row for row, code in enumerate(codes)}
    above = {
        code: [rows[one] for one in (code, *ancestors(code, feeders)) if one in rows]
        for code in {*codes, *(case.evidence.meter for case in cases)}
    }
    result = np.zeros((len(codes), hours_us.size), dtype=np.bool_)
    usual = np.zeros_like(result)
    for case in cases:
        told = case.evidence
        if told.pattern in WORTHLESS or not above[told.meter]:
            continue
        hours = np.isin(hours_us, told.hours_us)
        if case.state in TEACHING:
            usual[above[told.meter]] |= hours
        elif case.closed != REFUTED and local_day(case.opened_us, zone) < today:
            result[above[told.meter]] |= hours
    for one in seen:
        if one.pattern not in WORTHLESS:
            for row in above[codes[one.meter]]:
                result[row, one.hours] = True
    return np.asarray(_widened(result) & ~_widened(usual))


def _widened(hours: Bools) -> Bools:
    """With the hours on either side."""
    wide = hours.copy()
    for step in range(1, EDGE_HOURS + 1):
        wide[:, step:] |= hours[:, :-step]
        wide[:, :-step] |= hours[:, step:]
    return wide
