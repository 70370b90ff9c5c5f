"""Dead letters that can be taken in after all, because the registry or the routes changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.intake.dead_letters import MENDABLE
from collector.intake.receive import Received, Receiver, only
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from metering.errors import NotFound
from metering.intake import DeadLetter
from metering.ports import IntakeStore

_PAGE = 1_000


class Records(Protocol):
    """Where a letter's message is read again."""

    def record(self, segment: int, offset: int) -> Record:
        """The record at a place; NotFound where it has expired."""
        ...


@dataclass(frozen=True)
class Mended:
    """Messages of one writer, cut down to the readings of these letters."""

    messages: list[Received]
    letters: tuple[int, ...]


def mended(
    store: IntakeStore, journal: Records, receiver: Receiver, resolver: Resolver
) -> Iterator[Mended]:
    """Open letters whose reason is gone, a page at a time and one writer after the other."""
    for reason in MENDABLE:
        for page in _pages(store, reason):
            likely = [letter for letter in page if _may_resolve(letter, resolver)]
            for writer_no in sorted({letter.segment >> 24 for letter in likely}):
                own = [letter for letter in likely if letter.segment >> 24 == writer_no]
                group = _mended(own, journal, receiver, resolver)
                if group.letters:
                    yield group


def _pages(store: IntakeStore, reason: str) -> Iterator[list[DeadLetter]]:
    before = None
    while page := store.dead_letters(
        None, state="open", reason=reason, before_id=before, limit=_PAGE
    ):
        yield page
        before = page[-1].id


def _may_resolve(letter: DeadLetter, resolver: Resolver) -> bool:
    """A look at the registry before the journal is read."""
    if letter.reason != "unknown_point":
        return True
    return resolver.registry.point_of(letter.gateway, letter.point) is not None


def _mended(
    letters: Sequence[DeadLetter], journal: Records, receiver: Receiver, resolver: Resolver
) -> Mended:
    places: dict[tuple[int, int], list[DeadLetter]] = {}
    for letter in letters:
        places.setdefault((letter.segment, letter.offset), []).append(letter)
    messages, done = [], []
    for segment, offset in sorted(places):
        try:
            record = journal.record(segment, offset)
        except NotFound:
            continue  # expired: the letter stays, with its reason and first bytes
        received = receiver.receive(segment, offset, record, resolver)
        good = [one for one in places[segment, offset] if _is_good(received, one.index)]
        if good:
            messages.append(only(received, frozenset(letter.index for letter in good)))
            done += [letter.id for letter in good]
    return Mended(messages, tuple(done))


def _is_good(received: Received, index: int) -> bool:
    """Whether nothing stands against the reading, or the whole message, any more."""
    return not any(problem.index in (index, -1) for problem in received.problems)
