"""What stands on the pages, as texts: all that the template has to do is to set it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.dates import format_date

from metering.items import whole
from metering.quality import MISSING
from reports.details import Details, factor_unit, spans
from reports.model import Line, MonthReport, Past, PriceRow, standing
from reports.table import exact, local_time, shown
from reports.texts import table, word

DASH = "–"
MOST_CASES = 12
MOST_NOTES = 12
"""Findings, events and restatements on paper; the XLSX file has all."""
ELECTRICITY = "01000"
Fields = dict[str, Any]


def layout(report: MonthReport, language: str) -> Fields:
    """The template's input: texts, numbers as they are shown, and lengths of bars in 0..1."""
    return _Layout(report, Details(report, language)).fields()


def number(value: Decimal | None, digits: int) -> str:
    """With thousands separators; a dash where nothing is known."""
    if value is None:
        return DASH
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{rounded:,f}".replace("-", "−")


def percent(share: Decimal | None, *, signed: bool = False) -> str:
    """A share in percent with one digit."""
    if share is None:
        return DASH
    shown_ = number(share * 100, 1)
    return f"{'+' if signed and share > 0 else ''}{shown_} %"


def energy(amount: int | None, unit: str) -> str:
    """An amount without its unit: small ones with more digits."""
    value = exact(amount, unit)
    if value is None:
        return DASH
    return number(value, 2 if abs(value) < 10 else 1 if abs(value) < 1000 else 0)


def length(part: Decimal | int | None, most: Decimal | int) -> float | None:
    """A bar's length as a part of the longest, 0..1."""
    return None if part is None else round(float(max(part, 0) / most), 4) if most else 0.0


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
            "completeness": [self._complete(line) for line in self._categories()],
            "silent": [tables.meters.get(code, code) for code in self._silent()],
            "cases": [self._case(place) for place in range(min(MOST_CASES, len(report.cases)))],
            "more_cases": self._more(len(report.cases) - MOST_CASES),
            "events": [self._cells(row) for row in tables.events().rows[:MOST_NOTES]],
            "more_events": self._more(len(report.events) - MOST_NOTES),
            "restated": self._restated(),
            "more_restated": self._more(len(report.restatements) - MOST_NOTES),
            "factors": self._factors(),
            "prices": self._prices(),
            "unverified": tables.unverified(),
            "facts": [[str(cell) for cell in row] for row in tables.provenance().rows],
        }

    def _month(self) -> str:
        pattern = "y年M月" if self.language == "zh-CN" else "MMMM y"
        return format_date(self.report.first, pattern, locale=self.language.replace("-", "_"))

    def _more(self, count: int) -> str | None:
        return self.tables.t("note_more") % count if count > 0 else None

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
                "last_month": _change(line.last_month),
                "last_year": _change(line.last_year),
            }
            for line in self.own
            if line.item == whole(line.item)
        ]
        plain: Fields = {"last_month": None, "last_year": None}
        money = total.currency or DASH
        found += [
            {"label": tables.t("cost"), "value": number(total.cost, 0), "unit": money, **plain},
            {"label": "CO₂", "value": number(total.kgco2, 0), "unit": "kgCO₂", **plain},
            {
                "label": tables.t("coal"),
                "value": number(total.kgce, 0),
                "unit": "kgce",
                **plain,
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
                _change(line.last_month),
                energy(line.last_year.amount, line.unit),
                _change(line.last_year),
                number(line.cost, 2),
            ],
        }

    def _places(self) -> list[Fields]:
        found = []
        for place in self.report.places:
            for line in self.report.lines_of(place.code):
                if line.item != whole(line.item):
                    continue
                found.append(
                    {
                        "label": self._named_once(place.code, line),
                        "depth": place.depth,
                        "cells": [
                            self.tables.item(line.item),
                            shown(line.unit),
                            energy(line.amount, line.unit),
                            _change(line.last_month),
                            _change(line.last_year),
                            number(line.cost, 2),
                            number(line.kgco2, 0),
                        ],
                    }
                )
        return found

    def _named_once(self, node: str, line: Line) -> str:
        """The node's name on its first category only."""
        first = next(one for one in self._categories() if one.node == node)
        return self.tables.places[node] if first is line else ""

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
            "label": self._named_once(line.node, line),
            "depth": place.depth,
            "item": self.tables.item(line.item),
            "bars": [share / 10_000 for share in line.shares],
            "cells": [_share(share) for share in line.shares],
            "short": line.shares[MISSING] > 0,
        }

    def _case(self, place: int) -> Fields:
        case, language = self.report.cases[place], self.language
        zone = self.report.zone
        return {
            "title": word("pattern", case.pattern, language),
            "meter": self.tables.meters.get(case.meter, case.meter),
            "when": f"{local_time(case.start_us, zone)} – {local_time(case.end_us, zone)}",
            "cause": word("cause", case.cause, language),
            "action": word("action", case.action, language),
            "state": word("state", case.state, language),
            "cells": [
                f"{case.hours} h",
                f"{number(case.waste, 0)} {shown(case.unit)}" if case.waste else DASH,
                f"{number(case.cost, 2)} {case.currency}" if case.cost is not None else DASH,
                number(case.kgco2, 0),
            ],
        }

    def _restated(self) -> list[list[str]]:
        rows = self.tables.restatements().rows[:MOST_NOTES]
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
            kind = (row.tariff, row.item, row.period, row.price, row.months, row.days, row.source)
            groups.setdefault(kind, []).append(row)
        return [self._price(rows) for rows in groups.values()]

    def _price(self, rows: Sequence[PriceRow]) -> list[str]:
        first = rows[0]
        return [
            f"{self.tables.item(first.item)} · {word('period', first.period, self.language)}",
            f"{first.price} {first.currency}",
            f"{spans(first.months)} · {word('days', first.days, self.language)}",
            ", ".join(_times(rows)),
            first.source,
            self._standing(first.grade),
        ]


INDICATORS = (
    ("01000", "m2"),
    ("01000", "person"),
    ("02000", "person"),
    ("kgce", "m2"),
    ("kgce", "person"),
    ("kgco2", "m2"),
)


def _times(rows: Iterable[PriceRow]) -> list[str]:
    ordered = sorted((row.start_min, row.end_min) for row in rows)
    return [f"{a // 60}:{a % 60:02d}–{b // 60}:{b % 60:02d}" for a, b in ordered]


def _change(past: Past) -> str:
    return percent(past.change, signed=True)


def _plain(cell: object) -> str | None:
    return number(cell, 3) if isinstance(cell, Decimal) else None


def _share(share: int) -> str:
    return f"{Decimal(share) / 100:.2f} %"


def _mean_price(cost: Decimal | None, amount: int, unit: str) -> str:
    value = exact(amount, unit)
    return DASH if cost is None or not value else number(cost / value, 4)


def _depth(item: str) -> int:
    return 0 if item == whole(item) else 1 if item[3:] == "00" else 2 if item[4] == "0" else 3


def _is_sub_item(item: str) -> bool:
    return item[:2] == ELECTRICITY[:2] and _depth(item) == 1
