"""Measurement `findings`: one row a case, at its start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from api import sentences
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
from api.influxql.tables import money, names
from api.usecases.alerts import told_of_each
from api.usecases.findings import find_all
from figures import counted
from metering.alerting import WhyTold
from metering.case_life import is_snoozed
from metering.case_worth import YEAR_US, lasted_us, told_by_the_year
from metering.finding import Case, Finding
from metering.items import purpose
from metering.localtime import HOUR_US
from metering.nesting import Nesting
from texts import named, word

_LANGUAGES = ("en", "zh")
_OWN_TAGS = (
    *("id", "meter", "meter_en", "meter_zh", "part_of"),
    *("pattern", "pattern_en", "pattern_zh", "state", "told"),
)
CASE_TAGS = (*_OWN_TAGS, *names.NODE_TAGS, *names.ITEM_TAGS)
"""Tags of a case, whatever is told of it."""
AT_ONCE, DIGEST, PUT_OFF = "at_once", "digest", "put_off"
"""Where a case is told: lists of what is to be done hold the first."""


class Findings:
    """Cases of the scope: what they waste, cost and emit, and what to do."""

    fields: Mapping[str, FieldKind] = {
        "count": FieldKind.AMOUNT,
        "waste": FieldKind.AMOUNT,
        "waste_low": FieldKind.AMOUNT,
        "waste_high": FieldKind.AMOUNT,
        "cost": FieldKind.AMOUNT,
        "cost_a_year": FieldKind.AMOUNT,
        "kgco2": FieldKind.AMOUNT,
        "evidence_hours": FieldKind.AMOUNT,
        "confidence": FieldKind.LEVEL,
        "end": FieldKind.LEVEL,
        "place": FieldKind.LEVEL,
        **{
            f"{word}_{language}": FieldKind.TEXT
            for word in ("sentence", "cause", "action")
            for language in _LANGUAGES
        },
    }
    tags = CASE_TAGS
    labels: Mapping[str, LabelValues] = {
        "currency": lambda view: sorted(
            {c for one in find_all(view.caller) for c, _ in one.evidence.costs}
        )
    }
    needs_start = False

    def series(self, view: ScopedView) -> list[Series]:
        """Every case of the scope, in the order of the list."""
        return series_of_cases(view)

    def rows(
        self,
        view: ScopedView,
        chosen: Sequence[Series],
        wanted: Wanted,
    ) -> Iterator[Rows]:
        """One row a case that begins in the range. Where cases are added, energy that nested meters
        show counts once; where they are listed, each is whole."""
        inside = [
            (series, case)
            for series, case in ((one, case_of(one)) for one in chosen)
            if wanted.start_us <= case.evidence.start_us < wanted.end_us
        ]
        now_us = view.caller.platform.now_us()
        if wanted.listed:
            for place, (series, case) in enumerate(inside, 1):
                yield from _rows(_Row(series, case.evidence, place, now_us), listed=True)
            return
        # Where cases are added, energy that nested meters show counts once.
        outer = Nesting(view.caller.reach.registry).outer
        told = counted([case for _, case in inside], outer)
        for place, ((series, _), one) in enumerate(zip(inside, told, strict=True), 1):
            yield from _rows(_Row(series, one.counts, place, now_us), listed=False)

    def overlap(self, chosen: Sequence[Series], field: str, *_: object) -> str:
        """Cases may always be added, except waste in different units."""
        units = {one.tags["unit"] for one in chosen}
        if field.startswith("waste") and len(units) > 1:
            return f"they are in {' and '.join(sorted(units))}"
        return ""


def series_of_cases(view: ScopedView) -> list[Series]:
    """Every case of the scope, in the order of the list."""
    reach, found = view.caller.reach, find_all(view.caller)
    told = counted(found, Nesting(reach.registry).outer)
    outer = {one.case.number: one.part_of for one in told if one.part_of is not None}
    now_us = view.caller.platform.now_us()
    why = told_of_each(view.caller, found, now_us)
    return [
        Series(
            _tags(view, case, outer.get(case.number))
            | {"told": _told(case, why[case.number], now_us)},
            names.under(reach, case.evidence.node),
            case,
        )
        for case in found
    ]


def case_of(series: Series) -> Case:
    """The case of a series of them."""
    if not isinstance(series.source, Case):
        raise TypeError(series.source)
    return series.source


def _told(case: Case, why: WhyTold, now_us: int) -> str:
    if is_snoozed(case, now_us):
        return PUT_OFF
    return DIGEST if why is WhyTold.DIGEST else AT_ONCE


def _tags(view: ScopedView, case: Case, part_of: int | None) -> dict[str, str]:
    reach, finding = view.caller.reach, case.evidence
    meter = reach.meters.get(finding.meter)
    return {
        "id": case.id,
        "meter": meter.code if meter else "",
        "meter_en": meter.name("en") if meter else "",
        "meter_zh": meter.name("zh") if meter else "",
        "part_of": "" if part_of is None else str(part_of),
        "pattern": finding.pattern,
        "pattern_en": named("pattern", finding.pattern, purpose(finding.item), "en"),
        "pattern_zh": named("pattern", finding.pattern, purpose(finding.item), "zh"),
        "state": str(case.state),
        **names.node_tags(reach, finding.node),
        **names.item_tags(finding.item),
    }


@dataclass(frozen=True)
class _Row:
    """A case as it is told, with its place among those that are."""

    series: Series
    finding: Finding
    place: int
    now_us: int

    @property
    def a_year(self) -> Decimal | None:
        """By how much the cost of a case grows to that of a year; None where that is not told."""
        if not told_by_the_year(case_of(self.series), self.now_us):
            return None
        return Decimal(YEAR_US) / lasted_us(self.finding, self.now_us)


def _rows(row: _Row, *, listed: bool) -> list[Rows]:
    """A row of the case, and of its money in each currency; `listed` puts them side by side."""
    series, finding = row.series, row.finding
    time_us = np.array([finding.start_us], dtype=np.int64)
    priced = [
        money.PricedPeriods(currency, np.ones(1, dtype=np.bool_), _money(amount, currency, row))
        for currency, amount in finding.costs
    ]
    plain = Rows(series, time_us, _numbers(row), _texts(series, finding))
    if listed:
        return money.together(plain, priced)
    return [*money.apart(plain, priced), plain]


def _money(amount: Decimal, currency: str, row: _Row) -> dict[str, Values]:
    by = row.a_year
    told = {"cost": amount, "cost_a_year": np.nan if by is None else round(amount * by, 2)}
    return {
        name: Values(*exact.of_decimals([one]), currency=currency) for name, one in told.items()
    }


def _numbers(row: _Row) -> dict[str, Values]:
    finding = row.finding
    hours = len(finding.hours_us) or (finding.end_us - finding.start_us) / HOUR_US
    found = {
        "count": 1.0,
        "waste": finding.waste,
        "waste_low": finding.waste_low,
        "waste_high": finding.waste_high,
        "evidence_hours": float(hours),
        "confidence": finding.confidence,
        "end": finding.end_us / 1000,
        "place": float(row.place),
    }
    numbers = {name: Values(np.array([one], dtype=np.float64)) for name, one in found.items()}
    carbon = np.nan if finding.kgco2 is None else finding.kgco2
    return {**numbers, "kgco2": Values(*exact.of_decimals([carbon]))}


def _texts(series: Series, finding: Finding) -> dict[str, list[str]]:
    zone, texts = series.tags["zone"], {}
    for language in _LANGUAGES:
        texts[f"sentence_{language}"] = [sentences.sentence(finding, zone, language)]
        texts[f"cause_{language}"] = [word("cause", finding.cause, language)]
        texts[f"action_{language}"] = [word("action", finding.action, language)]
    return texts
