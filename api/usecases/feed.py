"""To give the books out: settled days of nodes, and that they were told.

    books ─▶ settled days of nodes, in the order in which they became valid ─▶ entries
             a restated day comes again, later: the same key, a higher revision

What is given out is told: it is marked in the books before the answer is sent, so that whatever
changes afterwards is a restatement. Where the answer is lost, more is told than was read, never
less. Days whose readings are still being booked are not given out in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.caller import Caller
from api.reach import Reach
from metering.book import BookPlace, BookRow
from metering.errors import Conflict, Unavailable
from metering.localtime import day_bounds
from metering.registry import Registry
from metering.waiting import touch, waiting

ATTEMPTS = 5


@dataclass(frozen=True)
class Page:
    """What is given out at once, of one state of the books."""

    revision: int
    rows: list[tuple[BookPlace, BookRow]]
    more: bool
    booking: bool
    """Whether it ends before a day whose readings are still being booked."""


def given_out(
    caller: Caller, institution: str, after: BookPlace, limit: int, history: bool
) -> Page:
    """A page of which all that stands and lies in the scope is told from now on; read anew where
    the books moved on meanwhile."""
    for _ in range(ATTEMPTS):
        page = _read(caller, institution, after, limit, history)
        untold = [
            row
            for _, row in page.rows
            if row.superseded_at is None and not row.told and is_owed(caller.reach, row)
        ]
        try:
            if untold:
                caller.platform.books.tell(institution, untold)
        except Conflict:
            continue
        return page
    raise Unavailable(
        "the books change faster than they can be given out",
        field="institution",
        value=institution,
        fix="ask again in a moment, or with a smaller limit",
    )


def is_owed(reach: Reach, row: BookRow) -> bool:
    """Whether a row is the caller's to know: of a day on which he reaches the node; or of one that
    is his no more, which says that nothing is known there."""
    if reach.holds(row.key, row.day):
        return True
    return row.total is None and reach.was(row.key)


def _read(caller: Caller, institution: str, after: BookPlace, limit: int, history: bool) -> Page:
    """A page of one state of the books; it ends before a day that is still being booked."""
    with caller.platform.books.at_rest() as books:
        revision = books.revision(institution)
        found = books.changes(institution, "node", after=after, limit=limit, history=history)
        registry = caller.reach.registry
        bounds = [_bounds(registry, row) for _, row in found]
        first_us, last_us = (
            min(bounds, default=(0, 0))[0],
            max((end for _, end in bounds), default=0),
        )
        spans = waiting(books.unbooked(first_us, last_us), registry, institution)
    held = (n for n, (start, end) in enumerate(bounds) if touch(spans, start, end))
    until = next(held, None)
    return Page(revision, found[:until], until is None and len(found) == limit, until is not None)


def _bounds(registry: Registry, row: BookRow) -> tuple[int, int]:
    """Start and end of the row's local day [us]."""
    code = row.key.code
    return day_bounds(row.day, registry.zone(code) if code in registry.nodes else "UTC")
