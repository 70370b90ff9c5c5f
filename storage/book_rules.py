"""What a book commit does to the row that stands: the same law in every adapter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from metering.book import (
    RULES_CAUSE,
    BookRow,
    DirtyMark,
    GivenDay,
    RegisterEvent,
    Restatement,
    is_news,
)
from metering.errors import Conflict, InvalidInput


class RowChange(Enum):
    """What becomes of the present row when another is committed for its series and day."""

    NOTHING = "nothing"
    """The content is equal: not written again."""
    ADD = "add"
    OVERWRITE = "overwrite"
    """The present row was provisional: it goes without a trace."""
    SUPPLEMENT = "supplement"
    """The energy is equal, but tariffs divide it otherwise, or other rules come to the same: the
    row stays and is completed; how tariffs divided a settled one before is kept."""
    SUPERSEDE = "supersede"
    """The present row was settled: it stays, dated."""


def change(present: BookRow | None, wanted: BookRow) -> RowChange:
    """What committing `wanted` does to `present`."""
    if present is None:
        return RowChange.ADD
    if present.same_content(wanted):
        return RowChange.NOTHING if present.rules == wanted.rules else RowChange.SUPPLEMENT
    if present.same_energy(wanted):
        return RowChange.SUPPLEMENT
    return RowChange.OVERWRITE if present.provisional else RowChange.SUPERSEDE


def leaves_a_trace(old: BookRow, new: BookRow) -> bool:
    """Whether a supplemented row is kept as it was: a settled one that is priced otherwise from
    now on. Money as of an earlier revision is made of it."""
    return not old.provisional and not old.same_content(new)


@dataclass(frozen=True)
class Past:
    """What was told of a series and day before a commit."""

    base: BookRow | None = None
    """The row that was told last."""
    open: Restatement | None = None
    """What changed since, as long as nobody was given it."""


def has_past(old: BookRow | None, new: BookRow, what: RowChange) -> bool:
    """Whether what was told before has to be looked up: not where the present row was told
    itself, or is the first one. A day that runs again is looked up when it settles."""
    if old is None:
        return False
    if what is RowChange.SUPERSEDE:
        return not old.told
    return what is RowChange.OVERWRITE and not new.provisional


def goes_on(new: BookRow, what: RowChange) -> bool:
    """Whether a day runs on, or begins to: nothing was told of it that this could change."""
    return new.provisional and what is not RowChange.SUPERSEDE


def is_told_by_commit(past: Past, new: BookRow) -> bool:
    """Whether a row is told as soon as it is booked: the first complete one of its day."""
    return past.base is None and new.complete


def is_hashed(old: BookRow | None, new: BookRow) -> bool:
    """Whether a change of a row is one of the book hash."""
    return not new.provisional or (old is not None and not old.provisional)


def is_fed(new: BookRow) -> bool:
    """Whether the feed of all institutions tells a row: a node's settled day."""
    return new.key.kind == "node" and not new.provisional


def restatement(
    past: Past, new: BookRow, revision: int, recorded_us: int, cause: str
) -> Restatement | None:
    """The net change since the value that was told last, in place of the open one; None where
    nothing was told, or it is the same again, or the day runs."""
    old = past.base
    if old is None or new.provisional or not is_news(old, new):
        return None
    return Restatement(
        key=old.key,
        day=old.day,
        old_revision=old.revision,
        new_revision=revision,
        old_total=old.total,
        new_total=new.total,
        recorded_us=recorded_us,
        cause=_cause(old, new, cause, past.open),
    )


def _cause(old: BookRow, new: BookRow, cause: str, before: Restatement | None) -> str:
    """All causes since the old row, and the rules where they are others than those of it."""
    known = before.cause.split(", ") if before else []
    causes = [one for one in (*known, *cause.split(", ")) if not _names_rules(one)]
    if old.rules != new.rules:
        causes = [one for one in causes if one != RULES_CAUSE]
        causes.append(f"{RULES_CAUSE} {old.rules} to {new.rules}")
    return ", ".join(dict.fromkeys(causes))


def _names_rules(cause: str) -> bool:
    return cause.startswith(f"{RULES_CAUSE} ")


def check_rows(institution: str, rows: Iterable[BookRow]) -> list[BookRow]:
    """The rows, the last one of each series and day; InvalidInput for a foreign institution."""
    chosen = {}
    for row in rows:
        if row.key.institution != institution:
            raise InvalidInput(
                "a row of another institution",
                field="institution",
                value=row.key.institution,
                fix=f"commit rows of {institution!r} only",
            )
        chosen[row.key, row.day] = row
    return list(chosen.values())


def revision_conflict(institution: str, expected: int, present: int) -> Conflict:
    """Somebody else committed first."""
    return Conflict(
        f"the books of {institution} moved on to revision {present}",
        field="expected_revision",
        value=expected,
        fix="read the rows again and recompute",
    )


def stale(row: BookRow | GivenDay) -> Conflict:
    """What is to be told stands no more."""
    return Conflict(
        "a day changed while it was being given out",
        field="revision",
        value=row.revision,
        fix="read it again and give out what stands",
    )


def touches(mark: DirtyMark, start_us: int, end_us: int) -> bool:
    """Whether a mark's range, both ends included, reaches into [start, end)."""
    return mark.start_us < end_us and mark.end_us >= start_us


def overlaps(event: RegisterEvent, start_us: int, end_us: int) -> bool:
    """Whether an event touches [start, end); one without length counts at its instant."""
    return event.start_us < end_us and (event.end_us > start_us or event.start_us >= start_us)
