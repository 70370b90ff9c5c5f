"""What a bill is made of, from one view of the books.

days of the bill   |----------|------------------|      cut where contract, charge, step or
segments                0               1               price changes, and at the new year

energy of a segment by price   the windows of its days, as money is told everywhere
demand                         quarters of an hour, or any 15 minutes where readings are finer, of
                               registers or of intervals; what is booked coarser says none
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from figures.bills.exact import HOUR_MIN, most_power
from figures.bills.making import bill_of
from figures.bills.model import (
    Bill,
    BillBasis,
    Demand,
    DemandTaken,
    EnergyPart,
    Reactive,
    Segment,
)
from figures.bills.sliding import (
    WIDEST_US,
    SlidingPower,
    is_decided,
    sliding_of_intervals,
    sliding_power,
)
from figures.energy import energy as energy_of
from figures.energy import over
from figures.periods import Price, Tally
from figures.series import Energy
from figures.view import View
from figures.worth import per_canonical, tally
from metering.book import SeriesKey
from metering.errors import InvalidInput, NotFound
from metering.items import category
from metering.localtime import DAY_MIN, day_bounds, days_between, month_start, next_month
from metering.ports import ReadingReader
from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT, I64
from metering.reading import F64, Flag, Kind
from metering.registry import Direction, Installation, Point, Registry
from metering.registry.facts.accounts import KIND as ACCOUNT
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import KIND as CHARGE
from metering.registry.facts.charges import Charge
from metering.registry.facts.power_factors import KIND as BANDS
from metering.registry.facts.tiers import KIND as TIER
from metering.registry.facts.tiers import Tier
from metering.validity import turning_days

BLOCK_MIN = 15
"""Of the demand."""
ELECTRICITY = "kWh"
_COUNTED = {Kind.REGISTER: ELECTRICITY, Kind.INTERVAL: ELECTRICITY, Kind.MEAN: "kW"}
"""Units of points that tell electricity."""
PART = 8 * DAY_MIN // BLOCK_MIN
"""Quarters whose readings are held at once: of a second each they are 50 MB."""


@dataclass(frozen=True)
class BillDays:
    """Local days [first, after)."""

    first: date
    after: date

    @property
    def last(self) -> date:
        """The last of them."""
        return self.after - timedelta(days=1)


def account_rows(registry: Registry, account: str) -> list[Account]:
    """Rows of an account, in order of time; NotFound where there is none."""
    found = [one for one in ACCOUNT.of(registry) if one.account == account]
    if not found:
        raise NotFound(
            "no such account",
            field="account",
            value=account,
            fix="a number of accounts.csv, in your scope",
        )
    return sorted(found, key=lambda one: one.valid.first)


def span_of(rows: Sequence[Account], month: date) -> BillDays:
    """The days that an account's bill of a month is for: those up to the reading in it, or the
    calendar month where the supplier reads at its end. The reading day of its end holds."""
    start, end = month_start(month), next_month(month)
    last = _row_on(rows, end - timedelta(days=1)) or max(rows, key=lambda one: one.valid.first)
    if last.reading_day is None:
        return BillDays(start, end)
    before = month_start(start - timedelta(days=1))
    return BillDays(before.replace(day=last.reading_day), start.replace(day=last.reading_day))


def bill_of_account(
    view: View, account: str, month: date, readings: ReadingReader | None = None
) -> Bill:
    """The bill of an account for a month; NotFound for an unknown one, or one that holds on none
    of the days. Without `readings`, as of a moment, a sliding demand goes by blocks and says so."""
    rows = account_rows(view.registry, account)
    return _bill_of_span(view, rows, span_of(rows, month), f"{month:%Y-%m}", readings)


def due_days(rows: Sequence[Account], after: date) -> BillDays:
    """The days of the account's bill that ends nearest to a day, without those on which the
    account does not hold; `rows` are all of it."""
    span = _due_span(rows, after)
    first = max(span.first, min(one.valid.first for one in rows))
    limit = min(span.after, max(one.valid.limit for one in rows))
    return BillDays(first, limit) if first < limit else span


def _due_span(rows: Sequence[Account], after: date) -> BillDays:
    start = month_start(after)
    months = (month_start(start - timedelta(days=1)), start, next_month(start))
    spans = [span_of(rows, month) for month in months]
    return min(spans, key=lambda one: abs((one.after - after).days))


def bill_of_days(
    view: View, account: str, first: date, after: date, readings: ReadingReader | None = None
) -> Bill:
    """The bill of an account for the local days [first, after), as of a supplier that billed just
    these: that of the month where they are its days. All else as of `bill_of_account`."""
    rows = account_rows(view.registry, account)
    own = BillDays(first, after)
    span = _due_span(rows, after) if own == due_days(rows, after) else own
    return _bill_of_span(view, rows, span, f"{first:%Y-%m}", readings)


def _bill_of_span(
    view: View,
    rows: Sequence[Account],
    span: BillDays,
    month: str,
    readings: ReadingReader | None,
) -> Bill:
    held = [one for one in rows if any(one.valid.holds(day) for day in _days(span))]
    account = rows[0].account
    if not held:
        raise NotFound(
            "the account does not hold in this period",
            field="month",
            value=month,
            fix=f"a month in which accounts.csv has a row of {account}",
        )
    meters = {one.meter for one in held}
    if len(meters) > 1:
        raise InvalidInput(
            "the account's meter changes inside the period",
            field="account",
            value=account,
            fix="let the change of accounts.csv fall on a reading day",
        )
    measured = _measured(view, view.key_of(meters.pop()), span, held, readings)
    return bill_of(replace(measured, periods=_periods(rows, span)))


def _periods(rows: Sequence[Account], span: BillDays) -> int:
    """How many billing periods of the account some days are: by the ends of periods nearest to
    theirs; a shorter bill is one too."""
    first, after = (_due_span(rows, day).after for day in (span.first, span.after))
    return max(1, 12 * (after.year - first.year) + after.month - first.month)


def bill_of_series(view: View, key: SeriesKey, month: date) -> Bill:
    """A bill of a figure's energy at the prices that hold for it, for a calendar month."""
    return bill_of(_measured(view, key, BillDays(month_start(month), next_month(month)), []))


def holds_in(rows: Sequence[Account], month: date) -> bool:
    """Whether an account holds on any day of its bill of a month; `rows` are all of it."""
    span = span_of(rows, month)
    return any(one.valid.holds(day) for one in rows for day in _days(span))


def _days(span: BillDays) -> list[date]:
    return days_between(span.first, span.last)


def _row_on(rows: Iterable[Account], day: date) -> Account | None:
    return next((one for one in rows if one.valid.holds(day)), None)


def _measured(
    view: View,
    key: SeriesKey,
    span: BillDays,
    rows: Sequence[Account],
    readings: ReadingReader | None = None,
) -> BillBasis:
    plans = {one.plan for one in rows}
    charges = [one for one in CHARGE.of(view.registry) if one.plan in plans]
    tiers = [one for one in TIER.of(view.registry) if one.plan in plans]
    dated = [one.valid for group in (rows, charges, tiers) for one in group]
    turns = {*turning_days(dated), *view.tariffs.boundaries(), date(span.last.year, 1, 1)}
    edges = sorted({span.first, span.after, *(d for d in turns if span.first < d < span.after)})
    own = [BillDays(*pair) for pair in pairwise(edges)]
    segments = [
        _segment(
            view,
            key,
            part,
            span,
            account,
            tuple(one for one in charges if _holds(one, account, part.first)),
            tuple(one for one in tiers if _holds(one, account, part.first)),
        )
        for part in own
        for account in [_row_on(rows, part.first)]
        if account is not None or not rows
    ]
    unit = category(key.item).unit
    bands = [one for one in BANDS.of(view.registry) if one.valid.holds(span.last)]
    today = view.today(key)
    return BillBasis(
        code=key.code,
        item=key.item,
        unit=unit,
        per_canonical=per_canonical(key.item),
        first=segments[0].first if segments else span.first,
        after=segments[-1].after if segments else span.after,
        whole_days=(span.after - span.first).days,
        segments=tuple(segments),
        demands=tuple(_demands(view, key, segments, readings)) if unit == ELECTRICITY else (),
        reactive=_reactive(view, segments),
        bands=tuple(bands),
        running=today < span.after or over(view, key, span.first, span.last).provisional,
        revision=view.revision(key.institution),
    )


def _holds(one: Charge | Tier, account: Account | None, day: date) -> bool:
    """Whether a row is of the account's plan, and of the day."""
    return account is not None and one.plan == account.plan and one.valid.holds(day)


def _segment(
    view: View,
    key: SeriesKey,
    part: BillDays,
    bill: BillDays,
    account: Account | None,
    charges: tuple[Charge, ...],
    tiers: tuple[Tier, ...],
) -> Segment:
    period = over(view, key, part.first, part.last)
    before, lacking = _before(view, key, part, bill, tiers)
    return Segment(
        part.first,
        part.after,
        () if tiers else _parts(tally(view, key, part.first, part.last)),
        period.amount,
        int(period.shares[MISSING]),
        account,
        charges,
        tiers,
        before,
        lacking,
    )


def _before(
    view: View, key: SeriesKey, part: BillDays, bill: BillDays, tiers: Sequence[Tier]
) -> tuple[int, int]:
    """(book units that passed in the steps' period before the segment, share of it missing)."""
    if not tiers:
        return 0, 0
    start = date(part.first.year, 1, 1) if tiers[0].period == "year" else bill.first
    if start >= part.first:
        return 0, 0
    found = over(view, key, start, part.first - timedelta(days=1))
    return found.amount or 0, int(found.shares[MISSING])


def _parts(of: Tally) -> tuple[EnergyPart, ...]:
    """By period and price; what is split over several prices is told as uncertain."""
    whole: dict[Price, int] = defaultdict(int)
    unsure: dict[Price, int] = defaultdict(int)
    for group, sure in (
        (of.certain, True),
        (of.apportioned, True),
        (of.estimated, False),
        *((one, False) for one in of.spread),
    ):
        for row, quantity in group.items():
            whole[row] += quantity
            unsure[row] += 0 if sure else abs(quantity)
    found: dict[tuple[str, Decimal | None, str], EnergyPart] = {}
    for row, quantity in whole.items():
        if row is None:
            part = EnergyPart("", None, "", quantity, unsure[row])
        else:
            named = (row.period, row.price, row.currency)
            part = EnergyPart(*named, quantity, unsure[row], row.source, row.grade)
        place = (part.period, part.price, part.currency)
        old = found.get(place)
        found[place] = part if old is None else _added(old, part)
    return tuple(found.values())


def _added(one: EnergyPart, other: EnergyPart) -> EnergyPart:
    return replace(
        one,
        quantity=one.quantity + other.quantity,
        uncertain=one.uncertain + other.uncertain,
    )


def _demands(
    view: View, key: SeriesKey, segments: Sequence[Segment], readings: ReadingReader | None
) -> list[Demand | None]:
    """By segment; one for all days on which the same row of the account holds."""
    found: list[Demand | None] = []
    for account, group in groupby(segments, key=lambda one: one.account):
        own = list(group)
        sliding = account is not None and account.demand == "sliding"
        days = BillDays(own[0].first, own[-1].after)
        known = _demand(view, key, days, readings if sliding else None)
        if known is not None and sliding and known.taken is DemandTaken.BLOCK:
            lost = readings is None
            taken = DemandTaken.KEPT if lost else DemandTaken.SELDOM
            known = replace(known, taken=taken, complete=known.complete and not lost)
        found += [known] * len(own)
    return found


def _demand(
    view: View, key: SeriesKey, span: BillDays, readings: ReadingReader | None
) -> Demand | None:
    """None where what is booked is no part of a block, or no block is known."""
    found = energy_of(view, key, span.first, span.last, "native")
    step = found.step_min
    if any(one.step_min != step for one in found.remainder) or not step:
        return None
    most = most_power(found.quantity, step, BLOCK_MIN)
    if most is None:
        return None
    place, amount = most
    whole = bool(np.all(found.shares[:, MEASURED] == WHOLE) and np.all(found.quantity != ABSENT))
    at_us, taken, share = int(found.start_us[place]), DemandTaken.BLOCK, 0
    if readings is not None and step == BLOCK_MIN:
        fine, best = _slid(view, key, found, readings)
        if best is not None and round(best.amount or 0) > amount:
            at_us, amount = best.at_us, round(best.amount or 0)
        if fine.any():
            taken = DemandTaken.SLIDING if fine.all() else DemandTaken.MIXED
            share = int(fine.sum()) * WHOLE // len(fine)
            whole = whole and is_decided(found.quantity, fine, amount)
    kw = Fraction(amount * HOUR_MIN, BLOCK_MIN * per_canonical(key.item))
    return Demand(kw, at_us, taken, whole, share)


def _slid(
    view: View, key: SeriesKey, booked: Energy, readings: ReadingReader
) -> tuple[NDArray[np.bool_], SlidingPower | None]:
    """(quarters that readings tell more of, the window with the most), week by week; None where
    no window lies in such quarters."""
    fine, best = np.zeros(len(booked), dtype=np.bool_), None
    known = (booked.quantity != ABSENT) & (booked.shares[:, MEASURED] == WHOLE)
    meter = view.registry.meters.get(key.code) if key.kind == "meter" else None
    for one in view.registry.installations_of(key.code) if meter else ():
        point = view.registry.points[one.point]
        if not _tells_draw(point, one):
            continue
        factor = float(one.ratio * per_canonical(key.item))
        for first in range(0, len(booked), PART):
            # a window may begin in the last quarter of the part before
            part = slice(max(0, first - 1), first + PART)
            starts = booked.start_us[part]
            own = known[part] & _while_it_serves(one, starts, booked.zone)
            if not own.any():
                continue
            near = (int(starts[0]) - WIDEST_US, int(booked.end_us[part][-1]) + WIDEST_US)
            read = readings.scan([one.point], *near)
            read = read.take((read.flag & Flag.OUT_OF_RANGE) == 0)
            told = _told_by(
                point, read.time_us, read.value * factor, starts, booked.quantity[part], own
            )
            fine[part] |= told.fine
            if told.amount is not None and (best is None or told.amount > (best.amount or 0)):
                best = told
    return fine, best


def _told_by(
    point: Point, times_us: I64, told: F64, starts_us: I64, quantity: I64, known: NDArray[np.bool_]
) -> SlidingPower:
    if point.kind is Kind.REGISTER:
        return sliding_power(times_us, told, starts_us, quantity, known)
    mean = point.kind is Kind.MEAN
    return sliding_of_intervals(times_us, told, starts_us, quantity, known, is_power=mean)


def _while_it_serves(one: Installation, starts_us: I64, zone: str) -> NDArray[np.bool_]:
    """Quarters of the local days on which an installation serves."""
    after = np.ones(len(starts_us), dtype=np.bool_)
    if one.valid.start is not None:
        after &= starts_us >= day_bounds(one.valid.start, zone)[0]
    if one.valid.end is not None:
        after &= starts_us < day_bounds(one.valid.end, zone)[0]
    return after


def _tells_draw(point: Point, one: Installation) -> bool:
    """Whether it tells what is drawn, and nothing else."""
    drawn = one.direction is Direction.IMPORT and not one.signed
    return drawn and _COUNTED.get(point.kind) == point.unit


def _reactive(view: View, segments: Sequence[Segment]) -> Reactive | None:
    """None where the account names no meter of it."""
    if not segments or segments[-1].account is None or not segments[-1].account.reactive:
        return None
    account, first = segments[-1].account, segments[0].first
    last = segments[-1].after - timedelta(days=1)
    drawn = over(view, view.key_of(account.reactive), first, last)
    missing = int(drawn.shares[MISSING])
    fed: int | None = 0
    if account.reactive_export:
        export = over(view, view.key_of(account.reactive_export), first, last)
        fed, missing = export.amount, max(missing, int(export.shares[MISSING]))
    amounts = [None if one is None else abs(one) for one in (drawn.amount, fed)]
    return Reactive(amounts[0], amounts[1], missing)
