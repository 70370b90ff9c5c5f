"""The books as they stand at one moment, for as long as one answer is being made.

    Figures.view() ──▶ View ──▶ energy, worth, indicators, data-centre ratios
                        │
                        └ one snapshot of the books, one registry, one now

Whatever an answer asks of a view belongs to the same revision, however the books move on
meanwhile. A view within a scope tells of each node the days that the scope holds, and nothing of
others; one without is of everything.

A series is booked under the institution that its node is of on each day. A view reads all of them
as one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, TypeVar, cast

from ledger import Clock, Plan, PlannedFigure, Plans
from metering.access import Scope
from metering.book import ASKED_CAUSE, BookRow, RegisterEvent, Restatement, SeriesKey
from metering.book_columns import BookColumns, DayColumns, MixedColumns
from metering.errors import InvalidInput, NotFound, Unavailable
from metering.factor import USUAL_BASES, Bases
from metering.items import check_item
from metering.localtime import days_between, local_day
from metering.ports import BookReader, BookViews
from metering.quantity import I64
from metering.registry import Registry
from metering.registry.sharing import Division
from metering.tariff import TariffBook, TariffScope
from metering.tariff_choice import TariffChoice
from metering.validity import ALWAYS
from metering.waiting import Span, waiting

Range = tuple[date, date]
Read = tuple[Range, dict[date, BookRow]]
PAGE: Final = 500
Told = TypeVar("Told", BookColumns, MixedColumns)


@dataclass(frozen=True)
class AsOf:
    """A revision of one institution's books, at which an answer is to be made."""

    institution: str
    revision: int
    registry: int | None = None
    """Version of the registry whose tree, prices and factors are taken; None for the present."""
    settled: Range | None = None
    """Local days, both included, of which it is known that all were settled and nothing waited:
    one without a row at the revision was not measured."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Revisions of other institutions, for their places that this one shares."""
    at_us: int | None = None
    """When what people stated is taken; None where the moment says no instant."""

    def covers(self, day: date) -> bool:
        """Whether a day without a row at the revision had none, and no provisional one."""
        return self.settled is not None and self.settled[0] <= day <= self.settled[1]

    def checked(self, institution: str, present: int) -> int:
        """The revision; InvalidInput for another institution, or for one that is still to come."""
        if institution != self.institution:
            raise InvalidInput(
                "revisions are of one institution",
                field="as_of",
                value=self.revision,
                fix=f"ask for figures of {self.institution} alone",
            )
        if not 1 <= self.revision <= present:
            raise InvalidInput(
                "no such revision",
                field="as_of",
                value=self.revision,
                fix=f"a revision from 1 to {present}",
            )
        return self.revision

    def of_shared(self, institution: str, present: int) -> int:
        """The revision at which a shared place of an institution is read; InvalidInput where the
        moment names none."""
        if institution == self.institution:
            return self.checked(institution, present)
        if institution in self.others:
            return self.others[institution]
        raise InvalidInput(
            "the moment says nothing of the books that hold a shared place",
            field="as_of",
            value=institution,
            fix="a closing that was made since shared places are kept, or no as_of",
        )


class View:
    """One state of books and registry: the present one, or the rows of an earlier revision."""

    def __init__(
        self,
        books: BookReader,
        registry: Registry,
        now_us: int,
        plans: Plans | None = None,
        scope: Scope | None = None,
        as_of: AsOf | None = None,
        bases: Bases = USUAL_BASES,
    ) -> None:
        self._books, self._scope, self._as_of = books, scope, as_of
        self._plans = plans or Plans(registry)
        self._rows: dict[SeriesKey, list[Read]] = {}
        self._revisions: dict[str, int] = {}
        self._items: dict[tuple[int, str], list[str]] = {}
        self._held: tuple[tuple[object, ...], object] = ((), None)
        self.registry, self.now_us, self.bases = registry, now_us, bases

    @property
    def clock(self) -> Clock:
        """How far the day has come."""
        return Clock(self.now_us)

    @property
    def choice(self) -> TariffChoice:
        """Which tariff prices what."""
        return self._plans.choice

    @property
    def tariffs(self) -> TariffBook:
        """Prices by tariff scope and day."""
        return self._plans.choice.book

    def revision(self, institution: str) -> int:
        """The institution's revision that all figures belong to; of one that holds a shared place
        the one that the moment names."""
        if self._as_of is not None and institution in self._as_of.others:
            return self._as_of.others[institution]
        if institution not in self._revisions:
            present = self._books.revision(institution)
            self._revisions[institution] = (
                present if self._as_of is None else self._as_of.checked(institution, present)
            )
        return self._revisions[institution]

    @property
    def revisions(self) -> dict[str, int]:
        """The institutions that were read of so far, each with its revision."""
        return dict(sorted(self._revisions.items()))

    def forget(self, key: SeriesKey) -> None:
        """Drop the rows of a series that the answer needs no more: it may have many series."""
        self._rows.pop(key, None)

    def plan(self, institution: str, day: date) -> Plan:
        """What counts where in an institution on a day."""
        return self._plans.on(institution, day)

    def figure(self, key: SeriesKey, day: date) -> PlannedFigure | None:
        """How a node's figure is made on a day, under the institution that the node is of then;
        None where there is none, or the scope does not hold it."""
        if key.code not in self.registry.nodes or not self.sees(key.code, day):
            return None
        plan = self.plan(self.registry.institution(key.code, day), day)
        return plan.figures.get((key.code, key.item))

    def sees(self, node: str, day: date) -> bool:
        """Whether the scope holds a node on a local day."""
        return self._scope is None or self._scope.holds(node, day)

    def _node(self, key: SeriesKey) -> str:
        known = self.registry.meters if key.kind == "meter" else self.registry.nodes
        if key.code not in known:
            raise NotFound(
                f"no such {key.kind} in version {self.registry.version} of the registry",
                field=key.kind,
                value=key.code,
                fix="ask for a moment at which it was registered",
            )
        return self.registry.meters[key.code].node if key.kind == "meter" else key.code

    def _told(self, key: SeriesKey, span: Range | None = None) -> list[SeriesKey]:
        """The series under every institution that its node is of in turn; of a moment, under those
        of the span's days alone: a revision is of one."""
        known = self.registry.meters if key.kind == "meter" else self.registry.nodes
        if key.code not in known:
            return [key]
        bodies = self.registry.institutions(self._node(key))
        if span is not None and self._as_of is not None and len(bodies) > 1:
            return [replace(key, institution=body) for body in self._bodies_of(key, span)]
        return [replace(key, institution=body) for body in bodies] if len(bodies) > 1 else [key]

    def _bodies_of(self, key: SeriesKey, span: Range) -> list[str]:
        """Institutions that a series is booked under on the days of a span that the scope
        holds."""
        node = self._node(key)
        days = [day for day in days_between(*span) if self.sees(node, day)]
        return sorted({self.registry.institution(node, day) for day in days})

    def _holds(self, row: BookRow) -> bool:
        """Whether a row is of its day's institution, and in the scope."""
        key = row.key
        known = self.registry.meters if key.kind == "meter" else self.registry.nodes
        if key.code not in known:
            return self._scope is None or self._scope.whole
        node = self._node(key)
        if not self.sees(node, row.day):
            return False
        bodies = self.registry.institutions(node)
        return len(bodies) == 1 or self.registry.institution(node, row.day) == key.institution

    def rows(self, key: SeriesKey, first: date, last: date) -> dict[date, BookRow]:
        """Rows of a series on the days first..last, both included, by day."""
        known = self._read(key, first, last)
        if known is None:
            self.load([key], first, last)
            known = self._read(key, first, last) or ((first, last), {})
        if known[0] == (first, last):
            return known[1]
        return {day: row for day, row in known[1].items() if first <= day <= last}

    def shared_rows(self, node: str, item: str, first: date, last: date) -> dict[date, BookRow]:
        """Rows of a shared place, whoever holds it: for whoever tells no more than a part."""
        body = self.registry.institution
        bodies: Iterable[str] = self.registry.institutions(node)
        if self._as_of is not None:
            bodies = {body(node, day) for day in days_between(first, last)}
        keys = [SeriesKey(one, "node", node, item) for one in sorted(bodies)]
        found = self._whoever_holds(keys, first, last)
        return {row.day: row for row in found if body(node, row.day) == row.key.institution}

    def _whoever_holds(self, keys: Sequence[SeriesKey], first: date, last: date) -> list[BookRow]:
        """Rows of series of any institution. Of a moment without those that were not settled
        then: they are not kept."""
        standing = self._books.rows(keys, first, last)
        if self._as_of is None:
            return standing
        found: list[BookRow] = []
        for key in keys:
            present = self._books.revision(key.institution)
            revision = self._as_of.of_shared(key.institution, present)
            rows = self._books.rows_at([key], first, last, revision)
            found += [row for row in rows if not row.provisional]
        kept = {(row.key, row.day) for row in found}
        covers = self._as_of.covers
        lost = [r for r in standing if (r.key, r.day) not in kept and not covers(r.day)]
        if lost:
            raise _not_kept(lost, self._as_of.revision)
        return found

    def shares_on(self, division: Division, day: date) -> Division | None:
        """The shares of a day; None where a meter that says them is not known."""
        if not division.meters:
            return division
        return division.on_a_day([self._meter_total(code, day) for code in division.meters])

    def _meter_total(self, code: str, day: date) -> int | None:
        """What a meter counted on a day [book units], whoever holds it; None where that is not
        known."""
        meter = self.registry.meters.get(code)
        if meter is None:
            return None
        body = self.registry.institution(meter.node, day)
        rows = self._whoever_holds([SeriesKey(body, "meter", code, meter.item)], day, day)
        return rows[0].total if rows else None

    def load(self, keys: Sequence[SeriesKey], first: date, last: date) -> None:
        """Read the rows of many series at once; what is known already is not read again."""
        missing = [key for key in dict.fromkeys(keys) if self._read(key, first, last) is None]
        spans: dict[Range, list[SeriesKey]] = {}
        for key in missing:
            spans.setdefault(self._widened(key, first, last), []).append(key)
        for span, group in spans.items():
            found: dict[SeriesKey, dict[date, BookRow]] = {key: {} for key in group}
            asked = {told: key for key in group for told in self._told(key, span)}
            for row in self._rows_of(list(asked), span):
                if self._holds(row):
                    found[asked[row.key]][row.day] = row
            for key, rows in found.items():
                apart = [one for one in self._rows.get(key, []) if not _touch(one[0], span)]
                self._rows[key] = [*apart, (span, rows)]

    def _rows_of(self, keys: Sequence[SeriesKey], span: Range) -> list[BookRow]:
        """Rows of the moment that the view is of."""
        standing = self._books.rows(keys, *span)
        if self._as_of is None:
            return standing
        found: list[BookRow] = []
        for body in sorted({key.institution for key in keys}):
            own = [key for key in keys if key.institution == body]
            found += self._books.rows_at(own, *span, self.revision(body))
        kept = {(row.key, row.day) for row in found}
        lost = [
            row
            for row in standing
            if (row.key, row.day) not in kept
            and not self._as_of.covers(row.day)
            and self._holds(row)
        ]
        if lost:
            raise _not_kept(lost, self._as_of.revision)
        return found

    def is_plain(self, key: SeriesKey) -> bool:
        """Whether the books tell a series as it is: the present one, of one institution, on all
        days of the scope. Then `columns` and `day_columns` say what `rows` says."""
        known = self.registry.meters if key.kind == "meter" else self.registry.nodes
        if self._as_of is not None or key.code not in known:
            return False
        node = self._node(key)
        whole = self._scope is None or self._scope.days(node) == (ALWAYS,)
        return whole and tuple(self.registry.institutions(node)) == (key.institution,)

    def columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, *, priced: bool
    ) -> BookColumns:
        """Rows of different plain series as columns, with their parts."""
        return self._once(
            (first, last),
            ("columns", priced, *keys),
            lambda: self._books.columns(keys, first, last, priced=priced),
        )

    def day_columns(self, keys: Sequence[SeriesKey], first: date, last: date) -> DayColumns:
        """Likewise the days alone."""
        return self._books.day_columns(keys, first, last)

    def totals(self, keys: Sequence[SeriesKey], first: date, last: date) -> I64:
        """(S,) likewise the energy of all days together; ABSENT where nothing is known."""
        return self._books.totals(keys, first, last)

    def mixed_columns(
        self, keys: Sequence[SeriesKey], first: date, last: date, step_min: int
    ) -> MixedColumns:
        """Likewise which there are, and those whose quality by a step needs a look at them."""
        return self._once(
            (first, last),
            ("mixed", step_min, *keys),
            lambda: self._books.mixed_columns(keys, first, last, step_min),
        )

    def _once(self, span: Range, asked: tuple[object, ...], read: Callable[[], Told]) -> Told:
        """What was just read, where the same is asked again: of a day that a range cuts, an answer
        takes the hours and the quarter hours. No more than a day is held for that."""
        known, held = self._held
        if known == (span, *asked):
            return cast(Told, held)
        self._held = ((), None)
        found = read()
        if span[0] == span[1]:
            self._held = ((span, *asked), found)
        return found

    def names(self, key: SeriesKey) -> bool:
        """Whether the moment of the view says at which revision a series is read."""
        then = self._as_of
        return then is None or key.institution in (then.institution, *then.others)

    def _read(self, key: SeriesKey, first: date, last: date) -> Read | None:
        """What was read of a series and holds all of the days."""
        known = self._rows.get(key, ())
        return next((one for one in known if one[0][0] <= first and last <= one[0][1]), None)

    def _widened(self, key: SeriesKey, first: date, last: date) -> Range:
        """The days with those known of the series that they touch; months far apart are not
        joined by all that lies between."""
        while touched := [
            one[0]
            for one in self._rows.get(key, ())
            if _touch(one[0], (first, last)) and not (first <= one[0][0] and one[0][1] <= last)
        ]:
            first = min(first, *(span[0] for span in touched))
            last = max(last, *(span[1] for span in touched))
        return first, last

    def events(self, institution: str, start_us: int, end_us: int) -> list[RegisterEvent]:
        """Register events of an institution's books that overlap [start, end) and lie wholly in the
        scope's days, sorted by meter and start."""
        found = self._books.events(institution, start_us, end_us)
        if self._scope is None or not self._scope.dated:
            return found
        return [event for event in found if self._tells(event)]

    def events_of(self, key: SeriesKey, start_us: int, end_us: int) -> list[RegisterEvent]:
        """Likewise those of every institution that a series is booked under, each once: one that
        lies over the change is told by both."""
        found = {
            (event.meter, event.start_us, event.kind, event.end_us): event
            for told in self._told(key)
            for event in self.events(told.institution, start_us, end_us)
        }
        return [found[place] for place in sorted(found)]

    def _tells(self, event: RegisterEvent) -> bool:
        meter = self.registry.meters.get(event.meter)
        if meter is None:
            return False
        zone = self.registry.zone(meter.node)
        last_us = max(event.start_us, event.end_us - 1)
        days = days_between(local_day(event.start_us, zone), local_day(last_us, zone))
        return all(self.sees(meter.node, day) for day in days)

    def touched(self, institution: str, after: int) -> frozenset[str]:
        """Codes of an institution's meters and places of which a settled row became valid after
        one of its revisions, in scope or not."""
        return self._books.touched(institution, after)

    def restatements(self, institution: str, first: date, last: date) -> list[Restatement]:
        """Restatements of the institution's days first..last, oldest first."""
        found: list[Restatement] = []
        after = 0
        while True:
            page = self._books.restatements(institution, after=after, limit=PAGE)
            found += [one for _, one in page if first <= one.day <= last]
            if len(page) < PAGE:
                break
            after = page[-1][0]
        if self._as_of is None:
            return found
        until = self.revision(institution)
        return [one for one in found if one.new_revision <= until]

    def is_being_booked(self, institution: str, start_us: int, end_us: int) -> bool:
        """Whether readings of the institution in [start, end) wait to be booked: its rows there
        may be a part of what is to come."""
        if self._as_of is not None:
            return False  # what stood at a revision is what it is
        return bool(waiting(self._books.unbooked(start_us, end_us), self.registry, institution))

    def asked(self, points: Container[int], start_us: int, end_us: int) -> list[Span]:
        """What somebody asked to have computed again of these points in [start, end) and that is
        not booked yet: start and end of each piece [us], both included."""
        marks = self._books.unbooked(start_us, end_us)
        return [
            (one.start_us, one.end_us)
            for one in marks
            if one.cause == ASKED_CAUSE and one.point in points
        ]

    def key_of(self, code: str, item: str | None = None) -> SeriesKey:
        """The booked series of a meter, or of a node and item.

        Of a node that was of several institutions in turn it names the last one that the scope
        holds. Raises NotFound for an unknown code, InvalidInput for a node without an item.
        """
        registry = self.registry
        if code in registry.meters and code not in registry.nodes:
            meter = registry.meters[code]
            return SeriesKey(self.institution_of(meter.node), "meter", code, meter.item)
        if item is None:
            raise InvalidInput("a node's energy needs an item", field="item", fix="e.g. 01000")
        registry.node(code)
        return SeriesKey(self.institution_of(code), "node", code, check_item(item))

    def institution_of(self, node: str) -> str:
        """The institution that a node is of, on the last day that the scope holds."""
        spans = () if self._scope is None else self._scope.days(node)
        end = spans[-1].end if spans else None
        return self.registry.institution(node, None if end is None else end - timedelta(days=1))

    def zone(self, key: SeriesKey) -> str:
        """The zone in which a series' days are local."""
        return self.registry.zone(self._node(key))

    def today(self, key: SeriesKey) -> date:
        """The series' running local day."""
        return local_day(self.now_us, self.zone(key))

    def meters(self, key: SeriesKey, day: date) -> tuple[str, ...]:
        """Meters that count into a series on a local day, without those of shared places that the
        scope does not hold."""
        known = self.registry.meters
        counting = self._counting(key, day)
        return tuple(m for m in counting if m not in known or self.sees(known[m].node, day))

    def _counting(self, key: SeriesKey, day: date) -> tuple[str, ...]:
        if key.kind == "meter":
            return (key.code,) if key.code in self.registry.meters else ()
        figure = self.figure(key, day)
        return figure.meters if figure else ()

    def items_of(self, node: str, day: date) -> list[str]:
        """Item codes that a node has figures of on a day, wide before narrow."""
        if node not in self.registry.nodes or not self.sees(node, day):
            return []
        plan = self.plan(self.registry.institution(node, day), day)
        place = (id(plan), node)
        if place not in self._items:
            self._items[place] = sorted(item for code, item in plan.figures if code == node)
        return list(self._items[place])

    def scope_of(
        self, key: SeriesKey, day: date, step_min: int | None = None
    ) -> TariffScope | None:
        """What prices a series whose books do not say: the tariff of the first of its meters (of
        those of a step, where one is given). None where one of them has none: energy that no
        tariff prices never takes its neighbour's price."""
        meters = self._counting(key, day)
        known = self.registry.meters
        own = [code for code in meters if known[code].step_min == step_min] or meters
        scopes = [self.choice.of(code, day) for code in own]
        return scopes[0] if scopes and all(scopes) else None


def _not_kept(lost: Sequence[BookRow], revision: int) -> NotFound:
    """What stood on a day is not known: it was provisional, or not booked yet."""
    days = sorted({row.day for row in lost})
    return NotFound(
        f"at revision {revision} the days {days[0]} to {days[-1]} were not all settled; "
        "what stood there is not kept",
        field="as_of",
        value=revision,
        fix="ask for a later revision, or for days that were settled",
    )


def _touch(one: Range, other: Range) -> bool:
    """Whether two ranges share a day or lie side by side."""
    day = timedelta(days=1)
    return one[0] <= other[1] + day and other[0] <= one[1] + day


VIEWS_AT_ONCE = 8
"""Each holds a connection to the books; some must be left for everything else."""
PATIENCE_S = 30.0
PINNED_KEPT = 4
"""Earlier registries that are kept at hand: as many as closings are compared side by side."""


class Figures:
    """Opens views; lives as long as the platform and is shared by its threads."""

    def __init__(
        self,
        books: BookViews,
        registry: Callable[[], Registry],
        now_us: Callable[[], int],
        registry_at: Callable[[int], Registry] | None = None,
    ) -> None:
        self._books, self._registry, self._now_us = books, registry, now_us
        self._registry_at = registry_at
        self._known: tuple[Registry, Plans] | None = None
        self._pinned: dict[int, tuple[Registry, Plans]] = {}
        self._turns = threading.BoundedSemaphore(VIEWS_AT_ONCE)

    def tell(self, institution: str, rows: Sequence[BookRow]) -> None:
        """Make rows of a view told, because they are given out right after; Conflict, and nothing
        is told, where one of them stands no more."""
        self._books.tell(institution, rows)

    @contextmanager
    def view(
        self,
        registry: Registry | None = None,
        scope: Scope | None = None,
        as_of: AsOf | None = None,
        bases: Bases = USUAL_BASES,
    ) -> Iterator[View]:
        """One state of the books, the registry (the present one where none is given) and the
        clock, within a scope where one is given; with `as_of` rows are those of that revision under
        its registry, and NotFound is raised where they are not kept. Open no second one inside it.
        Unavailable where too many are open for long. Coal and carbon are told on `bases`."""
        registry = registry or self._registry()
        known = self._of(registry, as_of)
        if not self._turns.acquire(timeout=PATIENCE_S):
            raise Unavailable(
                "too many answers are being made at once",
                field="view",
                value=VIEWS_AT_ONCE,
                fix="ask again in a moment, and for shorter ranges",
            )
        try:
            with self._books.at_rest() as books:
                yield View(books, known[0], self._now_us(), known[1], scope, as_of, bases)
        finally:
            self._turns.release()

    def _of(self, registry: Registry, as_of: AsOf | None) -> tuple[Registry, Plans]:
        """The registry that a view is of, with its plans; of earlier ones a few are kept."""
        version = None if as_of is None else as_of.registry
        if version is not None and version != registry.version:
            if self._registry_at is None:
                raise NotFound(
                    "no earlier version of the registry is kept here",
                    field="as_of",
                    value=version,
                    fix=f"ask for the present version, {registry.version}",
                )
            found = self._pinned.get(version)
            if found is None:
                earlier = self._registry_at(version)
                found = (earlier, Plans(earlier))
                self._pinned = dict([*self._pinned.items(), (version, found)][-PINNED_KEPT:])
            return found
        known = self._known
        if known is None or known[0] is not registry:
            plans = Plans(registry) if known is None else known[1].renewed(registry)
            known = self._known = (registry, plans)
        return known
