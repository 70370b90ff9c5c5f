"""One booked series as rows: fields, labels, and what is booked coarser than the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics import HourCalendar
from api.influxql.engine import exact
from api.influxql.engine.rows import F64, FieldKind, Rows, ScopedView, Series, Strings, Values
from api.influxql.tables import money
from figures import Cost, Energy, area_of, costs_of_each
from metering import quality
from metering.items import category
from metering.localtime import DAY_MIN, HOUR_US, day_bounds, days_between, local_day
from metering.quantity import ABSENT, I64
from metering.registry import Registry
from metering.units import BOOK_UNITS

SHARES = (*quality.NAMES, "known")
FIELDS: Mapping[str, FieldKind] = {
    "value": FieldKind.AMOUNT,
    "kwh": FieldKind.AMOUNT,
    "remainder": FieldKind.AMOUNT,
    "per_m2": FieldKind.AMOUNT,
    **money.MONEY,
    **dict.fromkeys(money.EMISSIONS, FieldKind.AMOUNT),
    "power": FieldKind.LEVEL,
    **dict.fromkeys(SHARES, FieldKind.SHARE),
}
DIGITS = 6
"""Decimals of energy per m2, as of every indicator."""


@dataclass(frozen=True, eq=False)
class SeriesPeriods:
    """Periods of one series, with what is asked of them."""

    view: ScopedView
    series: Series
    energy: Energy
    fields: frozenset[str]
    labels: frozenset[str]

    def added(self) -> Iterator[Rows]:
        """Rows to be put together: money of each currency apart, then what has no currency,
        then what is booked coarser."""
        costs, plain = self._costs(), self._plain()
        yield from money.apart(plain, self._priced(costs))
        unpriced = money.unpriced(costs, self.fields)
        yield replace(plain, numbers={**plain.numbers, **unpriced})
        yield from self._remainder()

    def listed(self) -> Iterator[Rows]:
        """Rows as they are: all fields of a period side by side."""
        yield from money.together(self._plain(), self._priced(self._costs()))
        yield from self._remainder()

    def _plain(self) -> Rows:
        return Rows(self.series, self.energy.start_us, self._numbers(), labels=self._labels())

    def _priced(self, costs: Sequence[Cost]) -> list[money.PricedPeriods]:
        return money.by_currency(costs, self.energy.key.item, self.fields)

    def _costs(self) -> list[Cost]:
        if not self.fields & money.MONEY.keys() or not len(self.energy):
            return []
        return costs_of_each(self.view.books, self.energy)

    def _labels(self) -> dict[str, Strings]:
        if not self.labels:
            return {}
        found = _labels(self.energy, self.view.books.registry)
        return {name: column for name, column in found.items() if name in self.labels}

    def _numbers(self) -> dict[str, Values]:
        found = {name: values for name in self.fields if (values := self._field(name)) is not None}
        return found | money.emitted(self.view.books, self.energy, self.fields)

    def _field(self, name: str) -> Values | None:
        unit = category(self.energy.key.item).unit
        amounts, scale = exact.whole(self.energy.quantity), BOOK_UNITS[unit].per_canonical
        if name in SHARES:
            weight = _lengths(self.energy, self.view.now_us)
            return Values(_share(self.energy, name), quality.WHOLE, weight)
        if name == "power":
            return Values(_power(self.energy, amounts, self.view.now_us), scale)
        if name == "per_m2":
            return self._per_m2(scale)
        if name == "remainder":
            return Values(np.where(exact.known(amounts), 0.0, np.nan), scale)
        if name == "value" or (name == "kwh" and unit == "kWh"):
            return Values(amounts, scale)
        return None

    def _per_m2(self, scale: int) -> Values | None:
        registry, node = self.view.books.registry, self.series.tags["node"]
        if node not in registry.nodes or not len(self.energy):
            return None
        last = local_day(int(self.energy.end_us[-1]) - 1, self.energy.zone)
        area = area_of(registry, node, last)
        if not area:
            return None
        above, below = area.as_integer_ratio()
        amounts = exact.objects(
            np.nan if q == ABSENT else q * below for q in self.energy.quantity.tolist()
        )
        return Values(amounts, scale * above, digits=DIGITS)

    def _remainder(self) -> Iterator[Rows]:
        """What is booked at coarser steps, each at its own period's start."""
        if "remainder" not in self.fields:
            return
        scale = BOOK_UNITS[category(self.energy.key.item).unit].per_canonical
        for energy in self.energy.remainder:
            own = replace(self, energy=energy)
            numbers = {"remainder": Values(exact.whole(energy.quantity), scale)}
            yield Rows(self.series, energy.start_us, numbers, labels=own._labels())


def _lengths(energy: Energy, now_us: int) -> F64:
    """(n,) length of each period up to now [s]."""
    ends = np.minimum(energy.end_us, now_us)
    return np.maximum(ends - energy.start_us, 0).astype(np.float64) // 1e6


def _power(energy: Energy, amounts: exact.Amounts, now_us: int) -> F64:
    """Mean power of periods that are over and wholly known: part of a period's energy over its
    whole length would look like a dip."""
    over = (energy.end_us <= now_us) & (energy.shares[:, quality.MISSING] == 0)
    lengths = energy.end_us - energy.start_us
    return np.where(over, amounts.astype(np.float64) * HOUR_US / lengths, np.nan)


def _share(energy: Energy, name: str) -> F64:
    if name == "known":
        return quality.WHOLE - energy.shares[:, quality.MISSING].astype(np.float64)
    return energy.shares[:, quality.NAMES.index(name)].astype(np.float64)


def _labels(energy: Energy, registry: Registry) -> dict[str, Strings]:
    """Local hour, weekday, kind of day and office hours of each period; a day has no hour."""
    if not len(energy):
        return {name: np.empty(0, dtype=np.str_) for name in ("hours", "day", "weekday", "hour")}
    hours, back = np.unique(_hours(energy), return_inverse=True)
    clock = HourCalendar.of(hours, energy.zone, registry.calendar)
    weekday = (clock.day + 3) % 7 + 1
    found: dict[str, Strings] = {
        "hours": np.where(clock.occupied, "office", "after"),
        "day": np.where(clock.working, "working", "rest"),
        "weekday": weekday.astype(np.str_),
        "hour": np.char.zfill(clock.hour.astype(np.str_), 2),
    }
    if energy.step_min >= DAY_MIN:
        found |= {name: np.full(len(hours), "") for name in ("hours", "hour")}
    return {name: labels[back] for name, labels in found.items()}


def _hours(energy: Energy) -> I64:
    """(n,) start of the local hour in which each period begins."""
    times = energy.start_us
    first, last = (local_day(int(at), energy.zone) for at in (times[0], times[-1]))
    days = [day_bounds(day, energy.zone)[0] for day in days_between(first, last)]
    since = np.array(days, dtype=np.int64)
    begun = since[np.searchsorted(since, times, side="right") - 1]
    return begun + (times - begun) // HOUR_US * HOUR_US
