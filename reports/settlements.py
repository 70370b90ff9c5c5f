"""Settlement runs: of a period, how much is measured, estimated and missing, and what was told
otherwise since the run before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from figures import AsOf, View, canonical, month_quality, worth
from metering.book import BookRow, Part, SeriesKey, is_news
from metering.closing import days_of_period
from metering.errors import InvalidInput
from metering.items import whole
from metering.localtime import days_between, iso
from metering.ports import AuditLog, ClosingStore
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.registry import Registry
from metering.settlement import SettledItem, SettlementRun
from metering.tables import csv_text
from reports.revalued import WorthSince, edits_since, money_changes, money_of, revalued
from reports.source import ReportSource

COLUMNS = (
    *("institution", "period", "run", "first", "through", "run_at", "run_by", "revision"),
    *("registry_version", "item", "total", "measured", "apportioned", "estimated"),
    *("measured_share", "apportioned_share", "estimated_share", "missing_share"),
    *("restated_net", "restated", "money", "kgco2", "money_change", "kgco2_change", "edits"),
)


@dataclass(frozen=True)
class Settlements:
    """Makes and lists settlement runs; whoever calls has checked the scope."""

    source: ReportSource
    store: ClosingStore
    by: str
    audit: AuditLog
    registry_at: Callable[[int], Registry]

    def run(self, institution: str, period: str) -> SettlementRun:
        """Look at the settled days of a period and keep what is found.

        InvalidInput where none of its days is settled, or nothing is booked.
        """
        code = self.source.institution(institution)
        first, last = days_of_period(period)
        earlier = self.store.runs(code, period)
        before = earlier[-1] if earlier else None
        then = {} if before is None else self._rows_then(before)
        since = {} if before is None else self._worth_since(before, then)
        with self.source.view(code) as view:
            zone = view.registry.zone(code)
            settled = [day for day in days_between(first, last) if view.clock.is_settled(day, zone)]
            keys = [] if not settled else _keys(view, code, (first, settled[-1]))
            found = [
                _item(view, key, settled, before, then.get(key.item, {}), since.get(key))
                for key in keys
            ]
            if not any(one.amount for one in found):
                raise InvalidInput(
                    "no settled day of this period is booked",
                    field="period",
                    value=period,
                    fix="a period in which the institution's meters were read",
                )
            made = SettlementRun(
                code,
                period,
                first,
                settled[-1],
                view.revision(code),
                view.registry.version,
                view.now_us,
                self.by,
                tuple(found),
                len(earlier) + 1,
            )
        return self.store.add_run(made)

    def _rows_then(self, run: SettlementRun) -> dict[str, dict[date, BookRow]]:
        """Rows of the institution's categories as the run found them."""
        days = (run.first, run.through)
        with self._then(run) as view:
            return {key.item: view.rows(key, *days) for key in _keys_of(run)}

    def _then(self, run: SettlementRun) -> AbstractContextManager[View]:
        days = (run.first, run.through)
        moment = AsOf(run.institution, run.revision, run.registry_version, days)
        return self.source.view(run.institution, moment)

    def _worth_since(
        self, run: SettlementRun, then: Mapping[str, Mapping[date, BookRow]]
    ) -> dict[SeriesKey, WorthSince]:
        """Of the run's categories those that are worth otherwise over its days, and why."""
        keys, days = _keys_of(run), (run.first, run.through)
        with self.source.view(run.institution) as view:
            restated = {key: _told_otherwise(then[key.item], view.rows(key, *days)) for key in keys}
        found = revalued(
            lambda: self._then(run),
            lambda: self.source.view(run.institution),
            keys,
            days,
            edits_since(self.audit, run.registry_version, self.registry_at),
            restated,
        )
        return {one.key: one for one in found}


def as_table(runs: Iterable[SettlementRun]) -> str:
    """Runs as CSV, a line for each item; energy in the item's unit, shares in percent."""
    rows: list[Sequence[object]] = [COLUMNS]
    for run in runs:
        for one in run.items:
            amounts = (one.amount, one.measured, one.apportioned, one.estimated)
            restated = (one.restated_net, one.restated)
            change = () if one.money_change is None else one.money_change
            rows.append(
                [
                    *(run.institution, run.period, run.number, run.first, run.through),
                    *(iso(run.run_us), run.run_by, run.revision, run.registry_version, one.item),
                    *(_text(amount, one.item) for amount in amounts),
                    *(f"{share / 100:.2f}" for share in one.shares),
                    *(_text(amount, one.item) for amount in restated),
                    *(_money_text(one.money), one.kgco2 or "", _money_text(change)),
                    *(one.kgco2_change or "", "; ".join(one.edits)),
                ]
            )
    return csv_text(rows)


def _text(amount: int | None, item: str) -> str:
    found = canonical(amount, item)
    return "" if found is None else f"{found:f}"


def _money_text(money: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{amount} {currency}" for currency, amount in money)


def _keys_of(run: SettlementRun) -> list[SeriesKey]:
    return [SeriesKey(run.institution, "node", run.institution, one.item) for one in run.items]


def _told_otherwise(then: Mapping[date, BookRow], now: Mapping[date, BookRow]) -> int:
    """Days of which the rows are not the same energy."""
    pairs = [(then.get(day), now.get(day)) for day in then.keys() | now.keys()]
    return sum(1 for a, b in pairs if a is None or b is None or is_news(a, b))


def _keys(view: View, institution: str, days: tuple[date, date]) -> list[SeriesKey]:
    found = {item for day in days for item in view.items_of(institution, day)}
    return [
        SeriesKey(institution, "node", institution, item)
        for item in sorted(found)
        if item == whole(item)
    ]


def _item(
    view: View,
    key: SeriesKey,
    days: list[date],
    before: SettlementRun | None,
    then: dict[date, BookRow],
    since: WorthSince | None,
) -> SettledItem:
    rows = view.rows(key, days[0], days[-1])
    parts = [_by_quality(row) for row in rows.values()]
    measured, apportioned, estimated = (sum(one[n] for one in parts) for n in range(3))
    shares = month_quality(rows, days, view.zone(key), view.now_us)
    told = tuple(int(shares[n]) for n in (MEASURED, APPORTIONED, ESTIMATED, MISSING))
    net = gross = None
    if before is not None:
        own = [day for day in days if day <= before.through]
        changes = [_total(rows.get(day)) - _total(then.get(day)) for day in own]
        net, gross = sum(changes), sum(map(abs, changes))
    worthy = worth(view, key, days[0], days[-1])
    kgco2 = worthy.kgco2.amount
    return SettledItem(
        key.item,
        measured,
        apportioned,
        estimated,
        (told[0], told[1], told[2], told[3]),
        net,
        gross,
        _texts(money_of(worthy.cost)),
        None if kgco2 is None else f"{kgco2:f}",
        *((None, None, ()) if before is None else _changed(since)),
    )


def _changed(
    since: WorthSince | None,
) -> tuple[tuple[tuple[str, str], ...], str | None, tuple[str, ...]]:
    """What a category is worth more than in the run before, and the edits that it rests on."""
    if since is None:
        return (), "0", ()
    old, new = since.closed.kgco2, since.present.kgco2
    carbon = None if old is None or new is None else f"{new - old:f}"
    return _texts(money_changes(since).items()), carbon, tuple(map(str, since.edits))


def _texts(money: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, str], ...]:
    return tuple((currency, f"{amount:f}") for currency, amount in money)


def _total(row: BookRow | None) -> int:
    return 0 if row is None or row.total is None else row.total


def _by_quality(row: BookRow) -> tuple[int, int, int]:
    """A day's total by the quality of its slots; what does not divide evenly is measured."""
    apportioned = sum(_of_quality(part, APPORTIONED) for part in row.parts)
    estimated = sum(_of_quality(part, ESTIMATED) for part in row.parts)
    return _total(row) - apportioned - estimated, apportioned, estimated


def _of_quality(part: Part, quality: int) -> int:
    """Energy of slots by their share of a quality, of the time that is known."""
    amounts = np.where(part.slots == ABSENT, 0, part.slots)
    known = np.maximum(WHOLE - part.shares[:, MISSING].astype(np.int64), 1)
    shares = part.shares[:, quality].astype(np.int64)
    return sum(
        amount * share // of
        for amount, share, of in zip(amounts.tolist(), shares.tolist(), known.tolist(), strict=True)
        if share
    )
