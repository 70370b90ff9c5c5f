"""Measurements `energy_hour`, `energy_day`, `energy_week`, `energy_month`: booked energy of nodes
in rows of one width, however it is asked.

    SELECT "kwh" FROM "energy_day"      lists days
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import figures
from api.influxql.engine.rows import FieldKind, Rows, ScopedView, Series, Wanted
from api.influxql.tables.energy import Booked, ReadBudget, key_of
from api.influxql.tables.pieces import PER_DAY, Piece
from api.influxql.tables.reading import FIELDS, SeriesPeriods
from figures import Energy
from metering.localtime import local_day, month_start, next_month

Spans = Callable[[date, date], list[tuple[date, date]]]
"""Stretches of days, each as one row, of which the first begins on a day or after it."""


def weeks(first: date, last: date) -> list[tuple[date, date]]:
    """Whole weeks from Monday on that begin within first..last."""
    monday, found = first + timedelta(days=-first.weekday() % 7), list[tuple[date, date]]()
    while monday <= last:
        found.append((monday, monday + timedelta(days=6)))
        monday += timedelta(days=7)
    return found


def months(first: date, last: date) -> list[tuple[date, date]]:
    """Whole months that begin within first..last."""
    start, found = month_start(first), list[tuple[date, date]]()
    start = start if start == first else next_month(start)
    while start <= last:
        found.append((start, next_month(start) - timedelta(days=1)))
        start = next_month(start)
    return found


_SPANS: Final[Mapping[str, Spans]] = {"week": weeks, "month": months}


class Stepped(Booked):
    """Booked series of nodes, a row for each hour, day, week or month that begins in the range."""

    fields: Mapping[str, FieldKind] = {n: kind for n, kind in FIELDS.items() if n != "power"}

    def __init__(self, step: str) -> None:
        super().__init__("node")
        self._step = step

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Periods that begin in the range and have begun, with what is booked of them. Raises
        InvalidInput where that reads too much at once."""
        budget = ReadBudget()
        for series in chosen:
            energy = self._read(view, series, wanted, budget)
            if energy is not None:
                reading = SeriesPeriods(view, series, energy, wanted.fields, wanted.labels)
                yield from reading.listed() if wanted.listed else reading.added()
            view.books.forget(key_of(series))

    def _read(
        self, view: ScopedView, series: Series, wanted: Wanted, budget: ReadBudget
    ) -> Energy | None:
        start, end = wanted.start_us, min(wanted.end_us, view.now_us)
        if start >= end:
            return None
        key, zone = key_of(series), series.tags["zone"]
        days = local_day(start, zone), local_day(end - 1, zone)
        if self._step in PER_DAY:
            budget.take([Piece(self._step, start, end)], wanted.fields, zone)
            found = figures.energy(view.books, key, *days, self._step)
        else:
            spans = _SPANS[self._step](*days)
            if not spans:
                return None
            budget.take([Piece("day", start, end)], wanted.fields, zone)
            found = figures.stretches(view.books, key, spans)
        told = figures.between(found, start, end)
        return told if len(told) else None
