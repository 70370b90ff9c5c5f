"""Where a figure comes from: the meters that count into it, the readings that each rests on and
those that do not count, what was decided of them and why, and the messages that brought them.

    figure ─▶ meters ─▶ sources ─▶ readings ─▶ messages
                  ├──▶ decisions: rule, cost, limit, value, energy
                  └──▶ formulas ─▶ members, which are traced as meters are

Nothing is worked out anew: the books say the figure and the decisions, `ledger` says which readings
these leave standing. What is not listed is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np

import figures
from api.caller import Caller
from api.ranges import check_days, check_order, instant
from api.usecases.energy import Days, Step, moment_of, zone_of_series
from figures import AsOf, Energy, Period, View, Worth
from ledger import (
    RULES_VERSION,
    Edges,
    JudgedReadings,
    Reckoned,
    Service,
    Standing,
    counting,
    interval_days,
    judge,
    left_out,
    reckoned,
    rule_of,
    served,
)
from metering.book import BookRow, RegisterEvent, SeriesKey
from metering.errors import InvalidInput, NotFound
from metering.factor import USUAL_BASES, Bases
from metering.localtime import HOUR_US, day_bounds, days_between, iso, local_day
from metering.ports import ReadingReader
from metering.quality import MEASURED, MISSING, WHOLE
from metering.reading import Kind, ReadingColumns
from metering.registry import Point
from metering.validity import Validity

MOST_METERS = 200
LEAST = 2
"""Readings or decisions that each meter may list, however many meters there are."""
MOST_DAYS = 62
FEW_DAYS = 3
"""So many days of interval readings are looked through for one decision."""
FIRST_US, LAST_US = 0, 4_102_444_800_000_000
"""1970 and 2100: what lies beyond is without limit."""
AROUND_US = 24 * HOUR_US
"""Events are read at once so far around the interval."""
OF_INTERVALS = frozenset({"off_grid", "spike", "negative"})
"""Kinds of events by which interval readings are left out."""


@dataclass(frozen=True)
class AtStep:
    """The period of a step that holds an instant."""

    time_us: int
    step: Step


@dataclass(frozen=True)
class FromTo:
    """[start, end): whole local days, or instants on edges of the books."""

    start_us: int
    end_us: int
    role: str = ""
    """Of a data centre: the energy of this role."""


Asked = AtStep | FromTo


class ListLimits(NamedTuple):
    """How much an answer lists: of readings each source, of decisions each meter, and in all."""

    readings: int = 3_000
    readings_in_all: int = 30_000
    decisions: int = 100
    decisions_in_all: int = 500


ANSWER = ListLimits()


@dataclass(frozen=True, eq=False)
class Source:
    """One register or stream of intervals that serves a meter in the interval."""

    point: Point
    service: Service
    start_us: int
    """[start, end) of the interval in which it has readings to show."""
    end_us: int
    judged: JudgedReadings
    """Readings that are listed, in order of time."""
    left_out: int
    """Readings inside the interval that are not listed."""
    edges: Edges | None
    """What stands around the interval; None of a stream of intervals."""
    reckoned: Reckoned | None
    """From these to the energy of the interval; None where a break lies between."""

    @property
    def calibration_expired(self) -> bool:
        """Whether the calibration of the register no longer held on a day of the interval."""
        last = local_day(max(self.end_us - 1, self.start_us), self.service.zone)
        return self.service.installation.is_expired(last)

    @property
    def counts(self) -> tuple[int | None, int | None]:
        """From when to when its readings count [us]; None where that has no end."""
        start, end = counting(self.service)
        return start if start > FIRST_US else None, end if end < LAST_US else None


@dataclass(frozen=True, eq=False)
class Explained:
    """A decision with the readings that it speaks of."""

    event: RegisterEvent
    rule: str
    left_out: int | None
    """Readings that it leaves out; None where nobody counted."""
    readings: tuple[tuple[str, JudgedReadings], ...]
    """(before, left_out or after; one row)."""
    readings_kind: Kind = Kind.REGISTER


@dataclass(frozen=True)
class MemberValue:
    """What a member of a formula counts while that holds."""

    meter: str
    value: Period | None


@dataclass(frozen=True)
class FormulaTrace:
    """A formula in the part of the interval in which it holds."""

    formula: str
    """'' where it names a meter that lies outside the caller's reach."""
    valid: Validity
    value: Period | None
    """The meter's own value in that part."""
    members: tuple[MemberValue, ...]
    """Those that are reached, in its order."""
    members_left_out: int


@dataclass(frozen=True, eq=False)
class MeterTrace:
    """A meter's value in the interval and what it rests on."""

    meter: str
    value: Period | None
    rows: tuple[BookRow, ...]
    days_counted: int
    """Local days of the interval on which it counts into the figure."""
    sources: tuple[Source, ...]
    sources_left_out: int
    """Sources that lie outside the caller's reach, since they serve others too."""
    decisions: tuple[Explained, ...]
    decisions_left_out: int
    formulas: tuple[FormulaTrace, ...] = ()
    """What it is of others; () of a meter with registers."""
    at_rest: bool = False
    """Whether it is of a moment: decisions are then not those of its rows."""

    @property
    def certain(self) -> bool:
        """Whether the rows are by the present rules, so that events say surely what stands."""
        return not self.at_rest and all(row.rules == RULES_VERSION for row in self.rows)


@dataclass(frozen=True)
class DecisionSum:
    """All decisions of one rule under a figure."""

    rule: str
    kind: str
    count: int
    energy: int
    """What is booked over those of which it is known [book units]."""
    unknown: int
    """How many say no energy."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A figure with the meters below it."""

    key: SeriesKey
    zone: str
    asked: Asked
    value: Period
    worth: Worth | None
    rows: tuple[BookRow, ...]
    """The book rows that hold it, by day."""
    decisions: tuple[DecisionSum, ...]
    meters: tuple[MeterTrace, ...]
    left_out: int
    """Meters beyond `MOST_METERS`."""
    members: tuple[MeterTrace, ...]
    """What formulas among the meters are made of, near and far, where it does not count itself;
    `days_counted` are those on which it is a member."""
    members_left_out: int
    as_of: str | None = None
    """The moment that was asked for: then it ends at the rows, since readings and decisions are
    not kept as they were."""
    moment: AsOf | None = None


def asked_for(
    zone: str,
    time: str | None,
    step: Step,
    start: str | None,
    end: str | None,
    role: str | None = None,
) -> Asked:
    """The period that a request means: that of a step which holds `time`, else [start, end)."""
    if (time is None) == (start is None or end is None):
        raise InvalidInput(
            "either a time or a start and an end is needed",
            field="time",
            value=time,
            fix="?time=2026-11-24T10:15:00Z&step=hour or ?start=2026-11-17&end=2026-11-24",
        )
    if time is not None:
        if role:
            raise InvalidInput(
                "a role is asked over days, not of an instant",
                field="role",
                value=role,
                fix="?start=2026-11-17&end=2026-11-24 with the role, or leave the role out",
            )
        return AtStep(instant(time, "time", zone), step)
    start_us, end_us = instant(str(start), "start", zone), instant(str(end), "end", zone)
    check_order(start, end, start_us < end_us)
    return FromTo(start_us, end_us, role or "")


def rise_of(source: Source) -> Decimal:
    """How much the register rose between the two readings that its calculation names, as reported;
    0 where there is none."""
    if source.edges is None or source.reckoned is None:
        return Decimal(0)
    first, last = (float(one.readings.value[0]) for one in source.edges.ends())
    return Decimal(repr(last)) - Decimal(repr(first))


def trace(
    caller: Caller,
    key: SeriesKey,
    asked: Asked,
    limits: ListLimits = ANSWER,
    as_of: str | None = None,
    bases: Bases = USUAL_BASES,
) -> Trace:
    """Follow a figure down to readings, or as of a moment down to rows, its coal and carbon told on
    `bases`; NotFound where nothing is booked there."""
    key, moment = moment_of(caller, key, _days_asked(caller, key, asked), as_of)
    with caller.view(moment, bases) as view:
        zone = view.zone(key)
        if isinstance(asked, FromTo):
            _check_days(asked, zone)
        own = _told(view, key, asked)
        if own is None:
            raise NotFound(
                "nothing is booked there",
                field="time",
                value=iso(_start(asked), zone),
                fix="choose a time that /v1/energy lists for this series",
            )
        value, worth = own
        counted = _meters_of(caller, view, key, value, asked)
        members = _members_of(caller, view, _days(view, key, value), counted)
        codes = list(counted)[:MOST_METERS]
        below = list(members)[: MOST_METERS - len(codes)]
        listed = [*codes, *below]
        first, last = _days(view, key, value)
        view.load([view.key_of(code) for code in listed], first, last)
        if moment is not None:
            days = counted | members
            rested = [_meter_at_rest(caller, view, c, days[c], value, asked) for c in listed]
            return Trace(
                key,
                zone,
                asked,
                value,
                worth,
                _rows_of(view, key, value),
                (),
                tuple(rested[: len(codes)]),
                len(counted) - len(codes),
                tuple(rested[len(codes) :]),
                len(members) - len(below),
                as_of=as_of,
                moment=moment,
            )
        events = _Events(view, key, value)
        nearby = _Nearby(caller.platform.readings, _points(caller, listed), value)
        follow = _Follow(caller, view, asked, value, events, len(listed), limits, nearby)
        found = [follow.meter(code, counted[code]) for code in codes]
        for code in below:
            found.append(follow.meter(code, members[code], _held(found, code)))
        return Trace(
            key,
            zone,
            asked,
            value,
            worth,
            _rows_of(view, key, value),
            _sums(event for code in (*counted, *members) for event in events.inside(code)),
            tuple(found[: len(codes)]),
            len(counted) - len(codes),
            tuple(found[len(codes) :]),
            len(members) - len(below),
        )


def _held(made: Iterable[MeterTrace], member: str) -> FromTo | None:
    """The periods of the formulas that name a member, which may be longer than its own."""
    spans = [
        one.value
        for one in made
        if one.value is not None
        and any(member == value.meter for formula in one.formulas for value in formula.members)
    ]
    if not spans:
        return None
    return FromTo(min(one.start_us for one in spans), max(one.end_us for one in spans))


def _days_asked(caller: Caller, key: SeriesKey, asked: Asked) -> Days:
    zone = zone_of_series(caller.reach.registry, key)
    if isinstance(asked, AtStep):
        return Days(*(local_day(asked.time_us, zone),) * 2)
    return Days(local_day(asked.start_us, zone), local_day(asked.end_us - 1, zone))


def _meter_at_rest(
    caller: Caller, view: View, code: str, days_counted: int, value: Period, asked: Asked
) -> MeterTrace:
    """A meter's value as of a moment, with the rows that hold it and nothing below them."""
    key = view.key_of(code)
    own = _value(view, key, _without_role(asked))
    rows, formulas = _rows_of(view, key, own or value), _formulas(caller, view, code, own or value)
    return MeterTrace(code, own, rows, days_counted, (), 0, (), 0, tuple(formulas), at_rest=True)


def _formulas(caller: Caller, view: View, code: str, span: Period) -> Iterator[FormulaTrace]:
    """A meter's formulas, each in the part of the interval in which it holds."""
    zone = view.zone(view.key_of(code))
    for one in view.registry.formulas_of(code):
        start, end = span.start_us, span.end_us
        if one.valid.start is not None:
            start = max(start, day_bounds(one.valid.start, zone)[0])
        if one.valid.end is not None:
            end = min(end, day_bounds(one.valid.end, zone)[0])
        if start >= end:
            continue
        days = days_between(local_day(start, zone), local_day(end - 1, zone))
        if not _is_reached(caller, view, code, days):
            continue
        named = one.read.members
        seen = [m for m in named if _is_reached(caller, view, m, days)]
        part = FromTo(start, end)
        values = (MemberValue(m, _value(view, view.key_of(m), part)) for m in seen)
        yield FormulaTrace(
            one.formula if len(seen) == len(named) else "",
            one.valid,
            _value(view, view.key_of(code), part),
            tuple(values),
            len(named) - len(seen),
        )


def _without_role(asked: Asked) -> Asked:
    return replace(asked, role="") if isinstance(asked, FromTo) else asked


def _check_days(asked: FromTo, zone: str) -> None:
    first, last = local_day(asked.start_us, zone), local_day(asked.end_us - 1, zone)
    fix = f"a lineage is of at most {MOST_DAYS} days; a month is asked by its step"
    check_days((last - first).days + 1, MOST_DAYS, fix)


def _start(asked: Asked) -> int:
    return asked.time_us if isinstance(asked, AtStep) else asked.start_us


def _told(view: View, key: SeriesKey, asked: Asked) -> tuple[Period, Worth | None] | None:
    """The figure, and what it is worth where that is told of such a period."""
    if isinstance(asked, FromTo) and asked.role:
        period = _of_role(view, key, asked)
        return None if period is None else (period, None)
    whole = _whole(view, key, asked)
    if whole is not None:
        return figures.periods(whole)[0], figures.worth_of_each(view, whole)[0]
    part = _part(view, key, asked)
    return None if part is None else (part, None)


def _value(view: View, key: SeriesKey, asked: Asked) -> Period | None:
    """A series' own value; None where nothing is booked."""
    whole = _whole(view, key, asked)
    return _part(view, key, asked) if whole is None else figures.periods(whole)[0]


def _whole(view: View, key: SeriesKey, asked: Asked) -> Energy | None:
    """One period of a step, or of whole local days; None of anything else, and where nothing is
    booked."""
    if isinstance(asked, AtStep):
        return figures.at(view, key, asked.time_us, str(asked.step))
    days = _whole_days(asked, view.zone(key))
    found = None if days is None else figures.stretches(view, key, [days])
    return None if found is None or found.values() == [None] else found


def _part(view: View, key: SeriesKey, asked: Asked) -> Period | None:
    if isinstance(asked, AtStep) or _whole_days(asked, view.zone(key)) is not None:
        return None
    found = figures.within(view, key, asked.start_us, asked.end_us)
    return None if found.amount is None else found


def _whole_days(asked: FromTo, zone: str) -> tuple[date, date] | None:
    """First and last of the local days that it is; None where it begins or ends inside one."""
    first, last = local_day(asked.start_us, zone), local_day(asked.end_us - 1, zone)
    edges = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    return (first, last) if edges == (asked.start_us, asked.end_us) else None


def _of_role(view: View, key: SeriesKey, asked: FromTo) -> Period | None:
    days = _whole_days(asked, view.zone(key))
    if asked.role not in figures.ROLES or days is None or key.kind != "node":
        raise InvalidInput(
            "no role of a data centre, or no whole days",
            field="role",
            value=asked.role,
            fix=f"one of {', '.join(figures.ROLES)} of a node, with start and end as local dates",
        )
    sums = {one.role: one for one in figures.role_sums(view, key.code, *days)}
    found = sums[asked.role]
    if found.amount is None:
        return None
    shares = np.zeros(4, dtype=np.uint16)
    shares[MEASURED], shares[MISSING] = found.cover, WHOLE - found.cover
    return Period(asked.start_us, asked.end_us, found.amount, shares, provisional=False)


def _days(view: View, key: SeriesKey, value: Period) -> tuple[date, date]:
    zone = view.zone(key)
    return local_day(value.start_us, zone), local_day(value.end_us - 1, zone)


def _meters_of(
    caller: Caller, view: View, key: SeriesKey, value: Period, asked: Asked
) -> dict[str, int]:
    """Meters that count into the figure, with on how many of its days; of a moment without those
    of shared places of which it says nothing."""
    days = days_between(*_days(view, key, value))
    if isinstance(asked, FromTo) and asked.role:
        codes = [meter.code for meter in figures.meters_of(view, key.code)[asked.role]]
        return {code: len(days) for code in codes if code in caller.reach.meters}
    found: dict[str, int] = {}
    for day in days:
        for code in view.meters(key, day):
            if code in caller.reach.meters and view.names(view.key_of(code)):
                found[code] = found.get(code, 0) + 1
    return found


def _members_of(
    caller: Caller, view: View, span: tuple[date, date], counted: Iterable[str]
) -> dict[str, int]:
    """What formulas among the meters are made of, near and far, without these themselves, with on
    how many of the days; those made of others before what they are made of."""
    first_ones, found = set(counted), dict[str, int]()
    for day in days_between(*span) if view.registry.formulas else ():
        queue, seen = sorted(first_ones), set(first_ones)
        while queue:
            formula = view.registry.formula(queue.pop(0), day)
            for code in () if formula is None else formula.read.members:
                if code not in seen and _is_reached(caller, view, code, [day]):
                    seen.add(code)
                    queue.append(code)
                    found[code] = found.get(code, 0) + 1
    return found


def _is_reached(caller: Caller, view: View, meter: str, days: Iterable[date]) -> bool:
    """Whether the scope holds a meter on one of the days."""
    known = caller.reach.meters.get(meter)
    if known is None or not view.names(view.key_of(meter)):
        return False
    return any(view.sees(known.node, day) for day in days)


def _rows_of(view: View, key: SeriesKey, value: Period) -> tuple[BookRow, ...]:
    return tuple(view.rows(key, *_days(view, key, value)).values())


def _sums(events: Iterable[RegisterEvent]) -> tuple[DecisionSum, ...]:
    found: dict[str, list[RegisterEvent]] = defaultdict(list)
    for event in events:
        found[rule_of(event)].append(event)
    return tuple(
        DecisionSum(
            rule,
            found[rule][0].kind,
            len(found[rule]),
            sum(event.energy or 0 for event in found[rule]),
            sum(event.energy is None for event in found[rule]),
        )
        for rule in sorted(found)
    )


class _Events:
    """Register events of a series' institutions around an interval, by meter; further away each
    is asked for on its own."""

    def __init__(self, view: View, key: SeriesKey, value: Period) -> None:
        self._view, self._key = view, key
        self._value = value
        self._low, self._high = value.start_us - AROUND_US, value.end_us + AROUND_US
        self._near: dict[str, list[RegisterEvent]] = defaultdict(list)
        for event in view.events_of(key, self._low, self._high):
            self._near[event.meter].append(event)

    def inside(self, meter: str) -> list[RegisterEvent]:
        """Those of the interval."""
        start, end = self._value.start_us, self._value.end_us
        return [e for e in self._near.get(meter, ()) if e.start_us < end and e.end_us > start]

    def between(self, meter: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        """Those that touch [start, end]."""
        known = self._low < start_us and end_us < self._high
        found = (
            self._near.get(meter, ())
            if known
            else self._view.events_of(self._key, start_us - 1, end_us + 1)
        )
        return [
            event
            for event in found
            if event.meter == meter and event.start_us <= end_us and event.end_us >= start_us
        ]


class _Nearby:
    """Readings beside the edges of an interval, asked once for all points of a figure."""

    def __init__(self, store: ReadingReader, points: Sequence[int], value: Period) -> None:
        self._store, self._points = store, points
        self._edges = {value.start_us, value.start_us + 1, value.end_us}
        self._whole = value.start_us, value.end_us
        self._rows: dict[tuple[bool, int, int], dict[int, ReadingColumns]] = {}
        self._counts: dict[int, int] | None = None

    def before(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """As a reader's."""
        return self._near(points, time_us, count, back=True)

    def after(self, points: Sequence[int], time_us: int, count: int = 1) -> ReadingColumns:
        """As a reader's."""
        return self._near(points, time_us, count, back=False)

    def counted(self, point: int, start_us: int, end_us: int) -> int:
        """How many readings of a point lie in [start, end)."""
        if (start_us, end_us) != self._whole:
            return self._store.counts([point], start_us, end_us).get(point, 0)
        if self._counts is None:
            self._counts = self._store.counts(self._points, start_us, end_us)
        return self._counts.get(point, 0)

    def _near(
        self, points: Sequence[int], time_us: int, count: int, *, back: bool
    ) -> ReadingColumns:
        ask = self._store.before if back else self._store.after
        if time_us not in self._edges or len(points) != 1 or points[0] not in self._points:
            return ask(points, time_us, count)
        place = (back, time_us, count)
        if place not in self._rows:
            self._rows[place] = _by_point(ask(self._points, time_us, count))
        return self._rows[place].get(points[0], ReadingColumns.empty())


def _points(caller: Caller, codes: Sequence[str]) -> list[int]:
    registry = caller.reach.registry
    found = {one.point for code in codes for one in registry.installations_of(code)}
    return sorted(found & caller.reach.points.keys())


def _by_point(rows: ReadingColumns) -> dict[int, ReadingColumns]:
    if not len(rows):
        return {}
    points, firsts = np.unique(rows.point, return_index=True)
    ends = [*firsts[1:].tolist(), len(rows)]
    return {
        point: rows.take(np.arange(first, end))
        for point, first, end in zip(points.tolist(), firsts.tolist(), ends, strict=True)
    }


@dataclass
class _Follow:
    """Follows meters of one figure; what each may list depends on how many they are."""

    caller: Caller
    view: View
    asked: Asked
    value: Period
    events: _Events
    meters: int
    limits: ListLimits
    nearby: _Nearby
    _readings: int = field(init=False)
    _decisions: int = field(init=False)

    def __post_init__(self) -> None:
        readings, decisions = self.limits[:2], self.limits[2:]
        self._readings = _share(*readings, self.meters)
        self._decisions = _share(*decisions, self.meters)

    def meter(self, code: str, days_counted: int, held: FromTo | None = None) -> MeterTrace:
        """What a meter's value rests on: in the interval, or in that of formulas that name it."""
        key, asked = self.view.key_of(code), held or self.asked
        own = _value(self.view, key, _without_role(asked))
        span, inside = own or self.value, self.events.inside(code)
        serving = [
            one
            for one in served(self.caller.platform.readings, self.view.registry, code)
            if self._reached(one, span)
            and one.start_us < span.end_us
            and one.end_us > span.start_us
        ]
        seen = [one for one in serving if one.point in self.caller.reach.points]
        explained = [(self._explained(seen, one)) for one in inside[: self._decisions]]
        return MeterTrace(
            code,
            own,
            _rows_of(self.view, key, span),
            days_counted,
            _reckonable(own, [self._source(one, span, explained) for one in seen]),
            len(serving) - len(seen),
            tuple(explained),
            len(inside) - len(explained),
            tuple(_formulas(self.caller, self.view, code, span)),
        )

    def _reached(self, service: Service, span: Period) -> bool:
        """Whether the scope holds any of a service's time in the interval."""
        start = max(service.start_us, span.start_us)
        end = min(service.end_us, span.end_us)
        spans = self.caller.reach.spans_us(service.meter.node)
        return any(a < end and b > start for a, b in spans) or self.caller.reach.scope.whole

    def _within(self, point: Point, judged: JudgedReadings) -> JudgedReadings:
        """Of the readings those in whose time the point is reached."""
        spans = self.caller.reach.point_spans(point)
        times = judged.readings.time_us
        inside = np.zeros(len(times), dtype=np.bool_)
        for start, end in spans:
            inside |= (times >= start) & (times <= end)
        return judged if inside.all() else judged.take(np.flatnonzero(inside))

    def _source(self, service: Service, span: Period, explained: Sequence[Explained]) -> Source:
        point, shown = self.caller.reach.points[service.point], _installed(service, span)
        if service.kind is not Kind.REGISTER:
            listed, rest = self._intervals(service, shown)
            return Source(point, service, *shown, self._within(point, listed), rest, None, None)
        edges = self._standing(service).edges(span.start_us, span.end_us)
        own = (one for one in explained if _of(service, one.event))
        named = [row for one in own for _, row in one.readings]
        judged, rest = self._register(service, shown, [*edges.rows(), *named])
        nearest = [int(one.readings.time_us[0]) for one in edges.rows() if len(one)]
        low, high = min([span.start_us, *nearest]), max([span.end_us, *nearest])
        between = self.events.between(service.meter.code, low, high)
        found = reckoned(service, edges, (span.start_us, span.end_us), between)
        seen = self._within(point, judged)
        if any(len(self._within(point, one)) < len(one) for one in edges.rows()):
            return Source(point, service, *shown, seen, rest, None, None)
        return Source(point, service, *shown, seen, rest, edges, found)

    def _standing(self, service: Service) -> Standing:
        between = partial(self.events.between, service.meter.code)
        return Standing(service, self.nearby, between)

    def _register(
        self, service: Service, shown: tuple[int, int], named: Sequence[JudgedReadings]
    ) -> tuple[JudgedReadings, int]:
        """(readings: those named and the first ones of the interval, how many are left out)."""
        start, end = shown
        room = self._readings
        first = self.nearby.after([service.point], start, room)
        inside = first.take(first.time_us < end)
        rows = _together([*(one.readings for one in named), inside])
        rest = 0
        if len(inside) == room:
            listed = int(((rows.time_us >= start) & (rows.time_us < end)).sum())
            rest = self.nearby.counted(service.point, start, end) - listed
        events: Sequence[RegisterEvent] = ()
        if len(rows):
            ends = int(rows.time_us[0]), int(rows.time_us[-1])
            events = self.events.between(service.meter.code, *ends)
        return judge(service, rows, events), rest

    def _intervals(self, service: Service, shown: tuple[int, int]) -> tuple[JudgedReadings, int]:
        """(intervals that reach into the interval, day by day; how many are left out)."""
        store, point, room = self.caller.platform.readings, [service.point], self._readings
        start, end = shown
        listed, rest = [judge(service, ReadingColumns.empty(), ())], 0
        days = interval_days(service, start, end)
        for low, high in days:
            if room <= 0:
                rest += self.nearby.counted(service.point, low, min(days[-1][1], end))
                break
            events = self.events.between(service.meter.code, low, high)
            day = judge(service, store.scan(point, low, high), events)
            ends = day.end_us + (day.end_us == day.start_us)
            chosen = np.flatnonzero((ends > start) & (day.start_us < end))
            listed.append(day.take(chosen[:room]))
            rest, room = max(0, len(chosen) - room), room - len(chosen)
        return JudgedReadings.joined(listed), rest

    def _explained(self, seen: Sequence[Service], event: RegisterEvent) -> Explained:
        rule, span = rule_of(event), left_out(event)
        service = next((one for one in seen if _of(one, event)), None)
        if service is None:
            return Explained(event, rule, None, ())
        if service.kind is not Kind.REGISTER and event.kind in OF_INTERVALS:
            return self._of_intervals(service, event)
        count = 0
        if span is not None:
            count = self.caller.platform.readings.counts([service.point], *span).get(
                service.point, 0
            )
        point = self.caller.reach.points[service.point]
        named = ((n, self._within(point, one)) for n, one in self._standing(service).named(event))
        return Explained(event, rule, count, tuple((n, one) for n, one in named if len(one)))

    def _of_intervals(self, service: Service, event: RegisterEvent) -> Explained:
        """The first one of them; they are counted where they lie in few days."""
        days = interval_days(service, event.start_us, event.end_us)
        if len(days) > FEW_DAYS:
            return Explained(event, rule_of(event), None, ())
        low, high = days[0][0], days[-1][1]
        rows = self.caller.platform.readings.scan([service.point], low, high)
        judged = judge(service, rows, [event])
        off = np.array([why == event.kind for why in judged.rejected_by], dtype=np.bool_)
        off &= (judged.end_us >= event.start_us) & (judged.start_us < event.end_us)
        places = np.flatnonzero(off)
        first = tuple(("left_out", judged.take(places[:1])) for _ in places[:1])
        return Explained(event, rule_of(event), len(places), first, service.kind)


def _reckonable(own: Period | None, sources: Sequence[Source]) -> tuple[Source, ...]:
    """The sources, without their calculations where these do not come to what is booked: what
    passed at a change of register, or what is not booked yet, is in none of them."""
    known = [one.reckoned.value for one in sources if one.reckoned is not None]
    if own is None or len(known) < len(sources) or sum(known) == own.amount:
        return tuple(sources)
    return tuple(replace(one, reckoned=None) for one in sources)


def _share(each: int, in_all: int, meters: int) -> int:
    return max(LEAST, min(each, in_all // max(meters, 1)))


def _of(service: Service, event: RegisterEvent) -> bool:
    """Whether an event lies in the time in which a service counts."""
    return service.start_us <= event.start_us and event.end_us <= service.end_us


def _installed(service: Service, span: Period) -> tuple[int, int]:
    """[start, end) of the interval in which a service has readings to show: on the day on which
    one register takes over from another also those that do not count."""
    start, end = span.start_us, span.end_us
    if service.start_us > start:
        start = max(start, day_bounds(local_day(service.start_us, service.zone), service.zone)[0])
    if service.end_us < end:
        end = min(end, day_bounds(local_day(service.end_us, service.zone), service.zone)[1])
    return start, end


def _together(parts: Sequence[ReadingColumns]) -> ReadingColumns:
    """Rows of one point, each time once, in order of time."""
    rows = ReadingColumns.concat(parts)
    return rows.take(np.unique(rows.time_us, return_index=True)[1].astype(np.int64))
