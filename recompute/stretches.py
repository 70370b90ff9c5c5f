"""Stretches between readings, and the price windows that they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from metering.localtime import local_day
from recompute.curve import ESTIMATED, MISSING, CurveStretch
from recompute.days import StandIn
from recompute.facts import FileFacts, MeterLine
from recompute.prices import PricedWindow, Prices


def windows_of(
    facts: FileFacts, prices: Prices, meter: MeterLine, day: date
) -> tuple[PricedWindow, ...]:
    """The price windows of a meter's day."""
    return prices.windows(prices.scope(meter, day), day, facts.zone(meter.node))


def crossing(one: CurveStretch, windows: Sequence[PricedWindow]) -> list[int]:
    """Places of the day's windows that a stretch over an edge lies in; none where it lies over no
    edge, holds no energy, is missing or estimated."""
    if one.quality in (ESTIMATED, MISSING) or not one.energy:
        return []
    touched = [n for n, w in enumerate(windows) if w.start < one.end and w.end > one.start]
    first, last = windows[touched[0]], windows[touched[-1]]
    over = len(touched) > 1 or first.start > one.start or last.end < one.end
    return touched if over else []


def edges_of(
    facts: FileFacts, prices: Prices, meter: MeterLine, one: CurveStretch
) -> tuple[int, int]:
    """From the start of the first price window that a stretch touches to the end of the last, on
    whatever days they lie."""
    zone = facts.zone(meter.node)
    opens = windows_of(facts, prices, meter, local_day(one.start, zone))
    closes = windows_of(facts, prices, meter, local_day(one.end - 1, zone))
    return (
        next(w.start for w in opens if w.start <= one.start < w.end),
        next(w.end for w in closes if w.start < one.end <= w.end),
    )


def split(one: StandIn, windows: Sequence[PricedWindow]) -> list[tuple[int, int]]:
    """(window, book units) of what stands in for a slot: by time over the windows that it lies in,
    rounded down from the slot's start. What is past the day's end lies in its last one."""
    found = []
    for place, window in enumerate(windows):
        closes = window.end if place < len(windows) - 1 else max(window.end, one.end)
        start, end = max(window.start, one.start), min(closes, one.end)
        if start < end:
            length = one.end - one.start
            upto, before = (one.amount * (at - one.start) // length for at in (end, start))
            found.append((place, upto - before))
    return found
