"""A booked series as columns, at any step the books can give.

asked by the hour   |  |  |  |  |  |  |      parts of 15, 20, 30 and 60 minutes, added
remainder           |                 |      a part that is read once a day
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from metering.book import BookRow, Part, SeriesKey
from metering.localtime import DAY_MIN, month_start, next_month
from metering.quality import MISSING, Shares, all_of
from metering.quantity import ABSENT, I64, add
from metering.resampling import coarse, holds, mean, summed


@dataclass(frozen=True, eq=False)
class Energy:
    """A series of periods side by side; all arrays have the same length n."""

    key: SeriesKey
    step: str
    step_min: int
    """Minutes of a period; 0 for months."""
    zone: str
    start_us: I64
    """(n,) starts of the periods, UTC."""
    end_us: I64
    quantity: I64
    """(n,) book units [mWh, mL, kJ]; ABSENT where nothing is known."""
    shares: Shares
    """(n, 4); a gap that a period holds whole counts as measured in it."""
    provisional: NDArray[np.bool_]
    """(n,) whether the period can still change without a restatement."""
    revision: int
    """The institution's revision that the figures belong to."""
    silent: tuple[str, ...] = ()
    """Meters that count into the figure and booked nothing in the whole range, where asked."""
    exactly: bool = False
    """Whether it holds only what is booked at exactly its step: so does a remainder."""
    remainder: tuple[Energy, ...] = ()
    """What is booked at coarser steps than the one asked, a series for each: it belongs to the
    figure and is in none of its periods."""

    def __len__(self) -> int:
        return len(self.start_us)

    def values(self) -> list[int | None]:
        """Quantities with None where nothing is known."""
        return [None if q == ABSENT else q for q in self.quantity.tolist()]


def between(energy: Energy, start_us: int, end_us: int) -> Energy:
    """The periods that begin in [start, end); of its remainder too."""
    chosen = (energy.start_us >= start_us) & (energy.start_us < end_us)
    return replace(
        energy,
        start_us=energy.start_us[chosen],
        end_us=energy.end_us[chosen],
        quantity=energy.quantity[chosen],
        shares=energy.shares[chosen],
        provisional=energy.provisional[chosen],
        remainder=tuple(between(one, start_us, end_us) for one in energy.remainder),
    )


@dataclass(frozen=True, eq=False)
class Period:
    """Energy of one period."""

    start_us: int
    end_us: int
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares
    """(4,) of expected time [1/10,000]."""
    provisional: bool


def periods(energy: Energy) -> list[Period]:
    """The series one period at a time."""
    columns = zip(
        energy.start_us.tolist(),
        energy.end_us.tolist(),
        energy.values(),
        energy.shares,
        energy.provisional.tolist(),
        strict=True,
    )
    return [Period(*column) for column in columns]


Rows = Mapping[date, BookRow]
Columns = tuple[I64, Shares]


def columns(rows: Rows, days: Sequence[date], counts: Sequence[int], minutes: int) -> Columns:
    """(quantity, shares) of all days at a step, of the parts that it is made of; wholly missing
    where there is none."""
    if minutes >= DAY_MIN:
        return _by_day(rows, days)
    return _of_parts(rows, days, counts, minutes, lambda part: holds(minutes, part.step_min))


def coarser(rows: Rows, days: Sequence[date], counts: Sequence[int], step_min: int) -> Columns:
    """The same of the parts that have exactly that step."""
    return _of_parts(rows, days, counts, step_min, lambda part: part.step_min == step_min)


def steps_beside(rows: Rows, minutes: int) -> list[int]:
    """Steps of parts that a step is not made of, rising: coarser ones, and 15 beside 20. A row of
    which nothing is known says no more than none."""
    steps = {p.step_min for row in rows.values() if row.total is not None for p in row.parts}
    return sorted(step for step in steps if not holds(minutes, step))


def _by_day(rows: Rows, days: Sequence[date]) -> Columns:
    quantity = np.full(len(days), ABSENT, dtype=np.int64)
    shares = all_of(MISSING, len(days))
    for place, day in enumerate(days):
        row = rows.get(day)
        if row is not None:
            quantity[place] = ABSENT if row.total is None else row.total
            shares[place] = row.day_shares
    return quantity, shares


def _of_parts(
    rows: Rows,
    days: Sequence[date],
    counts: Sequence[int],
    minutes: int,
    wanted: Callable[[Part], bool],
) -> Columns:
    offsets = np.cumsum([0, *counts])
    quantity = np.full(offsets[-1], ABSENT, dtype=np.int64)
    shares = all_of(MISSING, int(offsets[-1]))
    alike: dict[tuple[object, ...], list[int]] = {}
    for place, day in enumerate(days):
        row = rows.get(day)
        parts = [] if row is None else [part for part in row.parts if wanted(part)]
        if parts:
            shape = tuple((p.step_min, len(p.slots), len(p.hour_shares), p.meters) for p in parts)
            alike.setdefault((shape, counts[place]), []).append(place)
    for places in alike.values():
        found = [[p for p in rows[days[place]].parts if wanted(p)] for place in places]
        full = [rows[days[place]].day_shares for place in places]
        slots, quality = _added(found, np.stack(full), minutes)
        wide = min(counts[places[0]], slots.shape[1])
        into = offsets[places][:, None] + np.arange(wide)
        quantity[into] = slots[:, :wide]
        shares[into] = quality[:, :wide]
    return quantity, shares


def _added(found: Sequence[Sequence[Part]], day_shares: Shares, minutes: int) -> Columns:
    """((D, m) slots, (D, m, 4) shares) of the parts of D days of one shape."""
    slots, shares, weights = [], [], []
    for place in range(len(found[0])):
        parts = [day[place] for day in found]
        fine = parts[0].step_min
        stacked = np.stack([part.slots for part in parts])
        slots.append(stacked if fine == minutes else summed(stacked, minutes, fine))
        quality = np.stack([part.shares for part in parts])
        hours = np.stack([part.hour_shares for part in parts])
        shares.append(coarse(quality, hours, day_shares, fine, minutes))
        weights.append(parts[0].meters)
    if len(slots) == 1:
        return slots[0], shares[0]
    wide = min(one.shape[1] for one in slots)
    return add([one[:, :wide] for one in slots]), mean([one[:, :wide] for one in shares], weights)


def by_month(days: Sequence[date]) -> list[list[date]]:
    """The days in calendar months, cut at the range."""
    found: list[list[date]] = []
    start = days[0]
    while start <= days[-1]:
        end = next_month(month_start(start))
        found.append([day for day in days if start <= day < end])
        start = end
    return found
