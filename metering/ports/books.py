"""The numbers of record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

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
from metering.quantity import I64


class BookRows(Protocol):
    """Rows as they stand."""

    def revision(self, institution: str) -> int:
        """The institution's present revision; 0 before the first commit."""
        ...

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        """Current rows of the series on the days first..last (both included), sorted by key
        and day."""
        ...


class BookTable(Protocol):
    """The same rows as columns, for answers of many series."""

    def columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool = True
    ) -> BookColumns:
        """Current rows of different series on the days first..last (both included) with their
        parts, as `metering.book_columns.columns_of` makes them of `rows`; parts of one shape may
        stand in several arrays. `priced` takes what prices them along."""
        ...

    def day_columns(self, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
        """Likewise the days alone: no part is read."""
        ...

    def totals(self, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
        """(S,) their totals together [book units: mWh, mL, kJ]; ABSENT where none is known."""
        ...

    def mixed_columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
    ) -> MixedColumns:
        """Which rows there are, and without prices those that `metering.book_columns.is_mixed`: of
        all others the quality of each period of the step is known without a look at them."""
        ...


class BookNews(Protocol):
    """What became of rows that were told, and of those to come."""

    def revision(self, institution: str) -> int:
        """The institution's present revision; 0 before the first commit."""
        ...

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        """(serial, restatement) with serial > after, oldest first.

        What stands under a serial is never changed: where it is given, or another change takes
        its place, it goes and comes again under a higher one.
        """
        ...

    def changes(
        self,
        institution: str,
        kind: str,
        *,
        after: BookPlace = BOOK_START,
        limit: int = 100,
        history: bool = False,
    ) -> list[tuple[BookPlace, BookRow]]:
        """(place, row) of settled rows with place > after that stand, with `history` also of
        superseded ones, in the order in which they became valid; `kind` is meter or node.

        Nothing is ever added before a place that was given out, so reading on from it
        misses nothing.
        """
        ...

    def news(self, *, after: FeedPlace = FEED_START, limit: int = 100) -> list[Change]:
        """Settled rows of all institutions with place > after that stand, in the order in which
        they were committed; the first `limit`. Rows of meters may be among them.

        Commits are numbered in the order in which they end, so reading on from a place misses
        nothing, however many write at once.
        """
        ...

    def last_serial(self) -> int:
        """The serial of the last commit that settled something; 0 before the first."""
        ...

    def keys_of(self, numbers: Collection[int]) -> dict[int, SeriesKey]:
        """The series of these numbers; one that there is not is left out."""
        ...

    def touched(self, institution: str, after: int) -> frozenset[str]:
        """Codes of the meters and nodes of which a settled row became valid after a revision."""
        ...

    def unbooked(self, start_us: int, end_us: int) -> list[DirtyMark]:
        """Marks, ready or not, whose range touches [start, end): a commit is still to come of
        them, and what stands may be a part of it."""
        ...


class BookEvents(Protocol):
    """What was found on registers when rows were made of them."""

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        """Register events that overlap [start, end), sorted by meter and start."""
        ...


class BookReader(BookEvents, BookRows, BookTable, BookNews, Protocol):
    """What an answer needs of one state of the books."""

    def rows_at(
        self, keys: Sequence[SeriesKey], first: date, last: date, revision: int
    ) -> list[BookRow]:
        """Rows of the series on the days first..last (both included) as they stood at a revision
        of their institution, sorted by key and day.

        Settled rows are kept for ever, with the price windows that they had. A provisional row
        that was overwritten is not there: its day has no row at the revisions at which it stood.
        """
        ...


class BookViews(BookReader, Protocol):
    """What whoever answers needs: a state that stands still, and saying what was given out."""

    def at_rest(self) -> AbstractContextManager[BookReader]:
        """The books as they stand at this moment, for as long as the context lasts: a commit
        meanwhile is not seen. Hold it no longer than one answer takes."""
        ...

    def feed_secret(self) -> bytes:
        """What cursors of the feed of all institutions are sealed with: 32 bytes by chance, made
        with these books and anew where they are restored."""
        ...

    def tell_all(self, rows: Sequence[GivenDay]) -> None:
        """As `tell`, of days of any institutions, all or none."""
        ...

    def tell(self, institution: str, rows: Sequence[BookRow]) -> None:
        """Make settled rows told, because a reader is given them right after; restatements that
        end at them are given from then on.

        Rows that were told before are left. Raises Conflict where one of the rows stands no
        more; then nothing is told.
        """
        ...


class BookDigest(Protocol):
    """Every current row, for the book hash."""

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        """All current settled rows sorted by key and day, for the book hash."""
        ...


class BookSeries(BookRows, BookDigest, Protocol):
    """Rows, and which there are."""

    def series(self, institution: str) -> list[SeriesKey]:
        """All series ever booked for the institution."""
        ...

    def unsettled(self, institution: str) -> list[tuple[SeriesKey, date]]:
        """(series, day) of every provisional row of the institution, however old, sorted. Asked by
        whoever begins anew, so it costs as much as there are such rows, not as there are years."""
        ...

    def days(self, institution: str) -> tuple[date, date] | None:
        """The first and the last day with a current row of the institution; None without any."""
        ...


class BookState(BookEvents, BookSeries, Protocol):
    """What stands, and what was found: all that a change has to be compared with."""


class BookWriter(BookState, Protocol):
    """What the ledger needs: the rows that stand, and taking their place."""

    def together(self) -> AbstractContextManager[None]:
        """What the calling thread asks of these books within it is asked in one transaction where
        there are any: it costs less, and shows one state. Nothing is committed within it."""
        ...

    def restatements(
        self, institution: str, *, after: int = 0, limit: int = 100
    ) -> list[tuple[int, Restatement]]:
        """(serial, restatement) with serial > after, oldest first.

        What stands under a serial is never changed: where it is given, or another change takes
        its place, it goes and comes again under a higher one.
        """
        ...

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
        """Write rows in one transaction and return the new revision.

        Supersedes settled rows; overwrites provisional ones without a trace; leaves rows of
        equal content as they are, and completes those that tariffs divide otherwise; how they
        divided a settled one before is kept, under a revision of its own. Deletes
        the `cleared` dirty marks, and adds those `marked`, ready. Register events that touch
        one of the (meter, start_us, end_us) ranges are replaced by `events`. Raises Conflict
        when the revision is not the expected one; then nothing is written. The revision stays
        where no row changes.

        The first complete row of a day is told by this. A row that takes a settled one's place
        leaves the restatement of what changed since its day was told last, in the place of the
        open one; none where nothing was told, or where the same is told again.

        `standing` is what the caller read at the expected revision: a day that runs, or has no row,
        need not be read again. A settled row is: it may have been told meanwhile.
        """
        ...


class BookAnswers(BookViews, BookSeries, Protocol):
    """What the API needs: everything but booking."""

    def hashes(self, before: date | None = None, institution: str | None = None) -> tuple[str, str]:
        """`book_hash` and `worth_hash` of these books. A store that keeps the hashes of days makes
        those anew whose rows changed since it was asked last."""
        ...


class BookStore(BookAnswers, BookWriter, Protocol):
    """All of them, and rows as they stood."""

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        """The row as it stood at a revision."""
        ...
