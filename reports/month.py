"""The month's report of an institution, from the books as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ledger import SETTLE_US, EnergyReader, plan
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.items import whole
from metering.localtime import day_bounds
from metering.quality import APPORTIONED, MISSING, WHOLE
from reports.evidence import cases, event_lines, restatement_lines
from reports.indicators import indicators, totals
from reports.lines import (
    COMPARABLE,
    LineMaker,
    Worth,
    bounds,
    month_before,
    used_factors,
    used_prices,
    year_before,
)
from reports.model import Line, MonthReport
from reports.places import meter_names, places
from reports.rows import factor_row, period_lines, price_row
from reports.seal import digest, sealed
from reports.snapshot import Snapshot
from reports.source import Source, month_of

ENOUGH = 9_000
"""Known time below which a month is not complete, by default 90 % [1/10,000]: neither missing
nor apportioned over its edge. The rule for key energy users, found in secondary texts."""


@dataclass(frozen=True)
class Terms:
    """What a report asks of completeness [1/10,000]."""

    enough: int = ENOUGH
    comparable: int = COMPARABLE


def month_report(
    source: Source,
    institution: str,
    month: str,
    *,
    now_us: int,
    provisional: bool = False,
    terms: Terms | None = None,
) -> MonthReport:
    """The sealed report of an institution for a month `YYYY-MM`.

    A complete report does not depend on `now_us`: it comes out the same until one of its own
    rows, findings, factors, prices or names changes. Raises NotFound for an unknown
    institution; InvalidInput for what is no month, for a month of which nothing is booked, and
    for one that is not complete unless `provisional` is asked for.
    """
    maker = _Maker(source, source.institution(institution), month_of(month), now_us, terms)
    return maker.make(provisional)


class _Maker:
    def __init__(
        self, source: Source, institution: str, month: date, now_us: int, terms: Terms | None
    ) -> None:
        self.source, self.institution, self.month = source, institution, month
        self.now_us, self.terms = now_us, terms or Terms()
        self.first, self.last = bounds(month)
        self.zone = source.registry.zone(institution)
        self.start_us = day_bounds(self.first, self.zone)[0]
        self.end_us = day_bounds(self.last, self.zone)[1]
        self.places = places(source.registry, institution, self.last)
        self.plans = [plan(source.registry, institution, day) for day in (self.first, self.last)]

    def make(self, provisional: bool) -> MonthReport:
        """The report, of one state of the books."""
        registry = self.source.registry
        keys = [
            SeriesKey(self.institution, "node", place.code, item)
            for place in self.places
            for item in self._items(place.code)
        ]
        meters = [
            SeriesKey(self.institution, "meter", meter.code, meter.item)
            for meter in registry.meters.values()
            if registry.institution(meter.node) == self.institution
        ]
        months = (self.month, month_before(self.month), year_before(self.month))
        books = Snapshot(self.source.books, self.institution, [*keys, *meters], months)
        energy = EnergyReader(books.as_books(), lambda: registry, lambda: self.now_us)
        maker = LineMaker(energy, registry, self.institution, self.month, self.terms.comparable)
        worths = [maker.make(key.code, key.item) for key in keys]
        lines = tuple(worth.line for worth in worths)
        reasons = self._open_reasons(lines)
        self._check(lines, reasons, provisional)
        return self._report(keys, worths, reasons, books.newest())

    def _report(
        self,
        keys: Sequence[SeriesKey],
        worths: list[Worth],
        reasons: tuple[str, ...],
        revision: int,
    ) -> MonthReport:
        registry, lines = self.source.registry, tuple(worth.line for worth in worths)
        factors = tuple(factor_row(row) for row in used_factors(worths))
        prices = tuple(price_row(row) for row in used_prices(worths))
        sums = totals(self.places, lines)
        found = cases(self.source.findings_of(self.institution, self.start_us, self.end_us))
        events = event_lines(
            self.source.books.events(self.institution, self.start_us, self.end_us),
            self.start_us,
            self.end_us,
        )
        changed = self.source.restatements_of(self.institution, self.first, self.last)
        named = {*(c.meter for c in found), *(e.meter for e in events)}
        named.update(code for line in lines for code in line.silent)
        return sealed(
            MonthReport(
                institution=self.institution,
                month=f"{self.month:%Y-%m}",
                first=self.first,
                last=self.last,
                zone=self.zone,
                start_us=self.start_us,
                end_us=self.end_us,
                open_reasons=reasons,
                as_of_us=self.now_us if reasons else None,
                places=self.places,
                lines=lines,
                periods=period_lines(self._of_institution(worths)),
                totals=sums,
                indicators=indicators(self.places, lines, sums),
                cases=found,
                events=events,
                restatements=restatement_lines(changed, keys),
                factors=factors,
                prices=prices,
                meters=meter_names(registry, named),
                revision=revision,
                factor_set=digest(factors)[:16],
                tariff_version=digest(prices)[:16],
            )
        )

    def _items(self, node: str) -> list[str]:
        """Items with a figure at the month's beginning or end."""
        return sorted({item for one in self.plans for code, item in one.figures if code == node})

    def _of_institution(self, worths: Sequence[Worth]) -> list[Worth]:
        return [
            worth
            for worth in worths
            if worth.line.node == self.institution and worth.line.item == whole(worth.line.item)
        ]

    def _open_reasons(self, lines: Sequence[Line]) -> tuple[str, ...]:
        if self.now_us < self.end_us:
            return ("running",)
        late = self.now_us < self.end_us + SETTLE_US or any(line.provisional for line in lines)
        reasons = ["unsettled"] if late else []
        reasons += [
            f"incomplete {line.item}"
            for line in lines
            if line.node == self.institution
            and line.item == whole(line.item)
            and WHOLE - line.shares[MISSING] - line.shares[APPORTIONED] < self.terms.enough
        ]
        return tuple(reasons)

    def _check(self, lines: Sequence[Line], reasons: tuple[str, ...], provisional: bool) -> None:
        if "running" in reasons and not provisional:
            raise self._not_complete(reasons)
        if all(line.amount is None for line in lines):
            raise InvalidInput(
                "nothing is booked in this month",
                field="month",
                value=f"{self.month:%Y-%m}",
                fix="a month in which the institution's meters were read",
            )
        if reasons and not provisional:
            raise self._not_complete(reasons)

    def _not_complete(self, reasons: tuple[str, ...]) -> InvalidInput:
        return InvalidInput(
            "the month is not complete: " + ", ".join(map(self._told, reasons)),
            field="month",
            value=f"{self.month:%Y-%m}",
            fix="take an earlier month, or ask for a provisional report (--provisional)",
        )

    def _told(self, reason: str) -> str:
        kind, _, item = reason.partition(" ")
        if kind == "running":
            return "it has not ended"
        if kind == "unsettled":
            return "its last days can still change"
        enough = self.terms.enough / 100
        return f"{item} is known for less than {enough:g} % of the time"
