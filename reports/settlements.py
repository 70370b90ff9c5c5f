"""Settlement runs: of a period, how much is measured, estimated and missing, and what was told
otherwise since the run before."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from figures import AsOf, View, canonical, month_quality
from metering.book import BookRow, Part, SeriesKey
from metering.closing import days_of_period
from metering.errors import InvalidInput
from metering.items import whole
from metering.localtime import days_between, iso
from metering.ports import ClosingStore
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, WHOLE
from metering.quantity import ABSENT
from metering.settlement import SettledItem, SettlementRun
from reports.source import ReportSource

COLUMNS = (
    *("institution", "period", "run", "first", "through", "run_at", "run_by", "revision"),
    *("registry_version", "item", "total", "measured", "apportioned", "estimated"),
    *("measured_share", "apportioned_share", "estimated_share", "missing_share"),
    *("restated_net", "restated"),
)


@dataclass(frozen=True)
class Settlements:
    """Makes and lists settlement runs; whoever calls has checked the scope."""

    source: ReportSource
    store: ClosingStore
    by: str

    def run(self, institution: str, period: str) -> SettlementRun:
        """Look at the settled days of a period and keep what is found.

        InvalidInput where none of its days is settled, or nothing is booked.
        """
        code = self.source.institution(institution)
        first, last = days_of_period(period)
        earlier = self.store.runs(code, period)
        before = earlier[-1] if earlier else None
        then = {} if before is None else self._rows_then(before)
        with self.source.view(code) as view:
            zone = view.registry.zone(code)
            settled = [day for day in days_between(first, last) if view.clock.is_settled(day, zone)]
            keys = [] if not settled else _keys(view, code, (first, settled[-1]))
            found = [_item(view, key, settled, before, then.get(key.item, {})) for key in keys]
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
        moment = AsOf(run.institution, run.revision, run.registry_version, days)
        with self.source.view(run.institution, moment) as view:
            keys = [
                SeriesKey(run.institution, "node", run.institution, one.item) for one in run.items
            ]
            return {key.item: view.rows(key, *days) for key in keys}


def as_table(runs: Iterable[SettlementRun]) -> str:
    """Runs as CSV, a line for each item; energy in the item's unit, shares in percent."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in runs:
        for one in run.items:
            amounts = (one.amount, one.measured, one.apportioned, one.estimated)
            restated = (one.restated_net, one.restated)
            writer.writerow(
                [
                    *(run.institution, run.period, run.number, run.first, run.through),
                    *(iso(run.run_us), run.run_by, run.revision, run.registry_version, one.item),
                    *(_text(amount, one.item) for amount in amounts),
                    *(f"{share / 100:.2f}" for share in one.shares),
                    *(_text(amount, one.item) for amount in restated),
                ]
            )
    return out.getvalue()


def _text(amount: int | None, item: str) -> str:
    found = canonical(amount, item)
    return "" if found is None else f"{found:f}"


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
    return SettledItem(
        key.item, measured, apportioned, estimated, (told[0], told[1], told[2], told[3]), net, gross
    )


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
