"""A booked series as columns, at any step the books can give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ledger.blocks import Block
from metering.book import BookRow, SeriesKey
from metering.localtime import month_start, next_month
from metering.quality import MISSING, Shares, all_of
from metering.quantity import ABSENT, I64


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

    def __len__(self) -> int:
        return len(self.start_us)

    def values(self) -> list[int | None]:
        """Quantities with None where nothing is known."""
        return [None if q == ABSENT else q for q in self.quantity.tolist()]


def columns(
    rows: dict[date, BookRow], days: list[date], counts: list[int], minutes: int
) -> tuple[I64, Shares]:
    """(quantity, shares) of all days at a step; wholly missing where there is no row."""
    offsets = np.cumsum([0, *counts])
    quantity = np.full(offsets[-1], ABSENT, dtype=np.int64)
    shares = all_of(MISSING, int(offsets[-1]))
    alike: dict[tuple[int, int, int, int], list[int]] = {}
    for place, day in enumerate(days):
        row = rows.get(day)
        if row is not None and row.step_min <= minutes:
            shape = (row.step_min, len(row.slots), len(row.hour_shares), counts[place])
            alike.setdefault(shape, []).append(place)
    for (step_min, slots, hours, count), places in alike.items():
        chosen = [days[place] for place in places]
        block = Block.of(rows, chosen, step_min, slots, hours).resampled(minutes)
        wide = min(count, block.slots.shape[1])
        into = offsets[places][:, None] + np.arange(wide)
        quantity[into] = block.slots[:, :wide]
        shares[into] = block.shares[:, :wide]
    return quantity, shares


def by_month(days: list[date]) -> list[list[date]]:
    found: list[list[date]] = []
    start = days[0]
    while start <= days[-1]:
        end = next_month(month_start(start))
        found.append([day for day in days if start <= day < end])
        start = end
    return found
