"""Books in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from metering.book import (
    BOOK_START,
    BookPlace,
    BookRow,
    RegisterEvent,
    Restatement,
    SeriesKey,
)
from metering.localtime import day_number
from metering.ports import BookReader, BookStore
from storage.book_rules import (
    Change,
    change,
    check_rows,
    is_news,
    overlaps,
    restatement,
    revision_conflict,
)
from storage.memory.intake import MemoryMarks

Day = tuple[SeriesKey, date]


class MemoryBooks(BookStore):
    """A BookStore that shares the marks with the intake."""

    def __init__(self, marks: MemoryMarks) -> None:
        self._marks = marks
        self._lock = marks.lock
        self._revisions: dict[str, int] = {}
        self._numbers: dict[SeriesKey, int] = {}
        self._reset()

    def _reset(self) -> None:
        self._current: dict[Day, BookRow] = {}
        self._superseded: dict[Day, list[tuple[BookRow, int]]] = {}
        self._restatements: list[Restatement] = []
        self._events: dict[tuple[str, str, str, int], RegisterEvent] = {}

    def revision(self, institution: str) -> int:
        with self._lock:
            return self._revisions.get(institution, 0)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        wanted = set(keys)
        with self._lock:
            found = [d for d in self._current if d[0] in wanted and first <= d[1] <= last]
            return [self._current[place] for place in sorted(found)]

    @contextmanager
    def at_rest(self) -> Iterator[BookReader]:
        with self._lock:
            frozen = MemoryBooks(self._marks)
            frozen._current, frozen._revisions = dict(self._current), dict(self._revisions)
            frozen._restatements, frozen._events = list(self._restatements), dict(self._events)
        yield frozen

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        with self._lock:
            current = self._current.get((key, day))
            if current is not None and current.revision <= revision:
                return current
            for row, superseded_at in self._superseded.get((key, day), []):
                if row.revision <= revision < superseded_at:
                    return row
        return None

    def series(self, institution: str) -> list[SeriesKey]:
        with self._lock:
            return sorted({key for key, _ in self._current if key.institution == institution})

    def commit(
        self,
        institution: str,
        rows: Sequence[BookRow],
        *,
        expected_revision: int,
        cleared: Sequence[int] = (),
        events: Sequence[RegisterEvent] = (),
        events_replaced: Sequence[tuple[str, int, int]] = (),
        now_us: int,
        cause: str = "reading",
    ) -> int:
        checked = check_rows(institution, rows)
        with self._lock:
            present = self.revision(institution)
            if present != expected_revision:
                raise revision_conflict(institution, expected_revision, present)
            written = [
                row
                for row in checked
                if self._write(replace(row, revision=present + 1), now_us, cause)
            ]
            self._replace_events(institution, events, events_replaced)
            self._marks.remove(cleared)
            self._revisions[institution] = present + bool(written)
            return self._revisions[institution]

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        with self._lock:
            numbered = enumerate(self._restatements, start=1)
            found = [
                (n, one) for n, one in numbered if n > after and one.key.institution == institution
            ]
        return found[:limit]

    def changes(
        self, institution: str, kind: str, *, after: BookPlace = BOOK_START, limit: int = 100
    ) -> list[tuple[BookPlace, BookRow]]:
        with self._lock:
            placed = [
                (self._place(row), row)
                for row in self._all()
                if (row.key.institution, row.key.kind) == (institution, kind)
                and not row.provisional
            ]
        found = [one for one in placed if one[0] > after]
        return sorted(found, key=lambda one: one[0])[:limit]

    def _all(self) -> Iterator[BookRow]:
        yield from self._current.values()
        for kept in self._superseded.values():
            yield from (row for row, _ in kept)

    def _place(self, row: BookRow) -> BookPlace:
        return row.revision, self._numbers[row.key], day_number(row.day)

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        with self._lock:
            found = [e for e in self._events.values() if e.institution == institution]
        return sorted(
            (e for e in found if overlaps(e, start_us, end_us)),
            key=lambda e: (e.meter, e.start_us, e.kind),
        )

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        with self._lock:
            current = sorted(self._current.items(), key=lambda entry: entry[0])
        for (key, _), row in current:
            if institution in (None, key.institution) and not row.provisional:
                yield row

    def _write(self, row: BookRow, now_us: int, cause: str) -> bool:
        place = (row.key, row.day)
        present = self._current.get(place)
        what = change(present, row)
        if what is Change.NOTHING:
            return False
        if present is not None and what is Change.SUPPLEMENT:
            self._current[place] = replace(row, revision=present.revision)
            return False
        if present is not None and what is Change.SUPERSEDE:
            self._superseded.setdefault(place, []).append((present, row.revision))
            if is_news(present, row):
                entry = restatement(present, row, row.revision, now_us, cause)
                self._restatements.append(entry)
        self._current[place] = row
        self._numbers.setdefault(row.key, len(self._numbers) + 1)
        return True

    def _replace_events(
        self,
        institution: str,
        events: Sequence[RegisterEvent],
        replaced: Sequence[tuple[str, int, int]],
    ) -> None:
        for meter, start_us, end_us in replaced:
            for name, event in list(self._events.items()):
                same = (event.institution, event.meter) == (institution, meter)
                if same and overlaps(event, start_us, end_us):
                    del self._events[name]
        for event in events:
            self._events[event.institution, event.meter, event.kind, event.start_us] = event
