"""Money of many series as columns: prices of the range are arrays that all series share.

    rows of one tariff on days of one kind    slots (m, n) x prices (n,)  = money (m, n)
    a slot over an edge of prices             its pieces, as the windows say, each at its price
    over prices that differ                   the period alone, by the rules of `worth`

Sums are whole numbers of a scale that every price and quantity fits, so nothing is rounded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figures.periods import DIGITS, Cost, Price
from figures.pricing import minutes_of, own_zone
from figures.series import Energy
from figures.view import View
from figures.worth import costs_of_each, per_canonical
from ledger import slot_windows
from metering.book import Crossing, SeriesKey
from metering.book_columns import BookColumns, PartColumns
from metering.localtime import DAY_MIN
from metering.quality import MEASURED, all_of
from metering.quantity import ABSENT, I64
from metering.resampling import grouped, holds
from metering.tariff import TariffScope, windows_of

SAFE = 2.0**62
MOST_ADDED = 100 * 31
"""Slots of a day, and days of a month."""
Whole = NDArray[Any]
"""int64, or Python's whole numbers where 64 bits do not hold them."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SheetMoney:
    """Money of S series over T periods, in whole parts of a currency: times 10 to the power of
    -digits."""

    cost: Whole
    """(S, T)."""
    low: Whole
    """Had all that lies over several prices passed at the cheapest of them."""
    high: Whole
    """At the dearest."""
    known: Flags
    """(S, T) whether all energy has a price, in one currency; where not, the others say
    nothing."""
    digits: int
    currencies: tuple[tuple[str, ...], ...]
    """(S) of each series: none where nothing has a price, several where they change."""


@dataclass(frozen=True)
class SheetDays:
    """What a sheet's money is worked out of: series and days of one zone."""

    view: View
    keys: tuple[SeriesKey, ...]
    places: I64
    """(all series of the books,) place among the keys; -1 of one that is told otherwise."""
    books: BookColumns
    days: Sequence[date]
    number: int
    """Of the first day, since 1970-01-01."""
    zone: str
    minutes: int
    """Of a period; 0 for months."""
    start_us: I64
    end_us: I64
    offsets: I64
    """First period of each day, or first day of each month, and the end."""


def money_of_sheet(of: SheetDays) -> SheetMoney:
    """Money of every period."""
    table = _Table(of)
    if 0 < of.minutes < DAY_MIN:
        _by_slots(of, table)
    else:
        _by_days(of, table)
    return table.told()


def money_of_each(view: View, found: Energy) -> SheetMoney:
    """Money of the periods of one series, by the rules of `worth`."""
    scale = _Scale(view, [found.key])
    count = len(found)
    cost, low, high = (np.zeros((1, count), object) for _ in range(3))
    table = SheetMoney(cost, low, high, np.zeros((1, count), np.bool_), scale.digits, ())
    names = _put(table, 0, range(count), costs_of_each(view, found) if count else [])
    return SheetMoney(
        _narrow(cost),
        _narrow(low),
        _narrow(high),
        table.known,
        table.digits,
        (tuple(sorted(names)),),
    )


def _narrow(values: Whole) -> Whole:
    fits = all(abs(one) < 2**62 for one in values.ravel().tolist())
    return values.astype(np.int64) if fits else values


def _put(into: SheetMoney, row: int, places: Iterable[int], costs: Sequence[Cost]) -> set[str]:
    """Write costs down; the currencies that they are in."""
    names: set[str] = set()
    with localcontext() as context:
        context.prec = DIGITS
        for place, cost in zip(places, costs, strict=True):
            names |= {money.currency for money in cost.money}
            sole = cost.sole
            into.known[row, place] = sole is not None
            if sole is not None:
                into.cost[row, place] = int(sole.amount.scaleb(into.digits))
                into.low[row, place] = int(sole.low.scaleb(into.digits))
                into.high[row, place] = int(sole.high.scaleb(into.digits))
    return names


class _Scale:
    """Prices as whole numbers, such that a quantity times a price is whole money."""

    def __init__(self, view: View, keys: Sequence[SeriesKey]) -> None:
        rows = [row for own in view.tariffs.rows.values() for row in own]
        exponents = [-int(row.price.as_tuple().exponent) for row in rows]
        self.places = max([0, *exponents])
        self.widest = max([1, *(per_canonical(key.item) for key in keys)])
        self.digits = self.places + len(str(self.widest)) - 1
        least = min((per_canonical(key.item) for key in keys), default=1)
        self.largest = max([1, *(abs(self._whole(row.price)) for row in rows)])
        self.largest *= self.widest // least

    def _whole(self, price: Decimal) -> int:
        with localcontext() as context:
            context.prec = DIGITS
            return int(price.scaleb(self.places))

    def of(self, row: Price, item: str) -> int:
        """What a book unit of the item costs; 0 without a price."""
        return 0 if row is None else self._whole(row.price) * (self.widest // per_canonical(item))


class _Table:
    """Money while it is being put together."""

    def __init__(self, of: SheetDays) -> None:
        self.of = of
        self.scale = _Scale(of.view, of.keys)
        sizes = [
            max((float(np.abs(w).max(initial=0)) for w in _amounts(one)), default=0.0)
            for one in of.books.parts
        ]
        most = max(sizes, default=0.0) * self.scale.largest * MOST_ADDED
        self.kind: Any = object if most >= SAFE else np.int64
        shape = (len(of.keys), len(of.start_us))
        self.cost = np.zeros(shape, self.kind)
        self.low_less = np.zeros(shape, self.kind)
        self.high_more = np.zeros(shape, self.kind)
        self.known = np.zeros(shape, np.bool_)
        self.currencies: dict[int, set[str]] = defaultdict(set)
        self.apart: dict[int, set[int]] = defaultdict(set)
        """Periods, by series, that are told by the rules of `worth`."""

    def named(self, series: I64, currency: str) -> None:
        """Series with money in a currency."""
        for one in np.unique(series).tolist():
            self.currencies[one].add(currency)

    def told(self) -> SheetMoney:
        """The money, with what was told apart."""
        found = SheetMoney(
            self.cost,
            self.cost + self.low_less if np.any(self.low_less) else self.cost.copy(),
            self.cost + self.high_more if np.any(self.high_more) else self.cost.copy(),
            self.known,
            self.scale.digits,
            (),
        )
        view, days = self.of.view, self.of.days
        for series, periods in self.apart.items():
            own, key = np.array(sorted(periods), np.int64), self.of.keys[series]
            view.load([key], days[0], days[-1])  # at once: else day by day, and each time wider
            costs = costs_of_each(view, self._energy(series, own))
            view.forget(key)
            self.currencies[series] |= _put(found, series, own.tolist(), costs)
        names = tuple(tuple(sorted(self.currencies[n])) for n in range(len(self.of.keys)))
        return SheetMoney(found.cost, found.low, found.high, found.known, found.digits, names)

    def _energy(self, series: int, periods: I64) -> Energy:
        """The periods alone; money needs no more of them than where they are."""
        of = self.of
        count = len(periods)
        step = {0: "month", DAY_MIN: "day"}.get(of.minutes, "native")
        return Energy(
            of.keys[series],
            step,
            of.minutes,
            of.zone,
            of.start_us[periods],
            of.end_us[periods],
            np.zeros(count, np.int64),
            all_of(MEASURED, count),
            np.zeros(count, np.bool_),
            0,
        )


def _amounts(one: PartColumns) -> Iterator[I64]:
    yield np.where(one.slots == ABSENT, 0, one.slots)
    if one.pricing is not None:
        yield one.pricing.quantity


@dataclass(frozen=True, eq=False)
class _Group:
    """Parts of one shape on days of the same prices."""

    one: PartColumns
    at: I64
    """(k,) places in the part's arrays."""
    series: I64
    """(k,) places among the keys."""
    day: I64
    """(k,) places among the days."""
    prices: tuple[Price, ...]
    """Of each window."""
    minutes: int
    """Of the day by the clocks of what counts into the part."""

    @property
    def currencies(self) -> set[str]:
        """All that its prices are in."""
        return {row.currency for row in self.prices if row is not None}

    def crossings(self) -> Iterator[tuple[int, tuple[Crossing, ...]]]:
        """(place in the group, crossings) of the parts that have some."""
        assert self.one.pricing is not None
        kept = self.one.pricing.crossings
        if kept:
            for n, at in enumerate(self.at.tolist()):
                if at in kept:
                    yield n, kept[at]


Odd = tuple[PartColumns, I64, I64, I64]
"""(parts, places in their arrays, series, days) of those whose booked windows do not say it."""


def _groups(of: SheetDays, *, silent: list[Odd], odd: list[Odd]) -> Iterator[_Group]:
    """Parts by what prices them. `silent` takes those that no tariff prices; `odd` those whose
    tariff is another than the one that they were booked for."""
    days = of.books.days
    for one in of.books.parts:
        pricing = one.pricing
        assert pricing is not None
        series, day = of.places[days.series[one.row]], days.day[one.row] - of.number
        told = np.any(one.slots != ABSENT, axis=1) & (days.total[one.row] != ABSENT)
        at = np.flatnonzero((series >= 0) & told)
        kinds: dict[Any, int] = {}
        kind_of = np.full(len(of.days), -1, np.int64)
        for place in np.unique(day[at]).tolist():
            found = _prices(of, pricing.scope, pricing.offsets, of.days[place])
            if found is not None:
                kind_of[place] = kinds.setdefault(found, len(kinds))
        kind = kind_of[day[at]]
        for (prices, minutes), n in kinds.items():
            chosen = at[kind == n]
            yield _Group(one, chosen, series[chosen], day[chosen], prices, minutes)
        left = at[kind < 0]
        if len(left):
            priced = np.array(
                [_is_priced(of, one, s, d) for s, d in zip(series[left], day[left], strict=True)]
            )
            for into, rows in ((odd, left[priced]), (silent, left[~priced])):
                if len(rows):
                    into.append((one, rows, series[rows], day[rows]))


def _is_priced(of: SheetDays, one: PartColumns, series: int, day: int) -> bool:
    """Whether a tariff prices a part that is not told by the windows it was booked with."""
    assert one.pricing is not None
    scope, on = one.pricing.scope, of.days[day]
    if scope is not None and of.view.tariffs.holds(scope, on):
        return True
    return of.view.scope_of(of.keys[series], on, one.step_min) is not None


def _prices(
    of: SheetDays, scope: TariffScope | None, offsets: tuple[int, ...] | None, day: date
) -> tuple[tuple[Price, ...], int] | None:
    """(the row of each booked window, minutes of the day), as `pricing.priced` finds them; None
    where the windows are not those of the day's prices."""
    book = of.view.tariffs
    if scope is None or offsets is None or not book.holds(scope, day):
        return None
    edges = book.edges(scope, day)
    zone = own_zone(of.view, offsets, edges, day, of.zone)
    turns = windows_of(edges, day, zone)
    starts = tuple(offset for offset, _ in turns)
    if not set(starts) <= set(offsets):
        return None
    rows = (
        book.row_at(scope, day, turns[bisect_right(starts, offset) - 1][1]) for offset in offsets
    )
    return tuple(rows), minutes_of(day, zone)


def _by_slots(of: SheetDays, table: _Table) -> None:
    odd: list[Odd] = []
    for group in _groups(of, silent=[], odd=odd):
        if not holds(of.minutes, group.one.step_min):
            continue
        names = group.currencies
        size = of.minutes // group.one.step_min
        width = -(-group.one.slots.shape[1] // size)
        into = of.offsets[group.day][:, None] + np.arange(width)
        if len(names) > 1:
            _leave(table, group.series, into)
        elif names:
            _price_slots(table, group, size, into)
            some = table.known[group.series[:, None], into].any(axis=1)
            table.named(group.series[some], *names)
    for one, _, series, day in odd:
        width = -(-one.slots.shape[1] * one.step_min // of.minutes)
        _leave(table, series, of.offsets[day][:, None] + np.arange(width))


def _leave(table: _Table, series: I64, periods: I64) -> None:
    """Periods (k, m) of series (k,) are told apart."""
    for one, own in zip(series.tolist(), periods.tolist(), strict=True):
        table.apart[one].update(own)


def _price_slots(table: _Table, group: _Group, size: int, into: I64) -> None:
    """Money of the periods of a group."""
    one, pricing = group.one, group.one.pricing
    assert pricing is not None
    assert pricing.offsets is not None
    slots = one.slots[group.at]
    present = slots != ABSENT
    here = np.where(present, slots, 0)
    plan = [
        [window for window, _ in shared]
        for _, shared in slot_windows(slots.shape[1], one.step_min, pricing.offsets, group.minutes)
    ]
    item_of = [key.item for key in table.of.keys]
    items = {item_of[n] for n in np.unique(group.series).tolist()}
    worth = np.zeros(slots.shape, table.kind)
    for item in items:
        rows: Any = slice(None)
        if len(items) > 1:
            own = np.array([one == item for one in item_of], np.bool_)
            rows = np.flatnonzero(own[group.series])
        prices = [table.scale.of(row, item) for row in group.prices]
        firsts = np.array([prices[own[0]] for own in plan], table.kind)
        worth[rows] = here[rows] * firsts
        for slot, pieces in _over_edges(plan, here[rows], pricing.quantity[group.at][rows]):
            worth[rows, slot] = sum(
                pieces[:, n].astype(table.kind) * prices[window]
                for n, window in enumerate(plan[slot])
            )
    free = np.array([row is None for row in group.prices], np.bool_)
    bought = np.array([any(not free[w] for w in own) for own in plan], np.bool_)
    left = here * np.array([free[own[0]] for own in plan], np.int64)
    for slot, pieces in _over_edges(plan, here, pricing.quantity[group.at]):
        left[:, slot] = sum(pieces[:, n] for n, w in enumerate(plan[slot]) if free[w])
    at = (group.series[:, None], into)
    table.cost[at] = _added(worth, size)
    known = _added((present & bought).astype(np.int64), size) > 0
    if free.any():
        known &= _added(left, size) == 0
    table.known[at] = known
    _leave_spread(table, group, plan, size, into)


def _added(values: Whole, size: int) -> Whole:
    if size == 1:
        return values
    if values.dtype == object:
        return np.add.reduceat(values, np.arange(0, values.shape[1], size), axis=1)
    return grouped(values, size)


def _over_edges(
    plan: Sequence[Sequence[int]], here: I64, quantity: I64
) -> Iterator[tuple[int, I64]]:
    """(slot, (k, windows) pieces) of slots that lie in several windows."""
    over = [slot for slot, own in enumerate(plan) if len(own) > 1]
    if not over:
        return
    nothing = np.zeros((len(here), 1), np.int64)
    before = np.concatenate([nothing, np.cumsum(here, axis=1)], axis=1)
    passed = np.concatenate([nothing, np.cumsum(quantity, axis=1)], axis=1)
    for slot in over:
        edges = [
            before[:, slot],
            *(passed[:, window] for window in plan[slot][1:]),
            before[:, slot + 1],
        ]
        yield slot, np.diff(np.stack(edges, axis=1), axis=1)


def _leave_spread(
    table: _Table, group: _Group, plan: Sequence[Sequence[int]], size: int, into: I64
) -> None:
    """Periods in which energy lies over prices that differ have bounds of their own."""
    edged: list[tuple[int, set[int]]] = []
    for period in range(into.shape[1]):
        windows = {w for own in plan[period * size : (period + 1) * size] for w in own}
        if len({_rate(group.prices[w]) for w in windows}) > 1:
            edged.append((period, windows))
    if not edged:
        return
    for n, crossings in group.crossings():
        for crossing in crossings:
            touched = set(range(crossing.window, crossing.window + len(crossing.parts)))
            for period, windows in edged:
                if len(touched & windows) > 1:
                    table.apart[int(group.series[n])].add(int(into[n, period]))


def _rate(price: Price) -> tuple[object, ...]:
    return () if price is None else (price.currency, price.price)


class _Days:
    """Money of single days, before they are added to periods."""

    def __init__(self, of: SheetDays, kind: Any) -> None:
        shape = (len(of.keys), len(of.days))
        self.cost = np.zeros(shape, kind)
        self.bought = np.zeros(shape, np.bool_)
        """Whether anything has a price."""
        self.free, self.free_estimated = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        """Without a price: measured, and what stands in for a silent total."""
        self.names: dict[str, Flags] = {}
        """By currency, where it is."""

    def named(self, currency: str) -> Flags:
        """Where a currency is."""
        return self.names.setdefault(currency, np.zeros(self.bought.shape, np.bool_))


def _by_days(of: SheetDays, table: _Table) -> None:
    silent: list[Odd] = []
    odd: list[Odd] = []
    days = _Days(of, table.kind)
    joined: dict[tuple[int, int], dict[object, list[tuple[Price, int]]]] = defaultdict(dict)
    period_of = _period_of(of)
    for group in _groups(of, silent=silent, odd=odd):
        names = group.currencies
        if len(names) > 1:
            _leave(table, group.series, period_of[group.day][:, None])
            continue
        _price_days(table, days, group)
        if names:
            days.named(*names)[group.series, group.day] = True
        pricing = group.one.pricing
        assert pricing is not None
        for n, crossings in group.crossings():
            own = joined[int(group.series[n]), int(period_of[group.day[n]])]
            for crossing in crossings:
                prices = group.prices[crossing.window : crossing.window + len(crossing.parts)]
                parts = own.setdefault((pricing.scope, crossing.name), [])
                parts += zip(prices, crossing.parts, strict=True)
    for one, at, series, day in silent:
        _take_silent(table, days, one, at, series, period_of[day], day)
    for _, _, series, day in odd:
        _leave(table, series, period_of[day][:, None])
    _of_periods(of, table, days)
    _bound(table, joined)


def _period_of(of: SheetDays) -> I64:
    """(days,) the period of each day."""
    if of.minutes:
        return np.arange(len(of.days))
    return np.repeat(np.arange(len(of.start_us)), np.diff(of.offsets))


def _price_days(table: _Table, days: _Days, group: _Group) -> None:
    pricing = group.one.pricing
    assert pricing is not None
    quantity, estimated = pricing.quantity[group.at], pricing.estimated[group.at]
    items = np.array([key.item for key in table.of.keys])[group.series]
    worth = np.zeros(len(group.at), table.kind)
    for item in set(items.tolist()):
        rows = items == item
        prices = np.array([table.scale.of(row, item) for row in group.prices], table.kind)
        worth[rows] = (quantity[rows] * prices).sum(axis=1)
    free = np.array([row is None for row in group.prices], np.bool_)
    at = (group.series, group.day)
    days.cost[at] += worth
    days.bought[at] |= bool((~free).any())
    days.free[at] += (quantity - estimated)[:, free].sum(axis=1)
    days.free_estimated[at] += estimated[:, free].sum(axis=1)


def _take_silent(
    table: _Table, days: _Days, one: PartColumns, at: I64, series: I64, period: I64, day: I64
) -> None:
    """Energy without a tariff: of a part with qualities it is told apart what stands in."""
    if one.shares is not None:
        _leave(table, series, period[:, None])
        return
    slots = one.slots[at]
    days.free[series, day] += np.where(slots == ABSENT, 0, slots).sum(axis=1)


def _of_periods(of: SheetDays, table: _Table, days: _Days) -> None:
    firsts = np.arange(len(of.days)) if of.minutes else of.offsets[:-1]
    table.cost[:] = np.add.reduceat(days.cost, firsts, axis=1)
    free = np.add.reduceat(days.free, firsts, axis=1)
    estimated = np.add.reduceat(days.free_estimated, firsts, axis=1)
    bought = np.logical_or.reduceat(days.bought, firsts, axis=1)
    table.known[:] = bought & (free == 0) & (estimated == 0)
    count = np.zeros(table.known.shape, np.int64)
    for currency, where in days.names.items():
        here = np.logical_or.reduceat(where, firsts, axis=1)
        count += here
        table.named(np.flatnonzero(here.any(axis=1)), currency)
    for series, period in np.argwhere(count > 1).tolist():
        table.apart[series].add(period)


def _bound(
    table: _Table, joined: dict[tuple[int, int], dict[object, list[tuple[Price, int]]]]
) -> None:
    """Least and most of stretches over prices that differ, joined over midnights."""
    for (series, period), stretches in joined.items():
        item = table.of.keys[series].item
        for parts in stretches.values():
            rates = {_rate(row) for row, _ in parts}
            if len(rates) < 2:
                continue
            if any(row is None for row, _ in parts):
                table.apart[series].add(period)
                continue
            whole = sum(quantity for _, quantity in parts)
            own = sum(table.scale.of(row, item) * quantity for row, quantity in parts)
            ends = [table.scale.of(row, item) * whole for row, _ in parts]
            table.low_less[series, period] += min(ends) - own
            table.high_more[series, period] += max(ends) - own
