"""Ports: what the platform needs of its stores. Adapters live in `storage/`.

Readings pass as columns, books as packed days; nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from metering.access import ApiKey, AuditEntry
from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion
from metering.book import (
    BOOK_START,
    BookPlace,
    BookRow,
    DirtyMark,
    RegisterEvent,
    Restatement,
    SeriesKey,
)
from metering.finding import Case, CaseState, Changes, Finding
from metering.intake import DeadLetter, GatewayStatus, IntakeBatch
from metering.quantity import I64
from metering.reading import ReadingColumns
from metering.registry.model import Registry
from metering.report_issue import ReportFile, ReportIssue


class ReadingStore(Protocol):
    """Decoded readings as reported. Upserts are idempotent; one row per (point, time)."""

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        """The stored rows whose (point, time) is asked for; absent ones are left out."""
        ...

    def upsert(self, rows: ReadingColumns) -> None:
        """Insert or replace by (point, time); the last of equal identities wins. Durable on
        return; raises Unavailable or StorageFull and then nothing of it is stored."""
        ...

    def scan(self, points: Sequence[int], start_us: int, end_us: int) -> ReadingColumns:
        """Rows with start <= time < end, sorted by point, then time."""
        ...

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the last `count` rows earlier than the time, sorted by point, then time."""
        ...

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """Per point the first `count` rows at or later than the time, sorted likewise."""
        ...

    def latest(self, points: Sequence[int]) -> ReadingColumns:
        """The row with the highest time per point."""
        ...

    def count(self, points: Sequence[int] | None = None) -> int:
        """How many rows there are, of the points or of all."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def forget(self, segments: Sequence[int]) -> None:
        """Forget the rows whose lineage lies in these segments of the journal, from which
        `rebuild` reads them again. What came from others stays."""
        ...

    def close(self) -> None: ...


class DirtyMarks(Protocol):
    """What the ledger has still to look at."""

    def mark(self, marks: Sequence[DirtyMark], *, writer_no: int, ready: bool = False) -> None:
        """Durable on return. Not ready until the writer's batch has committed."""
        ...

    def ready(self, limit: int = 100_000) -> list[DirtyMark]:
        """Marks the ledger may take, oldest first."""
        ...

    def waiting(self) -> int:
        """How many marks there are, ready or not."""
        ...


class IntakeStore(Protocol):
    """Checkpoints, counters and dead letters of the intake."""

    def checkpoint(self, writer_no: int) -> tuple[int, int]:
        """(segment, offset) of the next record to read; (0, 0) at first."""
        ...

    def commit(self, batch: IntakeBatch) -> None:
        """All of the batch, its checkpoint and the readiness of its marks, or nothing."""
        ...

    def seen(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of the (gateway, key) pairs were committed before."""
        ...

    def gateways(self) -> list[GatewayStatus]: ...

    def dead_letters(
        self,
        gateways: frozenset[str] | None,
        *,
        state: str | None = None,
        reason: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        """Newest first; `gateways` None means all."""
        ...

    def dead_letter(self, id: int) -> DeadLetter:
        """NotFound if there is none."""
        ...

    def dead_letter_count(self, gateways: frozenset[str] | None = None) -> int:
        """Of all states."""
        ...

    def discard(self, id: int) -> None: ...

    def clear(self) -> None:
        """Forget checkpoints, counters, dead letters and the intake's own marks, for
        `rebuild`. Marks of a changed registry (writer 0) stay."""
        ...


class BookReader(Protocol):
    """What readers need of the books."""

    def revision(self, institution: str) -> int:
        """The institution's present revision; 0 before the first commit."""
        ...

    def rows(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        """Current rows of the series on the days first..last (both included), sorted by key
        and day."""
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

    def unbooked(self, start_us: int, end_us: int) -> list[DirtyMark]:
        """Marks, ready or not, whose range touches [start, end): a commit is still to come of
        them, and what stands may be a part of it."""
        ...

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        """Register events that overlap [start, end), sorted by meter and start."""
        ...


class BookStore(BookReader, Protocol):
    """The numbers of record."""

    def at_rest(self) -> AbstractContextManager[BookReader]:
        """The books as they stand at this moment, for as long as the context lasts: a commit
        meanwhile is not seen. Hold it no longer than one answer takes."""
        ...

    def row_at(self, key: SeriesKey, day: date, revision: int) -> BookRow | None:
        """The row as it stood at a revision."""
        ...

    def series(self, institution: str) -> list[SeriesKey]:
        """All series ever booked for the institution."""
        ...

    def days(self, institution: str) -> tuple[date, date] | None:
        """The first and the last day with a current row of the institution; None without any."""
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
    ) -> int:
        """Write rows in one transaction and return the new revision.

        Supersedes settled rows; overwrites provisional ones without a trace; leaves rows of
        equal content as they are, and completes those that tariffs divide otherwise. Deletes
        the `cleared` dirty marks. Register events that touch one of the (meter, start_us,
        end_us) ranges are replaced by `events`. Raises Conflict when the revision is not the
        expected one; then nothing is written. The revision stays where no row changes.

        The first complete row of a day is told by this. A row that takes a settled one's place
        leaves the restatement of what changed since its day was told last, in the place of the
        open one; none where nothing was told, or where the same is told again.
        """
        ...

    def tell(self, institution: str, rows: Sequence[BookRow]) -> None:
        """Make settled rows told, because a reader is given them right after; restatements that
        end at them are given from then on.

        Rows that were told before are left. Raises Conflict where one of the rows stands no
        more; then nothing is told.
        """
        ...

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        """All current settled rows sorted by key and day, for the book hash."""
        ...


class FindingStore(Protocol):
    """Cases and the findings by which they were told. Nothing is ever deleted."""

    def record(self, changes: Changes, *, now_us: int) -> None:
        """Open, grow and close cases in one transaction.

        A case keeps one finding a local day: a later one of the same day takes its place. One
        that people settled meanwhile is neither grown nor closed.
        """
        ...

    def known(self, institution: str, since_us: int) -> list[Case]:
        """Cases that stand, and those that end after an instant, by number."""
        ...

    def history(self, number: int) -> list[Finding]:
        """The findings by which a case was told, oldest first; the last is its evidence."""
        ...

    def list(
        self,
        institutions: frozenset[str] | None,
        *,
        nodes: frozenset[str] | None = None,
        state: str | None = None,
        pattern: str | None = None,
        between_us: tuple[int, int] | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Case]:
        """Costliest (then largest, then oldest) first; `between_us` keeps those that overlap
        [start, end), `after` is the id of the last one seen."""
        ...

    def get(self, id: str) -> Case:
        """The case of a number, or of the name it had before; NotFound where there is none."""
        ...

    def set_state(self, id: str, state: CaseState, *, by: str, note: str, now_us: int) -> Case:
        """What people say of it; NotFound where there is none."""
        ...


class BaselineStore(Protocol):
    """Versions of baselines. A frozen one is never changed, and none is ever deleted."""

    def keep(self, versions: Sequence[BaselineVersion]) -> None:
        """Keep all of them in one transaction. Each follows the last one of its meter, or takes its
        place where both are of the same local day; Conflict otherwise, and nothing is kept."""
        ...

    def versions(self, meters: Collection[str], *, models: bool = True) -> list[BaselineVersion]:
        """All versions of the meters, sorted by meter and number; with an empty model where only
        the facts are asked for."""
        ...

    def ask(self, request: BaselineRequest) -> BaselineRequest:
        """Keep a person's request, with the number it is given."""
        ...

    def requests(self, meters: Collection[str]) -> list[BaselineRequest]:
        """All requests ever made for the meters, oldest first."""
        ...

    def note(self, progress: Sequence[BaselineProgress]) -> None:
        """How much history meters have; what was noted of them before is replaced."""
        ...

    def progress(self, meters: Collection[str]) -> list[BaselineProgress]:
        """What was noted last of each of the meters, by meter."""
        ...


class ReportStore(Protocol):
    """Issues of monthly reports. Nothing of them is ever changed or deleted."""

    def add(self, issue: ReportIssue) -> ReportIssue:
        """Keep it, unless the institution's month has an issue of that number: the one that
        stands is returned. Conflict where the number before is missing."""
        ...

    def issue(self, institution: str, month: str, number: int | None = None) -> ReportIssue | None:
        """The issue of that number, the latest where none is given; None if there is none."""
        ...

    def issues(self, institution: str, month: str) -> list[ReportIssue]:
        """All issues of the month, oldest first."""
        ...

    def keep_file(
        self, issue: ReportIssue, language: str, format: str, file: ReportFile
    ) -> ReportFile:
        """Keep a rendering, unless one of that language and format is kept: the one that stands
        is returned. Conflict where the issue itself is not kept."""
        ...

    def file(self, issue: ReportIssue, language: str, format: str) -> ReportFile | None:
        """The rendering that is kept; None if there is none."""
        ...


class RegistryStore(Protocol):
    """The registry as it stands and stood, and one way to change it. Rows are never
    overwritten."""

    def load(self, version: int | None = None) -> Registry:
        """The present registry, or as it stood at a version; NotFound where that never was or
        its rows are not kept."""
        ...

    def version(self) -> int: ...

    def apply(
        self,
        wanted: Registry,
        *,
        actor: str,
        now_us: int,
        reason: str = "",
        expected_version: int | None = None,
    ) -> dict[str, str]:
        """Add or replace everything in `wanted` by natural key, in one transaction.

        Points keep their id by (gateway, name); ids in `wanted` only tie its installations to
        its points. Returns {gateway user: new password} for gateways that had none: shown
        once, kept only hashed. Adds an audit entry with every old and new row and the reason,
        and dirty marks for what the change books differently, in the same transaction. Raises
        Conflict where the version is not the expected one; then nothing is changed.
        """
        ...


class Credentials(Protocol):
    """Gateway passwords."""

    def verify(self, user: str, password: bytes) -> bool:
        """Whether the gateway exists and the password is its own."""
        ...

    def renew(self, user: str, *, actor: str, now_us: int) -> str:
        """A new password, shown once."""
        ...


class AccessStore(Protocol):
    """API keys and the audit log."""

    def create_key(self, name: str, node: str, role: str, *, actor: str, now_us: int) -> str:
        """The secret of a new key, shown once; kept only hashed."""
        ...

    def key(self, secret: str) -> ApiKey | None:
        """The key of a secret; None when unknown or revoked."""
        ...

    def keys(self) -> list[ApiKey]: ...

    def revoke(self, id: str, *, actor: str, now_us: int) -> None: ...

    def audit(self, entry: AuditEntry) -> None: ...

    def entries(
        self, institutions: frozenset[str] | None, *, before_id: int | None = None, limit: int = 100
    ) -> list[AuditEntry]: ...
