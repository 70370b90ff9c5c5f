"""Which months of an institution are complete: over, settled, and told of in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

from ledger import Clock
from metering.items import covers
from metering.localtime import local_day
from metering.ports import BookSeries
from metering.registry import Registry

_FIRST = date(1970, 1, 1)


def complete_months(
    books: BookSeries, registry: Registry, now_us: int
) -> Callable[[str], tuple[date, ...]]:
    """A function from an institution to the first days of its complete months, rising.

    A month is complete when its last local day is settled and the institution has a settled row
    in it; without books there is none.
    """
    clock = Clock(now_us)

    @cache
    def months(institution: str) -> tuple[date, ...]:
        if institution not in registry.nodes:
            return ()
        zone = registry.zone(institution)
        firsts = {day.replace(day=1) for day in _settled_days(books, institution, now_us)}
        return tuple(sorted(m for m in firsts if clock.is_settled(_last(m), zone)))

    return months


def _settled_days(books: BookSeries, institution: str, now_us: int) -> set[date]:
    """Days of the institution's own figures; the widest items have a row on each of them."""
    own = [k for k in books.series(institution) if (k.kind, k.code) == ("node", institution)]
    wide = [k for k in own if not any(k != o and covers(o.item, k.item) for o in own)]
    until = local_day(now_us, "UTC")  # nowhere has a later day settled
    return {row.day for row in books.rows(wide, _FIRST, until) if not row.provisional}


def _last(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
