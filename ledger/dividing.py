"""What one of several has of a shared place's figure, slot by slot.

    whole   | 7 | 5 | 9 |        by largest remainder in each slot, so that the parts of all add up
    0.6     | 4 | 3 | 5 |        to it exactly; quality is the whole's
    0.4     | 3 | 2 | 4 |

In price windows a part has what its slots have there; a slot over an edge lies as the whole's
does. Of a stretch over an edge, and of what stands in for a silent total, it has its share
rounded down, and at most what is left there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from typing import Any

import numpy as np

from ledger.blocks import Block
from ledger.windows import by_time, slot_windows
from metering.book import Crossing
from metering.quantity import ABSENT, I64, divided
from metering.registry.sharing import Division


def part_of_block(whole: Block, division: Division, minutes: int) -> Block:
    """The part of days of a shared place's figure; `minutes` is the length of its day."""
    slots = divided(whole.slots, division.weights, division.place)
    if whole.name.scope is None:
        return replace(whole, slots=slots)
    windows = _windows(whole, slots, minutes)
    left, crossings = windows.copy(), []
    for day, found in enumerate(whole.crossings):
        taken = [_crossing(one, left[day], division) for one in sorted(found)]
        crossings.append(tuple(taken))
    stood_in = _at_most(whole.estimated, left, division)
    return replace(
        whole, slots=slots, windows=windows, estimated=stood_in, crossings=tuple(crossings)
    )


def part_by_days(whole: Block, divisions: Sequence[Division | None], minutes: int) -> Block:
    """The same where each day has shares of its own; a day without any is missing."""
    found, first = [], 0
    for division, group in groupby(divisions):
        after = first + len(list(group))
        days = _days(whole, slice(first, after))
        found.append(_unknown(days) if division is None else part_of_block(days, division, minutes))
        first = after
    return found[0] if len(found) == 1 else _side_by_side(found)


_ARRAYS = (
    *("slots", "shares", "hours", "windows", "estimated"),
    *("days", "spill", "provisional", "booked"),
)


def _days(block: Block, days: slice) -> Block:
    arrays: dict[str, Any] = {name: getattr(block, name)[days] for name in _ARRAYS}
    return replace(block, crossings=block.crossings[days], **arrays)


def _unknown(block: Block) -> Block:
    shape = block.slots.shape[1], block.hours.shape[1]
    none = Block.missing(len(block.slots), block.name, shape, block.meters)
    return replace(none, provisional=block.provisional, booked=block.booked)


def _side_by_side(blocks: Sequence[Block]) -> Block:
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in blocks]) for name in _ARRAYS
    }
    return replace(blocks[0], crossings=tuple(c for b in blocks for c in b.crossings), **arrays)


def _windows(whole: Block, slots: I64, minutes: int) -> I64:
    """(D, w) what the part's slots have in each window."""
    offsets, wide = whole.name.offsets, slots.shape[1]
    plan = slot_windows(wide, whole.step_min, offsets, minutes)
    over = [slot for slot, pieces in plan if len(pieces) > 1]
    plain = slots.copy()
    plain[:, over] = ABSENT
    found = by_time(plain, whole.step_min, offsets, minutes)
    known = np.where(whole.slots == ABSENT, 0, whole.slots)
    before, passed = known.cumsum(axis=1) - known, whole.windows.cumsum(axis=1)
    for slot in over:
        pieces = plan[slot][1]
        inside = [window for window, _ in pieces]
        for day in np.flatnonzero(slots[:, slot] != ABSENT).tolist():
            start, amount = int(before[day, slot]), int(known[day, slot])
            turns = [int(passed[day, window - 1]) for window in inside[1:]]
            own = [b - a for a, b in pairwise([start, *turns, start + amount])]
            for window, part in zip(
                inside, _as(int(slots[day, slot]), own, [m for _, m in pieces]), strict=True
            ):
                found[day, window] += part
    return found


def _as(amount: int, whole: Sequence[int], minutes: Sequence[int]) -> list[int]:
    """An amount divided as a whole is, rounded down from the left; by time where the whole holds
    nothing, or energy of both signs."""
    signs = {piece > 0 for piece in whole if piece}
    weights = [abs(piece) for piece in whole] if len(signs) == 1 else list(minutes)
    edges = [0, *(abs(amount) * upto // sum(weights) for upto in accumulate(weights))]
    sign = -1 if amount < 0 else 1
    return [sign * (b - a) for a, b in pairwise(edges)]


def _crossing(one: Crossing, left: I64, division: Division) -> Crossing:
    """The part's share of a stretch; what it takes is left no more."""
    places = slice(one.window, one.window + len(one.parts))
    parts = _at_most(np.array(one.parts, dtype=np.int64), left[places], division)
    left[places] -= parts
    return replace(one, parts=tuple(parts.tolist()))


def _at_most(amounts: I64, left: I64, division: Division) -> I64:
    """The own share of each amount, rounded down in size; no more than is left, and nothing of the
    other sign."""
    turns, rest = np.divmod(np.abs(amounts), division.whole)
    exact = rest.astype(object) * division.own // division.whole
    own = turns * division.own + exact.astype(np.int64)
    same = np.sign(amounts) == np.sign(left)
    return np.where(same, np.sign(amounts) * np.minimum(own, np.abs(left)), 0).astype(np.int64)
