"""What a book commit does to the row that stands: the same law in every adapter."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import numpy as np

from metering.book import RULES_CAUSE, BookRow, RegisterEvent, Restatement, by_step
from metering.errors import Conflict, InvalidInput


class Change(Enum):
    """What becomes of the present row when another is committed for its series and day."""

    NOTHING = "nothing"
    """The content is equal: not written again."""
    ADD = "add"
    OVERWRITE = "overwrite"
    """The present row was provisional: it goes without a trace."""
    SUPPLEMENT = "supplement"
    """The energy is equal, but tariffs divide it otherwise, or other rules come to the same: the
    row stays and is completed."""
    SUPERSEDE = "supersede"
    """The present row was settled: it stays, dated, and the change is logged."""


def change(present: BookRow | None, wanted: BookRow) -> Change:
    """What committing `wanted` does to `present`."""
    if present is None:
        return Change.ADD
    if present.same_content(wanted):
        return Change.NOTHING if present.rules == wanted.rules else Change.SUPPLEMENT
    if present.same_energy(wanted):
        return Change.SUPPLEMENT
    return Change.OVERWRITE if present.provisional else Change.SUPERSEDE


def is_news(old: BookRow, new: BookRow) -> bool:
    """Whether a superseded row told other energy: not where the same is only booked at other
    steps."""
    told = (old.total, old.spill, old.provisional, old.day_shares.tolist())
    if told != (new.total, new.spill, new.provisional, new.day_shares.tolist()):
        return True
    left, right = by_step(old.parts), by_step(new.parts)
    return left.keys() == right.keys() and not all(
        np.array_equal(left[step], right[step]) for step in left
    )


def restatement(
    old: BookRow, new: BookRow, revision: int, recorded_us: int, cause: str
) -> Restatement:
    """The log entry of a settled row that is superseded."""
    return Restatement(
        key=old.key,
        day=old.day,
        old_revision=old.revision,
        new_revision=revision,
        old_total=old.total,
        new_total=new.total,
        recorded_us=recorded_us,
        cause=_cause(old, new, cause),
    )


def _cause(old: BookRow, new: BookRow, cause: str) -> str:
    """The cause, which names the rules where they are others than those of the old row."""
    if old.rules == new.rules:
        return cause
    rules = f"rules {old.rules} to {new.rules}"
    return rules if cause == RULES_CAUSE else f"{cause}, {rules}"


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


def overlaps(event: RegisterEvent, start_us: int, end_us: int) -> bool:
    """Whether an event touches [start, end); one without length counts at its instant."""
    return event.start_us < end_us and (event.end_us > start_us or event.start_us >= start_us)
