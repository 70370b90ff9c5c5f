"""What became of each reading: new, a duplicate, a correction, outdated, or in conflict.

Of all values ever sent for one (point, time) the one with the highest order key stands; of
equal keys the one earlier in the journal. That is a maximum, so neither the order of arrival
nor how the journal is cut into batches can matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metering.quantity import I64
from metering.reading import Outcome, ReadingColumns

CONFLICT = -1
"""Same order key, other value: neither can be called the later one."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Classified:
    """What to do with a batch of n readings."""

    outcome: I64
    """(n,) an Outcome, or CONFLICT."""
    stands: Mask
    """(n,) rows to upsert: at most one of each identity."""
    changed: Mask
    """(n,) rows among them that the ledger has to look at."""
    corrects: Mask
    """(n,) rows among those that replace another value."""


def classify(incoming: ReadingColumns, existing: ReadingColumns) -> Classified:
    """Judge readings, in the order of the journal, against the stored rows of their identity.

    A reading with the lineage and the order key of the stored one is the same record read again,
    after a crash between the readings' commit and the checkpoint's: new, and to be looked at once
    more. One that is read by other rules by then, under a higher key, is judged like any other.
    """
    stored = len(existing)
    both = ReadingColumns.concat([existing, incoming])
    order = np.lexsort((np.arange(len(both)), both.time_us, both.point))
    group, place = _groups(both.point[order], both.time_us[order])
    standing = np.full(len(both), -1, dtype=np.int64)
    is_stored = order < stored
    standing[group[is_stored]] = order[is_stored]
    initial = standing.copy()
    outcome = np.zeros(len(both), dtype=np.int64)
    for now in np.unique(place[~is_stored]).tolist():
        chosen = (place == now) & ~is_stored
        _judge(both, order[chosen], group[chosen], standing, outcome)
    return _result(both, initial, standing, outcome, stored)


def _groups(point: I64, time_us: I64) -> tuple[I64, I64]:
    """(group number, place in the group) of sorted identities."""
    starts = np.ones(len(point), dtype=np.bool_)
    starts[1:] = (point[1:] != point[:-1]) | (time_us[1:] != time_us[:-1])
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    return group, np.arange(len(point)) - first[group]


def _judge(both: ReadingColumns, rows: I64, group: I64, standing: I64, outcome: I64) -> None:
    """One reading of each identity against what stands there; updates both arrays."""
    against = standing[group]
    free = against < 0
    higher, level = _compare(both, rows, against)
    same_value = both.value[rows] == both.value[against]
    earlier = _earlier(both, rows, against)
    same_record = ~free & level & ~earlier & ~_earlier(both, against, rows)
    wins = free | higher | same_record | (level & earlier)
    outcome[rows] = np.select(
        [free | same_record, same_value, wins, level],
        [Outcome.NEW, Outcome.DUPLICATE, Outcome.CORRECTION, CONFLICT],
        Outcome.OUTDATED,
    )
    standing[group[wins]] = rows[wins]


def _compare(both: ReadingColumns, rows: I64, against: I64) -> tuple[Mask, Mask]:
    high, low = both.order_hi, both.order_lo
    same_high = high[rows] == high[against]
    higher = (high[rows] > high[against]) | (same_high & (low[rows] > low[against]))
    return higher, same_high & (low[rows] == low[against])


def _earlier(both: ReadingColumns, rows: I64, against: I64) -> Mask:
    """Whether a row's lineage comes before the other's."""
    earlier = both.index[rows] < both.index[against]
    for column in (both.offset, both.segment):
        ours, theirs = column[rows], column[against]
        earlier = (ours < theirs) | ((ours == theirs) & earlier)
    return earlier


def _result(
    both: ReadingColumns, initial: I64, standing: I64, outcome: I64, stored: int
) -> Classified:
    final = standing[standing >= stored]
    before = initial[standing >= stored]
    known = before >= 0
    other_value = known & (both.value[final] != both.value[before])
    other_flag = known & (both.flag[final] != both.flag[before])
    same_record = known & (both.segment[final] == both.segment[before])
    same_record &= (both.offset[final] == both.offset[before]) & (
        both.index[final] == both.index[before]
    )
    looked_at = ~known | other_value | other_flag | same_record
    stands, changed, corrects = (np.zeros(len(both), dtype=np.bool_) for _ in range(3))
    stands[final] = True
    changed[final[looked_at]] = True
    corrects[final[other_value]] = True
    return Classified(outcome[stored:], stands[stored:], changed[stored:], corrects[stored:])
