"""Rows of meters and nodes for given days, from readings and from the rows that stand."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np

from ledger import rules
from ledger.aggregate import affected, alike, needed, node_rows
from ledger.cleaning.decisions import NOTHING, EventFacts, Span
from ledger.cleaning.rates import DAY_US
from ledger.context import MOST_ROWS, Context, differing, touches
from ledger.curve import Curve
from ledger.curves import Curves
from ledger.day_rows import WantedDays, book_many
from ledger.formulas import formula_rows, key_of
from ledger.intervals import NEGATIVE
from ledger.jobs import EARLIEST_US, LATEST_US, Cluster, widened
from ledger.meter import Measured, Service, measure
from ledger.periods import Clock
from ledger.plan import (
    Kept,
    Plan,
    PlannedFigure,
    Term,
    boundaries,
    nodes_by_institution,
    plan,
)
from ledger.plan_renewal import KeptPlans, touched_places
from ledger.repeats import MEMORY_US, PAD_US, Repeats, differing_runs, tells_repeats
from ledger.series import ChangeSpan, months_around
from ledger.turning import services
from ledger.windows import Pricing
from metering.book import BookRow, RegisterEvent, SeriesKey
from metering.items import covers
from metering.localtime import day_bounds, days_between, local_day
from metering.ports import BookState
from metering.quality import MISSING, all_of
from metering.quantity import ABSENT
from metering.reading import Kind
from metering.registry import Registry
from metering.tariff_choice import TariffChoice

K = TypeVar("K", bound=Hashable)
METERS_AT_ONCE, SHORT_US = 64, 4 * DAY_US
"""Meters read at once: few over more than a few days, since they may send each second."""
ROWS_AT_ONCE = 65_536
"""Rows of meters held for the nodes that sum them."""


@dataclass
class Recomputed:
    """What a piece of work found: rows that differ from those that stand, and events."""

    rows: list[BookRow] = field(default_factory=list)
    events: list[RegisterEvent] = field(default_factory=list)
    replaced: list[tuple[str, int, int]] = field(default_factory=list)
    computed: int = 0
    wanted: list[date] = field(default_factory=list)
    """Local days looked at."""
    meters: list[tuple[SeriesKey, date]] = field(default_factory=list)
    """Rows of meters that were computed, differing or not."""
    standing: dict[tuple[SeriesKey, date], BookRow | None] = field(default_factory=dict)
    """What of the rows that differ takes the place of no row, or of a day that runs."""


class WantedFigures(NamedTuple):
    """Figures to be made on some days: those that count a meter, or those of a place and all
    above it that hold an item ('' for every item)."""

    first: date
    last: date
    meter: str = ""
    node: str = ""
    item: str = ""

    def on(self, day: date) -> bool:
        """Whether the day is one of those asked for."""
        return self.first <= day <= self.last


class Plans:
    """Plans of one registry, each made once for the days on which nothing dated changes."""

    def __init__(self, registry: Registry, kept: KeptPlans | None = None) -> None:
        self._registry, self._kept = registry, kept
        self._boundaries = boundaries(registry)
        self._made: dict[tuple[str, int], Plan] = {}
        self._own: dict[int, dict[str, list[str]]] = {}
        """By stretch of days the places of each institution."""
        self._served: dict[str, list[Service]] = {}
        self.choice = TariffChoice(registry)

    def renewed(self, registry: Registry) -> Plans:
        """Those of the registry that comes after this one; equal to plans that are made anew."""
        if not self._made:
            return Plans(registry)
        touched = touched_places(self._registry, registry)
        same = self._registry.formulas == registry.formulas
        return Plans(registry, KeptPlans(self._made, self._boundaries, touched, same))

    def served(self, meter: str) -> list[Service]:
        """What carries energy of a meter, each the same object whenever it is asked for."""
        if meter not in self._served:
            self._served[meter] = services(self._registry, meter)
        return list(self._served[meter])

    def epoch(self, day: date) -> int:
        """Number of the stretch of days with one plan."""
        return bisect_right(self._boundaries, day)

    def on(self, institution: str, day: date) -> Plan:
        """The plan of an institution on a day, made once for all days between two changes of the
        registry."""
        place = (institution, self.epoch(day))
        if place not in self._made:
            self._made[place] = self._make(institution, day)
        return self._made[place]

    def _make(self, institution: str, day: date) -> Plan:
        kept, own = self._kept, self._places(day).get(institution, [])
        before = None if kept is None else kept.plan(institution, day)
        if kept is None or before is None:
            figures: Kept = {}
        elif kept.holds(before, own):
            return before
        else:
            figures = kept.figures(before)
        others = partial(self.on, day=day)
        return plan(self._registry, institution, day, others, own, figures)

    def _places(self, day: date) -> dict[str, list[str]]:
        epoch = self.epoch(day)
        if epoch not in self._own:
            self._own[epoch] = nodes_by_institution(self._registry, day)
        return self._own[epoch]


def meter_key(registry: Registry, meter: str, day: date) -> SeriesKey:
    """The series a meter is booked under on a local day."""
    one = registry.meters[meter]
    return SeriesKey(registry.institution(one.node, day), "meter", meter, one.item)


def meter_keys(registry: Registry, meter: str) -> list[SeriesKey]:
    """Every series a meter is booked under: one for each institution it is of in turn."""
    one = registry.meters[meter]
    return [SeriesKey(body, "meter", meter, one.item) for body in registry.institutions(one.node)]


@dataclass
class Recompute:
    """Computes under one registry and one clock."""

    registry: Registry
    plans: Plans
    context: Context
    books: BookState
    clock: Clock

    def days_of(self, cluster: Cluster) -> dict[str, list[date]]:
        """Per meter the local days of the cluster's institution whose rows may change."""
        if not cluster.looked:
            cluster.looked.update(self._days_looked_at(cluster))
        found = {
            meter: [day for day in days if self._is_of(meter, day, cluster.institution)]
            for meter, days in cluster.looked.items()
        }
        return {meter: days for meter, days in found.items() if days}

    def _is_of(self, meter: str, day: date, institution: str) -> bool:
        node = self.registry.meters[meter].node
        return self.registry.institution(node, day) == institution

    def _days_looked_at(self, cluster: Cluster) -> dict[str, list[date]]:
        """Per meter the local days whose rows may change, of whatever institution."""
        served = {job.meter: self.plans.served(job.meter) for job in cluster.jobs}
        start, end = cluster.start_us, cluster.end_us
        for found in served.values():
            start, end = widened(found, start, end)
        days: dict[str, list[date]] = {}
        told = _Told(self.books, self._bodies(served))
        self.context.change(_points(served.items()), start, end)
        for part in self._looked_at(cluster, served, (start, end)):
            calm: Mapping[Service, ChangeSpan | None] = {}
            if not cluster.forced:
                calm = self.context.calm(own for _, own in part).noticed(start, end)
            for meter, found in part:
                if len(found) == 1 and found[0] in calm:
                    days[meter] = _days_of(calm[found[0]], cluster.zone)
                else:
                    days[meter] = self._days_looked(cluster, told, meter, found, (start, end))
        return {meter: own for meter, own in days.items() if own}

    def _days_looked(
        self,
        cluster: Cluster,
        told: _Told,
        meter: str,
        found: list[Service],
        within_us: tuple[int, int],
    ) -> list[date]:
        """Local days of a meter whose rows may change."""
        start, end = within_us
        bounded = self.context.bounded(found)
        otherwise = self._told_otherwise(told, meter, bounded, start, end)
        wanted = self._of_own_rules(meter, self._around(bounded, otherwise, cluster.zone))
        wanted |= self._around(bounded, [ChangeSpan(start, end)], cluster.zone)
        if cluster.forced:
            reach = ChangeSpan(start, end)
            for one in self.context.reached(bounded, start, end):
                reach = reach.joined(one)
            wanted |= self._standing_days(meter, reach, cluster.zone)
        return sorted(wanted)

    def _looked_at(
        self, cluster: Cluster, served: Mapping[str, list[Service]], within_us: tuple[int, int]
    ) -> Iterator[Sequence[tuple[str, list[Service]]]]:
        """The meters, as many at a time as have their readings in a stretch of time read at
        once."""
        for part, rows in self._portions(list(served.items()), within_us):
            self.context.look(_points(part), *within_us, cluster, rows)
            yield part

    def _portions(
        self, meters: Sequence[tuple[str, list[Service]]], within_us: tuple[int, int]
    ) -> Iterator[tuple[Sequence[tuple[str, list[Service]]], int | None]]:
        """The meters in parts that are read at once, over more than some days with how many
        readings there are: each reading through the store costs as much as all of its meters."""
        start, end = within_us
        if end - start <= SHORT_US:
            for first in range(0, len(meters), METERS_AT_ONCE):
                yield meters[first : first + METERS_AT_ONCE], None
            return
        counts = self.context.store.counts(_points(meters), start, end + 1)
        first, rows = 0, 0
        for place, (_, found) in enumerate(meters):
            own = sum(counts.get(service.point, 0) for service in found)
            if place > first and rows + own > MOST_ROWS:
                yield meters[first:place], rows
                first, rows = place, 0
            rows += own
        yield meters[first:], rows

    def _standing_days(self, meter: str, reach: ChangeSpan, zone: str) -> set[date]:
        """Local days that the meter has rows of: a register that counts no more on some of them
        leaves none of its readings there to lead to them. Rows that say nothing are among them:
        they may be the half of this that was done before it broke off, and their places not."""
        start_us, end_us = max(reach.start_us, EARLIEST_US), min(reach.end_us, LATEST_US)
        days = local_day(start_us, zone), local_day(end_us, zone)
        rows = self.books.rows(meter_keys(self.registry, meter), *days)
        return {row.day for row in rows}

    def _bodies(self, meters: Iterable[str]) -> list[str]:
        """Institutions that one of the meters is of at some time."""
        nodes = {self.registry.meters[meter].node for meter in meters}
        return sorted({body for node in nodes for body in self.registry.institutions(node)})

    def _around(
        self, bounded: Sequence[Service], reaches: Iterable[ChangeSpan], zone: str
    ) -> set[date]:
        """Local days from the good readings before each reach to those after it."""
        found: set[date] = set()
        for reach in reaches:
            for one in self.context.reached(bounded, reach.start_us, reach.end_us):
                first, last = local_day(one.start_us, zone), local_day(one.end_us, zone)
                found.update(days_between(first, last))
        return found

    def _of_own_rules(self, meter: str, days: set[date]) -> set[date]:
        """Without the days that other rules settled: those are booked again on purpose only."""
        if not days:
            return days
        rows = self.books.rows(meter_keys(self.registry, meter), min(days), max(days))
        others = {
            r.day
            for r in rows
            if r.rules != rules.RULES_VERSION
            and not r.provisional
            and self._is_of(meter, r.day, r.key.institution)
        }
        return days - others

    def _told_otherwise(
        self, told: _Told, meter: str, bounded: Sequence[Service], start_us: int, end_us: int
    ) -> list[ChangeSpan]:
        """Where something else is told of the meter after its readings in [start, end] changed
        than when its rows were booked."""
        own = [service for service in bounded if not service.guest]
        repeated = self._repeated_otherwise(told, meter, own, start_us, end_us)
        noticed = [r for s in bounded if (r := self.context.noticed(s, start_us, end_us))]
        passed = self._passed_otherwise(told, meter, bounded, start_us, end_us)
        if not noticed:
            return passed + repeated
        wide = ChangeSpan(min(r.start_us for r in noticed), max(r.end_us for r in noticed))
        now = [span for service in own for span in self.context.spans(service, wide)]
        now += self.context.refused(bounded, wide)
        runs = [span for service in own for span in self.context.open_spans(service)]
        booked = told.of(meter, wide.start_us, wide.end_us)
        found = differing(now, _stood(booked, wide), runs, start_us)
        return found + passed + repeated + self._resting_otherwise(booked, own, wide)

    def _repeated_otherwise(
        self, told: _Told, meter: str, own: Sequence[Service], start_us: int, end_us: int
    ) -> list[ChangeSpan]:
        """Where a run of one value is told otherwise: it holds readings that changed, or they are
        among those that say how long such runs may be."""
        low, high = start_us - PAD_US, end_us + PAD_US + MEMORY_US
        now: Repeats = {}
        intervals = [service for service in own if service.kind is not Kind.REGISTER]
        if not intervals:
            return []
        for service in intervals:
            now |= self.context.repeated(service, low, high)
        booked = {
            (e.kind, e.start_us, e.end_us): EventFacts(value=e.value)
            for e in told.of(meter, low, high)
            if tells_repeats(e)
        }
        return [ChangeSpan(*span) for span in differing_runs(now, booked)]

    def _passed_otherwise(
        self, told: _Told, meter: str, bounded: Sequence[Service], start_us: int, end_us: int
    ) -> list[ChangeSpan]:
        """Where one register is found to have gone on over a change of its ratio, and was not, or
        the other way: by a limit that readings in [start, end] count into, seen or not."""
        found = []
        for one in self.context.gone_on(bounded, months_around(start_us, end_us)):
            events = told.of(meter, one.start_us, one.end_us)
            kinds = {e.kind for e in events if (e.start_us, e.end_us) == (one.start_us, one.end_us)}
            if kinds - {"gap"} != {one.refused} - {""}:
                found.append(ChangeSpan(one.start_us, one.end_us))
        return found

    def _resting_otherwise(
        self, events: Sequence[RegisterEvent], bounded: Sequence[Service], wide: ChangeSpan
    ) -> list[ChangeSpan]:
        """Where the same is told, but by another limit or at another cost."""
        facts: dict[Span, EventFacts] = {}
        for service in bounded if events else ():
            facts |= self.context.facts(service, wide)
        return [
            ChangeSpan(event.start_us, event.end_us)
            for event in events
            if (now := facts.get((event.kind, event.start_us, event.end_us))) is not None
            and now != EventFacts(event.cost, event.limit, event.value, event.energy)
        ]

    def piece(self, cluster: Cluster, days: dict[str, list[date]]) -> Recomputed:
        """Rows of the cluster's meters on those days, and of every node they count into."""
        outcome = Recomputed()
        meters = self.meters(cluster, days, outcome)
        outcome.computed = len(meters)
        outcome.wanted = sorted({row.day for row in meters})
        outcome.meters = [(row.key, row.day) for row in meters]
        changed = self._differing(meters, outcome)
        outcome.rows += changed
        nodes = self._nodes(cluster, changed, meters)
        outcome.computed += len(nodes)
        outcome.rows += self._differing(nodes, outcome)
        return outcome

    def measured(self, cluster: Cluster, days: dict[str, list[date]]) -> Recomputed:
        """Rows of the cluster's meters alone: all of an institution's stand before its nodes are
        made, so that a node's day is restated once."""
        outcome = Recomputed()
        meters = self.meters(cluster, days, outcome)
        outcome.computed = len(meters)
        outcome.wanted = sorted({row.day for row in meters})
        outcome.meters = [(row.key, row.day) for row in meters]
        outcome.rows = self._differing(meters, outcome)
        return outcome

    def counting(self, institution: str, meters: Sequence[str], days: list[date]) -> Recomputed:
        """Rows of every node that some of the meters count into on those days, from the meters'
        rows that stand."""
        outcome = Recomputed(wanted=days)
        for alike_days in _grouped(days, self.plans.epoch).values():
            one = self.plans.on(institution, alike_days[0])
            formulas = one.made_of(meters)
            made = self._figures(one, affected(one, meters), alike_days, (), formulas)
            outcome.computed += len(made)
            outcome.rows += self._differing(made, outcome)
        return outcome

    def summed(
        self, institution: str, days: list[date], asked: Sequence[WantedFigures]
    ) -> Recomputed:
        """Rows of the figures that are asked for on days, from the meters' rows that stand, and
        of series that stand although the registry has them no more on these days."""
        outcome = Recomputed(wanted=days)
        for (epoch_asked, _), alike_days in _grouped(
            days, lambda day: (tuple(a for a in asked if a.on(day)), self.plans.epoch(day))
        ).items():
            one = self.plans.on(institution, alike_days[0])
            figures, formulas = self._asked(one, alike_days[0], epoch_asked)
            made = self._figures(one, figures, alike_days, (), formulas)
            outcome.computed += len(made)
            outcome.rows += self._differing(made, outcome)
            keys = {one.key(Term("node", figure.node, figure.item)) for figure in figures}
            keys |= {key_of(self.registry, one, code) for code in formulas}
            outcome.rows += self._orphans(one, alike_days, keys, made)
            self._take_back_events(one, alike_days, outcome)
        return outcome

    def _asked(
        self, one: Plan, day: date, asked: Iterable[WantedFigures]
    ) -> tuple[list[PlannedFigure], list[str]]:
        """(figures that count one of the meters, or are of a place or above it and hold the item;
        formulas that are made of one of the meters, or hang on such a place)."""
        meters = {ask.meter for ask in asked if ask.meter}
        places: dict[str, set[str]] = defaultdict(set)
        for ask in asked:
            if ask.node in self.registry.nodes:
                for code in (ask.node, *self.registry.ancestors(ask.node, day)):
                    places[code].add(ask.item)
        touched = {
            (node, item)
            for node, item in one.figures
            if any(not held or covers(item, held) for held in places.get(node, ()))
        }
        made = {formula.meter for formula in self.registry.formulas}
        there = {code for code in made if self.registry.meters[code].node in places}
        return affected(one, meters | there, touched), one.made_of(meters | there)

    def meters(
        self, cluster: Cluster, days: dict[str, list[date]], outcome: Recomputed
    ) -> list[BookRow]:
        """Rows of meters on their days, which are the cluster's institution's, equal to those that
        stand or not; their register events go into the outcome."""
        zone = cluster.zone
        wanted = sorted({day for found in days.values() for day in found})
        if not wanted:
            return []
        start, end = day_bounds(wanted[0], zone)[0], day_bounds(wanted[-1], zone)[1]
        served = {meter: self.plans.served(meter) for meter in days}
        rows: list[BookRow] = []
        for part in self._looked_at(cluster, served, (start, end)):
            found = []
            calm = self.context.calm(own for _, own in part).curves(start, end)
            for meter, own in part:
                item = self.registry.meters[meter].item
                key = SeriesKey(cluster.institution, "meter", meter, item)
                measured = calm.get(own[0]) or self._measured(own, (start, end))
                self._tell(key, measured, days[meter], zone, outcome)
                found.append((key, measured.curve, days[meter]))
            rows += self._booked(found, zone)
        return rows

    def _measured(self, served: list[Service], within_us: tuple[int, int]) -> Measured:
        """What the readings of one meter say between two instants."""
        bounded = self.context.bounded(served)
        return measure(bounded, self.context.stretches(bounded, *within_us))

    def _tell(
        self, key: SeriesKey, found: Measured, days: list[date], zone: str, outcome: Recomputed
    ) -> None:
        """What is told of a meter's days goes into the outcome."""
        if not days:
            return
        start, end = day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1]
        outcome.replaced.append((key.code, start, end))
        outcome.events += [
            _event(key, span, found.facts.get(span, NOTHING))
            for span in found.spans
            if span[1] < end and span[2] > start and self._tells(key, span, zone)
        ]

    def _booked(
        self, found: Sequence[tuple[SeriesKey, Curve, list[date]]], zone: str
    ) -> list[BookRow]:
        """Rows of meters from their curves, those of equal days and steps in one go."""
        alike: dict[tuple[tuple[date, ...], int], list[int]] = defaultdict(list)
        for place, (key, _, days) in enumerate(found):
            if days:
                alike[tuple(days), self.registry.meters[key.code].step_min].append(place)
        rows: dict[int, list[BookRow]] = {}
        rule, version = rules.RULES_VERSION, self.registry.version
        for (of_days, step_min), places in alike.items():
            wanted = WantedDays(of_days, zone, step_min, self.clock, rule, version)
            keys = [found[place][0] for place in places]
            curves = Curves.of([found[place][1] for place in places])
            pricings = [Pricing(self.plans.choice, key.code, zone) for key in keys]
            rows |= zip(places, book_many(keys, curves, pricings, wanted), strict=True)
        return [row for place in sorted(rows) for row in rows[place]]

    def _tells(self, key: SeriesKey, span: Span, zone: str) -> bool:
        """Whether a span touches a day on which the meter is of the institution."""
        bodies = self.registry.institutions(self.registry.meters[key.code].node)
        if len(bodies) == 1:
            return bodies[0] == key.institution
        first, last = local_day(span[1], zone), local_day(max(span[1], span[2] - 1), zone)
        days = days_between(first, last)
        return any(self._is_of(key.code, day, key.institution) for day in days)

    def nodes(self, institution: str, days: list[date]) -> list[BookRow]:
        """Rows of every figure of an institution's nodes on days, from the meters' rows that
        stand."""
        by_epoch: dict[int, list[date]] = defaultdict(list)
        for day in sorted(days):
            by_epoch[self.plans.epoch(day)].append(day)
        made: list[BookRow] = []
        for alike_days in by_epoch.values():
            one = self.plans.on(institution, alike_days[0])
            made += self._figures(
                one, list(one.figures.values()), alike_days, (), list(one.formulas)
            )
        return made

    def _orphans(
        self, one: Plan, days: list[date], asked: set[SeriesKey], made: Sequence[BookRow]
    ) -> list[BookRow]:
        """Rows that stand although the plan of these days has their series not, or has nothing
        booked to make what is asked of: now missing."""
        again = {(row.key, row.day) for row in made}
        series = self.books.series(one.institution)
        keys = asked | {key for key in series if not self._has(one, key, days[0])}
        left = [
            row
            for row in self.books.rows(sorted(keys), days[0], days[-1])
            if row.total is not None and row.day in days and (row.key, row.day) not in again
        ]
        return self._signed([_blank(row) for row in left])

    def _take_back_events(self, one: Plan, days: list[date], outcome: Recomputed) -> None:
        """What was told of meters that are the institution's no more on these days goes, but for
        what touches a day on which they are."""
        for key in self.books.series(one.institution):
            if key.kind != "meter" or self._has(one, key, days[0]):
                continue
            if (meter := self.registry.meters.get(key.code)) is None:
                continue
            zone = self.registry.zone(meter.node)
            start, end = day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1]
            known = self.books.events(one.institution, start, end)
            own = [event for event in known if event.meter == key.code]
            if own:
                outcome.replaced.append((key.code, start, end))
                outcome.events += [
                    e for e in own if self._tells(key, (e.kind, e.start_us, e.end_us), zone)
                ]

    def _has(self, one: Plan, key: SeriesKey, day: date) -> bool:
        if key.kind == "meter":
            known = key.code in self.registry.meters
            if self.registry.formulas_of(key.code) and key.code not in one.formulas:
                return False
            return known and meter_key(self.registry, key.code, day) == key
        return (key.code, key.item) in one.figures

    def _nodes(
        self, cluster: Cluster, changed: Sequence[BookRow], fresh: Sequence[BookRow]
    ) -> list[BookRow]:
        by_epoch: dict[int, set[date]] = defaultdict(set)
        for row in changed:
            by_epoch[self.plans.epoch(row.day)].add(row.day)
        made: list[BookRow] = []
        for days in by_epoch.values():
            made += self._nodes_on(cluster.institution, sorted(days), changed, fresh)
        return made

    def _nodes_on(
        self,
        institution: str,
        days: list[date],
        changed: Sequence[BookRow],
        fresh: Sequence[BookRow],
    ) -> list[BookRow]:
        one = self.plans.on(institution, days[0])
        meters = {row.key.code for row in changed}
        return self._figures(one, affected(one, meters), days, fresh, one.made_of(meters))

    def _figures(
        self,
        one: Plan,
        figures: Sequence[PlannedFigure],
        days: list[date],
        fresh: Sequence[BookRow],
        formulas: Sequence[str],
    ) -> list[BookRow]:
        """Rows of formulas, and of figures, from those that stand or are fresh."""
        if not figures and not formulas:
            return []
        members = {code for made in formulas for code in one.formulas[made].members}
        keys = {*needed(one, figures), *(key_of(self.registry, one, code) for code in members)}
        known = (*one.figures.values(), *one.drawn.values())
        zones = {self.registry.zone(f.node) for f in known}
        zones |= {self.registry.zone(self.registry.meters[code].node) for code in formulas}
        made: list[BookRow] = []
        choice, size = self.plans.choice, max(1, ROWS_AT_ONCE // max(1, len(keys)))
        for first in range(0, len(days), size):
            part = days[first : first + size]
            standing = self._rows(list(keys), part, fresh)
            for key in keys:  # what a meter was as another's, or by another formula, is gone
                if key.kind == "meter" and not self._has(one, key, part[0]):
                    standing.pop(key, None)
            for group in alike(zones, part, choice):
                made += formula_rows(
                    self.registry,
                    one,
                    formulas,
                    standing,
                    group,
                    choice,
                    rules.RULES_VERSION,
                )
                made += node_rows(
                    self.registry,
                    one,
                    figures,
                    standing,
                    group,
                    self.clock,
                    choice,
                    rules.RULES_VERSION,
                )
        return made

    def _signed(self, rows: Sequence[BookRow]) -> list[BookRow]:
        """The rows, saying by which rules and which registry they were made."""
        rule, version = rules.RULES_VERSION, self.registry.version
        return [replace(row, rules=rule, registry=version) for row in rows]

    def _rows(
        self, keys: list[SeriesKey], days: list[date], fresh: Sequence[BookRow]
    ) -> dict[SeriesKey, dict[date, BookRow]]:
        """Rows that stand, overlaid with those just computed."""
        new = _by_series(row for row in fresh if days[0] <= row.day <= days[-1])
        absent = [key for key in keys if not new.get(key, {}).keys() >= set(days)]
        found = _by_series(self.books.rows(absent, days[0], days[-1]) if absent else ())
        for key, rows in new.items():
            found.setdefault(key, {}).update(rows)
        return found

    def _differing(self, rows: Sequence[BookRow], outcome: Recomputed) -> list[BookRow]:
        """Those that differ from what stands, of which the outcome keeps what need not be read
        again when they are committed."""
        found = []
        for old, row in self.standing(rows):
            if old is None or not old.same_content(row):
                found.append(row)
                if old is None or old.provisional:
                    outcome.standing[row.key, row.day] = old
        return found

    def standing(self, rows: Sequence[BookRow]) -> list[tuple[BookRow | None, BookRow]]:
        """Each row with the one that stands in its place, None where there is none."""
        if not rows:
            return []
        keys = list(dict.fromkeys(row.key for row in rows))
        first, last = min(row.day for row in rows), max(row.day for row in rows)
        found = _by_series(self.books.rows(keys, first, last))
        return [(found.get(row.key, {}).get(row.day), row) for row in rows]


@dataclass
class _Told:
    """What the books tell of institutions' registers; for as long as nothing is committed."""

    books: BookState
    institutions: Sequence[str]
    _read: dict[tuple[int, int], dict[str, list[RegisterEvent]]] = field(default_factory=dict)
    """By stretch of time and meter: many meters ask for the same stretch."""

    def of(self, meter: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        """A meter's events that touch [start, end]."""
        place = (max(start_us, 0), end_us + 1)
        if place not in self._read:
            by_meter = self._read[place] = dict[str, list[RegisterEvent]]()
            for institution in self.institutions:
                for event in self.books.events(institution, *place):
                    by_meter.setdefault(event.meter, []).append(event)
        return self._read[place].get(meter, [])


def _stood(events: Iterable[RegisterEvent], reach: ChangeSpan) -> dict[Span, bool]:
    """What events tell of readings, gaps left out, and whether a story decided it."""
    spans = {
        (e.kind, e.start_us, e.end_us): e.cost is not None for e in events if not tells_repeats(e)
    }
    return {
        span: decided
        for span, decided in spans.items()
        if span[0] not in ("gap", "off_grid", NEGATIVE) and touches(span, reach)
    }


def _by_series(rows: Iterable[BookRow]) -> dict[SeriesKey, dict[date, BookRow]]:
    found: dict[SeriesKey, dict[date, BookRow]] = {}
    for key, own in groupby(rows, lambda row: row.key):
        found.setdefault(key, {}).update((row.day, row) for row in own)
    return found


def _grouped(days: Iterable[date], key: Callable[[date], K]) -> dict[K, list[date]]:
    groups: dict[K, list[date]] = {}
    for day in sorted(days):
        groups.setdefault(key(day), []).append(day)
    return groups


def _event(key: SeriesKey, span: Span, facts: EventFacts) -> RegisterEvent:
    return RegisterEvent(
        key.institution, key.code, *span, facts.cost, facts.limit, facts.value, facts.energy
    )


def _blank(row: BookRow) -> BookRow:
    parts = tuple(
        replace(
            part,
            slots=np.full_like(part.slots, ABSENT),
            shares=all_of(MISSING, len(part.shares)),
            hour_shares=all_of(MISSING, len(part.hour_shares)),
            windows=None,
        )
        for part in row.parts
    )
    return replace(row, parts=parts, total=None, day_shares=all_of(MISSING, 1)[0], spill=(0, 0, 0))


def _days_of(reach: ChangeSpan | None, zone: str) -> list[date]:
    """Local days from an instant to another."""
    if reach is None:
        return []
    return list(days_between(local_day(reach.start_us, zone), local_day(reach.end_us, zone)))


def _points(meters: Iterable[tuple[str, list[Service]]]) -> list[int]:
    return sorted({service.point for _, found in meters for service in found})
