"""One event, one finding: what a sub-meter shows is not reported again on the meter above it."""

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.detectors import FAULTS, Candidate
from analytics.groups import Floats, Ints

EXPLAINED = 0.5
"""Share of a meter's excess that its own sub-meters must account for to silence it."""


def suppress(
    candidates: Sequence[Candidate],
    codes: Sequence[str],
    feeders: Mapping[str, Sequence[str]],
    residual: Floats,
) -> list[Candidate]:
    """Drop candidates that findings of their kind further down explain.

    Waste is of one kind, whatever it looks like there; meter faults, and what a detector tells of
    evidence of its own, are so by pattern. `feeders` names the meters that feed a meter;
    `residual` [kW] has shape (meters, hours).
    Of stretches that a detector tells by evidence of its own, that stays.
    Deepest meters are settled first, and only kept candidates explain those above, so that
    an event is not counted once a level. The order of the input is kept.
    """
    above = [ancestors(code, feeders) for code in codes]
    deepest_first = sorted(candidates, key=lambda c: -len(above[c.meter]))
    kept: list[Candidate] = []
    for candidate in deepest_first:
        below = [k for k in kept if codes[candidate.meter] in above[k.meter]]
        if _explained(candidate, below, residual) <= EXPLAINED:
            kept.append(candidate)
    said = [one for one in kept if one.own is not None and one.own.tells_of]
    kept = [one for one in kept if not any(_is_said(one, other, codes) for other in said)]
    return [candidate for candidate in candidates if candidate in kept]


def _is_said(candidate: Candidate, other: Candidate, codes: Sequence[str]) -> bool:
    """Whether stretches of days are the event that a detector tells by evidence of its own."""
    if candidate.own is not None or other.own is None:
        return False
    shared = np.intersect1d(candidate.hours, other.hours, assume_unique=True).size
    told = codes[candidate.meter] in other.own.tells_of
    return told and shared > EXPLAINED * candidate.hours.size


def ancestors(code: str, feeders: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """All meters above one in the supply tree; a loop in the tree ends the walk."""
    found: set[str] = set()
    waiting = list(feeders.get(code, ()))
    while waiting:
        feeder = waiting.pop()
        if feeder not in found and feeder != code:
            found.add(feeder)
            waiting += feeders.get(feeder, ())
    return frozenset(found)


def _explained(candidate: Candidate, below: Sequence[Candidate], residual: Floats) -> float:
    """Share of the candidate's excess that candidates of its kind below it show [0..]."""
    own = float(np.nansum(_excess(candidate, candidate.hours, residual)))
    parts = 0.0
    for part in below:
        if _kind(part) == _kind(candidate):
            shared = np.intersect1d(candidate.hours, part.hours, assume_unique=True)
            parts += float(np.nansum(_excess(part, shared, residual)))
    return parts / own if own > 0 else 0.0


def _kind(candidate: Candidate) -> str:
    of_its_own = candidate.pattern in FAULTS or candidate.own is not None
    return candidate.pattern if of_its_own else ""


def _excess(candidate: Candidate, hours: Ints, residual: Floats) -> Floats:
    """What a candidate shows too much in some of its hours; what a detector tells of its own
    evidence is in units of the books, as is that of the same pattern below."""
    if candidate.own is None:
        return np.asarray(residual[candidate.meter, hours])
    excess = candidate.own.measured - candidate.own.expected
    return excess[np.isin(candidate.hours, hours)].astype(np.float64)
