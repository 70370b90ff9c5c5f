"""Reading the books: energy of a meter or node at any step, with its quality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from ledger.month import month_quality, month_total
from ledger.periods import Clock, day_edges
from ledger.plan import Plan
from ledger.recompute import Plans
from ledger.series import Energy, by_month, columns
from metering import items
from metering.book import BookRow, SeriesKey
from metering.errors import InvalidInput
from metering.localtime import (
    DAY_MIN,
    day_bounds,
    days_between,
    local_day,
)
from metering.ports import BookStore
from metering.quantity import ABSENT
from metering.registry import Registry

STEPS: Final = ("native", "15min", "hour", "day", "month")
READS = 4
"""How often a read is repeated because the books moved on meanwhile."""
_MINUTES = {"15min": 15, "hour": 60, "day": DAY_MIN}


@dataclass(frozen=True)
class _Wanted:
    key: SeriesKey
    zone: str
    step_min: int


class EnergyReader:
    """The public read face of the books. It applies no scope: the caller checks the node."""

    def __init__(
        self, books: BookStore, registry: Callable[[], Registry], now_us: Callable[[], int]
    ) -> None:
        self._books, self._registry, self._now_us = books, registry, now_us
        self._plans = Plans(Registry(version=-1))
        self._planned = -1

    def energy(
        self,
        code: str,
        item: str | None,
        first: date,
        last: date,
        step: str = "hour",
        *,
        name_silent: bool = False,
    ) -> Energy:
        """Energy of a node or meter on the local days first..last, both included.

        `item` may be None for a meter. `step` is native, 15min, hour, day or month; months are
        calendar months, cut at the range.
        Raises NotFound for an unknown code, InvalidInput for a step the series is too coarse
        for, or a range that ends before it starts.
        """
        if last < first:
            raise InvalidInput(
                "the range ends before it starts",
                field="last",
                value=last.isoformat(),
                fix=f"a day from {first.isoformat()} on",
            )
        wanted = self._wanted(code, item, last)
        revision, rows = self._consistent(wanted.key, first, last)
        days = days_between(first, last)
        silent = self.silent(wanted.key, first, last) if name_silent else ()
        if step == "month":
            return self._months(wanted, rows, days, revision, silent)
        return self._steps(wanted, rows, days, _minutes(step, wanted), step, revision, silent)

    def _consistent(
        self, key: SeriesKey, first: date, last: date
    ) -> tuple[int, dict[date, BookRow]]:
        """Rows by day, and the revision at which all of them stood."""
        revision = self._books.revision(key.institution)
        for _ in range(READS):
            rows = {row.day: row for row in self._books.rows([key], first, last)}
            now = self._books.revision(key.institution)
            if now == revision:
                break
            revision = now
        return revision, rows

    def series_key(self, code: str, item: str | None, day: date | None = None) -> SeriesKey:
        """The booked series of a meter or node."""
        return self._wanted(code, item, day or local_day(self._now_us(), "UTC")).key

    def plan(self, institution: str, day: date) -> Plan:
        """What counts where in an institution on a day."""
        registry = self._registry()
        if registry.version != self._planned:
            self._plans, self._planned = Plans(registry), registry.version
        return self._plans.on(institution, day)

    def items_of(self, node: str, day: date) -> list[str]:
        """Item codes that a node has figures of on a day, wide before narrow."""
        institution = self._registry().institution(node)
        return sorted(item for code, item in self.plan(institution, day).figures if code == node)

    def silent(self, key: SeriesKey, first: date, last: date) -> tuple[str, ...]:
        """Meters that count into the figure on the last day and booked nothing in the range."""
        figure = self.plan(key.institution, last).figures.get((key.code, key.item))
        names = (key.code,) if key.kind == "meter" else figure.meters if figure else ()
        registry = self._registry()
        keys = {
            SeriesKey(key.institution, "meter", m, registry.meters[m].item): m
            for m in names
            if m in registry.meters
        }
        heard = {
            row.key.code
            for row in self._books.rows(list(keys), first, last)
            if row.total is not None
        }
        return tuple(sorted(m for m in keys.values() if m not in heard))

    def _wanted(self, code: str, item: str | None, day: date) -> _Wanted:
        registry = self._registry()
        if code in registry.meters and code not in registry.nodes:
            meter = registry.meters[code]
            key = SeriesKey(registry.institution(meter.node), "meter", code, meter.item)
            return _Wanted(key, registry.zone(meter.node), meter.step_min)
        if item is None:
            raise InvalidInput("a node's energy needs an item", field="item", fix="e.g. 01000")
        registry.node(code)
        items.check_item(item)
        institution = registry.institution(code)
        figure = self.plan(institution, day).figures.get((code, item))
        step = figure.step_min if figure else 15
        return _Wanted(SeriesKey(institution, "node", code, item), registry.zone(code), step)

    def _steps(
        self,
        wanted: _Wanted,
        rows: dict[date, BookRow],
        days: list[date],
        minutes: int,
        step: str,
        revision: int,
        silent: tuple[str, ...],
    ) -> Energy:
        edges = [day_edges(day, wanted.zone, minutes) for day in days]
        counts = [len(starts) for starts, _ in edges]
        quantity, shares = columns(rows, days, counts, minutes)
        provisional = np.array([self._provisional(wanted, rows, [d]) for d in days], dtype=np.bool_)
        return Energy(
            wanted.key,
            step,
            minutes,
            wanted.zone,
            np.concatenate([starts for starts, _ in edges]),
            np.concatenate([ends for _, ends in edges]),
            quantity,
            shares,
            np.repeat(provisional, counts),
            revision,
            silent,
        )

    def _provisional(self, wanted: _Wanted, rows: dict[date, BookRow], days: list[date]) -> bool:
        now = Clock(self._now_us())
        return any(
            rows[d].provisional if d in rows else not now.is_settled(d, wanted.zone) for d in days
        )

    def _months(
        self,
        wanted: _Wanted,
        rows: dict[date, BookRow],
        days: list[date],
        revision: int,
        silent: tuple[str, ...],
    ) -> Energy:
        months = by_month(days)
        totals = [month_total([rows[d] for d in part if d in rows]) for part in months]
        now = self._now_us()
        return Energy(
            wanted.key,
            "month",
            0,
            wanted.zone,
            np.array([day_bounds(part[0], wanted.zone)[0] for part in months], dtype=np.int64),
            np.array([day_bounds(part[-1], wanted.zone)[1] for part in months], dtype=np.int64),
            np.array([ABSENT if t is None else t for t in totals], dtype=np.int64),
            np.stack([month_quality(rows, part, wanted.zone, now) for part in months]),
            np.array([self._provisional(wanted, rows, part) for part in months], dtype=np.bool_),
            revision,
            silent,
        )


def _minutes(step: str, wanted: _Wanted) -> int:
    if step == "native":
        return wanted.step_min
    if step not in _MINUTES:
        raise InvalidInput(
            "unknown step", field="step", value=step, fix=f"one of: {', '.join(STEPS)}"
        )
    if _MINUTES[step] < wanted.step_min:
        raise InvalidInput(
            f"the series is booked every {wanted.step_min} minutes",
            field="step",
            value=step,
            fix="ask for its native step or a coarser one",
        )
    return _MINUTES[step]
