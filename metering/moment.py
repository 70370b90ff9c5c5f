"""When something was changed at a meter: an instant, or a window that holds it.

2026-03-03T14:37:00+08:00                              an instant, with its offset
2026-03-03T14:00:00+08:00/2026-03-03T16:00:00+08:00    a window: some time between the two
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from metering.localtime import to_us

INSTANT_FIX: Final = (
    "a day such as 2026-03-03, an instant with its offset such as 2026-03-03T14:37:00+08:00, "
    "or a window: two instants with / between"
)


class BackwardsWindow(ValueError):
    """A window that ends before it begins."""


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Moment:
    """Some time from `start_us` to `end_us`, both included [us UTC]; equal for an instant."""

    start_us: int
    end_us: int
    first_day: date = field(compare=False)
    """As it was written, in its own offset."""
    after_day: date = field(compare=False)
    """The first day of which no instant lies before its end."""


@lru_cache(maxsize=4096)
def read_moment(text: str) -> Moment:
    """The moment of a text; ValueError where it is none (BackwardsWindow of one)."""
    start, *rest = (_instant(one) for one in text.split("/"))
    if len(rest) > 1:
        raise ValueError(text)
    end = rest[0] if rest else start
    if end < start:
        raise BackwardsWindow(text)
    last = (end - timedelta(microseconds=1)).date()
    return Moment(to_us(start), to_us(end), start.date(), last + timedelta(days=1))


def _instant(text: str) -> datetime:
    """An instant of the years 1970 to 2099 with its offset."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    instant = datetime.fromisoformat(text)
    if not 1970 <= instant.year < 2100:
        raise ValueError(text)
    return instant
