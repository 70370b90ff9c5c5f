"""What changed of settled days since they were told, as far as a caller may know it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.caller import Caller
from metering.book import Restatement

PAGE: Final = 500


def told_changes(
    caller: Caller, institution: str, after: int = 0
) -> Iterator[tuple[int, Restatement]]:
    """(serial, restatement) of an institution with serial > after, oldest first: those of what the
    caller reaches on their day, and those by which what he was told is his no more."""
    books = caller.platform.books
    while found := books.restatements(institution, after=after, limit=PAGE):
        for serial, change in found:
            after = serial
            own = caller.reach.holds(change.key, change.day)
            if own or (change.new_total is None and caller.reach.was(change.key)):
                yield serial, change
