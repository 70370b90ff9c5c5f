"""Measurement `cases`: what became of each case, one row a case at the time when it was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np

from api.influxql.engine import exact
from api.influxql.engine.rows import (
    FieldKind,
    LabelValues,
    Rows,
    ScopedView,
    Series,
    Values,
    Wanted,
)
from api.influxql.tables.cases import CASE_TAGS, case_of, series_of_cases
from metering.finding import Case
from metering.localtime import HOUR_US

_DAY_US = 24 * HOUR_US


class CaseLives:
    """Cases of the scope: since when, in which state, and what was saved."""

    fields: Mapping[str, FieldKind] = {
        "count": FieldKind.AMOUNT,
        "standing": FieldKind.AMOUNT,
        "relapses": FieldKind.AMOUNT,
        "days": FieldKind.LEVEL,
        "start": FieldKind.LEVEL,
        "end": FieldKind.LEVEL,
        "state_since": FieldKind.LEVEL,
        "fixed": FieldKind.LEVEL,
        **dict.fromkeys(("saved_a_day", "saved_low", "saved_high", "saved"), FieldKind.AMOUNT),
        "saved_money": FieldKind.AMOUNT,
        "assignee": FieldKind.TEXT,
        "verdict": FieldKind.TEXT,
    }
    tags = CASE_TAGS
    labels: Mapping[str, LabelValues] = {
        "currency": lambda view: sorted(
            {case.saving.currency for case in _cases(view) if case.saving and case.saving.currency}
        )
    }
    needs_start = False

    def series(self, view: ScopedView) -> list[Series]:
        """Every case of the scope, in the order of the list."""
        return series_of_cases(view)

    def rows(self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """One row a case that was found in the range."""
        now_us = view.caller.platform.now_us()
        for series in chosen:
            case = case_of(series)
            if wanted.start_us <= case.opened_us < wanted.end_us:
                yield _row(series, case, now_us)

    def overlap(self, chosen: Sequence[Series], field: str, *_: object) -> str:
        """Cases may always be added, except savings in different units."""
        units = {one.tags["unit"] for one in chosen}
        if field.startswith("saved") and field != "saved_money" and len(units) > 1:
            return f"they are in {' and '.join(sorted(units))}"
        return ""


def _cases(view: ScopedView) -> Iterator[Case]:
    return (case_of(one) for one in series_of_cases(view))


def _row(series: Series, case: Case, now_us: int) -> Rows:
    evidence, saving = case.evidence, case.saving
    end_us = now_us if case.stands else min(evidence.end_us, now_us)
    numbers = {
        "count": 1.0,
        "standing": 1.0 if case.stands else 0.0,
        "relapses": float(case.relapses),
        "days": max(0, end_us - evidence.start_us) / _DAY_US,
        "start": evidence.start_us / 1000,
        "end": evidence.end_us / 1000,
        "state_since": case.state_us / 1000 if case.state_us else np.nan,
        "fixed": case.fixed_us / 1000 if case.fixed_us else np.nan,
        "saved_a_day": saving.saved if saving else np.nan,
        "saved_low": saving.saved_low if saving else np.nan,
        "saved_high": saving.saved_high if saving else np.nan,
        "saved": saving.total if saving else np.nan,
    }
    columns = {name: Values(np.array([one], np.float64)) for name, one in numbers.items()}
    labels = {}
    if saving is not None and saving.money:
        worth = exact.of_decimals([Decimal(saving.money)])
        columns["saved_money"] = Values(*worth, currency=saving.currency)
        labels["currency"] = np.array([saving.currency])
    texts = {"assignee": [case.assignee], "verdict": [str(saving.verdict) if saving else ""]}
    return Rows(series, np.array([case.opened_us], np.int64), columns, texts, labels)
