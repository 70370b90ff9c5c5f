"""What stands on the pages, as texts: all that the template has to do is to set it."""

from __future__ import annotations

from decimal import Decimal

from babel.dates import format_date

from metering.items import whole
from metering.quality import MEASURED, MISSING, WHOLE
from reports.details import Details
from reports.layout_evidence import Fields, evidence
from reports.model import Line, MonthReport
from reports.printed import DASH, change, energy, length, number, percent
from reports.printed import share as as_share
from reports.table import exact, shown
from reports.texts import table, word

ELECTRICITY = "01000"


def layout(report: MonthReport, language: str) -> Fields:
    """The template's input: texts, numbers as they are shown, and lengths of bars in 0..1."""
    return _Layout(report, Details(report, language)).fields()


class _Layout:
    def __init__(self, report: MonthReport, tables: Details) -> None:
        self.report, self.tables, self.language = report, tables, tables.language
        self.own = report.lines_of(report.institution)
        self.total = report.total(report.institution)

    def fields(self) -> Fields:
        report, tables = self.report, self.tables
        return {
            "language": self.language[:2],
            "region": "CN" if self.language == "zh-CN" else "GB",
            "t": table(self.language),
            "institution": tables.places[report.institution],
            "month": self._month(),
            "status": tables.status() if report.provisional else None,
            "revision": str(report.revision),
            "hash": report.content_hash,
            "key": self._key_figures(),
            "daily": self._daily(),
            "sub_items": self._sub_items(),
            "items": [self._item(line) for line in self.own],
            "places": self._places(),
            "tariffs": [self._tariff(item) for item in self._priced()],
            "carbon": [self._carbon(line) for line in self.own if line.item == whole(line.item)],
            "carbon_total": [number(self.total.kgco2, 1), number(self.total.kgce, 1)],
            "indicators": self._indicators(),
            "completeness": [
                self._complete(line) for line in self._categories() if self._told(line)
            ],
            "silent": [tables.meters.get(code, code) for code in self._silent()],
            **evidence(report, tables),
        }

    def _month(self) -> str:
        pattern = "y年M月" if self.language == "zh-CN" else "MMMM y"
        return format_date(self.report.first, pattern, locale=self.language.replace("-", "_"))

    def _categories(self) -> list[Line]:
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
                "last_month": change(line.last_month),
                "last_year": change(line.last_year),
                "note": None,
            }
            for line in self.own
            if line.item == whole(line.item)
        ]
        plain: Fields = {"last_month": None, "last_year": None, "note": None}
        money = total.currency or DASH
        found += [
            {
                "label": tables.t("cost"),
                "value": number(total.cost, 0),
                "unit": money,
                **plain,
                "note": self._unknown(total.cost),
            },
            {
                "label": "CO₂",
                "value": number(total.kgco2, 0),
                "unit": "kgCO₂",
                **plain,
                "note": self._unknown(total.kgco2),
            },
            {
                "label": tables.t("coal"),
                "value": number(total.kgce, 0),
                "unit": "kgce",
                **plain,
                "note": self._unknown(total.kgce),
            },
        ]
        return found

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
        """Electricity by first-level sub-item, longest first, with what they do not hold."""
        whole_line = next((one for one in self.own if one.item == ELECTRICITY), None)
        parts = [one for one in self.own if _is_sub_item(one.item) and one.amount is not None]
        if whole_line is None or not parts or not whole_line.amount:
            return []
        most = max(int(one.amount or 0) for one in parts)
        return [
            {
                "label": self.tables.item(one.item),
                "bar": length(one.amount, most),
                "value": f"{energy(one.amount, one.unit)} {shown(one.unit)}",
                "share": percent(Decimal(int(one.amount or 0)) / whole_line.amount),
            }
            for one in sorted(parts, key=lambda one: -int(one.amount or 0))
        ]

    def _item(self, line: Line) -> Fields:
        return {
            "label": self.tables.item(line.item),
            "depth": _depth(line.item),
            "cells": [
                shown(line.unit),
                energy(line.amount, line.unit),
                energy(line.last_month.amount, line.unit),
                change(line.last_month),
                energy(line.last_year.amount, line.unit),
                change(line.last_year),
                number(line.cost, 2),
            ],
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
                            number(line.cost, 2),
                            number(line.kgco2, 0),
                        ],
                    }
                )
        return found

    def _span(self, line: Line) -> int:
        """How many rows the name before the line stands for; 0 where it stands already."""
        own = [one for one in self._categories() if one.node == line.node]
        return len(own) if own[0] is line else 0

    def _told(self, line: Line) -> bool:
        """The institution's completeness is always told, that of others where it is not full."""
        return line.node == self.report.institution or line.shares[MEASURED] < WHOLE

    def _unknown(self, value: Decimal | None) -> str | None:
        return self.tables.t("note_partly") if value is None else None

    def _priced(self) -> list[str]:
        return list(dict.fromkeys(line.item for line in self.report.periods))

    def _tariff(self, item: str) -> Fields:
        lines = [line for line in self.report.periods if line.item == item]
        amount = sum(line.amount for line in lines)
        costs = [line.cost for line in lines if line.cost is not None]
        most = max((abs(line.amount) for line in lines), default=0)
        unit = lines[0].unit
        known = sum(costs, Decimal(0)) if costs else None
        priced = sum(line.amount for line in lines if line.cost is not None)
        rows = [
            {
                "label": word("period", line.period, self.language)
                if line.period
                else self.tables.t("unpriced"),
                "bar": length(line.amount, most),
                "cells": [
                    energy(line.amount, unit),
                    percent(Decimal(line.amount) / amount if amount else None),
                    number(line.cost, 2),
                    _mean_price(line.cost, line.amount, unit),
                ],
            }
            for line in sorted(lines, key=lambda line: -line.amount)
        ]
        return {
            "item": self.tables.item(item),
            "unit": shown(unit),
            "currency": next((line.currency for line in lines if line.currency), DASH),
            "rows": rows,
            "total": [
                energy(amount, unit),
                percent(Decimal(1)),
                number(known, 2),
                _mean_price(known, priced, unit),
            ],
        }

    def _carbon(self, line: Line) -> Fields:
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

    def _factor_of(self, line: Line, quantity: str) -> str:
        rows = [
            row for row in self.report.factors if row.quantity == quantity and row.item == line.item
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

    def _complete(self, line: Line) -> Fields:
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


def _mean_price(cost: Decimal | None, amount: int, unit: str) -> str:
    value = exact(amount, unit)
    return DASH if cost is None or not value else number(cost / value, 4)


def _depth(item: str) -> int:
    return 0 if item == whole(item) else 1 if item[3:] == "00" else 2 if item[4] == "0" else 3


def _is_sub_item(item: str) -> bool:
    return item[:2] == ELECTRICITY[:2] and _depth(item) == 1
