"""Rows that are made from lines: differences, tariff periods, sums, ratios, and the factor and
tariff rows a report rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from figures import (
    RATIOS,
    REACTIVE,
    WATER,
    Ratio,
    View,
    beyond,
    beyond_amount,
    beyond_each,
    centres,
    indicators_of,
    less,
    meters_of,
    ratio,
    sub_items,
    total_of,
)
from figures import Total as Sums
from metering.book import SeriesKey
from metering.factor import Factor
from metering.tariff import TariffRow
from metering.units import BOOK_UNITS
from reports.lines import Made, spent
from reports.model import (
    Difference,
    FactorRow,
    LackingFactor,
    PeriodLine,
    PriceRow,
    RatioLine,
    ReportIndicator,
    ReportPlace,
    ReportTotal,
)

KWH = "kWh"


def difference_lines(made: Sequence[Made]) -> tuple[Difference, ...]:
    """One for every line whose sub-items are not all of it, in the order of the lines."""
    found = []
    for node in dict.fromkeys(one.line.node for one in made):
        own = {one.line.item: one for one in made if one.line.node == node}
        for item, whole in own.items():
            parts = [own[code] for code in sub_items(own, item)]
            if parts:
                found.append(_difference(whole, parts))
    return tuple(one for one in found if not _nothing(one))


def _nothing(one: Difference) -> bool:
    """Whether a total is made of its sub-items: the same energy each day, for the same money."""
    used = any(one.daily) or one.amount != 0
    return not used and not any(m.amount or m.low or m.high for m in one.money)


def _difference(whole: Made, parts: Sequence[Made]) -> Difference:
    line, lines = whole.line, [part.line for part in parts]
    money = less(whole.worth.cost, [part.worth.cost for part in parts])
    return Difference(
        node=line.node,
        item=line.item,
        unit=line.unit,
        book_unit=line.book_unit,
        amount=beyond(line.amount, [part.amount for part in lines]),
        kgco2=beyond_amount(line.kgco2, [part.kgco2 for part in lines]),
        kgce=beyond_amount(line.kgce, [part.kgce for part in lines]),
        daily=tuple(beyond_each(line.daily, [part.daily for part in lines])),
        unpriced=money.unpriced,
        **vars(spent(money)),
    )


def period_lines(made: Iterable[Made]) -> tuple[PeriodLine, ...]:
    """Energy and money by tariff period and currency; energy without a price has a line without
    money."""
    found = []
    for one in made:
        line, money = one.line, one.worth.cost
        kind = (line.item, line.unit, line.book_unit)
        found += [
            PeriodLine(*kind, own.period, own.quantity, own.cost, own.currency)
            for own in money.periods
        ]
        if money.unpriced:
            found.append(PeriodLine(*kind, "", money.unpriced, None, ""))
    return tuple(found)


def sums_of(places: Iterable[ReportPlace], made: Sequence[Made]) -> dict[str, Sums]:
    """The sums of every place over its categories."""
    return {
        place.code: total_of({m.line.item: m.worth for m in made if m.line.node == place.code})
        for place in places
    }


def total_line(node: str, sums: Sums) -> ReportTotal:
    """A place's sums as the report says them."""
    return ReportTotal(node=node, kgco2=sums.kgco2, kgce=sums.kgce, **vars(spent(sums.cost)))


def indicator_lines(
    view: View, place: ReportPlace, made: Iterable[Made], sums: Sums
) -> tuple[ReportIndicator, ...]:
    """Per m2 and per person of a place, by its area and persons as the report says them."""
    node = replace(view.registry.nodes[place.code], area_m2=place.area_m2, persons=place.persons)
    amounts = {m.line.item: m.line.amount for m in made if m.line.node == place.code}
    return tuple(
        ReportIndicator(one.node, one.quantity, one.per, one.unit, one.value)
        for one in indicators_of(node, amounts, sums)
    )


def ratio_lines(view: View, institution: str, first: date, last: date) -> tuple[RatioLine, ...]:
    """Ratios of the institution's data centres; those whose two sides both have a meter."""
    return tuple(
        _ratio_line(view, ratio(view, node, name, first, last))
        for node in _centres(view, institution)
        for name, sides in RATIOS.items()
        if all(meters_of(view, node)[role] for role in sides)
    )


def _ratio_line(view: View, one: Ratio) -> RatioLine:
    node = view.registry.nodes[one.boundary]
    return RatioLine(
        node.code,
        node.name("zh"),
        node.name("en"),
        one.name,
        one.value,
        KWH,
        BOOK_UNITS[KWH].name,
        one.above,
        one.below,
        one.cover,
        one.category,
        one.boundary,
    )


def role_keys(view: View, institution: str) -> list[SeriesKey]:
    """The series of meters that ratios rest on."""
    return [
        view.key_of(meter.code)
        for node in _centres(view, institution)
        for meters in meters_of(view, node).values()
        for meter in meters
    ]


def _centres(view: View, institution: str) -> list[str]:
    return [c for c in centres(view) if institution in view.registry.institutions(c)]


def used_factors(made: Iterable[Made]) -> list[Factor]:
    """Factor rows behind the lines, each once, sorted."""
    emissions = [own for one in made for own in (one.worth.kgco2, one.worth.kgce)]
    rows = {row for own in emissions for row in own.factors}
    return sorted(rows, key=lambda f: (f.quantity, f.item, f.valid.first, f.region))


def lacking_factors(made: Iterable[Made]) -> tuple[LackingFactor, ...]:
    """Why carbon or coal of a category is not told; water and reactive energy have neither."""
    return tuple(
        LackingFactor(one.line.item, own.asked, own.lacking[0], own.lacking[-1], len(own.lacking))
        for one in made
        if one.line.item not in (WATER, REACTIVE)
        for own in (one.worth.kgco2, one.worth.kgce)
        if own.lacking
    )


def used_prices(made: Iterable[Made]) -> list[TariffRow]:
    """Tariff rows behind the lines, each once, sorted."""
    rows = {row for one in made for row in one.worth.cost.rows}
    return sorted(rows, key=_price_order)


def _price_order(row: TariffRow) -> tuple[object, ...]:
    return (
        row.item,
        row.meter,
        row.node,
        row.institution,
        row.tariff,
        row.valid.first,
        sorted(row.months),
        row.days,
        row.start_min,
        row.end_min,
        row.period,
        row.currency,
        row.price,
        row.source,
        row.grade,
        row.valid.limit,
    )


def factor_row(row: Factor) -> FactorRow:
    """A factor that was used, as the report keeps it."""
    return FactorRow(
        row.item,
        row.quantity,
        row.value,
        row.region,
        row.valid.start,
        row.valid.end,
        row.source,
        row.grade,
    )


def price_row(row: TariffRow) -> PriceRow:
    """A row of a tariff that was used, as the report keeps it."""
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
        row.valid.start,
        row.valid.end,
        row.source,
        row.grade,
        row.node or row.institution,
        row.meter,
    )
