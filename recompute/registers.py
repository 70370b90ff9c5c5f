"""From the readings of a meter's points to its curve, and what was found on the way."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import isfinite

from metering.items import category
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, local_day
from metering.units import BOOK_UNITS, UNITS, equivalent
from recompute.arrivals import StandingReading
from recompute.curve import (
    APPORTIONED,
    ESTIMATED,
    MEASURED,
    MISSING,
    CurveStretch,
    PassedCurve,
    side_by_side,
)
from recompute.facts import InstallationLine, MeterLine, PointLine
from recompute.intervals import MOST_OFF_US, intervals
from recompute.rates import DAY_US, IntervalEnergy, IntervalRates, RegisterRates, Value
from recompute.repeats import repeats
from recompute.story import (
    SPIKE,
    STUCK,
    UNKNOWN,
    CleanedRegister,
    EventSays,
    StoryDecision,
    Window,
    decisions,
)

Span = tuple[str, int, int]
"""(kind, start, end) of what was found, as register events tell it."""
FOREVER = 2**62
HABIT, MEMORY_US = 4, 28 * DAY_US
USUAL = 8
"""Stretches before a reading that say what cadence is usual there."""
LARGEST = 2.0**53
"""Book units that a double cannot hold one by one are no reading."""


WrittenDown = tuple[int, float]
"""(time [us], what a register said then in the canonical unit), as somebody wrote it down."""


@dataclass(frozen=True)
class RegisterService:
    """A register, and the instants, both included, between which its readings count."""

    meter: MeterLine
    point: PointLine
    one: InstallationLine
    zone: str
    start: int
    end: int
    declared: tuple[Window, ...] = ()
    began: Window | None = None
    """The instant or window in which it began, where more than the day is known."""
    ended: Window | None = None
    final: Fraction | None = None
    reads_from: int = -FOREVER
    """Between these, both included, readings of the point are its own."""
    reads_until: int = FOREVER
    opening: WrittenDown | None = None
    closing: WrittenDown | None = None

    @property
    def step_us(self) -> int:
        """A native step."""
        return self.meter.step_min * MINUTE_US

    def until(self, time_us: int) -> RegisterService:
        """The same, up to an instant."""
        reads = time_us if self.ended is None else min(self.reads_until, time_us)
        return replace(self, end=time_us, reads_until=reads)

    def since(self, time_us: int) -> RegisterService:
        """The same, from an instant on."""
        reads = time_us if self.began is None else max(self.reads_from, time_us)
        return replace(self, start=time_us, reads_from=reads)

    @property
    def factor(self) -> Fraction:
        """Book units of a canonical unit of the point, the ratio included."""
        booked = equivalent(self.point.canonical, category(self.meter.item).unit)
        return self.one.ratio * booked * per_canonical(self.meter.item)

    @property
    def modulus(self) -> int | None:
        """Book units of a whole turn of the register."""
        if self.one.digits is None:
            return None
        sent = UNITS[self.one.unit]
        fits = sent.canonical == self.point.canonical
        turn = Fraction(10**self.one.digits) * (sent.factor if fits else 1)
        return round(turn * self.factor)


@dataclass
class MeasuredMeter:
    """A meter's curve, and what was found on the way to it."""

    curve: PassedCurve
    spans: list[Span] = field(default_factory=list)
    decisions: list[StoryDecision] = field(default_factory=list)
    says: dict[Span, EventSays] = field(default_factory=dict)
    """What some of them say beside their time."""
    first: tuple[int, float] | None = None
    """(time, canonical value) of the first reading that stands, and of the last one."""
    last: tuple[int, float] | None = None
    rates: RegisterRates | None = None

    def drop(self, spans: Sequence[Span]) -> None:
        """Tell some of what was found no more."""
        self.spans = [span for span in self.spans if span not in spans]
        self.says = {span: says for span, says in self.says.items() if span not in spans}


def per_canonical(item: str) -> int:
    """Book units in a canonical unit of an item."""
    return BOOK_UNITS[category(item).unit].per_canonical


def measured(service: RegisterService, readings: Sequence[StandingReading]) -> MeasuredMeter:
    """What one register, or one point of intervals, says alone."""
    own = [one for one in readings if service.reads_from <= one.time_us <= service.reads_until]
    for at, value in filter(None, (service.opening, service.closing)):
        if not any(one.time_us == at and _can_be_used(one, service) for one in own):
            own = [one for one in own if one.time_us != at] + [StandingReading(at, value)]
    own.sort(key=lambda one: one.time_us)
    if service.point.kind == "register":
        return _register(service, own)
    return _interval_meter(service, [one for one in own if not one.out_of_range])


def _can_be_used(one: StandingReading, service: RegisterService) -> bool:
    return not one.out_of_range and book_units(one.value, float(service.factor)) is not None


def book_units(value: float, factor: float) -> int | None:
    """The nearest whole number (the even one of two) of value x factor, both doubles; None where
    that is no number, or too large to be one."""
    scaled = value * factor
    if not isfinite(scaled) or abs(round(scaled)) >= LARGEST:
        return None
    return round(scaled)


def _register(service: RegisterService, own: Sequence[StandingReading]) -> MeasuredMeter:
    factor = float(service.factor)
    values: list[Value] = []
    unusable: list[int] = []
    for one in own:
        units = None if one.out_of_range else book_units(one.value, factor)
        if units is None:
            unusable.append(one.time_us)
        else:
            values.append((one.time_us, units))
    step = service.meter.step_min * MINUTE_US
    limit = service.meter.max_per_hour
    registered = None if limit is None else round(limit * per_canonical(service.meter.item))
    rates = RegisterRates(values, step, registered, service.one.signed)
    register = CleanedRegister(values, rates, step, service.modulus, service.declared)
    made = decisions(replace(register, signed=service.one.signed))
    entered = frozenset(one.time_us for one in own if one.entered)
    clean = _Cleaned(values, made, service, entered)
    stretches, gaps = clean.stretches(unusable)
    says = gaps | {told: one.says for one in made for told in one.told}
    spans = list(says)
    spans += [("limit", *_month_bounds(month)) for month in rates.set_aside()]
    run = clean.open_run()
    if run is not None and run[1] - run[0] > HABIT * clean.rested(run[0] - MEMORY_US, run[0]):
        stretches = [replace(s, quality=MISSING) if s.start >= run[0] else s for s in stretches]
        spans = [s for s in spans if not (s[0] == "gap" and s[1] >= run[0])]
        spans.append((STUCK, *run))
    sign = service.one.sign
    stretches = [replace(one, energy=sign * one.energy) for one in stretches]
    says = {span: _as_booked(one, sign) for span, one in says.items()}
    sent = {one.time_us: one.value for one in own}
    ends = [(at, sent[at]) for at, _ in (clean.kept[:1] + clean.kept[-1:])]
    measured = MeasuredMeter(PassedCurve(tuple(stretches)), spans, made, says, rates=rates)
    measured.first, measured.last = (ends[0], ends[-1]) if ends else (None, None)
    return measured


def _as_booked(one: EventSays, sign: int) -> EventSays:
    """What is exported counts below 0."""
    return one if one.energy is None else replace(one, energy=sign * one.energy)


@dataclass
class _Cleaned:
    """A register's values with what was decided of them."""

    values: Sequence[Value]
    made: Sequence[StoryDecision]
    service: RegisterService
    entered: frozenset[int] = frozenset()
    """Times of those that a person entered."""

    @property
    def kept(self) -> list[Value]:
        """Those that stand."""
        out = [(one.here_us, one.there_us) for one in self.made if one.first_us < one.there_us]
        return [v for v in self.values if not _strictly_inside(v[0], out)]

    def stretches(
        self, unusable: Sequence[int]
    ) -> tuple[list[CurveStretch], dict[Span, EventSays]]:
        """Between readings that stand, and the gaps among them."""
        over = {one.there_us: one for one in self.made}
        found, gaps = [], dict[Span, EventSays]()
        for (start, low), (end, high) in pairwise(self.kept):
            one = over.get(end)
            energy = high - low + ((self.service.modulus or 0) if one and one.turned else 0)
            left_out = one is not None and one.first_us < one.there_us
            held = bisect_right(unusable, end - 1) > bisect_left(unusable, start)
            doubted = left_out or held or bool({start, end} & self.entered)
            quality = APPORTIONED if doubted or self._lack(start, end) else MEASURED
            if one is not None and one.kind in UNKNOWN:
                energy, quality = 0, MISSING
            if quality == APPORTIONED and not left_out and self._is_gap(start, end):
                gaps["gap", start, end] = EventSays(energy=energy)
            found.append(CurveStretch(start, end, energy, quality))
        return found, gaps

    @property
    def step_us(self) -> int:
        """A native step."""
        return self.service.meter.step_min * MINUTE_US

    def _usual(self, time_us: int) -> int:
        """The usual cadence up to a reading: the lower median of the stretches between the nine up
        to it, left out or not; a native step where it is the first."""
        place = bisect_left(self.values, (time_us, -FOREVER))
        near = self.values[max(place - USUAL, 0) : place + 1]
        passed = sorted(later[0] - one[0] for one, later in pairwise(near))
        return passed[(len(passed) - 1) // 2] if passed else self.step_us

    def _lack(self, start: int, end: int) -> bool:
        """Whether readings lack between two so that edges of slots have none of their own."""
        if 2 * (end - start) <= 3 * min(self._usual(start), self.step_us):
            return False
        zone, step = self.service.zone, self.service.meter.step_min
        slots = slots_of(local_day(start, zone), zone, step)
        return not any(first <= start and end <= last for first, last in slots)

    def _is_gap(self, start: int, end: int) -> bool:
        return end - start >= max(2 * self._usual(start), self.step_us + 1)

    def open_run(self) -> Window | None:
        """The readings at the end that stand still, from the last one that moved on; None where
        they are too few, or the register never moved."""
        found, _ = self.stretches([])
        start = end = found[-1].end if found else 0
        for one in reversed(found):
            if one.energy != 0 or one.quality == MISSING:
                return (start, end) if end - start >= max(2 * self.step_us, HOUR_US) else None
            start = one.start
        return None

    def rested(self, start: int, end: int) -> int:
        """The longest standstill between two instants that was followed by a step [us]."""
        values = [v for v in self.values if start <= v[0] <= end]
        part = replace(self, values=values, made=_between(self.made, start, end))
        found, _ = part.stretches([])
        longest, since = 0, None
        for one in found:
            if one.energy == 0 and one.quality != MISSING:
                since = one.start if since is None else since
            else:
                if since is not None and one.quality != MISSING:
                    longest = max(longest, one.start - since)
                since = None
        return longest


def _between(made: Sequence[StoryDecision], start: int, end: int) -> list[StoryDecision]:
    return [one for one in made if one.there_us >= start and one.here_us <= end]


def _strictly_inside(time_us: int, windows: Sequence[Window]) -> bool:
    place = bisect_left(windows, (time_us, -FOREVER)) - 1
    return place >= 0 and windows[place][0] < time_us < windows[place][1]


def _interval_meter(service: RegisterService, own: Sequence[StandingReading]) -> MeasuredMeter:
    """A reading of interval energy or mean power fills the interval that starts with it."""
    step = service.meter.step_min * MINUTE_US
    times, entered = [one.time_us for one in own], [one.entered for one in own]
    used, off = intervals(times, entered, service.zone, step)
    energies: list[IntervalEnergy] = []
    by_hand: list[IntervalEnergy] = []
    below: list[Span] = []
    for one in used:
        factor = float(service.factor)
        if service.point.kind == "mean":
            factor *= (one.end - one.start) / HOUR_US
        units = book_units(own[one.place].value, factor)
        if units is not None and units < 0 and not service.one.signed:
            below.append(("negative", one.start, one.end))
        elif units is not None:
            found = by_hand if own[one.place].entered else energies
            found.append(IntervalEnergy(one.start, one.end, units, one.length))
    limit = service.meter.max_per_hour
    registered = None if limit is None else round(limit * per_canonical(service.meter.item))
    rates = IntervalRates.of_intervals(times, energies, step, registered)
    says: dict[Span, EventSays] = {}
    blocks: list[tuple[int, int, int, int]] = []
    repeated = repeats([(one.start, one.end, one.units) for one in energies])
    for energy in energies:
        most = rates.cap(energy.end, energy.end - energy.start)
        again = any(start <= energy.start and energy.end <= end for start, end, _ in repeated)
        if most is not None and abs(energy.units) > most:
            told = EventSays(None, rates.per_hour(energy.end), abs(energy.units), None)
            says[SPIKE, energy.start, energy.end] = told
        elif not again:
            quality = MEASURED if step % energy.length == 0 else APPORTIONED
            blocks.append((energy.start, energy.end, service.one.sign * energy.units, quality))
    for energy in by_hand:
        units = service.one.sign * energy.units
        blocks.append((energy.start, energy.end, units, ESTIMATED))
    blocks = sorted(block for block in blocks if block[1] <= service.end)
    says |= {
        (STUCK, start, end): EventSays(None, None, units, None) for start, end, units in repeated
    }
    spans = [*says, *below, *_off_grid(off, service.zone, step)]
    spans += [("limit", *_month_bounds(month)) for month in rates.set_aside()]
    return MeasuredMeter(side_by_side(blocks), spans, says=says)


def slots_of(day: date, zone: str, step_min: int) -> list[Window]:
    """The slots of a local day: steps from its start, the last one may be shorter; the daily step
    is the day itself."""
    start, end = day_bounds(day, zone)
    step = end - start if step_min >= 1440 else step_min * MINUTE_US
    return [(at, min(at + step, end)) for at in range(start, end, step)]


def _off_grid(times: Sequence[int], zone: str, step: int) -> list[Span]:
    """What starts no slot is not booked; one span where it lies no further apart than two steps on
    a local day."""
    found: list[Span] = []
    last, of = -FOREVER, None
    for at in times:
        day = local_day(at + MOST_OFF_US, zone)
        first, after = day_bounds(day, zone)
        start = found.pop()[1] if day == of and at - last <= 2 * step else max(at, first)
        found.append(("off_grid", start, min(at + step, after)))
        last, of = at, day
    return found


def _month_bounds(month: int) -> Window:
    year, place = divmod(month, 12)
    after_year, after = divmod(month + 1, 12)
    first, last = date(1970 + year, place + 1, 1), date(1970 + after_year, after + 1, 1)
    return day_bounds(first, "UTC")[0], day_bounds(last, "UTC")[0]
