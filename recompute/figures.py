"""Every interval, hour, day and month of every meter and place, with what it is worth and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property

from metering.errors import InvalidInput
from metering.items import check_item
from metering.localtime import MINUTE_US, day_bounds, local_day
from metering.units import UNITS
from recompute.arrivals import StandingReading, standing
from recompute.curve import APPORTIONED, MEASURED, MISSING, WHOLE, mean, of_times
from recompute.days import NOTHING, DayFigure, DayPart, SeriesDays, Shares, added, at_step, holds
from recompute.facts import FileFacts
from recompute.file import Content, Header
from recompute.meters import measure
from recompute.money import DayPricing
from recompute.prices import Prices
from recompute.registers import MeasuredMeter, Span, per_canonical, slots_of
from recompute.story import STUCK, EventSays, StoryDecision
from recompute.tally import RecomputedMoney

STEPS = ("native", "hour", "day", "month")
SETTLE_US = 20 * 60_000_000
"""How long after its end a local day is still open."""
ANY = frozenset(range(1441))
"""Meters of every step."""
OF_INTERVALS = frozenset({"negative", "off_grid", "spike"})
"""What is said of interval readings that do not count."""
OF_DAYS = frozenset({1440})
"""What is booked by the day alone."""


@dataclass(frozen=True, order=True)
class RecomputedSeries:
    """A meter's or a place's figure of one item."""

    kind: str
    """meter or node."""
    code: str
    item: str


@dataclass(frozen=True)
class Cause:
    """Why a period is not plainly measured: something found on a register."""

    meter: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Figure:
    """One period of a series."""

    series: RecomputedSeries
    step: str
    """native, hour, day or month; `remainder` of minutes for what is booked coarser than asked."""
    start: int
    end: int
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares
    money: RecomputedMoney
    kgco2: Fraction | None
    kgce: Fraction | None
    causes: tuple[Cause, ...] = ()


COAL = ("equivalent", "equal")
CARBON = ("location", "market")


@dataclass
class RecomputedBooks:
    """Everything that a file says, recomputed."""

    header: Header
    facts: FileFacts
    readings: dict[str, list[StandingReading]]
    coal: str = "equivalent"
    """By what kgce is told: equivalent or equal."""
    carbon: str = "location"
    """By what kgCO2 is told: location or market."""
    _pricing: DayPricing = field(init=False)
    _days: SeriesDays = field(init=False)

    @classmethod
    def of(
        cls, content: Content, coal: str = "equivalent", carbon: str = "location"
    ) -> RecomputedBooks:
        """From a file's content, with coal and carbon on these bases. Raises InvalidInput where
        facts do not fit each other, and for a basis that there is not."""
        for field_, value, known in (("coal", coal, COAL), ("carbon", carbon, CARBON)):
            if value not in known:
                fix = f"one of: {', '.join(known)}"
                raise InvalidInput("no such basis", field=field_, value=value, fix=fix)
        _check(content.facts)
        readings = standing(content.arrivals, content.stored, content.facts.points)
        return cls(content.header, content.facts, readings, coal, carbon)

    def __post_init__(self) -> None:
        prices = Prices(self.facts)
        self._days = SeriesDays(self.facts, prices, self.measured, self.header.institution)
        self._pricing = DayPricing(self.facts, prices, self._days)

    @cached_property
    def measured(self) -> dict[str, MeasuredMeter]:
        """By meter that is ever the institution's, or of a place that it has a share of, its curve,
        and what was found on the way."""
        return {
            code: measure(self.facts, meter, self.readings)
            for code, meter in self.facts.meters.items()
            if self.facts.ever_of(meter.node, self.header.institution)
            or self.facts.shared_above(meter.node)
        }

    @cached_property
    def days(self) -> list[date]:
        """The local days that were asked for and are settled in every zone."""
        zones = {self.facts.zone(self.facts.meters[code].node) for code in self.measured}
        return [
            day
            for day in self.asked
            if all(day_bounds(day, z)[1] + SETTLE_US <= self.header.as_of_us for z in zones)
        ]

    @property
    def asked(self) -> list[date]:
        """Every local day that was asked for."""
        count = (self.header.after - self.header.first).days
        return [self.header.first + timedelta(days=n) for n in range(count)]

    def series(self) -> list[RecomputedSeries]:
        """Every meter, and every figure of a place on one of the days."""
        found = {
            RecomputedSeries("meter", code, self.facts.meters[code].item)
            for code in self.measured
            if self.facts.ever_of(self.facts.meters[code].node, self.header.institution)
        }
        for day in self.days:
            found |= {RecomputedSeries("node", *name) for name in self._days.tree(day).names()}
        return sorted(found)

    def figures(self, series: RecomputedSeries) -> Iterator[Figure]:
        """All periods of a series, the finest first."""
        if not self.days:
            return
        for step in STEPS:
            yield from self.at(series, step)

    def at(self, series: RecomputedSeries, step: str) -> Iterator[Figure]:
        """The periods of a series at a step, and what is booked coarser."""
        if step == "month":
            yield from self._months(series)
        elif step == "day":
            yield from (self._whole(series, "day", [day]) for day in self.days)
        else:
            yield from self._slots(series, step)

    def decisions(self, meter: str) -> list[StoryDecision]:
        """What was decided about a meter's readings in the days asked."""
        first, last = self._span(meter)
        return [
            one
            for one in self.measured[meter].decisions
            if one.here_us < last and one.there_us > first
        ]

    def passed(self, meter: str, one: StoryDecision) -> int | None:
        """Book units between the two readings of a decision; None where it is not known."""
        return self.measured[meter].curve.energy(one.here_us, one.there_us)

    def refused(self, meter: str) -> list[tuple[Span, EventSays]]:
        """Times in the days asked at which interval readings do not count, each with what is said
        of it; what is left out of a register costs, and is told by `decisions`."""
        found = self.measured[meter].says
        says = [(span, found.get(span, EventSays())) for span in self.spans(meter)]
        return [(span, one) for span, one in says if _of_intervals(span, one)]

    def spans(self, meter: str) -> list[Span]:
        """What register events tell of a meter in the days asked."""
        first, last = self._span(meter)
        spans = self.measured[meter].spans
        return sorted(
            {s for s in spans if s[1] < last and s[2] > first and self._touches(meter, s)}
        )

    def _touches(self, meter: str, span: Span) -> bool:
        """Whether it touches a day on which the meter is the institution's."""
        node = self.facts.meters[meter].node
        zone = self.facts.zone(node)
        first, last = local_day(span[1], zone), local_day(max(span[1], span[2] - 1), zone)
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return any(self._is_own(node, day) for day in days)

    def _span(self, meter: str) -> tuple[int, int]:
        zone = self.facts.zone(self.facts.meters[meter].node)
        return day_bounds(self.days[0], zone)[0], day_bounds(self.days[-1], zone)[1]

    def zone(self, series: RecomputedSeries) -> str:
        """The zone in which a series' days are local."""
        of_meter = series.kind == "meter"
        return self.facts.zone(self.facts.meters[series.code].node if of_meter else series.code)

    def _place(self, series: RecomputedSeries) -> str:
        of_meter = series.kind == "meter"
        return self.facts.meters[series.code].node if of_meter else series.code

    def _is_own(self, node: str, day: date) -> bool:
        return self.facts.institution(node, day) == self.header.institution

    def _day(self, series: RecomputedSeries, day: date) -> DayFigure | None:
        """The day of a series; None where it has none, or is another institution's."""
        if not self._is_own(self._place(series), day):
            return None
        if series.kind == "meter":
            return self._days.of_meter(series.code, day)
        name = (series.code, series.item)
        if series.item not in self._days.tree(day).items(series.code):
            return None
        return self._days.of_node(name, day)

    def _native(self, series: RecomputedSeries) -> int:
        """The finest step of what counts in on the last day."""
        if series.kind == "meter":
            return self.facts.meters[series.code].step_min
        tree = self._days.tree(self.days[-1])
        if series.item not in tree.items(series.code):
            return 15
        meters = tree.meters((series.code, series.item))
        return min((self.facts.meters[code].step_min for code in meters), default=15)

    def _slots(self, series: RecomputedSeries, step: str) -> Iterator[Figure]:
        minutes = 60 if step == "hour" else self._native(series)
        yield from self._of_parts(series, step, minutes, _within(minutes))
        if minutes >= 1440:
            return
        days = [self._day(series, day) for day in self.days]
        found = [one for one in days if one is not None and one.total is not None]
        beside = {part.step_min for one in found for part in one.parts} - _within(minutes)
        for own in sorted(beside):
            yield from self._of_parts(series, f"{step} remainder {own}", own, frozenset({own}))

    def _of_parts(
        self, series: RecomputedSeries, step: str, minutes: int, steps: frozenset[int]
    ) -> Iterator[Figure]:
        zone = self.zone(series)
        for day in self.days:
            if minutes >= 1440 and steps != OF_DAYS:
                yield self._whole(series, step, [day])
                continue
            one = self._day(series, day)
            parts = [] if one is None else [p for p in one.parts if p.step_min in steps]
            places = slots_of(day, zone, minutes)
            slots, shares = _columns(parts, one, minutes, len(places))
            for n, place in enumerate(places):
                yield self._part_figure(
                    series, step, day, one, place, slots[n], shares[n], steps, minutes
                )

    def _part_figure(
        self,
        series: RecomputedSeries,
        step: str,
        day: date,
        one: DayFigure | None,
        place: tuple[int, int],
        amount: int | None,
        shares: Shares,
        steps: frozenset[int],
        minutes: int,
    ) -> Figure:
        # A day that ends within a step has there what places of longer days have.
        whole = place[0], place[0] + minutes * MINUTE_US
        if one is None:
            money = RecomputedMoney()
        elif steps == OF_DAYS:
            money = self._pricing.over([(day, one)], series.item, place, shares[MISSING], steps)
        else:
            money = self._pricing.within(
                day, one, series.item, whole, shares, steps, self.zone(series)
            )
        return Figure(
            series,
            step,
            *place,
            amount,
            shares,
            money,
            *self._emitted(series.item, [(day, amount)]),
            self._causes([one] if one else [], place),
        )

    def _months(self, series: RecomputedSeries) -> Iterator[Figure]:
        months: dict[tuple[int, int], list[date]] = {}
        for day in self.days:
            months.setdefault((day.year, day.month), []).append(day)
        for days in months.values():
            yield self._whole(series, "month", days)

    def _whole(self, series: RecomputedSeries, step: str, days: Sequence[date]) -> Figure:
        """Whole local days as one period."""
        zone = self.zone(series)
        place = (day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1])
        found = [(day, self._day(series, day)) for day in days]
        known = [(day, one) for day, one in found if one is not None]
        totals = [(day, one.total) for day, one in known]
        if step == "month":
            shares = self._quality(found, zone)
        else:
            shares = known[0][1].shares if known else NOTHING
        return Figure(
            series,
            step,
            *place,
            added([total for _, total in totals]),
            shares,
            self._pricing.over(known, series.item, place, shares[MISSING], ANY),
            *self._emitted(series.item, totals),
            self._causes([one for _, one in known], place),
        )

    def _quality(self, found: Sequence[tuple[date, DayFigure | None]], zone: str) -> Shares:
        """Of days as one: each by its length; a gap that lies inside is measured."""
        spills = [(0, 0, 0) if one is None else one.spill for _, one in found]
        front = _followed(spills)
        back = _followed([(after, before, both) for before, after, both in spills[::-1]])[::-1]
        times = [0, 0, 0, 0]
        for (day, one), *outside in zip(found, front, back, strict=True):
            start, end = day_bounds(day, zone)
            own = list(NOTHING if one is None else one.shares)
            closed = own[APPORTIONED] - max(outside)
            own[APPORTIONED] -= closed
            own[MEASURED] += closed
            for n in range(4):
                times[n] += own[n] * ((end - start) // 1_000_000)
        return of_times(times)

    def _emitted(
        self, item: str, amounts: Sequence[tuple[date, int | None]]
    ) -> tuple[Fraction | None, Fraction | None]:
        """(kgCO2, kgce); None where a part of the energy has no factor, or there is none."""
        return self._by_factor(self.carbon, item, amounts), self._by_factor(
            self.coal, item, amounts
        )

    def _by_factor(
        self, basis: str, item: str, amounts: Sequence[tuple[date, int | None]]
    ) -> Fraction | None:
        known = [(day, amount) for day, amount in amounts if amount is not None]
        pairs = [(self.facts.factor_by(basis, item, day), amount) for day, amount in known]
        covered = [factor * amount for factor, amount in pairs if factor is not None]
        if sum(amount for factor, amount in pairs if factor is None) or not covered:
            return None
        return sum(covered, Fraction(0)) / per_canonical(item)

    def _causes(self, days: Sequence[DayFigure], place: tuple[int, int]) -> tuple[Cause, ...]:
        meters = {code for one in days for _, code in one.counted}
        return tuple(
            Cause(code, *span)
            for code in sorted(meters)
            for span in self.spans(code)
            if span[1] < place[1] and span[2] > place[0]
        )


def _within(minutes: int) -> frozenset[int]:
    """The steps that one is made of."""
    return frozenset(step for step in range(1, 1441) if holds(minutes, step))


def _columns(
    parts: Sequence[DayPart], one: DayFigure | None, minutes: int, count: int
) -> tuple[list[int | None], list[Shares]]:
    """(energy, quality) of some parts of a day at a step; missing where there is none."""
    slots: list[int | None] = [None] * count
    shares: list[Shares] = [NOTHING] * count
    if not parts or one is None:
        return slots, shares
    found = [at_step(part, one, minutes) for part in parts]
    weights = [part.meters for part in parts]
    for n in range(min(count, *(len(own) for own, _ in found))):
        slots[n] = added([own[n] for own, _ in found])
        quality = [own[n] for _, own in found]
        shares[n] = quality[0] if len(quality) == 1 else mean(quality, weights)
    return slots, shares


def _followed(spills: Sequence[tuple[int, int, int]]) -> list[int]:
    """Of each day's apportioned share that of gaps which come in at the first day."""
    found, coming = [], WHOLE
    for before, _, through in spills:
        on = min(through, coming)
        found.append(on + min(before, coming - on))
        coming = on
    return found


def _check(facts: FileFacts) -> None:
    """What a line names must stand in the file."""
    for link in facts.edges:
        for code in (link.upper, link.lower):
            _require("edge", code, facts.nodes)
    for share in facts.shares:
        for code in (share.upper, share.lower):
            _require("share", code, facts.nodes)
    for meter in facts.meters.values():
        check_item(meter.item)
        _require("meter", meter.node, facts.nodes)
    for link in facts.supply:
        for code in (link.upper, link.lower):
            _require("supply", code, facts.meters)
    for made in facts.formulas:
        _require("formula", made.meter, facts.meters)
    for one in facts.installations:
        _require("installation", one.meter, facts.meters)
        _require("installation", one.point, facts.points)
        _require("unit", one.unit, UNITS)


def _require(field: str, code: str, known: object) -> None:
    assert isinstance(known, dict)
    if code not in known:
        raise InvalidInput(
            "the file names what it does not hold",
            field=field,
            value=code,
            fix="export the file again",
        )


def _of_intervals(span: Span, one: EventSays) -> bool:
    """Whether it is said of intervals; of a value that repeats it says which."""
    repeated = span[0] == STUCK and one.value is not None
    return one.cost is None and (span[0] in OF_INTERVALS or repeated)
