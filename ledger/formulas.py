"""Rows of meters that are a formula of others, from their members' rows, many days at a time.

    t   | 5 | 7 | . | 9 |      a slot of which a member says nothing, or only a part, is missing;
    p   | 2 | 3 | 1 | 1 |      the others are to the nearest unit, halves to even, and as sure as
    t-p | 3 | 4 | . | 8 |      the least sure member

Energy lies in price windows as the slots do. What is not measured counts there as split by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from ledger.blocks import Block, Name, rows_of, spills_of
from ledger.periods import day_edges
from ledger.plan import Plan
from ledger.windows import by_time, of_slots, offsets_of
from metering.book import BookRow, Crossing, SeriesKey
from metering.formula import FormulaTree
from metering.localtime import DAY_MIN, MINUTE_US, day_bounds, slot_count
from metering.quality import MEASURED, MISSING, WHOLE, Shares
from metering.quantity import ABSENT, I64
from metering.registry import Registry
from metering.resampling import grouped, shares_of
from metering.tariff_choice import TariffChoice


def formula_rows(
    registry: Registry,
    plan: Plan,
    formulas: Sequence[str],
    rows: dict[SeriesKey, dict[date, BookRow]],
    days: Sequence[date],
    choice: TariffChoice,
    rules: int = 1,
) -> list[BookRow]:
    """Rows of the plan's formulas of these codes, in its order, on alike days; each is put into
    `rows`, for those that are made of it. Days without a row of any member are left out."""
    made: list[BookRow] = []
    for code in formulas:
        block = _block(registry, plan, code, rows, days, choice)
        key = key_of(registry, plan, code)
        found = rows_of([block], key, days, rules=rules, registry=registry.version)
        rows[key] = {row.day: row for row in found}
        made += found
    return made


def key_of(registry: Registry, plan: Plan, meter: str) -> SeriesKey:
    """What a meter of the plan's institution is booked under."""
    return SeriesKey(plan.institution, "meter", meter, registry.meters[meter].item)


def _block(
    registry: Registry,
    plan: Plan,
    code: str,
    rows: dict[SeriesKey, dict[date, BookRow]],
    days: Sequence[date],
    choice: TariffChoice,
) -> Block:
    meter, formula = registry.meters[code], plan.formulas[code]
    zone, scope = registry.zone(meter.node), choice.of(code, days[0])
    name = Name(meter.step_min, scope, offsets_of(choice, scope, days[0], zone))
    shape = len(day_edges(days[0], zone, meter.step_min)[0]), slot_count(days[0], zone, 60)
    members = {}
    for one in formula.members:
        own = registry.meters[one].step_min
        inside = len(day_edges(days[0], zone, own)[0]), shape[1]
        found = rows.get(key_of(registry, plan, one), {})
        block = Block.of(found, days, Name(own, None, (0,)), inside, 1, zone)
        members[one] = block.resampled(meter.step_min)
    return _priced(_made(formula, members, name, shape), days, zone)


def _made(
    formula: FormulaTree, members: dict[str, Block], name: Name, shape: tuple[int, int]
) -> Block:
    """The formula's days, without what lies between the edges of its prices."""
    blocks = list(members.values())
    shares = _worst([block.shares[:, : shape[0]] for block in blocks])
    slots = _amounts(formula, members, shares)
    gone = slots == ABSENT
    shares[gone] = 0
    shares[..., MISSING][gone] = WHOLE
    hours = _spread(shares, shape[1], name.step_min)
    days = shares_of(grouped(shares.astype(np.int64), shape[0]))[:, 0]
    if formula.is_linear:
        inside = _worst([block.hours[:, : shape[1]] for block in blocks])
        hours = np.where(hours[..., MISSING, None] > 0, hours, inside)
        whole = _worst([block.days for block in blocks])
        days = np.where(gone.any(axis=1)[:, None], days, whole)
    spill = np.asarray(sum(block.spill for block in blocks), dtype=np.int64)
    return replace(
        Block.missing(len(slots), name, shape, 1),
        slots=slots,
        shares=shares,
        hours=hours,
        days=days,
        spill=spills_of(days, spill),
        provisional=np.logical_or.reduce([block.provisional for block in blocks]),
        booked=np.logical_or.reduce([block.booked for block in blocks]),
    )


def _amounts(formula: FormulaTree, members: dict[str, Block], shares: Shares) -> I64:
    """(D, n) book units; ABSENT where a member lacks any of the slot."""
    found = np.full(shares.shape[:2], ABSENT, dtype=np.int64)
    known = shares[..., MISSING] == 0
    for block in members.values():
        known &= block.slots[:, : shares.shape[1]] != ABSENT
    for day, slot in np.argwhere(known).tolist():
        amounts = {code: int(block.slots[day, slot]) for code, block in members.items()}
        value = formula.of(amounts.__getitem__)
        if value is not None:
            found[day, slot] = value
    return found


def _worst(shares: Sequence[Shares]) -> Shares:
    """(..., 4) so much measured, or at least apportioned, or at least estimated, as of the member
    of which least is."""
    upto = np.min([one.astype(np.int64).cumsum(axis=-1) for one in shares], axis=0)
    return np.asarray(np.diff(upto, axis=-1, prepend=0), dtype=np.uint16)


def _spread(shares: Shares, hours: int, step_min: int) -> Shares:
    """(D, h, 4) hours of slots: their mean, or of a longer one its own."""
    if step_min >= DAY_MIN:
        return np.repeat(shares[:, :1], hours, axis=1)
    return shares_of(grouped(shares.astype(np.int64), 60 // step_min))


def _priced(block: Block, days: Sequence[date], zone: str) -> Block:
    """With its energy in each price window; a measured slot over an edge is a crossing."""
    if block.name.scope is None:
        return block
    measured = block.shares[..., MEASURED] == WHOLE
    windows, stood_in = block.windows.copy(), block.estimated.copy()
    crossings: list[tuple[Crossing, ...]] = []
    for i, day in enumerate(days):
        bounds = day_bounds(day, zone)
        sure, rest = (np.where(one, block.slots[i], ABSENT) for one in (measured[i], ~measured[i]))
        step, offsets = block.step_min, block.name.offsets
        found = of_slots(sure, lambda _: True, step, offsets, bounds)
        minutes = (bounds[1] - bounds[0]) // MINUTE_US
        stood_in[i] = by_time(rest[None, :], step, offsets, minutes)[0]
        windows[i] = found.quantity + stood_in[i]
        crossings.append(found.crossings)
    return replace(block, windows=windows, estimated=stood_in, crossings=tuple(crossings))
