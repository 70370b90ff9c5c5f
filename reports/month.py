"""The month's report of an institution, from the books as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from figures import View
from metering.book import RULES_VERSION, BookRow, SeriesKey
from metering.errors import InvalidInput
from metering.factor import USUAL_BASES, Bases
from metering.items import whole
from metering.localtime import day_bounds
from metering.quality import APPORTIONED, MISSING, WHOLE
from reports.evidence import cases, event_lines, restatement_lines
from reports.lines import COMPARABLE, LineMaker, Made, bounds, month_before, year_before
from reports.model import MonthReport, ReportLine
from reports.places import meter_names, places
from reports.rows import (
    difference_lines,
    factor_row,
    indicator_lines,
    lacking_factors,
    period_lines,
    price_row,
    ratio_lines,
    role_keys,
    sums_of,
    total_line,
    used_factors,
    used_prices,
)
from reports.seal import digest, sealed
from reports.source import ReportSource, month_of

ENOUGH = 9_000
"""Known time below which a month is not complete, by default 90 % [1/10,000]: neither missing
nor apportioned over its edge. The rule for key energy users, found in secondary texts."""


@dataclass(frozen=True)
class Terms:
    """What a report asks of completeness [1/10,000]."""

    enough: int = ENOUGH
    comparable: int = COMPARABLE


BOOKING = "booking"
"""Reason of a report that is provisional because readings of its days are still being booked."""


@dataclass(frozen=True)
class Drawn:
    """A report, and what of the books it is the first to tell."""

    report: MonthReport
    untold: list[BookRow]
    """Settled rows of its month's days that were never told."""


def month_report(
    source: ReportSource,
    institution: str,
    month: str,
    *,
    provisional: bool = False,
    terms: Terms | None = None,
    bases: Bases = USUAL_BASES,
) -> MonthReport:
    """The sealed report of an institution for a month `YYYY-MM`, of one state of the books, with
    coal and carbon on `bases`.

    A complete report does not depend on when it is made: it comes out the same until one of its
    own rows, findings, factors, prices or names changes. It is provisional while readings of its
    days are being booked. Raises NotFound for an unknown institution; InvalidInput for what is no
    month, for a month of which nothing is booked, and for one that is not complete unless
    `provisional` is asked for.
    """
    return drawn(
        source, institution, month, provisional=provisional, terms=terms, bases=bases
    ).report


def drawn(
    source: ReportSource,
    institution: str,
    month: str,
    *,
    provisional: bool = False,
    terms: Terms | None = None,
    bases: Bases = USUAL_BASES,
) -> Drawn:
    """As `month_report`, with the rows that it tells."""
    code, first = source.institution(institution), month_of(month)
    with source.view(code, bases=bases) as view:
        maker = _Maker(source, view, code, first, terms or Terms())
        return Drawn(maker.make(provisional), maker.untold())


class _Maker:
    def __init__(
        self, source: ReportSource, view: View, institution: str, month: date, terms: Terms
    ) -> None:
        self.source, self.view, self.terms = source, view, terms
        self.institution, self.month = institution, month
        self.first, self.last = bounds(month)
        self.zone = view.registry.zone(institution)
        self.start_us = day_bounds(self.first, self.zone)[0]
        self.end_us = day_bounds(self.last, self.zone)[1]
        self.places = places(view.registry, institution, (self.first, self.last))
        self.keys = [
            SeriesKey(institution, "node", place.code, item)
            for place in self.places
            for item in self._items(place.code)
        ]
        self.months = [bounds(one) for one in (month, month_before(month), year_before(month))]

    def make(self, provisional: bool) -> MonthReport:
        """The report; InvalidInput where there is none yet."""
        for span in self.months:
            self.view.load(self.keys, *span)
        maker = LineMaker(self.view, self.month, self.terms.comparable)
        made = [maker.make(key) for key in self.keys]
        lines = tuple(one.line for one in made)
        reasons = self._open_reasons(lines)
        self._check(lines, reasons, provisional)
        return sealed(self._report(made, lines, reasons))

    def _report(
        self, made: list[Made], lines: tuple[ReportLine, ...], reasons: tuple[str, ...]
    ) -> MonthReport:
        view, span, booked = self.view, (self.start_us, self.end_us), self._booked()
        factors = tuple(factor_row(row) for row in used_factors(made))
        prices = tuple(price_row(row) for row in used_prices(made))
        sums = sums_of(self.places, made)
        told = self.source.findings_of(self.institution, *span)
        found = cases(told, self.source.registry, view.bases)
        events = event_lines(view.events(self.institution, *span), *span)
        changed = view.restatements(self.institution, self.first, self.last)
        named = {*(c.meter for c in found), *(e.meter for e in events)}
        named.update(row.meter for row in prices)
        named.update(code for line in lines for code in line.silent)
        return MonthReport(
            institution=self.institution,
            month=f"{self.month:%Y-%m}",
            first=self.first,
            last=self.last,
            zone=self.zone,
            start_us=self.start_us,
            end_us=self.end_us,
            open_reasons=reasons,
            as_of_us=view.now_us if reasons else None,
            places=self.places,
            lines=lines,
            differences=difference_lines(made),
            periods=period_lines(self._of_institution(made)),
            totals=tuple(total_line(node, one) for node, one in sums.items()),
            indicators=tuple(
                one
                for place in self.places
                for one in indicator_lines(view, place, made, sums[place.code])
            ),
            ratios=ratio_lines(view, self.institution, self.first, self.last),
            cases=found,
            events=events,
            restatements=restatement_lines(changed, self.keys),
            factors=factors,
            prices=prices,
            meters=meter_names(view.registry, named),
            revision=max((row.revision for row in booked), default=0),
            factor_set=digest(factors)[:16],
            tariff_version=digest(prices)[:16],
            registry_version=view.registry.version,
            rules_version=RULES_VERSION,
            rows_registry_version=max((row.registry for row in booked), default=0),
            coal=str(view.bases.coal),
            carbon=str(view.bases.carbon),
            lacking=lacking_factors(self._of_institution(made)),
        )

    def untold(self) -> list[BookRow]:
        """Settled rows of the month that were never told."""
        keys = [*self.keys, *role_keys(self.view, self.institution)]
        rows = (row for key in keys for row in self.view.rows(key, self.first, self.last).values())
        return [row for row in rows if not row.told and not row.provisional]

    def _is_being_booked(self) -> bool:
        """Whether readings of the month's days, local to any of its places, wait."""
        zones = {self.view.registry.zone(place.code) for place in self.places} | {self.zone}
        start_us = min(day_bounds(self.first, zone)[0] for zone in zones)
        end_us = max(day_bounds(self.last, zone)[1] for zone in zones)
        return self.view.is_being_booked(self.institution, start_us, end_us)

    def _booked(self) -> list[BookRow]:
        """All rows of the books that the report rests on."""
        meters = role_keys(self.view, self.institution)
        asked = [(key, span) for key in self.keys for span in self.months]
        asked += [(key, self.months[0]) for key in meters]
        return [row for key, span in asked for row in self.view.rows(key, *span).values()]

    def _items(self, node: str) -> list[str]:
        """Items with a figure at the month's beginning or end."""
        days = (self.first, self.last)
        return sorted({item for day in days for item in self.view.items_of(node, day)})

    def _of_institution(self, made: Sequence[Made]) -> list[Made]:
        return [
            one
            for one in made
            if one.line.node == self.institution and one.line.item == whole(one.line.item)
        ]

    def _open_reasons(self, lines: Sequence[ReportLine]) -> tuple[str, ...]:
        if self.view.now_us < self.end_us:
            return ("running",)
        settled = self.view.clock.is_settled(self.last, self.zone)
        late = not settled or any(line.provisional for line in lines)
        reasons = ["unsettled"] if late else []
        reasons += [BOOKING] if self._is_being_booked() else []
        reasons += [
            f"incomplete {line.item}"
            for line in lines
            if line.node == self.institution
            and line.item == whole(line.item)
            and WHOLE - line.shares[MISSING] - line.shares[APPORTIONED] < self.terms.enough
        ]
        return tuple(reasons)

    def _check(
        self, lines: Sequence[ReportLine], reasons: tuple[str, ...], provisional: bool
    ) -> None:
        if "running" in reasons and not provisional:
            raise self._not_complete(reasons)
        if all(line.amount is None for line in lines):
            raise InvalidInput(
                "nothing is booked in this month",
                field="month",
                value=f"{self.month:%Y-%m}",
                fix="a month in which the institution's meters were read",
            )
        if set(reasons) - {BOOKING} and not provisional:
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
        if kind == BOOKING:
            return "readings are still being booked"
        enough = self.terms.enough / 100
        return f"{item} is known for less than {enough:g} % of the time"
