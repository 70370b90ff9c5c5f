"""How counters and dead letters add up: the same law in every adapter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from metering.clock_repair import MOST_REPAIRS, ClockRepair
from metering.delivery import MOST_OPEN, Gap, Receipt
from metering.errors import Conflict, NotFound
from metering.intake import DeadLetter, GatewayCounts, IntakeBatch, LetterGroup

NO_WRITER = 0
"""The writer of marks that do not come from a journal."""
_SUMMED = ("messages", "readings", "new", "duplicates", "corrections", "outdated", "dead", "bytes")


def added(old: GatewayCounts, new: GatewayCounts) -> GatewayCounts:
    """Counters summed, times at their latest, skew and connection as last known."""
    sums = {name: getattr(old, name) + getattr(new, name) for name in _SUMMED}
    told = new.connected is not None and new.connection_us >= old.connection_us
    return replace(
        old,
        **sums,
        last_arrival_us=max(old.last_arrival_us, new.last_arrival_us),
        last_time_us=max(old.last_time_us, new.last_time_us),
        last_skew_us=old.last_skew_us if new.last_skew_us is None else new.last_skew_us,
        connected=new.connected if told else old.connected,
        connection_us=new.connection_us if told else old.connection_us,
    )


def counts_by_gateway(counts: Iterable[GatewayCounts]) -> dict[str, GatewayCounts]:
    """One sum per gateway."""
    sums: dict[str, GatewayCounts] = {}
    for one in counts:
        sums[one.gateway] = added(sums.get(one.gateway, GatewayCounts(one.gateway)), one)
    return sums


Identity = tuple[str, str, int]


def identity(letter: DeadLetter) -> Identity:
    """What makes two dead letters the same one."""
    return (letter.gateway, letter.digest, letter.index)


def again(letter: DeadLetter, times: int) -> DeadLetter:
    """The same letter `times` more: counted up, and open again if it had been replayed."""
    state = "open" if letter.state == "replayed" else letter.state
    return replace(letter, seen=letter.seen + times, state=state)


def letters_by_identity(letters: Iterable[DeadLetter]) -> dict[Identity, DeadLetter]:
    """The first of each identity, with how often it came."""
    kept: dict[Identity, DeadLetter] = {}
    for letter in letters:
        first = kept.get(identity(letter))
        kept[identity(letter)] = letter if first is None else again(first, letter.seen)
    return kept


_PLACE = re.compile(r"\[\d+\]")


def joined_groups(groups: Iterable[LetterGroup], limit: int) -> list[LetterGroup]:
    """Groups whose fields differ by the place in the message alone are one; newest first."""
    found: dict[LetterGroup, LetterGroup] = {}
    for one in groups:
        field = _PLACE.sub("[]", one.field)
        cause = replace(one, field=field, letters=0, seen=0, first_us=0, last_us=0, example=0)
        known = found.get(cause)
        found[cause] = replace(one, field=field) if known is None else _joined(known, one)
    return sorted(found.values(), key=lambda one: -one.example)[:limit]


def _joined(known: LetterGroup, more: LetterGroup) -> LetterGroup:
    return replace(
        known,
        letters=known.letters + more.letters,
        seen=known.seen + more.seen,
        first_us=min(known.first_us, more.first_us),
        last_us=max(known.last_us, more.last_us),
        example=max(known.example, more.example),
    )


OPEN_STATES = ("open", "asked")
"""Of letters that can still be taken in."""


def no_such_letter(id: int) -> NotFound:
    """The error of an unknown dead letter."""
    return NotFound("no such dead letter", field="id", value=id, fix="list them without an id")


def check_place(batch: IntakeBatch, present: tuple[int, int]) -> None:
    """Conflict where the batch was read from another place than the present checkpoint."""
    if (batch.from_segment, batch.from_offset) != present:
        raise Conflict(
            "another intake took in these records meanwhile; nothing was counted again",
            field="checkpoint",
            value=present,
            fix="read on from the checkpoint: the intake does so by itself",
        )


def letter_not_open(batch: IntakeBatch) -> Conflict:
    """The error of a batch that replays what is not open any more."""
    return Conflict(
        "a dead letter was taken in or discarded meanwhile; nothing was counted again",
        field="replayed",
        value=batch.replayed,
        fix="look for open letters again: the intake does so by itself",
    )


ENDED_KEPT = 200
"""Gaps of one gateway that are over: so many are kept."""
ReceiptKey = tuple[str, int, int]
"""(gateway, day, writer)"""


def receipts_by_key(receipts: Iterable[Receipt]) -> dict[ReceiptKey, Receipt]:
    """One sum per gateway, day and way in."""
    sums: dict[ReceiptKey, Receipt] = {}
    for one in receipts:
        key = (one.gateway, one.day, one.writer_no)
        sums[key] = sums[key] + one if key in sums else one
    return sums


def forgotten_clocks(repairs: Iterable[ClockRepair]) -> list[int]:
    """Ids of those of one gateway that are more than are kept: by which nothing was moved, and
    that are over, the oldest first."""
    ids = sorted(one.id for one in repairs if one.state != "repaired" and not one.pending)
    return ids[: max(len(ids) - MOST_REPAIRS, 0)]


def check_room(gap: Gap, waiting: int) -> None:
    """Conflict where a person asks for more than a gateway may be asked for at once."""
    if waiting >= MOST_OPEN:
        raise Conflict(
            "as many requests of this gateway are open as are kept",
            field="gateway",
            value=gap.gateway,
            fix="wait until it has answered, or until they are given up",
        )
