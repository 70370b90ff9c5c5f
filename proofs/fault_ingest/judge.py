"""What became of acknowledged messages: stored, a dead letter, missing, or there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proofs.fault_ingest.messages import NumberedMessage


@dataclass(frozen=True)
class KeptOfWay:
    """What the platform has of one way's gateway."""

    untimed: Sequence[tuple[int, int]]
    """(time [us], number of the message) of every row of the point without times."""
    timed: Sequence[tuple[int, int]]
    """The same of the point with times."""
    letters: frozenset[int]
    """Numbers of the messages that are dead letters, or of which a part is."""


@dataclass(frozen=True)
class WayVerdict:
    """Counts of messages, but for `duplicated`, which are readings."""

    acknowledged: int
    stored: int
    """Of those, by their readings."""
    dead_letters: int
    missing: tuple[int, ...]
    """Numbers of messages acknowledged of which something is neither stored nor a dead letter."""
    duplicated: int
    """Rows beyond the first of a reading."""
    wrongly_refused: tuple[int, ...]
    """Good messages that are dead letters."""


def judged(
    messages: Iterable[NumberedMessage], acknowledged: frozenset[int], kept: KeptOfWay
) -> WayVerdict:
    """Hold messages against what there is. A value with a time may have been corrected by a
    message of a higher number; one without stays for good."""
    untimed = Counter(seq for _, seq in kept.untimed)
    times = Counter(time_us for time_us, _ in kept.timed)
    stands = dict(kept.timed)
    all_of_them = {one.seq: one for one in messages}
    asked = [one for seq, one in sorted(all_of_them.items()) if seq in acknowledged]

    def stored(one: NumberedMessage) -> bool:
        there = not one.untimed or untimed[one.seq] > 0
        return there and all(stands.get(at, -1) >= one.seq for at in one.times_us)

    def is_missing(one: NumberedMessage) -> bool:
        if one.refused:
            return one.seq not in kept.letters or not stored(one)
        return not stored(one) and one.seq not in kept.letters

    ours = [time_us for one in all_of_them.values() for time_us in one.times_us]
    return WayVerdict(
        acknowledged=len(asked),
        stored=sum(one.has_readings and stored(one) for one in asked),
        dead_letters=sum(one.seq in kept.letters for one in asked),
        missing=tuple(one.seq for one in asked if is_missing(one)),
        duplicated=sum(max(untimed[seq] - 1, 0) for seq in all_of_them)
        + sum(max(times[at] - 1, 0) for at in set(ours)),
        wrongly_refused=tuple(
            one.seq for one in asked if not one.refused and one.seq in kept.letters
        ),
    )
