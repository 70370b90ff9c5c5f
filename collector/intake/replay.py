"""Dead letters that can be taken in after all, because the registry or the routes changed, because
a gateway said since what it meant, or because a person asks to try them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.intake.dead_letters import MENDABLE, UNNAMED
from collector.intake.decoding import Decoding, Received, only
from collector.intake.letter_bound import is_beyond
from collector.intake.normalise import columns
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from collector.routes import Chosen
from metering.errors import NotFound
from metering.intake import DeadLetter
from metering.ports import IntakeReader

_PAGE = 1_000


class RecordReader(Protocol):
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
    store: IntakeReader, journal: RecordReader, decoding: Decoding, resolver: Resolver
) -> Iterator[Mended]:
    """Open letters whose reason is gone, a page at a time and one writer after the other."""
    for page in _likely(store, decoding, resolver):
        for writer_no in sorted({letter.segment >> 24 for letter in page}):
            own = [letter for letter in page if letter.segment >> 24 == writer_no]
            group = _mended(own, journal, decoding, resolver)
            if group.letters:
                yield group


def asked_for(
    letters: Sequence[DeadLetter], journal: RecordReader, decoding: Decoding, resolver: Resolver
) -> Iterator[Mended]:
    """Those of the letters against which nothing stands any more, of any reason, one writer after
    the other. What only the stored readings can tell is told when they are taken in."""
    for writer_no in sorted({letter.segment >> 24 for letter in letters}):
        own = [one for one in letters if one.segment >> 24 == writer_no and not is_beyond(one)]
        group = _mended(own, journal, decoding, resolver, by_times=True)
        if group.letters:
            yield group


def named(
    store: IntakeReader,
    journal: RecordReader,
    decoding: Decoding,
    resolver: Resolver,
    gateways: frozenset[str] | None,
) -> Iterator[Mended]:
    """The newest letters of metrics without a name, of some gateways, whose names were told since;
    None means all gateways. So many at once, that births which come again and again cost little."""
    page = store.dead_letters(gateways, state="open", reason=UNNAMED, limit=_PAGE)
    letters = [one for one in page if not is_beyond(one)]
    for writer_no in sorted({one.segment >> 24 for one in letters}):
        own = [one for one in letters if one.segment >> 24 == writer_no]
        group = _mended(own, journal, decoding, resolver)
        if group.letters:
            yield group


def _likely(
    store: IntakeReader, decoding: Decoding, resolver: Resolver
) -> Iterator[list[DeadLetter]]:
    """Letters for which the journal is worth a look, a page at a time."""
    for reason in MENDABLE:
        for page in _pages(store, None, reason):
            yield [letter for letter in page if _may_resolve(letter, resolver)]
    gateways = decoding.routed(resolver.registry)
    if gateways is None or gateways:
        for page in _pages(store, gateways, None):
            yield [letter for letter in page if _is_rerouted(letter, decoding, resolver)]


def _pages(
    store: IntakeReader, gateways: frozenset[str] | None, reason: str | None
) -> Iterator[list[DeadLetter]]:
    before = None
    while page := store.dead_letters(
        gateways, state="open", reason=reason, before_id=before, limit=_PAGE
    ):
        yield [letter for letter in page if not is_beyond(letter)]
        before = page[-1].id


def _is_rerouted(letter: DeadLetter, decoding: Decoding, resolver: Resolver) -> bool:
    """Whether a message that was refused whole is read by another decoder now."""
    if letter.index >= 0 or letter.reason in MENDABLE:
        return False
    as_it_came = Record("message", letter.arrived_us, letter.gateway, "", "", letter.route, b"")
    chosen = decoding.choose(as_it_came, resolver.registry)
    return isinstance(chosen, Chosen) and chosen.route.read_by != letter.read_by


def _may_resolve(letter: DeadLetter, resolver: Resolver) -> bool:
    """A look at the registry before the journal is read."""
    if letter.reason != "unknown_point":
        return True
    return resolver.registry.point_of(letter.gateway, letter.point) is not None


def _mended(
    letters: Sequence[DeadLetter],
    journal: RecordReader,
    decoding: Decoding,
    resolver: Resolver,
    *,
    by_times: bool = False,
) -> Mended:
    """`by_times`: what their times and values tell against them counts as well."""
    places: dict[tuple[int, int], list[DeadLetter]] = {}
    for letter in letters:
        places.setdefault((letter.segment, letter.offset), []).append(letter)
    messages, done = [], []
    for segment, offset in sorted(places):
        try:
            record = journal.record(segment, offset)
        except NotFound:
            continue  # expired: the letter stays, with its reason and first bytes
        received = decoding.read(segment, offset, record, resolver)
        if by_times:
            columns([received], resolver.table())
        good = [one for one in places[segment, offset] if _is_good(received, one)]
        if good:
            messages.append(only(received, frozenset(letter.index for letter in good)))
            done += [letter.id for letter in good]
    return Mended(messages, tuple(done))


def _is_good(received: Received, letter: DeadLetter) -> bool:
    """Whether nothing stands against the reading, or the whole message, any more. The place of
    a reading says nothing under another decoder than the one that gave it."""
    if letter.index >= 0 and letter.read_by not in ("", received.read_by):
        return False
    return not any(problem.index in (letter.index, -1) for problem in received.problems)
