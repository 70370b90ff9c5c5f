"""What energy is worth: money, carbon and standard coal, one rule for everybody.

    money   sum over what counts in, each at its own native step and under its own tariff
    kgCO2   sum over local days of energy x the factor row that holds on the day

A stretch that spans prices is split by time; its money is estimated, with the least and the
most it may have cost beside it. Nothing here is booked: the books hold quantities by price
window, and a changed price needs no new books.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np

from figures.energy import energy as energy_of
from figures.months import month_quality
from figures.periods import DIGITS, Cost, Money, Tally
from figures.pricing import DayTally, Wanted, of_slots, priced
from figures.series import Energy
from figures.view import View
from metering.book import SeriesKey
from metering.factor import Bases, Factor, factor_by
from metering.items import category
from metering.localtime import (
    DAY_MIN,
    MINUTE_US,
    day_bounds,
    days_between,
    local_day,
)
from metering.quality import MISSING
from metering.resampling import holds
from metering.units import BOOK_UNITS


@dataclass(frozen=True)
class Emission:
    """A quantity derived by factors: kgco2 or kgce."""

    quantity: str
    amount: Decimal | None
    """None where no factor holds for any of the energy."""
    factors: tuple[Factor, ...] = ()
    """The factor rows used; `verified` says whether each was seen in an official text."""
    asked: str = ""
    """The quantity of the factors that the basis asks for, such as kgce_equal."""
    lacking: tuple[date, ...] = ()
    """Local days with energy for which none of them holds, rising."""
    energies: tuple[int, ...] = ()
    """What each of `factors` is taken times [book units]."""
    covered: int = 0
    uncovered: int = 0
    """Book units with and without a factor."""

    @property
    def whole(self) -> Decimal | None:
        """The amount, if a factor covers all of the energy."""
        return None if self.uncovered else self.amount


@dataclass(frozen=True)
class Worth:
    """Money, carbon and standard coal of a period."""

    cost: Cost
    kgco2: Emission
    kgce: Emission


def worth(view: View, key: SeriesKey, first: date, last: date) -> Worth:
    """What a series is worth on the local days first..last, both included."""
    found = energy_of(view, key, first, last, "day")
    return Worth(cost(view, key, first, last), *emissions(view, found, [(0, len(found))])[0])


def worth_of_each(view: View, energy: Energy) -> list[Worth]:
    """What every period of a series is worth."""
    costs = costs_of_each(view, energy)
    return [
        Worth(money, *emitted)
        for money, emitted in zip(costs, emissions_of_each(view, energy), strict=True)
    ]


def cost(view: View, key: SeriesKey, first: date, last: date) -> Cost:
    """Money of a series on the local days first..last, both included."""
    days, zone = days_between(first, last), view.zone(key)
    bounds = (day_bounds(first, zone)[0], day_bounds(last, zone)[1])
    quality = month_quality(view.rows(key, first, last), days, zone, view.now_us)
    return _of_days(view, key, days, bounds, int(quality[MISSING]), _everything)


def costs_of_each(view: View, energy: Energy) -> list[Cost]:
    """Money of every period of a series: of its remainder, where it is one, else of all parts
    that are as fine as the step."""
    if energy.step == "month" or energy.step_min >= DAY_MIN:
        return _by_days(view, energy)
    return _by_slots(view, energy)


def emissions_of_each(
    view: View, energy: Energy, bases: Bases | None = None
) -> list[tuple[Emission, Emission]]:
    """(kgCO2, kgce) of every period of a series, by the factors of its local days, on `bases` where
    they are not those of the view."""
    if energy.step != "month":
        return emissions(view, energy, [(n, n + 1) for n in range(len(energy))], bases)
    if not len(energy):
        return []
    first = local_day(int(energy.start_us[0]), energy.zone)
    last = local_day(int(energy.end_us[-1]) - 1, energy.zone)
    days = energy_of(view, energy.key, first, last, "day")
    firsts = np.searchsorted(days.start_us, energy.start_us).tolist()
    lasts = np.searchsorted(days.start_us, energy.end_us).tolist()
    return emissions(view, days, list(zip(firsts, lasts, strict=True)), bases)


def emissions(
    view: View, energy: Energy, spans: Sequence[tuple[int, int]], bases: Bases | None = None
) -> list[tuple[Emission, Emission]]:
    """(kgCO2, kgce) of stretches of periods (first, last), last not included, none of which is
    longer than a day; on `bases` where they are not those of the view."""
    told = bases or view.bases
    days = [local_day(start, energy.zone) for start in energy.start_us.tolist()]
    amounts = energy.values()
    return [
        (
            _emission(view, told, energy.key.item, "kgco2", days[a:b], amounts[a:b]),
            _emission(view, told, energy.key.item, "kgce", days[a:b], amounts[a:b]),
        )
        for a, b in spans
    ]


def carbon(view: View, item: str, amounts: Iterable[tuple[date, int]]) -> Emission:
    """kgCO2 of quantities [book units] by local day."""
    found = list(amounts)
    days, known = [day for day, _ in found], [one for _, one in found]
    return _emission(view, view.bases, item, "kgco2", days, known)


def _emission(
    view: View,
    bases: Bases,
    item: str,
    quantity: str,
    days: Sequence[date],
    amounts: Sequence[int | None],
) -> Emission:
    taken: dict[Factor, int] = defaultdict(int)
    uncovered, by_day, lacking = 0, dict[date, Factor | None](), set[date]()
    for day, amount in zip(days, amounts, strict=True):
        if day not in by_day:
            by_day[day] = factor_by(view.registry.factors, quantity, item, day, bases)
        row = by_day[day]
        if amount is None:
            continue
        if row is None:
            uncovered += amount
            lacking |= {day} if amount else set()
        else:
            taken[row] += amount
    with localcontext() as context:
        context.prec = DIGITS
        per = per_canonical(item)
        emitted = sum((Decimal(q) * row.value / per for row, q in taken.items()), Decimal(0))
    covered = sum(taken.values())
    return Emission(
        quantity,
        emitted if taken else None,
        tuple(taken),
        bases.quantity(quantity),
        tuple(sorted(lacking)),
        tuple(taken.values()),
        covered,
        uncovered,
    )


@lru_cache(maxsize=256)
def per_canonical(item: str) -> int:
    """Book units in a canonical unit of the item."""
    return BOOK_UNITS[category(item).unit].per_canonical


def _everything(_: object) -> bool:
    return True


def _wanted(energy: Energy) -> Wanted:
    if energy.exactly:
        return lambda part: part.step_min == energy.step_min
    if energy.step == "month":
        return _everything
    return lambda part: holds(energy.step_min, part.step_min)


def _by_days(view: View, energy: Energy) -> list[Cost]:
    found = []
    wanted, zone = _wanted(energy), energy.zone
    for start, end, shares in zip(
        energy.start_us.tolist(), energy.end_us.tolist(), energy.shares.tolist(), strict=True
    ):
        days = days_between(local_day(start, zone), local_day(end - 1, zone))
        found.append(_of_days(view, energy.key, days, (start, end), shares[MISSING], wanted))
    return found


def _of_days(
    view: View,
    key: SeriesKey,
    days: Sequence[date],
    bounds: tuple[int, int],
    missing: int,
    wanted: Wanted,
) -> Cost:
    return _tally(view, key, days, bounds, wanted).cost(missing)


def tally(view: View, key: SeriesKey, first: date, last: date) -> Tally:
    """Energy of a series by what prices it, on the local days first..last, both included."""
    zone = view.zone(key)
    bounds = (day_bounds(first, zone)[0], day_bounds(last, zone)[1])
    return _tally(view, key, days_between(first, last), bounds, _everything)


def _tally(
    view: View, key: SeriesKey, days: Sequence[date], bounds: tuple[int, int], wanted: Wanted
) -> Tally:
    rows = view.rows(key, days[0], days[-1])
    found = DayTally(view, key, Tally(per_canonical(key.item)), *bounds, wanted)
    for day in days:
        if day in rows and rows[day].total is not None:
            found.add(rows[day])
    return found.done()


def _by_slots(view: View, energy: Energy) -> list[Cost]:
    """Periods shorter than a day, rising; each lies in one local day, of which they need not be
    all."""
    wanted, key, found = _wanted(energy), energy.key, []
    first_of: dict[date, list[int]] = defaultdict(list)
    day, until = date.min, -1
    for place, start in enumerate(energy.start_us.tolist()):
        if start >= until:
            day = local_day(start, energy.zone)
            until = _day_end(day, energy.zone)
        first_of[day].append(place)
    days = list(first_of)
    rows = view.rows(key, days[0], days[-1]) if days else {}
    per = per_canonical(key.item)
    for day, places in first_of.items():
        tallies = [Tally(per) for _ in places]
        shares = energy.shares[places]
        for part in rows[day].parts if day in rows else ():
            if wanted(part):
                one = priced(view, key, rows[day], part)
                size, length = energy.step_min // part.step_min, part.step_min * MINUTE_US
                slots = ((energy.start_us[places] - one.bounds[0]) // length).tolist()
                spans = [(slot, slot + size) for slot in slots]
                own = of_slots(one, spans, shares, per)
                tallies = [_joined(a, b) for a, b in zip(tallies, own, strict=True)]
        found += [
            tally.cost(int(quality[MISSING]))
            for tally, quality in zip(tallies, shares, strict=True)
        ]
    return found


def _day_end(day: date, zone: str) -> int:
    return day_bounds(day, zone)[1]


def _joined(one: Tally, other: Tally) -> Tally:
    for mine, others in (
        (one.certain, other.certain),
        (one.estimated, other.estimated),
        (one.apportioned, other.apportioned),
    ):
        for row, quantity in others.items():
            mine[row] += quantity
    one.spread += other.spread
    return one


def total(costs: Iterable[Cost]) -> Cost:
    """Several costs as one, of parts that do not overlap: by currency, each with its bounds and
    its shares by amount."""
    found = list(costs)
    with localcontext() as context:
        context.prec = DIGITS
        names = sorted({money.currency for one in found for money in one.money})
        return Cost(
            tuple(_together(name, [m for one in found for m in one.money]) for name in names),
            (),
            tuple(dict.fromkeys(row for one in found for row in one.rows)),
            sum(one.priced for one in found),
            sum(one.unpriced for one in found),
            all(one.all_priced for one in found),
        )


def _together(currency: str, parts: Sequence[Money]) -> Money:
    own = [money for money in parts if money.currency == currency]
    weights = [max(abs(money.amount), Decimal("1e-12")) for money in own]
    whole = sum(weights)
    shares = [
        int(sum((w * m.shares[n] for w, m in zip(weights, own, strict=True)), Decimal(0)) / whole)
        for n in range(4)
    ]
    shares[shares.index(max(shares))] += 10_000 - sum(shares)
    return Money(
        currency,
        sum((m.amount for m in own), Decimal(0)),
        sum((m.low for m in own), Decimal(0)),
        sum((m.high for m in own), Decimal(0)),
        (shares[0], shares[1], shares[2], shares[3]),
    )


def _less(a: Money, b: Money) -> Money:
    if (a.amount, a.low, a.high) == (b.amount, b.low, b.high):
        return replace(a, amount=Decimal(0), low=Decimal(0), high=Decimal(0))
    return replace(a, amount=a.amount - b.amount, low=a.low - b.high, high=a.high - b.low)


def less(whole: Cost, parts: Iterable[Cost]) -> Cost:
    """What a total costs beyond its parts, by currency: the money of what no part measures, and
    of parts that have prices of their own. Bounds widen, except where the parts cost the same
    between the same bounds: then they are the whole. Shares are the whole's."""
    inner = total(parts)
    with localcontext() as context:
        context.prec = DIGITS
        outer = {money.currency: money for money in whole.money}
        within = {money.currency: money for money in inner.money}
        zero = Decimal(0)
        money = []
        for name in sorted(outer.keys() | within.keys()):
            nothing = Money(name, zero, zero, zero, (10_000, 0, 0, 0))
            money.append(_less(outer.get(name, nothing), within.get(name, nothing)))
        return Cost(
            tuple(money),
            (),
            (),
            whole.priced - inner.priced,
            whole.unpriced - inner.unpriced,
            whole.all_priced and inner.all_priced,
        )
