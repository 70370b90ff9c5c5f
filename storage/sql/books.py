"""Books on SQL: one row per series, local day and revision; one current row per day."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from sqlalchemy import (
    Connection,
    Engine,
    func,
    select,
)

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
from metering.book_columns import BookColumns, DayColumns, MixedColumns
from metering.bookhash import book_hash, worth_hash
from metering.localtime import day_number, day_of_number
from metering.ports import BookReader, BookStore
from metering.quantity import I64
from storage.book_rules import RowChange, check_rows, goes_on, is_hashed
from storage.sql.book_commit import (
    changes_of,
    expect,
    overlap,
    replace_events,
    set_revision,
    supplement,
    write,
)
from storage.sql.book_lookup import (
    CURRENT,
    all_ids,
    changed_rows,
    codes_touched,
    current_rows,
    ids_of,
    made_ids,
    rows_at,
)
from storage.sql.book_tables import book_columns, day_columns, mixed_columns, totals
from storage.sql.digests import forget_days, hashes, make, without
from storage.sql.engine import reading, writing
from storage.sql.feeding import keys_of, last_serial, made_secret, news, secret
from storage.sql.intake import add_marks, marks_touching, remove_marks
from storage.sql.partitions import of_institution
from storage.sql.schema import (
    BOOK_ROW,
    INSTITUTION_REVISION,
    REGISTER_EVENT,
    RESTATEMENT,
    SERIES,
)
from storage.sql.telling import log, pasts_of, restatement_of, tell, tell_all

ATTEMPTS = 3
"""To make hashes anew of books that go on; then all is read."""


class SqlBooks(BookStore):
    """A BookStore. Two workers at once: exactly one commits, the other gets Conflict."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held = threading.local()

    @contextmanager
    def together(self) -> Iterator[None]:
        with reading(self._engine) as con:
            self._held.con = con
            try:
                yield
            finally:
                self._held.con = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """The transaction that the calling thread asks in already, or one of its own."""
        con: Connection | None = getattr(self._held, "con", None)
        if con is not None:
            yield con
            return
        with reading(self._engine) as con:
            yield con

    def revision(self, institution: str) -> int:
        with self.at_rest() as books:
            return books.revision(institution)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        with self.at_rest() as books:
            return books.rows(keys, first, last)

    def columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool = True
    ) -> BookColumns:
        with self.at_rest() as books:
            return books.columns(keys, first, last, priced=priced)

    def day_columns(self, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
        with self.at_rest() as books:
            return books.day_columns(keys, first, last)

    def totals(self, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
        with self.at_rest() as books:
            return books.totals(keys, first, last)

    def mixed_columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
    ) -> MixedColumns:
        with self.at_rest() as books:
            return books.mixed_columns(keys, first, last, step_min)

    def rows_at(
        self, keys: Sequence[SeriesKey], first: date, last: date, revision: int
    ) -> list[BookRow]:
        with self.at_rest() as books:
            return books.rows_at(keys, first, last, revision)

    @contextmanager
    def at_rest(self) -> Iterator[BookReader]:
        with self._reading() as con:
            yield _AtRest(con)

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        found = self.rows_at([key], day, day, revision)
        return found[0] if found else None

    def series(self, institution: str) -> list[SeriesKey]:
        with self._reading() as con:
            return sorted(all_ids(con, institution))

    def days(self, institution: str) -> tuple[date, date] | None:
        own = select(SERIES.c.id).where(SERIES.c.institution == institution)
        day, series = BOOK_ROW.c.day, BOOK_ROW.c.series_id
        statement = select(func.min(day), func.max(day)).where(series.in_(own))
        with self._reading() as con:
            statement = statement.where(of_institution(con, series, institution))
            first, last = con.execute(statement.where(CURRENT)).one()
        return None if first is None else (day_of_number(first), day_of_number(last))

    def unsettled(self, institution: str) -> list[tuple[SeriesKey, date]]:
        table = BOOK_ROW.c
        with self._reading() as con:
            keys = {number: key for key, number in all_ids(con, institution).items()}
            own = select(SERIES.c.id).where(SERIES.c.institution == institution)
            left = select(table.series_id, table.day).where(table.series_id.in_(own))
            left = left.where(of_institution(con, table.series_id, institution))
            # None of them is superseded: asking for that would lead to the index of all that stand.
            found = con.execute(left.where(table.provisional.is_(True))).all()
        return sorted((keys[row.series_id], day_of_number(row.day)) for row in found)

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
        standing: StandingRows = NOTHING_READ,
    ) -> int:
        checked = check_rows(institution, rows)
        with writing(self._engine) as con:
            expect(con, institution, expected_revision)
            ids = made_ids(con, (row.key for row in checked))
            revision = expected_revision + 1
            found = changes_of(con, ids, checked, standing)
            completed = supplement(con, ids, found, revision)
            changes = [one for one in found if one[2] is not RowChange.SUPPLEMENT]
            if changes:
                pasts = pasts_of(con, ids, changes)
                write(con, ids, changes, pasts, revision)
                ended = [one for one in changes if not goes_on(one[1], one[2])]
                log(con, ids, ended, pasts, revision, now_us, cause)
            if settled := {new.day for old, new, _ in found if is_hashed(old, new)}:
                forget_days(con, institution, settled)
            moved = bool(changes) or completed
            if moved:
                set_revision(con, institution, revision)
            replace_events(con, institution, events, events_replaced)
            remove_marks(con, cleared)
            add_marks(con, marked, writer_no=0, ready=True)
        return revision if moved else expected_revision

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        with self.at_rest() as books:
            return books.restatements(institution, after=after, limit=limit)

    def tell(self, institution: str, rows: Sequence[BookRow]) -> None:
        checked = check_rows(institution, rows)
        if checked:
            with writing(self._engine) as con:
                tell(con, institution, checked)

    def changes(
        self,
        institution: str,
        kind: str,
        *,
        after: BookPlace = BOOK_START,
        limit: int = 100,
        history: bool = False,
    ) -> list[tuple[BookPlace, BookRow]]:
        with self.at_rest() as books:
            return books.changes(institution, kind, after=after, limit=limit, history=history)

    def news(self, *, after: FeedPlace = FEED_START, limit: int = 100) -> list[Change]:
        with self.at_rest() as books:
            return books.news(after=after, limit=limit)

    def last_serial(self) -> int:
        with self.at_rest() as books:
            return books.last_serial()

    def keys_of(self, numbers: Collection[int]) -> dict[int, SeriesKey]:
        with self.at_rest() as books:
            return books.keys_of(numbers)

    def feed_secret(self) -> bytes:
        with self._reading() as con:
            found = secret(con)
        if found is None:
            with writing(self._engine) as con:
                found = made_secret(con)
        return found

    def tell_all(self, rows: Sequence[GivenDay]) -> None:
        if rows:
            with writing(self._engine) as con:
                tell_all(con, rows)

    def touched(self, institution: str, after: int) -> frozenset[str]:
        with self.at_rest() as books:
            return books.touched(institution, after)

    def unbooked(self, start_us: int, end_us: int) -> list[DirtyMark]:
        with self.at_rest() as books:
            return books.unbooked(start_us, end_us)

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        with self.at_rest() as books:
            return books.events(institution, start_us, end_us)

    def hashes(self, before: date | None = None, institution: str | None = None) -> tuple[str, str]:
        for _ in range(ATTEMPTS):
            with reading(self._engine) as con:
                if not (gone := without(con, institution)):
                    found = hashes(con, institution, before)
                    if found is not None:
                        return found
            for one in gone:
                more = True
                while more:
                    with writing(self._engine) as con:
                        more = make(con, one)
        return book_hash(self, before, institution), worth_hash(self, before, institution)

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        with reading(self._engine) as con:
            ids = all_ids(con, institution)
            yield from current_rows(con, ids, BOOK_ROW.c.provisional.is_(False))


class _AtRest:
    """Reads in one transaction, and so one state of the books."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def revision(self, institution: str) -> int:
        return _revision(self._con, institution)

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        days = BOOK_ROW.c.day.between(day_number(first), day_number(last))
        return list(current_rows(self._con, ids_of(self._con, keys), days))

    def columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool = True
    ) -> BookColumns:
        return book_columns(self._con, keys, first, last, priced=priced)

    def day_columns(self, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
        return day_columns(self._con, keys, first, last)

    def totals(self, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
        return totals(self._con, keys, first, last)

    def mixed_columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
    ) -> MixedColumns:
        return mixed_columns(self._con, keys, first, last, step_min)

    def rows_at(
        self, keys: Sequence[SeriesKey], first: date, last: date, revision: int
    ) -> list[BookRow]:
        return rows_at(self._con, ids_of(self._con, keys), first, last, revision)

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        statement = (
            select(RESTATEMENT, SERIES.c.kind, SERIES.c.code, SERIES.c.item)
            .join(SERIES, SERIES.c.id == RESTATEMENT.c.series_id)
            .where(RESTATEMENT.c.institution == institution, RESTATEMENT.c.serial > after)
            .order_by(RESTATEMENT.c.serial)
            .limit(limit)
        )
        return [
            (
                row.serial,
                restatement_of(row, SeriesKey(row.institution, row.kind, row.code, row.item)),
            )
            for row in self._con.execute(statement)
        ]

    def changes(
        self,
        institution: str,
        kind: str,
        *,
        after: BookPlace = BOOK_START,
        limit: int = 100,
        history: bool = False,
    ) -> list[tuple[BookPlace, BookRow]]:
        return changed_rows(self._con, institution, kind, after, limit, history)

    def news(self, *, after: FeedPlace = FEED_START, limit: int = 100) -> list[Change]:
        return news(self._con, after, limit)

    def last_serial(self) -> int:
        return last_serial(self._con)

    def keys_of(self, numbers: Collection[int]) -> dict[int, SeriesKey]:
        return keys_of(self._con, numbers)

    def touched(self, institution: str, after: int) -> frozenset[str]:
        return codes_touched(self._con, institution, after)

    def unbooked(self, start_us: int, end_us: int) -> list[DirtyMark]:
        return marks_touching(self._con, start_us, end_us)

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        statement = select(REGISTER_EVENT).where(
            REGISTER_EVENT.c.institution == institution, overlap(start_us, end_us)
        )
        found = [RegisterEvent(**row._mapping) for row in self._con.execute(statement)]
        return sorted(found, key=lambda e: (e.meter, e.start_us, e.kind))


def _revision(con: Connection, institution: str) -> int:
    table = INSTITUTION_REVISION
    return con.scalar(select(table.c.revision).where(table.c.institution == institution)) or 0
