"""Measurement `indicators`: each month of a place per m2 and per person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import numpy as np

import figures
from api.influxql.engine import exact
from api.influxql.engine.rows import (
    FieldKind,
    LabelValues,
    Rows,
    ScopedView,
    Series,
    Values,
    Wanted,
)
from api.influxql.tables import names
from api.influxql.tables.energy import Booked, ReadBudget, key_of
from api.influxql.tables.pieces import Piece
from api.influxql.tables.stepped import months
from metering.localtime import local_day
from metering.quality import MISSING, WHOLE
from metering.units import BOOK_UNITS


class Sized:
    """Places of the scope with an area or persons, a row a month that begins in the range."""

    fields: Mapping[str, FieldKind] = {
        "value": FieldKind.AMOUNT,
        **dict.fromkeys(("per_m2", "per_person"), FieldKind.LEVEL),
        **dict.fromkeys(("area_m2", "persons", "known"), FieldKind.LEVEL),
    }
    tags = (*names.NODE_TAGS, *names.ITEM_TAGS)
    labels: Mapping[str, LabelValues] = {}
    needs_start = True

    def __init__(self) -> None:
        self._booked = Booked("node")

    def series(self, view: ScopedView) -> list[Series]:
        """Every node and item of the scope."""
        return self._booked.series(view)

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Months that begin in the range and have begun. InvalidInput where that reads too much at
        once."""
        budget, end = ReadBudget(), min(wanted.end_us, view.now_us)
        for series in chosen:
            zone = series.tags["zone"]
            spans = []
            if wanted.start_us < end:
                first, last = local_day(wanted.start_us, zone), local_day(end - 1, zone)
                spans = months(first, last)
            if spans:
                budget.take([Piece("day", wanted.start_us, end)], wanted.fields, zone)
                yield _rows(view, series, spans, wanted.start_us)
                view.books.forget(key_of(series))

    def overlap(
        self, chosen: Sequence[Series], field: str, view: ScopedView, wanted: Wanted
    ) -> str:
        """What is in different units, or holds the same energy twice."""
        return self._booked.overlap(chosen, field, view, wanted)


def _rows(view: ScopedView, series: Series, spans: list[tuple[date, date]], start_us: int) -> Rows:
    key, registry = key_of(series), view.books.registry
    energy = figures.stretches(view.books, key, spans)
    energy = figures.between(energy, start_us, view.now_us)
    per_canonical = BOOK_UNITS[series.tags["unit"]].per_canonical
    amounts = [None if one is None else Decimal(one) / per_canonical for one in energy.values()]
    days = [last for _, last in spans]
    areas = [_area(view, key.code, day) for day in days]
    persons = [
        figures.persons_of(registry, key.code, day) if key.code in registry.nodes else None
        for day in days
    ]
    by_area = [figures.per_each(*one) for one in zip(amounts, areas, strict=True)]
    by_person = [figures.per_each(*one) for one in zip(amounts, persons, strict=True)]
    known = WHOLE - energy.shares[:, MISSING].astype(np.float64)
    return Rows(
        series,
        energy.start_us,
        {
            "value": Values(exact.whole(energy.quantity), per_canonical),
            "per_m2": _column(by_area),
            "per_person": _column(by_person),
            "area_m2": _column(areas),
            "persons": _column([None if one is None else Decimal(one) for one in persons]),
            "known": Values(known, WHOLE),
        },
    )


def _area(view: ScopedView, code: str, day: date) -> Decimal | None:
    registry = view.books.registry
    return figures.area_of(registry, code, day) if code in registry.nodes else None


def _column(values: Sequence[Decimal | None]) -> Values:
    return Values(*exact.of_decimals([np.nan if one is None else one for one in values]))
