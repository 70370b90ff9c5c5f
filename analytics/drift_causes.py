"""What changed when a balance began to drift, where one can tell.

what is on record near the first day      a ratio, another meter, a register that runs backwards
a part that stands still                  it counts next to nothing any more
one part, or the total, that changed      and alone makes up for the drift, beside how all of
                                          the others changed
else                                      it is not told
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.balances import BalanceDays, KnownChange, TermDays
from analytics.drift import SIGMAS, Drift
from analytics.groups import Bools, Floats, Ints, median
from analytics.robust import scale
from metering.quantity import ABSENT

NEAR_DAYS = 3
"""Between what is on record and the first day of the drift."""
STILL = 0.05
"""A part that counts no more than this share of what it did stands still."""
MISSED = 0.35
"""Of the drift, what the change of one term may leave unexplained."""
OTHERS = 0.65
"""What the change of any other one must leave."""
ON_RECORD = {
    "ratio": "ratio_changed",
    "replaced": "meter_replaced",
    "reversed": "meter_reversed",
    "reset": "meter_replaced",
}


@dataclass(frozen=True)
class LikelyCause:
    """A key of a cause, and who it is about; '' where that cannot be told."""

    key: str
    code: str = ""


def cause_of(series: BalanceDays, drift: Drift) -> LikelyCause:
    """The likeliest cause of a drift."""
    on_record = _on_record(series, drift)
    if on_record is not None:
        return on_record
    used = _Used.of(series, drift)
    terms = used.terms
    backwards = np.flatnonzero((used.before > 0) & (used.now < 0))
    if backwards.size == 1:
        return LikelyCause("meter_reversed", _name(terms[backwards[0]]))
    still = np.flatnonzero(~used.is_total & (np.abs(used.now) <= STILL * np.abs(used.before)))
    if drift.side > 0 and still.size == 1 and used.before[still[0]] > 0:
        return LikelyCause("part_still", _name(terms[still[0]]))
    return _changed(series, used, drift)


def _on_record(series: BalanceDays, drift: Drift) -> LikelyCause | None:
    first = int(series.days[drift.days[0]])
    near = [
        (abs(one.day - first), place, one)
        for place, one in enumerate(series.changes)
        if abs(one.day - first) <= NEAR_DAYS and one.kind in ON_RECORD
    ]
    if not near:
        return None
    change: KnownChange = min(near)[2]
    hidden = any(not one.named and change.meter in one.meters for one in series.terms)
    return LikelyCause(ON_RECORD[change.kind], "" if hidden else change.meter)


@dataclass(frozen=True, eq=False)
class _Used:
    """What each term counted a day, before and in the drift [book units]; arrays (terms,)."""

    terms: tuple[TermDays, ...]
    """Those that count all of the time."""
    is_total: Bools
    before: Floats
    now: Floats
    change: Floats
    """Beside how the terms changed together."""
    spread: Floats
    """How far a day of before was from its like."""

    @classmethod
    def of(cls, series: BalanceDays, drift: Drift) -> _Used:
        """Days of work and of rest are held against their like."""
        both = np.concatenate([drift.history, drift.days])
        terms = tuple(one for one in series.terms if (one.amounts[both] != ABSENT).all())
        amounts = np.stack([one.amounts for one in terms]).astype(np.float64)
        before = _levels(series, amounts, drift.history, drift.days)
        now = amounts[:, drift.days]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(before > 0, now / before, np.nan)
        together = median(median(ratios)[None, :])[0]
        factor = together if np.isfinite(together) else 1.0
        return cls(
            terms=terms,
            is_total=np.array([one.is_total for one in terms], dtype=np.bool_),
            before=np.median(before, axis=1),
            now=np.median(now, axis=1),
            change=np.median(now - factor * before, axis=1),
            spread=scale(
                amounts[:, drift.history] - _levels(series, amounts, drift.history, drift.history),
                np.zeros(len(terms)),
            ),
        )


def _levels(series: BalanceDays, amounts: Floats, history: Ints, days: Ints) -> Floats:
    """What each term counted before on days like these, (terms, days)."""
    whole = np.median(amounts[:, history], axis=1)
    levels = np.repeat(whole[:, None], days.size, axis=1)
    for kind in (True, False):
        alike = history[series.working[history] == kind]
        if alike.size:
            own = np.median(amounts[:, alike], axis=1)
            levels[:, series.working[days] == kind] = own[:, None]
    return levels


def _changed(series: BalanceDays, used: _Used, drift: Drift) -> LikelyCause:
    """The one term whose own change is the drift."""
    terms = used.terms
    wanted = float(np.median(drift.usual.beyond(series.difference.astype(np.float64))[drift.days]))
    told = np.where(used.is_total, used.change, -used.change)
    left = np.abs(told - wanted) / abs(wanted)
    order = np.argsort(left, kind="stable")
    best = int(order[0])
    clear = left.size > 2 and left[best] <= MISSED and left[order[1]] >= OTHERS
    if not clear or abs(wanted) < SIGMAS * used.spread[best]:
        return LikelyCause("balance_unclear")
    if used.is_total[best]:
        return LikelyCause("load_unseen" if drift.side > 0 else "total_low")
    key = "part_fell" if drift.side > 0 else "part_rose"
    return LikelyCause(key, _name(terms[best]))


def _name(term: TermDays) -> str:
    return term.code if term.named else ""
