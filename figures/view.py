"""The books as they stand at one moment, for as long as one answer is being made.

    Figures.view() ──▶ View ──▶ energy, worth, indicators, data-centre ratios
                        │
                        └ one snapshot of the books, one registry, one now

Whatever an answer asks of a view belongs to the same revision, however the books move on
meanwhile. A view applies no scope: who opens it has checked the node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from ledger import Clock, Plan, Plans
from metering.book import BookRow, SeriesKey
from metering.errors import InvalidInput
from metering.items import check_item
from metering.localtime import local_day
from metering.ports import BookReader, BookStore
from metering.registry import Registry
from metering.tariff import TariffBook, TariffScope
from metering.tariff_choice import TariffChoice

Range = tuple[date, date]


class View:
    """One state of books and registry."""

    def __init__(
        self, books: BookReader, registry: Registry, now_us: int, plans: Plans | None = None
    ) -> None:
        self._books = books
        self._plans = plans or Plans(registry)
        self._rows: dict[SeriesKey, tuple[Range, dict[date, BookRow]]] = {}
        self._revisions: dict[str, int] = {}
        self.registry, self.now_us = registry, now_us

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
        """The institution's revision that all figures belong to."""
        if institution not in self._revisions:
            self._revisions[institution] = self._books.revision(institution)
        return self._revisions[institution]

    def plan(self, institution: str, day: date) -> Plan:
        """What counts where in an institution on a day."""
        return self._plans.on(institution, day)

    def rows(self, key: SeriesKey, first: date, last: date) -> dict[date, BookRow]:
        """Rows of a series on the days first..last, both included, by day."""
        known = self._rows.get(key)
        if known is None or first < known[0][0] or last > known[0][1]:
            self.load([key], first, last)
            known = self._rows[key]
        if known[0] == (first, last):
            return known[1]
        return {day: row for day, row in known[1].items() if first <= day <= last}

    def load(self, keys: Sequence[SeriesKey], first: date, last: date) -> None:
        """Read the rows of many series at once; what is known already is not read again."""
        missing = [key for key in dict.fromkeys(keys) if not self._covers(key, first, last)]
        spans: dict[Range, list[SeriesKey]] = {}
        for key in missing:
            old = self._rows.get(key)
            span = (first, last) if old is None else (min(first, old[0][0]), max(last, old[0][1]))
            spans.setdefault(span, []).append(key)
        for span, group in spans.items():
            found: dict[SeriesKey, dict[date, BookRow]] = {key: {} for key in group}
            for row in self._books.rows(group, *span):
                found[row.key][row.day] = row
            self._rows.update({key: (span, rows) for key, rows in found.items()})

    def _covers(self, key: SeriesKey, first: date, last: date) -> bool:
        known = self._rows.get(key)
        return known is not None and known[0][0] <= first and last <= known[0][1]

    def key_of(self, code: str, item: str | None = None) -> SeriesKey:
        """The booked series of a meter, or of a node and item.

        Raises NotFound for an unknown code, InvalidInput for a node without an item.
        """
        registry = self.registry
        if code in registry.meters and code not in registry.nodes:
            meter = registry.meters[code]
            return SeriesKey(registry.institution(meter.node), "meter", code, meter.item)
        if item is None:
            raise InvalidInput("a node's energy needs an item", field="item", fix="e.g. 01000")
        registry.node(code)
        return SeriesKey(registry.institution(code), "node", code, check_item(item))

    def zone(self, key: SeriesKey) -> str:
        """The zone in which a series' days are local."""
        of_meter = key.kind == "meter"
        return self.registry.zone(self.registry.meters[key.code].node if of_meter else key.code)

    def today(self, key: SeriesKey) -> date:
        """The series' running local day."""
        return local_day(self.now_us, self.zone(key))

    def meters(self, key: SeriesKey, day: date) -> tuple[str, ...]:
        """Meters that count into a series on a local day."""
        if key.kind == "meter":
            return (key.code,) if key.code in self.registry.meters else ()
        figure = self.plan(key.institution, day).figures.get((key.code, key.item))
        return figure.meters if figure else ()

    def items_of(self, node: str, day: date) -> list[str]:
        """Item codes that a node has figures of on a day, wide before narrow."""
        figures = self.plan(self.registry.institution(node), day).figures
        return sorted(item for code, item in figures if code == node)

    def scope_of(
        self, key: SeriesKey, day: date, step_min: int | None = None
    ) -> TariffScope | None:
        """What prices a series whose books do not say: the tariff of the first of its meters (of
        those of a step, where one is given). None where one of them has none: energy that no
        tariff prices never takes its neighbour's price."""
        meters = self.meters(key, day)
        known = self.registry.meters
        own = [code for code in meters if known[code].step_min == step_min] or meters
        scopes = [self.choice.of(code, day) for code in own]
        return scopes[0] if scopes and all(scopes) else None


class Figures:
    """Opens views; lives as long as the platform and is shared by its threads."""

    def __init__(
        self, books: BookStore, registry: Callable[[], Registry], now_us: Callable[[], int]
    ) -> None:
        self._books, self._registry, self._now_us = books, registry, now_us
        self._known: tuple[Registry, Plans] | None = None

    @contextmanager
    def view(self, registry: Registry | None = None) -> Iterator[View]:
        """One state of the books, the registry (the present one where none is given) and the
        clock."""
        registry = registry or self._registry()
        known = self._known
        if known is None or known[0] is not registry:
            known = self._known = (registry, Plans(registry))
        with self._books.at_rest() as books:
            yield View(books, registry, self._now_us(), known[1])
