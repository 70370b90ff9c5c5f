"""Measurements `energy` (by node) and `meters`: booked energy, its worth and its completeness."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

import figures
from api.influxql.engine.rows import (
    FieldKind,
    Grid,
    GridValues,
    LabelValues,
    Rows,
    ScopedView,
    Series,
    Wanted,
)
from api.influxql.tables import columns, money, names
from api.influxql.tables.made_of import counted_twice
from api.influxql.tables.pieces import QUARTER_US, Piece, by_day, pieces
from api.influxql.tables.reading import FIELDS, SeriesPeriods
from figures import Energy
from metering import items
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.items import category
from metering.localtime import local_day
from metering.registry import Meter

MOST_SLOTS, MOST_ASKED = 2_000_000, 40_000_000
"""Values that a statement reads, and periods of its range, whether something is known of them or
not."""
ROWS_AT_ONCE = 4_000
"""Rows that are read together, of several series."""
COLUMNS_AT_ONCE = 60_000
"""Likewise as columns."""
MOST_PRICED = 50_000
"""Periods whose money is asked."""
OF_ANY_UNIT = (*money.MONEY.keys() - {"priced"}, *money.EMISSIONS)


def _currencies(view: ScopedView) -> Iterable[str]:
    """Currencies of the tariffs that may price something of the scope."""
    reach = view.caller.reach
    inside = {*reach.institutions, *reach.scope.nodes, *reach.meters, ""}
    rows = reach.registry.tariff
    return sorted({row.currency for row in rows if row.scope.code in inside})


LABELS: Mapping[str, LabelValues] = {
    "hours": lambda _: ("office", "after"),
    "day": lambda _: ("working", "rest"),
    "weekday": lambda _: tuple("1234567"),
    "hour": lambda _: tuple(f"{hour:02d}" for hour in range(24)),
    "currency": _currencies,
}
_BY_HOUR = frozenset(("hour", "hours"))


class Booked:
    """Booked series, of nodes or of meters."""

    fields: Mapping[str, FieldKind] = FIELDS
    labels = LABELS
    needs_start = True

    def __init__(self, by: str) -> None:
        self.tags: tuple[str, ...] = names.NODE_TAGS + names.ITEM_TAGS
        if by == "meter":
            self.tags = ("meter", "meter_en", "meter_zh", "role", "formula", *self.tags)
        self._list = _nodes if by == "node" else _meters
        self._name = f"series by {by}"

    def series(self, view: ScopedView) -> list[Series]:
        """Every node and item, or every meter, of the scope, wide before narrow.

        They stand while the reach does and no day begins anywhere: at quarter hours at the most.
        """
        kept, known = view.caller.reach.listed, (view.books.registry, view.now_us // QUARTER_US)
        found = kept.get(self._name)
        if found is None or found[0][0] is not known[0] or found[0][1] != known[1]:
            found = kept[self._name] = (known, list(self._list(view)))
        told: list[Series] = found[1]
        return told

    def rows(
        self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted
    ) -> Iterator[Rows | Grid]:
        """What is booked, in whole days where the range has them, else as fine as is asked. Raises
        InvalidInput where that reads too much at once."""
        budget, known = ReadBudget(), dict[str, list[Piece]]()
        for zone in {series.tags["zone"] for series in chosen}:
            known[zone] = _pieces(view, wanted, zone) if wanted.whole else []
        if columns.can_tell(view, wanted):
            left = set[SeriesKey]()
            for grids, others in _grids(view, chosen, wanted, known, budget):
                yield from grids
                left |= set(others)
            chosen = [series for series in chosen if key_of(series) in left]
        longest = max((_length(found, zone) for zone, found in known.items()), default=1)
        count = max(1, ROWS_AT_ONCE // longest)
        for first in range(0, len(chosen), count):
            part = chosen[first : first + count]
            if wanted.whole:
                _load(view, part, known)
            for series in part:
                yield from _rows(view, series, wanted, known[series.tags["zone"]], budget)
                view.books.forget(key_of(series))

    def overlap(
        self, chosen: Sequence[Series], field: str, view: ScopedView, wanted: Wanted
    ) -> str:
        """What is in different units, or holds the same energy twice."""
        keys = [key_of(one) for one in chosen]
        units = {category(key.item).unit for key in keys}
        if len(units) > 1 and field not in OF_ANY_UNIT:
            return f"they are in {' and '.join(sorted(units))}"
        for i, one in enumerate(chosen):
            for other in chosen[i + 1 :]:
                if _nested(one, other):
                    return f"{_name(one)} and {_name(other)} hold the same energy"
        return _by_formula(view, chosen, wanted)


def _grids(
    view: ScopedView,
    chosen: Sequence[Series],
    wanted: Wanted,
    known: Mapping[str, list[Piece]],
    budget: ReadBudget,
) -> Iterator[tuple[list[Grid], list[SeriesKey]]]:
    """(grids, series that are told one by one), so many series at a time."""
    for zone, found in known.items():
        own = [series for series in chosen if series.tags["zone"] == zone]
        budget.ask(len(own), found, zone)
        days = max(1, _length(found, zone))
        if wanted.fine:
            piece = Piece("native", wanted.start_us, max(wanted.end_us, wanted.start_us + 1))
            days = max(days, _length([piece], zone))
        count = max(1, COLUMNS_AT_ONCE // days)
        for first in range(0, len(own), count):
            part = {key_of(series): series for series in own[first : first + count]}
            grids, left = columns.grids_of(view, part, wanted, found)
            for grid in grids:
                budget.count(grid, found, zone)
            yield grids, left


def _load(view: ScopedView, chosen: Sequence[Series], found: Mapping[str, list[Piece]]) -> None:
    """Read the rows of several series at once."""
    by_zone: dict[str, list[SeriesKey]] = {}
    for series in chosen:
        by_zone.setdefault(series.tags["zone"], []).append(key_of(series))
    for zone, keys in by_zone.items():
        if found[zone]:
            view.books.load(keys, *_days(found[zone], zone))


def key_of(series: Series) -> SeriesKey:
    """The key of a booked series."""
    source = series.source
    if not isinstance(source, SeriesKey):
        raise TypeError(source)
    return source


def _name(series: Series) -> str:
    key = key_of(series)
    return f"{key.code} {key.item}"


def _nested(one: Series, other: Series) -> bool:
    """Whether part of the energy of one is also in the other, as far as the tree tells."""
    a, b = key_of(one), key_of(other)
    related = a.code == b.code if a.kind == "meter" else False
    related = related or one.tags["node"] in other.under or other.tags["node"] in one.under
    if not related or not (items.covers(a.item, b.item) or items.covers(b.item, a.item)):
        return False
    # Two meters of one item at one place stand side by side, unless one feeds the other.
    return a.kind == "node" or a.item != b.item or one.tags["role"] != other.tags["role"]


def _by_formula(view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> str:
    """Which two meters hold the same energy since formulas are made of it; '' where none do."""
    named = {key.code: one for one in chosen if (key := key_of(one)).kind == "meter"}
    if len(named) < 2:
        return ""
    zone = chosen[0].tags["zone"]
    last_us = max(wanted.start_us, min(wanted.end_us - 1, view.now_us))
    days = local_day(wanted.start_us, zone), local_day(last_us, zone)
    both = counted_twice(view.books.registry, list(named), *days)
    if both is None:
        return ""
    one, other = (_name(named[code]) for code in both)
    return f"{one} and {other} hold the same energy, by their formulas"


def _nodes(view: ScopedView) -> Iterator[Series]:
    reach = view.caller.reach
    registry = reach.registry
    figures: dict[str, list[str]] = {}
    for code in names.in_tree_order(reach):
        day = reach.last_day(code, local_day(view.now_us, registry.zone(code)))
        figures[code] = view.books.items_of(code, day)
    for code in names.in_tree_order(reach):
        institution = reach.institution_of(code)
        for item in sorted(figures.get(code, ())):
            tags = {**names.node_tags(reach, code), **names.item_tags(item)}
            key = SeriesKey(institution, "node", code, item)
            yield Series(tags, names.under(reach, code), key)


def _meters(view: ScopedView) -> Iterator[Series]:
    reach = view.caller.reach
    order = {code: n for n, code in enumerate(names.in_tree_order(reach))}
    known = [one for one in reach.meters.values() if one.code in view.books.registry.meters]
    for meter in sorted(known, key=lambda m: (order.get(m.node, 0), m.code)):
        tags = {
            "meter": meter.code,
            "meter_en": meter.name("en"),
            "meter_zh": meter.name("zh"),
            "role": meter.dc_role or "",
            "formula": _formula(view, meter),
            **names.node_tags(reach, meter.node),
            **names.item_tags(meter.item),
        }
        key = SeriesKey(reach.institution_of(meter.node), "meter", meter.code, meter.item)
        yield Series(tags, names.under(reach, meter.node), key)


def _formula(view: ScopedView, meter: Meter) -> str:
    """What a meter is of others on the last day of the scope; '' of one with registers, and where
    that names a meter which is not reached."""
    reach = view.caller.reach
    formulas = reach.formulas_of(meter)
    if not formulas:
        return ""
    today = local_day(view.now_us, reach.registry.zone(meter.node))
    day = reach.last_day(meter.node, today)
    return next((one.formula for one in formulas if one.valid.holds(day)), "")


@dataclass
class ReadBudget:
    """What a statement may still read."""

    slots: int = field(default_factory=lambda: MOST_SLOTS)
    priced: int = field(default_factory=lambda: MOST_PRICED)
    asked: int = field(default_factory=lambda: MOST_ASKED)

    def ask(self, series: int, found: Sequence[Piece], zone: str) -> None:
        """Take the periods of so many series. InvalidInput where they are too many."""
        self.asked -= series * sum(piece.size(zone) for piece in found)
        if self.asked < 0:
            raise _too_much(MOST_ASKED, found, zone)

    def count(self, grid: Grid, found: Sequence[Piece], zone: str) -> None:
        """Take what a grid holds. InvalidInput where it is too much."""
        held = max((_held(one, len(grid.series)) for one in grid.numbers.values()), default=0)
        self._less(held, grid.numbers.keys() & money.MONEY.keys(), found, zone)

    def take(self, found: Sequence[Piece], fields: frozenset[str], zone: str) -> None:
        """Take the periods of a series that is told by itself: there each costs something, booked
        or not. InvalidInput where it is too much."""
        size = sum(piece.size(zone) for piece in found)
        self._less(size, fields & money.MONEY.keys(), found, zone)

    def _less(self, size: int, priced: Collection[str], found: Sequence[Piece], zone: str) -> None:
        self.slots -= size
        self.priced -= size if priced else 0
        if self.slots < 0 or self.priced < 0:
            raise _too_much(MOST_SLOTS if self.slots < 0 else MOST_PRICED, found, zone)


def _too_much(most: int, found: Sequence[Piece], zone: str) -> InvalidInput:
    return InvalidInput(
        f"this reads more than {most} values at once",
        field="time",
        value=" .. ".join(day.isoformat() for day in _days(found, zone)),
        fix="a shorter range or fewer series; sums of whole days without money and hours read"
        " fastest",
    )


def _held(values: GridValues, series: int) -> int:
    """How many values there are: a share of each period, an amount where one is known."""
    known = values.amounts.size if values.known is None else int(values.known.sum())
    return known * (series if len(values.amounts) == 1 else 1)


def _length(found: Sequence[Piece], zone: str) -> int:
    """Days that pieces touch; 1 where there are none."""
    if not found:
        return 1
    first, last = _days(found, zone)
    return (last - first).days + 1


def _days(found: Sequence[Piece], zone: str) -> tuple[date, date]:
    return found[0].days(zone)[0], found[-1].days(zone)[1]


def _pieces(view: ScopedView, wanted: Wanted, zone: str) -> list[Piece]:
    """How sums and means of shares are read: what has an hour by the hour, other labels by the
    day."""
    if wanted.labels & _BY_HOUR:
        return pieces(wanted, view.now_us, zone, "hour")
    found = pieces(wanted, view.now_us, zone)
    return by_day(found, zone) if wanted.labels - {"currency"} else found


def _rows(
    view: ScopedView, series: Series, wanted: Wanted, found: list[Piece], budget: ReadBudget
) -> Iterator[Rows]:
    if wanted.whole and found:
        budget.take(found, wanted.whole, series.tags["zone"])
        for energy in _read(view, key_of(series), found):
            for rows in SeriesPeriods(view, series, energy, wanted.whole, wanted.labels).added():
                yield replace(rows, numbers={}, sums=rows.numbers)
    for energy, fields in _fine(view, series, wanted, budget):
        reading = SeriesPeriods(view, series, energy, fields, wanted.labels)
        for rows in reading.listed() if wanted.listed else reading.added():
            yield replace(rows, sums={})


def _read(view: ScopedView, key: SeriesKey, found: Sequence[Piece]) -> Iterator[Energy]:
    """The series in pieces: one of all whole days, then one for each other stretch."""
    zone = view.books.zone(key)
    view.books.load([key], *_days(found, zone))
    days = [piece for piece in found if piece.step == "day"]
    spans = [piece.days(zone) for piece in days]
    if days and all(a.end_us == b.start_us for a, b in pairwise(days)) and _single(spans):
        yield figures.energy(view.books, key, spans[0][0], spans[-1][1], "day")
    elif days:
        yield figures.stretches(view.books, key, spans)
    for piece in found:
        if piece.step != "day":
            energy = figures.energy(view.books, key, *piece.days(zone), piece.step)
            yield figures.between(energy, piece.start_us, min(piece.end_us, view.now_us))


def _single(spans: Sequence[tuple[date, date]]) -> bool:
    return all(first == last for first, last in spans)


def _fine(
    view: ScopedView, series: Series, wanted: Wanted, budget: ReadBudget
) -> Iterator[tuple[Energy, frozenset[str]]]:
    """The series' own periods of the range that have begun, with the fields to take of each.

    Power, and what is asked by the hour, is of the finest step that holds all that is read at
    least hourly.
    """
    start, end = wanted.start_us, min(wanted.end_us, view.now_us)
    if start >= end or not (wanted.fine or wanted.listed):
        return
    piece, key = Piece("native", start, end), key_of(series)
    budget.take([piece], wanted.fine, series.tags["zone"])
    days = piece.days(series.tags["zone"])
    hourly, fields = figures.drawable(view.books, key, *days), wanted.fine
    native = hourly
    if not wanted.labels & _BY_HOUR:
        native = figures.energy(view.books, key, *days, "native")
    if native.step_min != hourly.step_min and "power" in fields:
        yield figures.between(hourly, start, end), frozenset(("power",))
        fields -= {"power"}
    if fields or not wanted.fine:
        yield figures.between(native, start, end), fields
