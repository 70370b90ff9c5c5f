"""To give the books of all institutions out, from one place in all of them.

    commits     7      8      9      10     11         in the order in which they ended
    of          A      B      C      A      B
    place             ──┘            what was told up to here
    held                             C: a day of it is still being booked; its own place

One institution of which readings are still being booked holds only its own entries back: the reader
goes on, and the place carries where it stands with that one, until it has caught up.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from api.caller import Caller
from api.entry_text import EntryFace, face_of, nobodys_face
from api.reach import Reach
from metering.book import BookPlace, BookRow, Change, FeedPlace, GivenDay
from metering.errors import Conflict, Unavailable
from metering.localtime import HOUR_US, day_bounds, day_of_number
from metering.ports import BookReader
from metering.waiting import Span, touch, waiting_by_institution

ATTEMPTS = 5
LOOKS = 10
"""How many times its limit of changes a page looks at, where most of them are not the reader's."""
MOST_HELD = 32
"""Institutions that may lag behind at once; at one more the page ends."""
AT_ONCE = 200
"""Changes of an institution that lags behind, a page."""
MOST_FACES = 50_000
"""Series that are remembered of a reach; some 700 bytes each."""
DAY_US = 24 * HOUR_US
Entry = tuple[EntryFace, Change]


@dataclass(frozen=True)
class WholePlace:
    """How far a reader is."""

    place: FeedPlace
    held: tuple[BookPlace, ...] = ()
    """Of institutions that lag behind, how far each is in its own books."""

    def packed(self) -> bytes:
        """As bytes, for a cursor."""
        return json.dumps([*self.place, *self.held], separators=(",", ":")).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> WholePlace:
        """Of `packed`."""
        serial, revision, series, day, *held = json.loads(data)
        return cls((serial, revision, series, day), tuple((r, s, d) for r, s, d in held))


@dataclass(frozen=True)
class WholePage:
    """What is given out at once, of one state of the books."""

    serial: int
    """Of the last commit in them."""
    entries: list[Entry]
    next: WholePlace
    more: bool
    booking: bool
    """Whether an institution is held back, since readings of it are still being booked."""


def whole_page(caller: Caller, at: WholePlace, limit: int) -> WholePage:
    """A page of all that the scope holds, told from now on; read anew where the books moved on
    meanwhile. No page is given out for a place beyond the books: its `serial` says so."""
    for _ in range(ATTEMPTS):
        with caller.platform.books.at_rest() as books:
            page = _Reading(caller, books, limit).page(at)
        untold = [
            GivenDay(face.key, day_of_number(change[3]), change[1])
            for face, change in page.entries
            if not change[6]
        ]
        try:
            if untold:
                caller.platform.books.tell_all(untold)
        except Conflict:
            continue
        return page
    raise Unavailable(
        "the books change faster than they can be given out",
        field="cursor",
        fix="ask again in a moment, or with a smaller limit",
    )


class _Reading:
    """One look at one state of the books."""

    def __init__(self, caller: Caller, books: BookReader, limit: int) -> None:
        self._reach, self._books, self._limit = caller.reach, books, limit

    def page(self, at: WholePlace) -> WholePage:
        serial = self._books.last_serial()
        if at.place[0] > serial:
            return WholePage(serial, [], at, more=False, booking=False)
        behind = [_Behind(institution, at) for institution, at in self._bodies(at.held)]
        entries: list[Entry] = []
        for one in behind:
            one.read(self._books, self._reach, min(AT_ONCE, self._limit - len(entries)))
            one.stop(self._waiting(one.rows).get(one.institution, ()))
            entries += one.owed()
        found, place, ended = self._news(at.place, self._limit - len(entries))
        spans = self._waiting(found)
        own = {one.institution for one in behind}
        fresh, cut = self._sorted_out(found, spans, own, entries)
        if cut is not None:
            place, ended = found[cut - 1][1][:4] if cut else at.place, False
        lagging = [one for one in behind if not (one.level and ended)]
        return WholePage(
            serial,
            entries,
            WholePlace(place, (*(one.place for one in lagging), *fresh.values())),
            more=(cut is None and not ended) or any(one.more for one in behind),
            booking=bool(fresh) or cut is not None or any(one.waits for one in behind),
        )

    def _bodies(self, held: Sequence[BookPlace]) -> list[tuple[str, BookPlace]]:
        """The institutions that lag behind, each with its own place."""
        keys = self._books.keys_of({place[1] for place in held}) if held else {}
        return [(keys[place[1]].institution, place) for place in held if place[1] in keys]

    def _news(self, after: FeedPlace, room: int) -> tuple[list[Entry], FeedPlace, bool]:
        """What is the reader's of what comes behind a place, the place up to which was looked, and
        whether nothing is behind that."""
        found: list[Entry] = []
        for _ in range(LOOKS):
            window = room - len(found)
            if window <= room // 2:
                break
            rows = self._books.news(after=after, limit=window)
            faces = self._faces({row[2] for row in rows})
            for row in rows:
                face = faces[row[2]]
                if face is not None and (face.always or face.owed(row)):
                    found.append((face, row))
            if rows:
                after = rows[-1][:4]
            if len(rows) < window:
                return found, after, True
        return found, after, False

    def _faces(self, numbers: Collection[int]) -> dict[int, EntryFace | None]:
        kept: dict[int, EntryFace | None] = self._reach.noted
        found: dict[int, EntryFace | None] = {}
        for number in numbers:
            with suppress(KeyError):  # other threads may clear what is kept meanwhile
                found[number] = kept[number]
        if lacking := numbers - found.keys():
            keys = self._books.keys_of(lacking)
            made = {n: face_of(self._reach, keys[n]) if n in keys else None for n in lacking}
            if len(kept) + len(made) > MOST_FACES:
                kept.clear()
            kept |= made
            found |= made
        return found

    def _waiting(self, entries: Sequence[Entry]) -> Mapping[str, Sequence[Span]]:
        """Of each institution the time of which readings are still being booked, about the days
        of some entries."""
        days = [change[3] for _, change in entries]
        if not days:
            return {}
        marks = self._books.unbooked((min(days) - 1) * DAY_US, (max(days) + 2) * DAY_US)
        return waiting_by_institution(marks, self._reach.registry) if marks else {}

    def _sorted_out(
        self,
        found: list[Entry],
        spans: Mapping[str, Sequence[Span]],
        own: Collection[str],
        entries: list[Entry],
    ) -> tuple[dict[str, BookPlace], int | None]:
        """Put what may be told now to the entries: (the place of each institution that is held back
        from here on, and where the page ends before one too many, None where it does not)."""
        fresh: dict[str, BookPlace] = {}
        if not spans and not own:
            entries += found
            return fresh, None
        for number, (face, change) in enumerate(found):
            institution = face.key.institution
            if institution in own or institution in fresh:
                continue
            if institution in spans and _touched(spans[institution], face, change):
                if len(own) + len(fresh) == MOST_HELD:
                    return fresh, number
                fresh[institution] = (change[1], change[2], change[3] - 1)
            else:
                entries.append((face, change))
        return fresh, None


class _Behind:
    """An institution that lags behind, read on in its own books."""

    def __init__(self, institution: str, place: BookPlace) -> None:
        self.institution, self.place = institution, place
        self.rows: list[Entry] = []
        self._told: list[Entry] = []
        self.waits = False
        self._whole = False

    def read(self, books: BookReader, reach: Reach, room: int) -> None:
        """Its changes since, at most so many."""
        if room <= 0:
            return
        found = books.changes(self.institution, "node", after=self.place, limit=room)
        self._whole = len(found) < room
        faces = {key: face_of(reach, key) for key in {row.key for _, row in found}}
        for place, row in found:
            face = faces[row.key]
            self.rows.append((face or nobodys_face(row.key), _change(place, row)))

    def stop(self, spans: Sequence[Span]) -> None:
        """Cut what it was read to before the first day that is still being booked."""
        until = next((n for n, one in enumerate(self.rows) if _touched(spans, *one)), None)
        self.waits = until is not None
        self._told = self.rows[:until]
        if self._told:
            self.place = self._told[-1][1][1:4]

    def owed(self) -> list[Entry]:
        """What of it is the reader's."""
        return [one for one in self._told if one[0].owed(one[1])]

    @property
    def level(self) -> bool:
        """Whether all of it was told."""
        return self._whole and not self.waits

    @property
    def more(self) -> bool:
        """Whether there is more of it at once."""
        return not self._whole and not self.waits


def _change(place: BookPlace, row: BookRow) -> Change:
    return (0, *place, row.total, row.day_shares.astype("<u2").tobytes(), row.told)


def _touched(spans: Sequence[Span], face: EntryFace, change: Change) -> bool:
    """Whether readings of a change's day are still being booked."""
    return touch(spans, *_bounds(change[3], face.zone))


@lru_cache(maxsize=20_000)
def _bounds(day: int, zone: str) -> tuple[int, int]:
    return day_bounds(day_of_number(day), zone)
