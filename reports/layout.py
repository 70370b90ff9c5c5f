"""What stands on the pages, as texts: all that the template has to do is to set it."""

from __future__ import annotations

from decimal import Decimal

from figures import per_each
from metering.items import whole
from metering.quality import MEASURED, MISSING, WHOLE
from reports.changes import printed
from reports.details import Details
from reports.layout_evidence import Fields, evidence
from reports.model import FORMAT_1, Difference, MonthReport, PeriodLine, ReportLine
from reports.printed import (
    DASH,
    Printed,
    bounds,
    change,
    energy,
    length,
    money,
    number,
    percent,
)
from reports.printed import share as as_share
from reports.table import exact, own_name, shown
from reports.words import headings
from texts import LANGUAGES, code_of, month_of, word

ELECTRICITY = "01000"


def layout(report: MonthReport, language: str) -> Fields:
    """The template's input: texts, numbers as they are shown, and lengths of bars in 0..1."""
    return _Layout(report, Details(report, language)).fields()


class _Layout:
    def __init__(self, report: MonthReport, tables: Details) -> None:
        self.report, self.tables, self.language = report, tables, tables.language
        self.own = report.lines_of(report.institution)
        self.total = report.total(report.institution)
        currencies = tables.currencies()
        self.sole = currencies[0] if len(currencies) == 1 else None

    def fields(self) -> Fields:
        report, tables = self.report, self.tables
        return {
            "language": code_of(self.language),
            "region": LANGUAGES[code_of(self.language)].region,
            "t": headings(self.language),
            "institution": tables.places[report.institution],
            "month": self._month(),
            "status": tables.status() if report.provisional else None,
            "issue": tables.issue_name(),
            "bases": tables.unusual(),
            "based": [[str(cell) for cell in row] for row in tables.bases().rows],
            "revision": str(report.revision),
            "hash": report.content_hash,
            "key": self._key_figures(),
            "daily": self._daily(),
            "sub_items": self._sub_items(),
            "currency": self.sole,
            "several": len(tables.currencies()) > 1,
            "items": [self._item(row) for row in tables.rows_of(report.institution)],
            "differences": bool(report.differences),
            "ranges": self._any_range(),
            "places": self._places(),
            "tariffs": [self._tariff(item) for item in self._priced()],
            "carbon": [self._carbon(line) for line in self.own if line.item == whole(line.item)],
            "carbon_total": [number(self.total.kgco2, 1), number(self.total.kgce, 1)],
            "indicators": self._indicators(),
            "ratios": self._ratios(),
            "ratio_heads": [column.heading for column in tables.ratios().columns[1:]],
            "completeness": [
                self._complete(line) for line in self._categories() if self._told(line)
            ],
            "silent": [tables.meters.get(code, code) for code in self._silent()],
            "news": printed(report, self.language),
            **evidence(report, tables),
        }

    def _month(self) -> str:
        return month_of(self.report.first, self.language)

    def _categories(self) -> list[ReportLine]:
        return [line for line in self.report.lines if line.item == whole(line.item)]

    def _silent(self) -> list[str]:
        return sorted({code for line in self.own for code in line.silent})

    def _key_figures(self) -> list[Fields]:
        tables, total = self.tables, self.total
        found: list[Fields] = [
            {
                "label": tables.item(line.item),
                "value": energy(line.amount, line.unit),
                "unit": shown(line.unit),
                "last_month": tables.t("change_last_month_of") % change(line.last_month),
                "last_year": tables.t("change_last_year_of") % change(line.last_year),
                "note": None,
            }
            for line in self.own
            if line.item == whole(line.item)
        ]
        found += [
            {
                "label": label,
                "value": value,
                "unit": unit,
                "last_month": None,
                "last_year": None,
                "note": note,
            }
            for label, value, unit, note in (
                *self._costs(),
                ("CO₂", number(total.kgco2, 0), "kgCO₂", self._unknown(total.kgco2)),
                (tables.t("coal"), number(total.kgce, 0), "kgce", self._unknown(total.kgce)),
            )
        ]
        return found

    def _costs(self) -> list[tuple[str, str, str, str | None]]:
        """(label, value, currency, note) of the whole cost, by currency."""
        label = self.tables.t("cost")
        if not self.total.told:
            return [(label, DASH, self.sole or DASH, self.tables.t("note_partly"))]
        return [
            (label, number(one.amount, 0), one.currency, bounds(one, 0)) for one in self.total.told
        ]

    def _any_range(self) -> bool:
        """Whether a sum is shown with a range."""
        rows = [*self.report.lines, *self.report.differences]
        return any(bounds(one, 2) for row in rows for one in row.told)

    def _money(self, row: ReportLine | Difference) -> list[Printed]:
        return money(row.told, 2, named=self.sole is None) or [{"text": DASH, "range": None}]

    def _daily(self) -> Fields | None:
        line = next((one for one in self.own if one.item == ELECTRICITY), None)
        if line is None:
            return None
        most = max((day for day in line.daily if day is not None), default=0)
        return {
            "bars": [length(day, most) for day in line.daily],
            "most": f"{energy(most, line.unit)} {shown(line.unit)}",
        }

    def _sub_items(self) -> list[Fields]:
        """Electricity by first-level sub-item, longest first, then what is in none of them."""
        whole_line = next((one for one in self.own if one.item == ELECTRICITY), None)
        rows = self.tables.sub_item_rows(ELECTRICITY)
        parts = [one for one in rows if one.amount is not None]
        known = [one for one in parts if isinstance(one, ReportLine)]
        if whole_line is None or not known or not whole_line.amount:
            return []
        most = max(int(one.amount or 0) for one in parts)
        total: Fields = {
            "label": self.tables.t("total"),
            "bar": None,
            "value": f"{energy(whole_line.amount, whole_line.unit)} {shown(whole_line.unit)}",
            "share": percent(Decimal(1)),
        }
        found: list[Fields] = [
            {
                "label": self.tables.item_cells(one)[1],
                "bar": length(one.amount, most),
                "value": f"{energy(one.amount, one.unit)} {shown(one.unit)}",
                "share": percent(Decimal(int(one.amount or 0)) / whole_line.amount),
            }
            for one in sorted(
                parts, key=lambda one: (isinstance(one, Difference), -int(one.amount or 0))
            )
        ]
        return found if self.report.format == FORMAT_1 else [*found, total]

    def _item(self, row: ReportLine | Difference) -> Fields:
        compared = [DASH] * 4
        if isinstance(row, ReportLine):
            compared = [
                energy(row.last_month.amount, row.unit),
                change(row.last_month),
                energy(row.last_year.amount, row.unit),
                change(row.last_year),
            ]
        return {
            "label": self.tables.item_cells(row)[1],
            "depth": _depth(row.item) + isinstance(row, Difference),
            "cells": [shown(row.unit), energy(row.amount, row.unit), *compared],
            "money": self._money(row),
        }

    def _places(self) -> list[Fields]:
        """A place's categories, its name over all of them."""
        found = []
        for place in self.report.places:
            for line in self.report.lines_of(place.code):
                if line.item != whole(line.item):
                    continue
                found.append(
                    {
                        "label": self.tables.places[place.code],
                        "span": self._span(line),
                        "depth": place.depth,
                        "cells": [
                            self.tables.item(line.item),
                            shown(line.unit),
                            energy(line.amount, line.unit),
                            change(line.last_month),
                            change(line.last_year),
                        ],
                        "money": self._money(line),
                        "kgco2": number(line.kgco2, 0),
                    }
                )
        return found

    def _span(self, line: ReportLine) -> int:
        """How many rows the name before the line stands for; 0 where it stands already."""
        own = [one for one in self._categories() if one.node == line.node]
        return len(own) if own[0] is line else 0

    def _told(self, line: ReportLine) -> bool:
        """The institution's completeness is always told, that of others where it is not full."""
        return line.node == self.report.institution or line.shares[MEASURED] < WHOLE

    def _unknown(self, value: Decimal | None) -> str | None:
        return self.tables.t("note_partly") if value is None else None

    def _priced(self) -> list[str]:
        return list(dict.fromkeys(line.item for line in self.report.periods))

    def _tariff(self, item: str) -> Fields:
        lines = [line for line in self.report.periods if line.item == item]
        amount, unit = sum(line.amount for line in lines), lines[0].unit
        currencies = sorted({line.currency for line in lines} - {""})
        named = len(currencies) > 1
        return {
            "item": self.tables.item(item),
            "unit": shown(unit),
            "currency": None if named else (currencies or [DASH])[0],
            "rows": [
                self._period(line, lines, named=named)
                for line in sorted(lines, key=lambda line: -line.amount)
            ],
            "total": [energy(amount, unit), percent(Decimal(1))],
            "sums": [
                {
                    "money": money([one], 2, named=named),
                    "mean": _mean_price(one.amount, lines, one.currency, named=named),
                }
                for line in self.own
                if line.item == item
                for one in line.money
            ],
        }

    def _period(self, line: PeriodLine, lines: list[PeriodLine], *, named: bool) -> Fields:
        amount = sum(one.amount for one in lines)
        period = word("period", line.period, self.language)
        return {
            "label": period if line.period else self.tables.t("unpriced"),
            "bar": length(line.amount, max(abs(one.amount) for one in lines)),
            "cells": [
                energy(line.amount, line.unit),
                percent(Decimal(line.amount) / amount if amount else None),
                _sum(line.cost, line.currency, 2, named=named),
                _mean_price(line.cost, [line], line.currency, named=named),
            ],
        }

    def _carbon(self, line: ReportLine) -> Fields:
        return {
            "label": self.tables.item(line.item),
            "cells": [
                f"{energy(line.amount, line.unit)} {shown(line.unit)}",
                self._factor_of(line, "kgco2"),
                number(line.kgco2, 1),
                self._factor_of(line, "kgce"),
                number(line.kgce, 1),
            ],
        }

    def _factor_of(self, line: ReportLine, quantity: str) -> str:
        asked = self.report.bases.quantity(quantity)
        rows = [
            row
            for row in self.report.factors
            if row.quantity in (quantity, asked) and row.item == line.item
        ]
        return ", ".join(str(row.value) for row in rows) or DASH

    def _indicators(self) -> list[Fields]:
        found = []
        for place in self.report.places:
            values = {
                (one.quantity, one.per): one.value
                for one in self.report.indicators
                if one.node == place.code
            }
            found.append(
                {
                    "label": self.tables.places[place.code],
                    "depth": place.depth,
                    "cells": [
                        number(place.area_m2, 0),
                        DASH if place.persons is None else f"{place.persons:,d}",
                        *(number(values.get(key), 2) for key in INDICATORS),
                    ],
                }
            )
        return found

    def _ratios(self) -> list[list[str]]:
        return [
            [
                own_name(one, self.language),
                word("ratio", one.ratio, self.language),
                number(one.value, 3),
                energy(one.above, one.unit),
                energy(one.below, one.unit),
                as_share(one.cover),
                DASH if one.category is None else str(one.category),
                one.boundary,
            ]
            for one in self.report.ratios
        ]

    def _complete(self, line: ReportLine) -> Fields:
        place = self.report.place(line.node)
        return {
            "label": self.tables.places[line.node],
            "depth": place.depth,
            "item": self.tables.item(line.item),
            "bars": [share / WHOLE for share in line.shares],
            "cells": [as_share(share) for share in line.shares],
            "short": line.shares[MISSING] > 0,
        }


INDICATORS = (
    ("01000", "m2"),
    ("01000", "person"),
    ("02000", "person"),
    ("kgce", "m2"),
    ("kgce", "person"),
    ("kgco2", "m2"),
)


def _sum(amount: Decimal | None, currency: str, digits: int, *, named: bool) -> str:
    shown_ = number(amount, digits)
    return f"{shown_} {currency}" if named and amount is not None else shown_


def _mean_price(
    cost: Decimal | None, lines: list[PeriodLine], currency: str, *, named: bool
) -> str:
    """A sum over the energy that it is for."""
    amount = sum(line.amount for line in lines if line.currency == currency)
    return _sum(per_each(cost, exact(amount, lines[0].unit)), currency, 4, named=named)


def _depth(item: str) -> int:
    return 0 if item == whole(item) else 1 if item[3:] == "00" else 2 if item[4] == "0" else 3
