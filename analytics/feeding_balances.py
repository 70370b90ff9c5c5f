"""Totals of a site against what they should hold, from the books."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np

import figures
from analytics.balances import BalanceDays, KnownChange, TermDays
from analytics.drift import REACH_DAYS
from analytics.stays import ALL_TIME, Stay
from figures import Balance, DayBalance, DayTerm, View
from metering.book import RegisterEvent
from metering.localtime import day_bounds, day_number, day_of_number, days_between, local_day
from metering.quantity import ABSENT
from metering.registry import Installation, Meter, Registry
from metering.units import BOOK_UNITS

BALANCE_DAYS = REACH_DAYS + 29
"""Days of which balances are read at least, however short the look for waste is: those of the last
four weeks are judged."""
MOST_APPORTIONED = 1_000
"""Of a day [1/10,000]: where more is a part of a longer stretch, its own amount is not known."""


def site_balances(
    view: View,
    meters: Sequence[Meter],
    nodes: Collection[str],
    span: tuple[date, date],
    events: Sequence[RegisterEvent],
    own: Mapping[str, Stay],
) -> tuple[BalanceDays, ...]:
    """Each total meter of a site's nodes that has parts, over the local days of a span, both
    included, and of its own time alone; several totals of one place and item are told by the
    first."""
    totals: dict[tuple[str, str], Meter] = {}
    for meter in sorted(meters, key=lambda one: one.code):
        if meter.total:
            totals.setdefault((meter.node, meter.item), meter)
    found = (_series(view, meter, nodes, span, events) for meter in totals.values())
    zones = (view.registry.zone(meter.node) for meter in totals.values())
    return tuple(
        _within(one, own.get(one.meter, ALL_TIME), zone)
        for one, zone in zip(found, zones, strict=True)
        if one is not None
    )


def _within(series: BalanceDays, stay: Stay, zone: str) -> BalanceDays:
    """Days of others are no history: a place that comes begins anew."""
    bounds = [day_bounds(day_of_number(day), zone) for day in series.days.tolist()]
    inside = np.array([stay[0] <= start and end <= stay[1] for start, end in bounds])
    return replace(series, usable=series.usable & inside)


def _series(
    view: View,
    meter: Meter,
    nodes: Collection[str],
    span: tuple[date, date],
    events: Sequence[RegisterEvent],
) -> BalanceDays | None:
    first, last = span
    key = view.key_of(meter.node, meter.item)
    told = figures.balance(view, key, first, last)
    if not told.days:
        return None
    own = _by_term(told)
    by_day = {one.day: one for one in told.days}
    days = days_between(first, last)
    below = frozenset(view.registry.subtree(meter.node)) & frozenset(nodes)
    terms = tuple(_term(view, one, amounts, days, below) for one, amounts in own)
    begun = min(view.rows(key, first, last), default=last)
    return BalanceDays(
        meter=meter.code,
        days=np.array([day_number(day) for day in days], dtype=np.int64),
        working=np.array([view.registry.calendar.is_working(day) for day in days]),
        made=_made(days, by_day),
        terms=terms,
        usable=np.array([day in by_day and _is_usable(by_day[day]) for day in days]),
        unit=meter.unit,
        per_canonical=BOOK_UNITS[meter.unit].per_canonical,
        first_judged=day_number(first) + (0 if begun > first else REACH_DAYS),
        changes=tuple(_changes(view.registry, {m for one in terms for m in one.meters}, events)),
    )


def _made(
    days: Sequence[date], by_day: dict[date, DayBalance]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A number for each set of terms; -1 where there is no balance."""
    numbers: dict[frozenset[object], int] = {}
    made = []
    for day in days:
        terms = (
            frozenset((d.term, d.is_total) for d in by_day[day].terms) if day in by_day else None
        )
        made.append(-1 if terms is None else numbers.setdefault(terms, len(numbers)))
    return np.array(made, dtype=np.int64)


def _is_usable(day: DayBalance) -> bool:
    """Whether the day's own energy of every term is known."""
    return day.difference is not None and all(
        one.apportioned <= MOST_APPORTIONED for one in day.terms
    )


Counts = tuple[DayTerm, dict[date, int | None]]
"""A term, as total or as part, with what it counts on the days on which it does."""


def _by_term(told: Balance) -> list[Counts]:
    found: dict[tuple[object, bool], Counts] = {}
    for day in told.days:
        for one in day.terms:
            found.setdefault((one.term, one.is_total), (one, {}))[1][day.day] = one.amount
    return list(found.values())


def _term(
    view: View,
    one: DayTerm,
    amounts: Mapping[date, int | None],
    days: Sequence[date],
    below: frozenset[str],
) -> TermDays:
    """A term over all days; one that does not count on a day is not known then."""
    term, registry = one.term, view.registry
    known = (amounts.get(day) for day in days)
    place = registry.meters[term.code].node if term.kind == "meter" else term.code
    return TermDays(
        code=term.code,
        is_total=one.is_total,
        amounts=np.array([ABSENT if amount is None else amount for amount in known], np.int64),
        meters=view.meters(view.key_of(term.code, term.item), max(amounts)),
        named=term.division is None and place in below,
    )


def _changes(
    registry: Registry, meters: Collection[str], events: Sequence[RegisterEvent]
) -> Iterator[KnownChange]:
    """What the registry and the ledger say of meters, as far as balances may drift with it."""
    for meter in sorted(meters):
        own = sorted(registry.installations_of(meter), key=_began)
        for before, after in pairwise(own):
            if after.valid.start is not None:
                yield KnownChange(day_number(after.valid.start), meter, _kind(before, after))
    for event in events:
        if event.meter in meters:
            zone = registry.zone(registry.meters[event.meter].node)
            day = day_number(local_day(event.start_us, zone))
            yield KnownChange(day, event.meter, event.kind)


def _began(one: Installation) -> date:
    return one.valid.start or date.min


def _kind(before: Installation, after: Installation) -> str:
    return "replaced" if before.point != after.point else "ratio"
