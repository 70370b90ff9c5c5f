"""One booked series as rows: fields, labels, and what is booked coarser than the rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
        one = self.energy
        return labels_of(
            self.labels, one.start_us, one.zone, one.step_min, self.view.books.registry
        )

    def _numbers(self) -> dict[str, Values]:
        found = {name: values for name in self.fields if (values := self._field(name)) is not None}
        return found | money.emitted(self.view.books, self.energy, self.fields)

    def _field(self, name: str) -> Values | None:
        unit = category(self.energy.key.item).unit
        amounts, scale = exact.whole(self.energy.quantity), BOOK_UNITS[unit].per_canonical
        if name in SHARES:
            own = self.energy
            weight = lengths(own.start_us, own.end_us, self.view.now_us).astype(np.float64)
            return Values(_share(own, name), quality.WHOLE, weight)
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
        if not len(self.energy):
            return None
        last_us = int(self.energy.end_us[-1])
        ratio = area_ratio(self.view.books.registry, self.series, last_us, self.energy.zone)
        if ratio is None:
            return None
        above, below = ratio
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


def area_ratio(
    registry: Registry, series: Series, end_us: int, zone: str
) -> tuple[int, int] | None:
    """The area of a series' node on the last day before an instant, as (m2, of so many); None where
    none is known."""
    node = series.tags["node"]
    area = area_of(registry, node, local_day(end_us - 1, zone)) if node in registry.nodes else None
    return area.as_integer_ratio() if area else None


def lengths(start_us: I64, end_us: I64, now_us: int) -> I64:
    """(n,) length of each period up to now [s]."""
    return np.maximum(np.minimum(end_us, now_us) - start_us, 0) // 1_000_000


def power(amounts: F64, over: NDArray[np.bool_], lengths_us: I64) -> F64:
    """Mean power of periods that are over and wholly known, else NaN: part of a period's energy
    over its whole length would look like a dip."""
    return np.where(over, amounts * HOUR_US / lengths_us, np.nan)


def _power(energy: Energy, amounts: exact.Amounts, now_us: int) -> F64:
    over = (energy.end_us <= now_us) & (energy.shares[:, quality.MISSING] == 0)
    return power(amounts.astype(np.float64), over, energy.end_us - energy.start_us)


def _share(energy: Energy, name: str) -> F64:
    if name == "known":
        return quality.WHOLE - energy.shares[:, quality.MISSING].astype(np.float64)
    return energy.shares[:, quality.NAMES.index(name)].astype(np.float64)


def labels_of(
    names: Collection[str], start_us: I64, zone: str, step_min: int, registry: Registry
) -> dict[str, Strings]:
    """Of these, local hour, weekday, kind of day and office hours of each period; a day and what is
    longer, whose step is 0, has no hour."""
    wanted = [name for name in ("hours", "day", "weekday", "hour") if name in names]
    if not wanted:
        return {}
    if not len(start_us):
        return {name: np.empty(0, dtype=np.str_) for name in wanted}
    hours, back = np.unique(_hours(start_us, zone), return_inverse=True)
    clock = HourCalendar.of(hours, zone, registry.calendar)
    whole = not 0 < step_min < DAY_MIN
    found: dict[str, Strings] = {}
    for name in wanted:
        match name:
            case "day":
                found[name] = np.where(clock.working, "working", "rest")
            case "weekday":
                found[name] = ((clock.day + 3) % 7 + 1).astype(np.str_)
            case _ if whole:
                found[name] = np.full(len(hours), "")
            case "hours":
                found[name] = np.where(clock.occupied, "office", "after")
            case _:
                found[name] = np.char.zfill(clock.hour.astype(np.str_), 2)
    return {name: column[back] for name, column in found.items()}


def _hours(times: I64, zone: str) -> I64:
    """(n,) start of the local hour in which each period begins."""
    first, last = (local_day(int(at), zone) for at in (times[0], times[-1]))
    days = [day_bounds(day, zone)[0] for day in days_between(first, last)]
    since = np.array(days, dtype=np.int64)
    begun = since[np.searchsorted(since, times, side="right") - 1]
    return begun + (times - begun) // HOUR_US * HOUR_US
