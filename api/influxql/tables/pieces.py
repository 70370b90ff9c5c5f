"""How a range of time is read: in the widest periods that no bound of the question cuts.

    bucket      10:37                                             now
    pieces        |15min|hour ...|       whole local days          |

Whole days hold all that is booked, however seldom a meter is read; hours hold what is read at
least hourly, and what is coarser is the remainder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final

from api.influxql.engine.rows import Wanted
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, days_between, local_day

QUARTER_US: Final = 15 * MINUTE_US
STEPS: Final = ("day", "hour", "15min", "native")
"""Wide before narrow."""
_SIZES: Final = {"hour": HOUR_US, "15min": QUARTER_US}
PER_DAY: Final = {"day": 1, "hour": 24, "15min": 96, "native": 96}


@dataclass(frozen=True)
class Piece:
    """A stretch of time [start, end) to be read at one step; a day piece is read as one period,
    however many days it has."""

    step: str
    start_us: int
    end_us: int

    def days(self, zone: str) -> tuple[date, date]:
        """The first and the last local day that it touches."""
        return _day_of(self.start_us, zone), _day_of(self.end_us - 1, zone)

    def size(self, zone: str) -> int:
        """About how many periods that is."""
        first, last = self.days(zone)
        return ((last - first).days + 1) * PER_DAY[self.step]


def pieces(wanted: Wanted, now_us: int, zone: str, widest: str = "day") -> list[Piece]:
    """The range up to now in pieces, rising; at steps no wider than `widest`. Neighbours of one
    step shorter than a day are one piece."""
    found: list[Piece] = []
    for start, end in _buckets(wanted, now_us, zone):
        for piece in _cut(start, end, zone, STEPS.index(widest)):
            last = found[-1] if found else None
            joins = last and piece.step != "day" and last.step == piece.step
            if last and joins and last.end_us == piece.start_us:
                found[-1] = Piece(piece.step, last.start_us, piece.end_us)
            else:
                found.append(piece)
    return found


def by_day(found: Sequence[Piece], zone: str) -> list[Piece]:
    """Day pieces of several days as one piece a day."""
    return [one for piece in found for one in _single(piece, zone)]


def _single(piece: Piece, zone: str) -> Iterator[Piece]:
    if piece.step != "day":
        yield piece
        return
    for day in days_between(*piece.days(zone)):
        yield Piece("day", *day_bounds(day, zone))


def _buckets(wanted: Wanted, now_us: int, zone: str) -> Iterator[tuple[int, int]]:
    """What of each bucket lies in the range and has begun.

    A bucket that the end of the range cuts where nothing has begun beyond it is taken whole: a
    dashboard's range ends at its own clock's now.
    """
    running = now_us - now_us % QUARTER_US
    bounds = wanted.bounds.tolist()
    for left, right in pairwise(bounds):
        start, end = max(left, wanted.start_us), min(right, wanted.end_us)
        if end > running:
            end = right if wanted.bucketed else day_bounds(local_day(now_us, zone), zone)[1]
        if start < min(end, now_us):
            yield start, end


def _cut(start_us: int, end_us: int, zone: str, step: int) -> Iterator[Piece]:
    """A head, a middle at the step, and a tail."""
    if STEPS[step] == "native":
        yield Piece("native", start_us, end_us)
        return
    first = _edge(start_us, zone, STEPS[step], after=True)
    last = _edge(end_us, zone, STEPS[step], after=False)
    if first >= last:
        yield from _cut(start_us, end_us, zone, step + 1)
        return
    if start_us < first:
        yield from _cut(start_us, first, zone, step + 1)
    yield Piece(STEPS[step], first, last)
    if last < end_us:
        yield from _cut(last, end_us, zone, step + 1)


@lru_cache(maxsize=10_000)
def _day_of(time_us: int, zone: str) -> date:
    """As `local_day`: edges of buckets are asked for again and again."""
    return local_day(time_us, zone)


def _edge(time_us: int, zone: str, step: str, *, after: bool) -> int:
    """The nearest edge of a local period at or after the instant, or at or before it."""
    start, end = day_bounds(_day_of(time_us, zone), zone)
    if step == "day":
        return end if after and time_us > start else start
    size = _SIZES[step]
    rest = (time_us - start) % size
    return time_us - rest if not after or not rest else min(time_us - rest + size, end)
