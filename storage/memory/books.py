"""Books in memory."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import date

import numpy as np

from metering.book import (
    BOOK_START,
    FEED_START,
    NOTHING_READ,
    BookPlace,
    BookRow,
    Change,
    DirtyMark,
    FeedPlace,
    GivenDay,
    RegisterEvent,
    Restatement,
    SeriesKey,
    StandingRows,
)
from metering.book_columns import BookColumns, DayColumns, MixedColumns, columns_of, is_mixed
from metering.bookhash import book_hash, worth_hash
from metering.localtime import day_number, days_between
from metering.ports import BookReader, BookStore
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT, I64
from storage.book_rules import (
    Past,
    RowChange,
    change,
    check_rows,
    is_fed,
    is_told_by_commit,
    leaves_a_trace,
    overlaps,
    restatement,
    revision_conflict,
    stale,
    touches,
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
        self._commits = 0
        self._secret = secrets.token_bytes(32)
        self._reset()

    def _reset(self) -> None:
        self._current: dict[SeriesKey, dict[date, BookRow]] = {}
        self._superseded: dict[Day, list[BookRow]] = {}
        self._before: dict[Day, list[tuple[int, BookRow]]] = {}
        """Settled rows as tariffs divided them, up to a revision."""
        self._restatements: dict[int, Restatement] = {}
        self._open: dict[Day, int] = {}
        self._serial = 0
        self._serials: dict[Day, int] = {}
        """Of nodes' settled rows that stand."""
        self._events: dict[tuple[str, str], dict[tuple[str, int], RegisterEvent]] = {}
        """By institution and meter, then by kind and start."""

    def revision(self, institution: str) -> int:
        with self._lock:
            return self._revisions.get(institution, 0)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        with self._lock:
            return [
                days[day]
                for key in sorted(set(keys) & self._current.keys())
                for days in (self._current[key],)
                for day in _within(days, first, last)
            ]

    def columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool = True
    ) -> BookColumns:
        return columns_of(keys, self.rows(keys, first, last), priced=priced)

    def day_columns(self, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
        return self.columns(keys, first, last, priced=False).days

    def totals(self, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
        days, found = self.day_columns(keys, first, last), np.full(len(keys), ABSENT, np.int64)
        known = days.total != ABSENT
        found[days.series[known]] = 0
        np.add.at(found, days.series[known], days.total[known])
        return found

    def mixed_columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
    ) -> MixedColumns:
        rows = self.rows(keys, first, last)
        days = columns_of(keys, rows, priced=False).days
        mixed = [row for row in rows if is_mixed(row, step_min)]
        return MixedColumns(days.series, days.day, columns_of(keys, mixed, priced=False))

    def rows_at(
        self, keys: Sequence[SeriesKey], first: date, last: date, revision: int
    ) -> list[BookRow]:
        with self._lock:
            found = (
                self.row_at(key, day, revision)
                for key in sorted(set(keys) & self._current.keys())
                for day in _within(self._current[key], first, last)
            )
            return [row for row in found if row is not None]

    def days(self, institution: str) -> tuple[date, date] | None:
        with self._lock:
            found = [
                day
                for key, days in self._current.items()
                if key.institution == institution and days
                for day in (min(days), max(days))
            ]
        return (min(found), max(found)) if found else None

    def unsettled(self, institution: str) -> list[tuple[SeriesKey, date]]:
        with self._lock:
            return sorted(
                (row.key, row.day)
                for row in self._stands()
                if row.key.institution == institution and row.provisional
            )

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def at_rest(self) -> Iterator[BookReader]:
        with self._lock:
            frozen = MemoryBooks(self._marks.copied())
            frozen._current = {key: dict(days) for key, days in self._current.items()}
            frozen._revisions = dict(self._revisions)
            frozen._superseded = {day: list(rows) for day, rows in self._superseded.items()}
            frozen._before = {day: list(rows) for day, rows in self._before.items()}
            frozen._restatements = dict(self._restatements)
            frozen._events = {meter: dict(events) for meter, events in self._events.items()}
            frozen._numbers = dict(self._numbers)
            frozen._serials = dict(self._serials)
            frozen._commits = self._commits
        yield frozen

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        with self._lock:
            found = self._stood(key, day, revision)
            for until, row in self._before.get((key, day), []):
                if found and row.revision == found.revision and revision < until:
                    return replace(row, told=found.told, superseded_at=found.superseded_at)
        return found

    def _stood(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        current = self._standing(key, day)
        if current is not None and current.revision <= revision:
            return current
        for row in self._superseded.get((key, day), []):
            if row.revision <= revision < (row.superseded_at or 0):
                return row
        return None

    def series(self, institution: str) -> list[SeriesKey]:
        with self._lock:
            return sorted(
                key
                for key, days in self._current.items()
                if key.institution == institution and days
            )

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
        marked: Sequence[DirtyMark] = (),
        standing: StandingRows = NOTHING_READ,  # noqa: ARG002 - all is at hand
    ) -> int:
        checked = check_rows(institution, rows)
        with self._lock:
            present = self.revision(institution)
            if present != expected_revision:
                raise revision_conflict(institution, expected_revision, present)
            written = [row for row in checked if self._write(row, present + 1, now_us, cause)]
            self._commits += any(is_fed(row) for row in written)
            self._replace_events(institution, events, events_replaced)
            self._marks.remove(cleared)
            self._marks.mark(marked, writer_no=0, ready=True)
            self._revisions[institution] = present + bool(written)
            return self._revisions[institution]

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        with self._lock:
            numbered = sorted(self._restatements.items())
            found = [
                (n, one) for n, one in numbered if n > after and one.key.institution == institution
            ]
        return found[:limit]

    def feed_secret(self) -> bytes:
        return self._secret

    def tell(self, institution: str, rows: Sequence[BookRow]) -> None:
        self._tell(check_rows(institution, rows))

    def tell_all(self, rows: Sequence[GivenDay]) -> None:
        self._tell(rows)

    def _tell(self, checked: Sequence[BookRow | GivenDay]) -> None:
        with self._lock:
            for row in checked:
                present = self._standing(row.key, row.day)
                if present is None or present.provisional or present.revision != row.revision:
                    raise stale(row)
            for row in checked:
                days = self._current[row.key]
                if not days[row.day].told:
                    days[row.day] = replace(days[row.day], told=True)
                    if (opened := self._close((row.key, row.day))) is not None:
                        self._add(replace(opened, given=True))

    def changes(
        self,
        institution: str,
        kind: str,
        *,
        after: BookPlace = BOOK_START,
        limit: int = 100,
        history: bool = False,
    ) -> list[tuple[BookPlace, BookRow]]:
        with self._lock:
            placed = [
                (self._place(row), row)
                for row in (self._all() if history else self._stands())
                if (row.key.institution, row.key.kind) == (institution, kind)
                and not row.provisional
            ]
        found = [one for one in placed if one[0] > after]
        return sorted(found, key=lambda one: one[0])[:limit]

    def news(self, *, after: FeedPlace = FEED_START, limit: int = 100) -> list[Change]:
        with self._lock:
            found = [
                (serial, *self._place(row), row.total, _shares(row), row.told)
                for (key, day), serial in self._serials.items()
                for row in (self._current[key][day],)
            ]
        return sorted((one for one in found if one[:4] > after), key=lambda one: one[:4])[:limit]

    def last_serial(self) -> int:
        with self._lock:
            return self._commits

    def keys_of(self, numbers: Collection[int]) -> dict[int, SeriesKey]:
        with self._lock:
            return {number: key for key, number in self._numbers.items() if number in numbers}

    def touched(self, institution: str, after: int) -> frozenset[str]:
        with self._lock:
            return frozenset(
                row.key.code
                for row in self._all()
                if row.key.institution == institution
                and not row.provisional
                and row.revision > after
            )

    def unbooked(self, start_us: int, end_us: int) -> list[DirtyMark]:
        with self._lock:
            return [one for one in self._marks.all() if touches(one, start_us, end_us)]

    def _standing(self, key: SeriesKey, day: date) -> BookRow | None:
        return self._current.get(key, {}).get(day)

    def _stands(self) -> Iterator[BookRow]:
        for days in self._current.values():
            yield from days.values()

    def _all(self) -> Iterator[BookRow]:
        yield from self._stands()
        for kept in self._superseded.values():
            yield from kept

    def _place(self, row: BookRow) -> BookPlace:
        return row.revision, self._numbers[row.key], day_number(row.day)

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        with self._lock:
            found = [
                event
                for (owner, _), events in self._events.items()
                if owner == institution
                for event in events.values()
            ]
        return sorted(
            (e for e in found if overlaps(e, start_us, end_us)),
            key=lambda e: (e.meter, e.start_us, e.kind),
        )

    def hashes(self, before: date | None = None, institution: str | None = None) -> tuple[str, str]:
        return book_hash(self, before, institution), worth_hash(self, before, institution)

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        with self._lock:
            current = [
                days[day]
                for key, days in sorted(self._current.items())
                if institution in (None, key.institution)
                for day in sorted(days)
            ]
        yield from (row for row in current if not row.provisional)

    def _write(self, row: BookRow, revision: int, now_us: int, cause: str) -> bool:
        days = self._current.setdefault(row.key, {})
        present = days.get(row.day)
        what = change(present, row)
        if what is RowChange.NOTHING:
            return False
        if present is not None and what is RowChange.SUPPLEMENT:
            days[row.day] = row.stored(present.revision, told=present.told)
            if not leaves_a_trace(present, row):
                return False
            self._before.setdefault((row.key, row.day), []).append((revision, present))
            return True
        past = Past() if present is None else self._past((row.key, row.day), present)
        if present is not None and what is RowChange.SUPERSEDE:
            gone = present.stored(present.revision, told=present.told, superseded_at=revision)
            self._superseded.setdefault((row.key, row.day), []).append(gone)
        if present is not None:
            self._close((row.key, row.day))
        entry = restatement(past, row, revision, now_us, cause)
        if entry is not None:
            self._add(entry)
        days[row.day] = row.stored(revision, told=is_told_by_commit(past, row))
        self._serials.pop((row.key, row.day), None)
        if is_fed(row):
            self._serials[row.key, row.day] = self._commits + 1
        self._numbers.setdefault(row.key, len(self._numbers) + 1)
        return True

    def _past(self, place: Day, present: BookRow) -> Past:
        """What was told of a series and day before a commit."""
        rows = [*self._superseded.get(place, []), present]
        told = [row for row in rows if row.told]
        opened = self._open.get(place)
        return Past(
            told[-1] if told else None, None if opened is None else self._restatements[opened]
        )

    def _close(self, place: Day) -> Restatement | None:
        """Take the open restatement of a series and day away."""
        opened = self._open.pop(place, None)
        return None if opened is None else self._restatements.pop(opened)

    def _add(self, one: Restatement) -> None:
        self._serial += 1
        self._restatements[self._serial] = one
        if not one.given:
            self._open[one.key, one.day] = self._serial

    def _replace_events(
        self,
        institution: str,
        events: Sequence[RegisterEvent],
        replaced: Sequence[tuple[str, int, int]],
    ) -> None:
        for meter, start_us, end_us in replaced:
            own = self._events.get((institution, meter), {})
            for name in [n for n, event in own.items() if overlaps(event, start_us, end_us)]:
                del own[name]
        for event in events:
            own = self._events.setdefault((event.institution, event.meter), {})
            own[event.kind, event.start_us] = event


def _shares(row: BookRow) -> bytes | None:
    """The quality of a row's day; None where it is wholly measured."""
    measured = int(row.day_shares[MEASURED]) == WHOLE
    return None if measured else row.day_shares.astype("<u2").tobytes()


def _within(days: Mapping[date, BookRow], first: date, last: date) -> list[date]:
    """The days that there are from first to last, rising."""
    if (last - first).days >= len(days):
        return sorted(day for day in days if first <= day <= last)
    return [day for day in days_between(first, last) if day in days]
