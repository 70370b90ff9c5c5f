"""What the figures rest on, as texts: findings, events, restatements, factors and prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from metering.factor import Carbon
from metering.items import purpose, whole
from reports.details import Details, factor_unit, spans
from reports.model import MonthReport, PriceRow, standing
from reports.printed import DASH, number
from reports.table import NONE, local_time, shown
from texts import named, word

MOST_CASES = 12
MOST_NOTES = 12
"""Findings, events and restatements on paper; the XLSX file has all."""
Fields = dict[str, Any]


def evidence(report: MonthReport, tables: Details) -> Fields:
    """The template's input for findings, data quality and provenance."""
    return _Evidence(report, tables).fields()


class _Evidence:
    def __init__(self, report: MonthReport, tables: Details) -> None:
        self.report, self.tables, self.language = report, tables, tables.language

    def fields(self) -> Fields:
        report, tables = self.report, self.tables
        restated = self._restated()
        return {
            "cases": [self._case(place) for place in range(min(MOST_CASES, len(report.cases)))],
            "more_cases": self._more(len(report.cases) - MOST_CASES),
            "cases_note": self._without_carbon(),
            "events": [self._cells(row) for row in tables.events().rows[:MOST_NOTES]],
            "more_events": self._more(len(report.events) - MOST_NOTES),
            "restated": restated,
            "more_restated": self._more(len(report.restatements) - len(restated)),
            "factors": self._factors(),
            "prices": self._prices(),
            "unverified": tables.unverified(),
            "facts": [[str(cell) for cell in row] for row in tables.provenance().rows],
        }

    def _without_carbon(self) -> str | None:
        """Why findings have no carbon here."""
        market = self.report.bases.carbon is not Carbon.LOCATION
        return self.tables.t("note_cases_carbon") if market and self.report.cases else None

    def _more(self, count: int) -> str | None:
        return self.tables.t("note_more") % count if count > 0 else None

    def _case(self, place: int) -> Fields:
        case, language = self.report.cases[place], self.language
        zone = self.report.zone
        return {
            "title": named("pattern", case.pattern, purpose(case.item), language),
            "meter": self.tables.meters.get(case.meter, case.meter),
            "when": f"{local_time(case.start_us, zone)} – {local_time(case.end_us, zone)}",
            "cause": word("cause_short", case.cause, language),
            "action": word("action_short", case.action, language),
            "state": word("state", case.state, language),
            "cells": [
                f"{case.hours} h",
                f"{number(case.waste, 0)} {shown(case.unit)}" if case.waste else DASH,
                f"{number(case.cost, 2)} {case.currency}" if case.cost is not None else DASH,
                number(case.kgco2, 0),
            ],
        }

    def _restated(self) -> list[list[str]]:
        """The institution's own days of whole categories."""
        table = self.tables.restatements().rows
        rows = [
            row
            for one, row in zip(self.report.restatements, table, strict=True)
            if one.node == self.report.institution and one.item == whole(one.item)
        ][:MOST_NOTES]
        return [self._cells((*row[:4], _plain(row[4]), _plain(row[5]), *row[6:])) for row in rows]

    def _cells(self, row: Sequence[object]) -> list[str]:
        return [DASH if cell is None else str(cell) for cell in row]

    def _factors(self) -> list[list[str]]:
        return [
            [
                self.tables.item(row.item),
                f"{row.value} {factor_unit(row)}",
                row.region,
                row.source,
                self._standing(row.grade),
            ]
            for row in self.report.factors
        ]

    def _standing(self, grade: str) -> str:
        return f"{self.tables.t(standing(grade))} ({grade or DASH})"

    def _prices(self) -> list[list[str]]:
        """Tariff rows of one price in one line, their times of day listed."""
        groups: dict[tuple[object, ...], list[PriceRow]] = {}
        for row in self.report.prices:
            kind = (
                *(row.tariff, row.item, row.node, row.meter, row.period, row.price, row.currency),
                *(row.months, row.days, row.valid_from, row.valid_to, row.source, row.grade),
            )
            groups.setdefault(kind, []).append(row)
        return [self._price(rows) for rows in groups.values()]

    def _price(self, rows: Sequence[PriceRow]) -> list[str]:
        first = rows[0]
        named = self.tables.applies_to(first)
        what = f"{self.tables.item(first.item)} · {word('period', first.period, self.language)}"
        return [
            what if named == NONE else f"{what} · {named}",
            f"{first.price} {first.currency}",
            f"{spans(first.months)} · {word('days', first.days, self.language)}",
            ", ".join(_times(rows)),
            first.source,
            self._standing(first.grade),
        ]


def _times(rows: Iterable[PriceRow]) -> list[str]:
    ordered = sorted((row.start_min, row.end_min) for row in rows)
    return [f"{a // 60}:{a % 60:02d}–{b // 60}:{b % 60:02d}" for a, b in ordered]


def _plain(cell: object) -> str | None:
    return number(cell, 3) if isinstance(cell, Decimal) else None
