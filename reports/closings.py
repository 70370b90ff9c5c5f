"""Closed periods: a person says that a month, quarter or year of an institution holds.

close ──▶ over, settled, booked, complete (or a reason) ──▶ report's issue ──▶ pins, told
later ──▶ the closed numbers stand; what became of them since is listed beside them
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from figures import AsOf, View, month_quality, worth
from figures import energy as energy_of
from metering.book import RULES_VERSION, BookRow, SeriesKey, is_news
from metering.closing import (
    Closing,
    Signed,
    days_of_period,
    months_of_period,
    no_such_closing,
    number_of_closing,
)
from metering.errors import Conflict, InvalidInput, NotFound
from metering.items import whole
from metering.localtime import day_bounds, days_between
from metering.ports import AuditLog, BookSeries, ClosingStore
from metering.quality import APPORTIONED, MISSING, WHOLE
from metering.registry import Registry
from metering.validity import Validity
from reports.issues import ATTEMPTS, Issued, Issues, checked_reason
from reports.month import ENOUGH
from reports.places import places
from reports.revalued import (
    NOTHING,
    ClosedSum,
    Views,
    WorthSince,
    edits_since,
    money_of,
    revalued,
)
from reports.rows import factor_row, price_row
from reports.seal import digest

CLOSED: Final = "say in a sentence, in Chinese or Latin letters, why the period holds as it is"
REOPENED: Final = "say in a sentence, in Chinese or Latin letters, why the period is reopened"

Place = tuple[SeriesKey, date]


@dataclass(frozen=True)
class DaySince:
    """What became of a day of a closed period after it was closed."""

    key: SeriesKey
    day: date
    old_total: int | None
    """Book units as closed; None where nothing was known."""
    new_total: int | None
    causes: tuple[str, ...]
    """Empty where the books do not say why."""


@dataclass(frozen=True)
class SumSince:
    """An item's sum as closed, and as it stands."""

    item: str
    closed: ClosedSum
    present: ClosedSum


@dataclass(frozen=True)
class Aftermath:
    """What became of a closed period."""

    restatements: list[DaySince]
    figures: list[WorthSince]
    """Of each place, item and month that is worth otherwise, why."""
    sums: list[SumSince]


@dataclass(frozen=True)
class _AtClosing:
    """A period as it stands."""

    revision: int
    lacking: tuple[str, ...]
    untold: list[BookRow]
    others: dict[str, int]


@dataclass(frozen=True)
class Closings:
    """Closes periods and lists what became of them; whoever calls has checked the scope."""

    issues: Issues
    books: BookSeries
    store: ClosingStore
    key: str
    """Id of the key of who asks; '' for the command line."""
    audit: AuditLog
    registry_at: Callable[[int], Registry]

    def close(self, institution: str, period: str, reason: str) -> tuple[Closing, list[Issued]]:
        """Close a period (YYYY-MM, YYYY-Q1 or YYYY), with the issues of its months' reports.

        InvalidInput where it has not ended, where nothing is booked, or where an item is not
        complete and no reason is given; Conflict where days are not settled, readings are still
        being booked, or the period is closed.
        """
        code = self.issues.source.institution(institution)
        days = days_of_period(period)
        reason = checked_reason(reason, fix=CLOSED) if reason.strip() else ""
        self._check_complete(period, self._looked(code, period, days), reason)
        issued = [
            one
            for month in months_of_period(period)
            if (one := self._issue(code, month, period)) is not None
        ]
        for _ in range(ATTEMPTS):
            found = self._looked(code, period, days)
            self._check_complete(period, found, reason)
            try:
                self.issues.source.figures.tell(code, found.untold)
            except Conflict:
                continue
            closing = self._pinned(code, period, found, reason, issued)
            return self.store.add(closing), issued
        raise _not_settled(period)

    def closing(self, name: str) -> Closing:
        """The closing of a name such as c7; NotFound where there is none."""
        found = self.store.closing(number_of_closing(name))
        if found is None:
            raise no_such_closing(name)
        return found

    def ask(self, name: str, reason: str) -> Closing:
        """Ask for a closing to be reopened, with a reason."""
        return self.store.ask(
            number_of_closing(name), self._signed(checked_reason(reason, fix=REOPENED))
        )

    def confirm(self, name: str) -> Closing:
        """Reopen a closing that somebody else asked for."""
        return self.store.reopen(number_of_closing(name), self._signed())

    def aftermath(self, closing: Closing) -> Aftermath:
        """What became of the period since: each day of each series that is told otherwise, with its
        causes; each figure that is worth otherwise, with the prices and factors that were edited;
        and the sums of the institution as closed and as they stand."""
        first, last = closing.first, closing.last
        with self._view(closing.institution) as view:
            causes: dict[Place, list[str]] = {}
            for one in view.restatements(closing.institution, first, last):
                if one.new_revision > closing.revision:
                    causes.setdefault((one.key, one.day), []).append(one.cause)
        edits = edits_since(self.audit, closing.registry_version, self.registry_at)
        found: list[DaySince] = []
        worths: list[WorthSince] = []
        keys = self.books.series(closing.institution)
        for month in _months(first, last):
            with self._view(closing.institution, closing) as view:
                before = _rows(view, keys, month)
            with self._view(closing.institution) as view:
                after = _rows(view, keys, month)
            restated: Counter[SeriesKey] = Counter()
            for place in sorted(before.keys() | after.keys()):
                old, new = before.get(place), after.get(place)
                if old is None or new is None or is_news(old, new):
                    told = tuple(causes.get(place, ()))
                    found.append(DaySince(*place, _total(old), _total(new), told))
                    restated[place[0]] += 1
            places_of = [key for key in keys if key.kind == "node"]
            then, now = self._views(closing)
            worths += revalued(then, now, places_of, month, edits, restated)
        return Aftermath(found, worths, self._sums(closing))

    def _views(self, closing: Closing) -> tuple[Views, Views]:
        """Of then and of now."""
        body = closing.institution
        return (lambda: self._view(body, closing)), (lambda: self._view(body))

    def _sums(self, closing: Closing) -> list[SumSince]:
        days = (closing.first, closing.last)
        with self._view(closing.institution, closing) as view:
            before = _sums_of(view, closing.institution, days)
        with self._view(closing.institution) as view:
            after = _sums_of(view, closing.institution, days)
        return [
            SumSince(item, before.get(item, NOTHING), after.get(item, NOTHING))
            for item in sorted(before.keys() | after.keys())
        ]

    def _view(
        self, institution: str, closing: Closing | None = None
    ) -> AbstractContextManager[View]:
        moment = None if closing is None else moment_of(closing)
        return self.issues.source.view(institution, moment)

    def _signed(self, reason: str = "") -> Signed:
        return Signed(self.issues.now_us(), self.issues.by, self.key, reason)

    def _issue(self, institution: str, month: str, period: str) -> Issued | None:
        """The issue that tells the month as it stands; None where it has no complete report."""
        try:
            found = self.issues.get(institution, month)
        except InvalidInput:
            return None
        if found.kept is None or found.new:
            return found if found.kept else None
        try:
            return self.issues.make(institution, month, f"{period} closed")
        except (Conflict, InvalidInput):
            return found

    def _looked(self, institution: str, period: str, days: tuple[date, date]) -> _AtClosing:
        """The period as it stands; raises where it cannot be closed yet."""
        first, last = days
        waiting = [day for _, day in self.books.unsettled(institution) if first <= day <= last]
        keys = self.books.series(institution)
        with self._view(institution) as view:
            zones = {
                view.registry.zone(place.code) for place in places(view.registry, institution, days)
            } | {view.registry.zone(institution)}
            if not all(view.clock.is_settled(last, zone) for zone in zones):
                raise InvalidInput(
                    "the period has not ended, or its last days can still change",
                    field="period",
                    value=period,
                    fix="close it when its last day is settled, or an earlier one",
                )
            start_us = min(day_bounds(first, zone)[0] for zone in zones)
            end_us = max(day_bounds(last, zone)[1] for zone in zones)
            if waiting or view.is_being_booked(institution, start_us, end_us):
                raise _not_settled(period)
            untold: list[BookRow] = []
            rows = 0
            for month in _months(first, last):
                for row in _rows(view, keys, month).values():
                    rows += 1
                    if not row.told:
                        untold.append(row)
            if not rows:
                raise InvalidInput(
                    "nothing is booked in this period",
                    field="period",
                    value=period,
                    fix="a period in which the institution's meters were read",
                )
            lacking = _lacking(view, institution, days)
            return _AtClosing(
                view.revision(institution), lacking, untold, _others(view, institution)
            )

    def _check_complete(self, period: str, found: _AtClosing, reason: str) -> None:
        if found.lacking and not reason:
            raise InvalidInput(
                f"{', '.join(found.lacking)} of {period} is known for less than "
                f"{ENOUGH / 100:g} % of the time",
                field="reason",
                value="",
                fix="wait for the readings, or say why it is closed all the same",
            )

    def _pinned(
        self, institution: str, period: str, found: _AtClosing, reason: str, issued: list[Issued]
    ) -> Closing:
        registry = self.issues.source.registry
        first, last = days_of_period(period)
        span = Validity(first, last + timedelta(days=1))
        factors = [factor_row(one) for one in registry.factors if one.valid.overlaps(span)]
        prices = [price_row(one) for one in registry.tariff if one.valid.overlaps(span)]
        kept = [one.kept for one in issued if one.kept is not None]
        return Closing(
            institution,
            period,
            first,
            last,
            found.revision,
            registry.version,
            RULES_VERSION,
            digest(sorted(factors, key=repr))[:16],
            digest(sorted(prices, key=repr))[:16],
            self._signed(reason),
            found.lacking,
            {one.month: one.number for one in kept},
            found.others,
        )


def moment_of(closing: Closing) -> AsOf:
    """The state of the books that a closing pins."""
    return AsOf(
        closing.institution,
        closing.revision,
        closing.registry_version,
        (closing.first, closing.last),
        closing.others,
        closing.closed.at_us,
    )


def issue_of(closing: Closing, month: str) -> int:
    """The issue of a month's report that a closing pins; NotFound where there is none."""
    found = closing.issues.get(month)
    if found is None:
        raise NotFound(
            f"{closing.name} holds no report of {month}",
            field="month",
            value=month,
            fix=f"one of {', '.join(sorted(closing.issues)) or 'none'}; incomplete months have no "
            "report",
        )
    return found


def _not_settled(period: str) -> Conflict:
    return Conflict(
        "days of the period are not settled, or readings of them are still being booked",
        field="period",
        value=period,
        fix="try again when the books have caught up",
    )


def _total(row: BookRow | None) -> int | None:
    return None if row is None else row.total


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days month by month: few rows are held at once."""
    while first <= last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, after - timedelta(days=1))
        first = after


def _rows(view: View, keys: list[SeriesKey], days: tuple[date, date]) -> dict[Place, BookRow]:
    """Rows of series of one institution, booked under it."""
    view.load(keys, *days)
    found = {
        (key, day): row
        for key in keys
        for day, row in view.rows(key, *days).items()
        if row.key == key
    }
    for key in keys:
        view.forget(key)
    return found


def _items(view: View, institution: str, days: tuple[date, date]) -> list[str]:
    """Categories of the institution's own figures at the beginning or end."""
    found = {item for day in days for item in view.items_of(institution, day)}
    return sorted(item for item in found if item == whole(item))


def _others(view: View, institution: str) -> dict[str, int]:
    """Revisions of the other institutions that book what this one has a share of, or a meter that
    says how large it is."""
    registry = view.registry
    bodies = set(registry.drawn(institution))
    for meter, divided in registry.measured_shares.items():
        if meter in registry.meters and any(institution in registry.parties(p) for p in divided):
            bodies |= set(registry.institutions(registry.meters[meter].node))
    return {body: view.revision(body) for body in sorted(bodies - {institution})}


def _lacking(view: View, institution: str, days: tuple[date, date]) -> tuple[str, ...]:
    zone = view.registry.zone(institution)
    found = []
    for item in _items(view, institution, days):
        rows = view.rows(SeriesKey(institution, "node", institution, item), *days)
        shares = month_quality(rows, days_between(*days), zone, view.now_us)
        if WHOLE - shares[MISSING] - shares[APPORTIONED] < ENOUGH:
            found.append(item)
    return tuple(found)


def _sums_of(view: View, institution: str, days: tuple[date, date]) -> dict[str, ClosedSum]:
    found = {}
    for item in _items(view, institution, days):
        key = SeriesKey(institution, "node", institution, item)
        amounts = [one for one in energy_of(view, key, *days, "day").values() if one is not None]
        worthy = worth(view, key, *days)
        found[item] = ClosedSum(
            sum(amounts) if amounts else None,
            money_of(worthy.cost),
            worthy.kgco2.amount,
        )
    return found
