"""What checks look at, gathered for a caller. Costs as much as there are points and meters in the
scope, not as there are readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

import numpy as np

import figures
from api.caller import Caller
from api.usecases.gateways import states_of_all
from api.usecases.messages import dead_gateways
from api.usecases.repairs.facts import MeterBooked, PointArrivals, RepairFacts, Summed
from figures import View
from metering import items
from metering.access import Role
from metering.book import SeriesKey
from metering.book_columns import BookColumns, columns_of
from metering.commissioning import proposals
from metering.localtime import day_bounds, day_number, local_day
from metering.quality import MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.reading import Flag, ReadingColumns
from metering.registry import Meter, Point
from metering.units import BOOK_UNITS

DAYS: Final = 28
SUMMED_DAYS: Final = 7
"""Of so many the sums of places are held against their parts."""
LATEST: Final = 24
"""Readings of each point that are looked at."""
LEAST: Final = 4
MOST_LETTERS: Final = 1000
_HOUR_MIN = 60
_NONE: Final = np.iinfo(np.int64).min


class LookedInto(StrEnum):
    """What is looked into, in this order."""

    GATEWAYS = "gateways"
    READINGS = "readings"
    BOOKS = "books"
    SUMS = "sums"


LookProgress = Callable[[LookedInto, int], None]
"""Called before something is looked into, with how many there are of it."""


def gather(caller: Caller, progress: LookProgress = lambda _, __: None) -> RepairFacts:
    """Everything, at one state of the books."""
    reach, now_us = caller.reach, caller.platform.now_us()
    last = _today(caller) - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    intake = caller.platform.intake
    with caller.view() as view:
        meters, points = list(reach.meters.values()), list(reach.points.values())
        progress(LookedInto.GATEWAYS, len(reach.gateways))
        gateways, proposed = states_of_all(caller), _proposed(caller)
        progress(LookedInto.READINGS, len(points))
        arrivals = _arrivals(caller, points)
        progress(LookedInto.BOOKS, len(meters))
        booked, events = _booked(view, meters, first, last), _events(caller, view, first, last)
        progress(LookedInto.SUMS, sum(meter.total for meter in meters))
        return RepairFacts(
            reach=reach,
            now_us=now_us,
            first=first,
            last=last,
            gateways=gateways,
            letters=intake.dead_letter_groups(
                dead_gateways(caller), state="open", limit=MOST_LETTERS
            ),
            proposed=proposed,
            arrivals=arrivals,
            booked=booked,
            events=events,
            sums=_sums(view, meters, last),
            parts=caller.platform.parts() if _sees_parts(caller) else {},
            keys=caller.platform.access.keys() if _sees_parts(caller) else [],
            keeping=caller.platform.keeping() if _sees_parts(caller) else None,
            oldest_us=_oldest_us(caller) if _sees_parts(caller) else None,
            samples=caller.platform.samples(),
        )


def _sees_parts(caller: Caller) -> bool:
    return caller.reach.scope.whole and caller.may(Role.ADMIN)


def _oldest_us(caller: Caller) -> int | None:
    spans = caller.platform.readings.spans(list(caller.reach.points))
    return min((first for first, _ in spans.values()), default=None)


def _today(caller: Caller) -> date:
    """The local day where the scope begins; in UTC before anything is registered."""
    top = caller.reach.top()
    zone = caller.reach.registry.zone(top[0].code) if top else "UTC"
    return local_day(caller.platform.now_us(), zone)


def _proposed(caller: Caller) -> dict[str, int]:
    """How many points are proposed of each gateway whose messages may be read."""
    reach, intake = caller.reach, caller.platform.intake
    return {
        user: len(proposals(intake.seen_points(user), reach.registry))
        for user in reach.gateways
        if reach.scope.whole or user in reach.messages_of
    }


def _arrivals(caller: Caller, points: Sequence[Point]) -> dict[int, PointArrivals]:
    rows = caller.platform.readings.before(
        [point.id for point in points], caller.platform.now_us(), LATEST
    )
    ends = np.searchsorted(rows.point, [point.id for point in points], side="right")
    starts = np.searchsorted(rows.point, [point.id for point in points], side="left")
    return {
        point.id: arrivals_of(caller.reach.within(point, rows.part(int(a), int(b))))
        for point, a, b in zip(points, starts, ends, strict=True)
    }


def arrivals_of(rows: ReadingColumns) -> PointArrivals:
    """Of one point's readings by time."""
    if not len(rows):
        return PointArrivals()
    steps = np.diff(rows.time_us)
    return PointArrivals(
        len(rows),
        int(rows.time_us[-1]),
        int(np.median(steps)) if len(rows) >= LEAST else None,
        int(np.count_nonzero(rows.flag & int(Flag.OUT_OF_RANGE))),
        int(np.count_nonzero(rows.flag & int(Flag.ARRIVAL_TIME))),
        int(np.count_nonzero(rows.flag & int(Flag.ENTERED))),
    )


def _booked(view: View, meters: Sequence[Meter], first: date, last: date) -> dict[str, MeterBooked]:
    keys = {view.key_of(meter.code): meter for meter in meters}
    plain = [key for key in keys if view.is_plain(key)]
    found: dict[str, MeterBooked] = {}
    columns = view.columns(plain, first, last, priced=False)
    found |= _of_columns(plain, keys, columns, last)
    for key in keys.keys() - set(plain):
        rows = view.rows(key, first, last).values()
        found |= _of_columns([key], keys, columns_of([key], rows, priced=False), last)
    return found


def _of_columns(
    series: Sequence[SeriesKey], keys: Mapping[SeriesKey, Meter], columns: BookColumns, last: date
) -> dict[str, MeterBooked]:
    days = columns.days
    most = _most(len(series), columns)
    missing = np.zeros(len(days), np.int64)
    if days.shares is not None:
        missing = days.shares[:, MISSING].astype(np.int64)
    found: dict[str, MeterBooked] = {}
    starts = np.searchsorted(days.series, np.arange(len(series) + 1))
    for n, key in enumerate(series):
        rows = slice(int(starts[n]), int(starts[n + 1]))
        count = rows.stop - rows.start
        if not count:
            continue
        begun = day_number(last) - int(days.day[rows.start]) + 1
        without = WHOLE * (begun - count) + int(missing[rows].sum())
        per = BOOK_UNITS[keys[key].unit].per_canonical
        totals = days.total[rows]
        known = totals[totals != ABSENT]
        found[keys[key].code] = MeterBooked(
            begun,
            Fraction(without, WHOLE * begun),
            Fraction(int(known.sum()), per) if len(known) else None,
            None if (hourly := most[n]) is None else hourly / per,
        )
    return found


def _most(count: int, columns: BookColumns) -> list[Fraction | None]:
    """(count,) the most in an hour of each series, of slots that are measured [book units]."""
    most: list[Fraction | None] = [None] * count
    for part in columns.parts:
        known = part.slots != ABSENT
        if part.shares is not None:
            known &= part.shares[:, :, MEASURED] == WHOLE
        largest = np.where(known, part.slots, _NONE).max(axis=1, initial=_NONE)
        by_series = np.full(count, _NONE)
        np.maximum.at(by_series, columns.days.series[part.row], largest)
        for row in np.flatnonzero(by_series != _NONE).tolist():
            hourly = Fraction(int(by_series[row]) * _HOUR_MIN, part.step_min)
            known_most = most[row]
            most[row] = hourly if known_most is None else max(known_most, hourly)
    return most


def _events(caller: Caller, view: View, first: date, last: date) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for institution in caller.reach.institutions or ("",):
        zone = _zone(caller, institution)
        start_us, end_us = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
        for event in view.events(institution, start_us, end_us):
            found.setdefault(event.meter, Counter())[event.kind] += 1
    return found


def _zone(caller: Caller, institution: str) -> str:
    registry = caller.reach.registry
    return registry.zone(institution) if institution in registry.nodes else "UTC"


def _sums(view: View, meters: Sequence[Meter], last: date) -> list[Summed]:
    """Of each place and medium with a meter of the whole: the known days together."""
    places = {(meter.node, items.whole(meter.item)): meter for meter in meters if meter.total}
    first = last - timedelta(days=SUMMED_DAYS - 1)
    # At once: of each place by itself it costs many times as much.
    view.load([view.key_of(meter.code) for meter in meters], first, last)
    found = []
    for (node, item), meter in sorted(places.items(), key=lambda one: one[0]):
        known = figures.balance(view, view.key_of(node, item), first, last).known
        per = BOOK_UNITS[meter.unit].per_canonical
        if known:
            total = sum(one.total or 0 for one in known)
            parts = sum(one.parts or 0 for one in known)
            found.append(Summed(node, item, Fraction(total, per), Fraction(parts, per)))
    return found
