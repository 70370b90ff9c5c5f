"""Hours of the meters of a place, judged by their frozen versions, as sums of days.

figures.View ──▶ rows of the meters as columns ──▶ hours that are wholly measured ─┐
             ──▶ register events ──────────────────────── less those they touch ──┤
readings     ──▶ outdoor temperature of each site ──▶ expected ────────────────────┴──▶ CountedDays
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

import figures
from analytics.bins import USUAL_WEEK, HourCalendar, Timetable
from analytics.day_marks import WARM_H
from analytics.feeding import weather
from analytics.groups import Bools, Floats, Ints
from analytics.learning import expected_of
from analytics.registered import timetables
from analytics.sensors import OUTDOOR_TEMPERATURE
from analytics.service import DISTRUSTED
from analytics.stored import Version, unpacked
from analytics.verdicts import SPAN_DAYS, CountedDays, DayVerdict, by_day, verdicts
from figures import View
from metering.baseline import BaselineVersion
from metering.book import SeriesKey
from metering.book_columns import BookColumns, columns_of
from metering.localtime import HOUR_US, day_number, days_between, slot_starts
from metering.ports import ReadingReader
from metering.quality import MEASURED, WHOLE
from metering.quantity import ABSENT
from metering.registry import Meter, NodeType, Registry
from metering.units import BOOK_UNITS

HOUR_MIN: Final = 60
WARM_DAYS: Final = WARM_H // 24

Versions = Mapping[str, Sequence[Version]]
"""By meter, oldest first."""


@dataclass(frozen=True, eq=False)
class _JudgedTogether:
    """Meters that share a weather station and a clock."""

    meters: Sequence[Meter]
    rows: Ints
    """Of each, among all that count."""
    clock: HourCalendar
    """Of the days that are asked for and those before, whose weather a building remembers."""
    hours_us: Ints
    temperature: Floats
    """[C], (hours,)"""


def day_verdicts(
    view: View,
    readings: ReadingReader,
    key: SeriesKey,
    asked: Sequence[date],
    versions: Sequence[BaselineVersion],
) -> list[DayVerdict]:
    """The verdicts of complete local days of a place, one after the other, by the versions of its
    meters with what they have learned. Raises InvalidInput where one of them cannot be read."""
    days = days_between(asked[0] - timedelta(days=SPAN_DAYS), asked[-1])
    counted = [figures.counted_meters(view, key, day) for day in days]
    codes = sorted({code for own in counted for code in own})
    times = np.array([[own.get(code, 0) for own in counted] for code in codes], dtype=np.float64)
    times = times.reshape(len(codes), len(days))
    told = _nothing(times)
    known: dict[str, list[Version]] = defaultdict(list)
    for one in versions:
        known[one.meter].append(unpacked(one))
    meters = [view.registry.meters[code] for code in codes]
    for group in _groups(view, readings, meters, known, days):
        _enter(view, told, group, times[group.rows], days, known)
    calendar = view.registry.calendar
    working = np.array([calendar.is_working(day) for day in days])
    return list(verdicts(days, working, _totals(view, key, days), told))[SPAN_DAYS:]


def _nothing(times: Floats) -> CountedDays:
    unknown, none = np.full(times.shape, np.nan), np.zeros(times.shape)
    return CountedDays(
        counts=times != 0,
        used=unknown.copy(),
        measured=none.copy(),
        expected=none.copy(),
        whole=unknown.copy(),
        known=none.copy(),
    )


def _totals(view: View, key: SeriesKey, days: Sequence[date]) -> Floats:
    """(days,) of the place [canonical unit]; NaN where nothing is known."""
    found = figures.energy(view, key, days[0], days[-1], "day").quantity
    return np.where(found == ABSENT, np.nan, found / figures.per_canonical(key.item))


def _groups(
    view: View,
    readings: ReadingReader,
    meters: Sequence[Meter],
    known: Versions,
    days: Sequence[date],
) -> Iterator[_JudgedTogether]:
    """The meters that have versions, by site and week."""
    registry = view.registry
    weeks = timetables(registry, meters)
    alike: dict[tuple[str, Timetable], list[int]] = defaultdict(list)
    for row, one in enumerate(meters):
        if known.get(one.code):
            alike[_site(registry, one), weeks.get(one.code, USUAL_WEEK)].append(row)
    for (site, week), rows in alike.items():
        zone = registry.zone(site)
        span = days_between(days[0] - timedelta(days=WARM_DAYS), days[-1])
        hours_us = np.concatenate([slot_starts(day, zone, HOUR_MIN) for day in span])
        nodes = frozenset(registry.held(site))
        yield _JudgedTogether(
            [meters[row] for row in rows],
            np.array(rows),
            HourCalendar.of(hours_us, zone, registry.calendar, week),
            hours_us,
            weather(registry, readings, nodes, hours_us, OUTDOOR_TEMPERATURE),
        )


def _site(registry: Registry, meter: Meter) -> str:
    """The site that a meter stands on, whose weather drives it; its own place where there is
    none."""
    above = [meter.node, *registry.ancestors(meter.node)]
    sites = (one for one in above if registry.nodes[one].type is NodeType.SITE)
    return next(sites, meter.node)


def _enter(
    view: View,
    told: CountedDays,
    group: _JudgedTogether,
    times: Floats,
    days: Sequence[date],
    known: Versions,
) -> None:
    """Fill in the rows of a group; `times`, (meters, days), is how often each counts."""
    own = [known[one.code] for one in group.meters]
    items = [one.item for one in group.meters]
    by = expected_of(items, own, group.clock, group.temperature, group.hours_us)
    asked = np.array([day_number(day) for day in days])
    judges = by.checked[:, None] & np.isfinite(by.expected)
    expected = np.where(judges, by.expected, np.nan)
    booked = _booked(view, group, days)
    seen = np.isfinite(booked.energy) & judges

    def sums(values: Floats) -> Floats:
        return by_day(values, group.clock.day, asked)

    every = np.ones(expected.shape, dtype=np.bool_)
    hours, judged_hours, seen_hours = (
        sums(one.astype(np.float64)) for one in (every, judges, seen)
    )
    rows = group.rows
    told.used[rows] = times * booked.used
    told.measured[rows] = times * sums(np.where(seen, booked.energy, 0.0))
    told.expected[rows] = times * sums(np.where(seen, expected, 0.0))
    part = np.divide(judged_hours, hours, out=np.zeros_like(hours), where=hours > 0)
    told.whole[rows] = np.divide(
        times * sums(expected), part, out=np.full(part.shape, np.nan), where=part > 0
    )
    told.known[rows] = np.divide(seen_hours, hours, out=np.zeros_like(hours), where=hours > 0)


@dataclass(frozen=True, eq=False)
class _Booked:
    """What is booked of the meters of a group [canonical unit]; NaN where nothing is."""

    used: Floats
    """Of each day, (meters, days)."""
    energy: Floats
    """Of each hour that is wholly measured and that no register event touches, (meters, hours)."""


def _booked(view: View, group: _JudgedTogether, days: Sequence[date]) -> _Booked:
    keys = [view.key_of(meter.code) for meter in group.meters]
    found = _Booked(
        np.full((len(keys), len(days)), np.nan), np.full((len(keys), group.hours_us.size), np.nan)
    )
    plain = [row for row, key in enumerate(keys) if view.is_plain(key)]
    columns = view.columns([keys[row] for row in plain], days[0], days[-1], priced=False)
    _take(found, np.array(plain, dtype=np.int64), columns, group, day_number(days[0]))
    for row in sorted(set(range(len(keys))) - set(plain)):
        rows = view.rows(keys[row], days[0], days[-1]).values()
        own = [replace(one, key=keys[row]) for one in rows]
        columns = columns_of([keys[row]], own, priced=False)
        _take(found, np.array([row]), columns, group, day_number(days[0]))
    per = np.array([BOOK_UNITS[one.unit].per_canonical for one in group.meters])[:, None]
    energy = np.where(_distrusted(view, group), np.nan, found.energy / per)
    return _Booked(found.used / per, energy)


def _take(
    found: _Booked, rows: Ints, told: BookColumns, group: _JudgedTogether, first: int
) -> None:
    """Enter book units; `rows` is the meter of each series, `first` the number of the first day."""
    own, known = rows[told.days.series], told.days.total != ABSENT
    found.used[own[known], told.days.day[known] - first] = told.days.total[known]
    starts = np.searchsorted(group.clock.day, [told.days.day, told.days.day + 1])
    for part in told.parts:
        if part.step_min > HOUR_MIN:
            continue
        slots = part.slots.reshape(len(part.row), -1, HOUR_MIN // part.step_min)
        hourly = np.where((slots == ABSENT).any(axis=2), np.nan, slots.sum(axis=2))
        if part.hour_shares is not None:
            hourly[part.hour_shares[:, :, MEASURED] != WHOLE] = np.nan
        begins, ends = starts[:, part.row]
        for n in np.flatnonzero(ends - begins == hourly.shape[1]).tolist():
            found.energy[own[part.row[n]], begins[n] : ends[n]] = hourly[n]


def _distrusted(view: View, group: _JudgedTogether) -> Bools:
    """Hours that a register event touches, (meters, hours)."""
    touched = np.zeros((len(group.meters), group.hours_us.size), dtype=np.bool_)
    rows = {meter.code: row for row, meter in enumerate(group.meters)}
    start_us, end_us = int(group.hours_us[0]), int(group.hours_us[-1]) + HOUR_US
    for body in sorted({view.key_of(code).institution for code in rows}):
        for event in view.events(body, start_us, end_us):
            if event.kind in DISTRUSTED and event.meter in rows:
                hours = (group.hours_us + HOUR_US > event.start_us) & (
                    group.hours_us < event.end_us
                )
                touched[rows[event.meter]] |= hours
    return touched
