"""Tariff periods, and the factor and tariff rows a report rests on."""

from __future__ import annotations

from collections.abc import Iterable

from metering.factor import Factor
from metering.tariff import TariffRow
from reports.lines import Worth
from reports.model import FactorRow, PeriodLine, PriceRow


def period_lines(worths: Iterable[Worth]) -> tuple[PeriodLine, ...]:
    """Energy and money by tariff period; energy without a price has a line without money."""
    found = []
    for worth in worths:
        line, money = worth.line, worth.cost
        for one in money.periods:
            found.append(
                PeriodLine(
                    line.item,
                    line.unit,
                    line.book_unit,
                    one.period,
                    one.quantity,
                    one.cost,
                    money.currency,
                )
            )
        if money.unpriced:
            found.append(
                PeriodLine(line.item, line.unit, line.book_unit, "", money.unpriced, None, "")
            )
    return tuple(found)


def factor_row(row: Factor) -> FactorRow:
    return FactorRow(
        row.item,
        row.quantity,
        row.value,
        row.region,
        row.valid_from,
        row.valid_to,
        row.source,
        row.grade,
    )


def price_row(row: TariffRow) -> PriceRow:
    return PriceRow(
        row.tariff,
        row.item,
        tuple(sorted(row.months)),
        row.days,
        row.start_min,
        row.end_min,
        row.period,
        row.price,
        row.currency,
        row.valid_from,
        row.valid_to,
        row.source,
        row.grade,
    )
