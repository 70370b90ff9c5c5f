"""The questions of `agree`: every figure that four faces or more can be asked for.

       hour        day           week                    month         running month
energy some days   every item    sub-items, difference   every item    electricity
money              electricity   sub-items, difference   every item    electricity
kgCO2              electricity   sub-items, difference   electricity   electricity
ratios                           both                    both
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from proofs.agree_compare import AskedFigure, Question
from proofs.agree_oracle import PER_CANONICAL, Money, Oracle, OracleWorth, Sum, added
from proofs.agree_prices import covers
from proofs.agree_world import (
    AFTER,
    MINUTE_US,
    MONTH,
    PLACES,
    TODAY,
    WorldPlace,
    local,
    midnight,
    tenures,
    zone_of,
)

LAST = TODAY - timedelta(days=1)
"""The last full day."""
RECENT = TODAY - timedelta(days=14)
"""From here on the page has days."""
WEEK = TODAY - timedelta(days=7)
"""From here on it has sub-items and ratios."""
ELECTRICITY = "01000"
ONE = timedelta(days=1)
RATIOS = {"utility_per_it": ("utility", "it"), "ups_efficiency": ("ups_out", "ups_in")}
HOURS = (
    ("office", "01000", date(2026, 10, 23)),
    ("annex", "01C00", date(2026, 10, 26)),
    ("annex", "01D00", date(2026, 10, 26)),
    ("lab", "01000", date(2026, 10, 28)),
    ("villa", "01000", date(2026, 10, 25)),
    ("villa", "01B00", date(2026, 10, 25)),
)
"""Days that are asked by the hour: over a gap, also of what a formula is made of, over the
change of the clocks."""
Ways = tuple[str, ...]
FILES = ("csv", "xlsx")


def questions(oracle: Oracle) -> list[Question]:
    """All of them, with the right answers."""
    found: list[Question] = []
    for place in PLACES:
        for item in oracle.items(place.code):
            found += _days(oracle, place, item)
            found += _months(oracle, place, item)
        found += _parts(oracle, place)
    return [*found, *_ratios(oracle), *_hours(oracle)]


def hours(node: str, item: str, day: date) -> list[tuple[AskedFigure, int, int]]:
    """(figure, start, end) of every hour of a local day [us]."""
    zone = zone_of(node)
    start, end = midnight(day, zone), midnight(day + ONE, zone)
    edges = [*range(start, end, 60 * MINUTE_US), end]
    told = [local(time_us, zone).isoformat() for time_us in edges]
    return [
        (AskedFigure("energy", node, item, told[n], told[n + 1]), edges[n], edges[n + 1])
        for n in range(len(edges) - 1)
    ]


def _hours(oracle: Oracle) -> Iterator[Question]:
    for node, item, day in HOURS:
        for figure, start, end in hours(node, item, day):
            amount = oracle.over(node, item, (start, end))
            if amount is not None:
                exact = Fraction(amount, PER_CANONICAL)
                yield Question(figure, exact, ("page", "influx", "v1"))


def whole(item: str) -> bool:
    """Whether it is a category, not a sub-item."""
    return item[2:] == "000"


def _days(oracle: Oracle, place: WorldPlace, item: str) -> Iterator[Question]:
    for day in _days_between(MONTH, LAST):
        right = oracle.days(place.code, item, day, day)
        on_page = item == ELECTRICITY and day >= RECENT
        in_report = day < AFTER and (whole(item) or place.type == "institution")
        ways = ("influx", "v1", "feed")
        yield from _energy(
            right,
            _figure(place, item, day, day),
            (*ways, *_if(on_page, "page"), *_if(in_report, "csv", "xlsx")),
        )
        if on_page:
            yield from _worth(right, _figure(place, item, day, day), ("page", "influx", "v1"))


def _months(oracle: Oracle, place: WorldPlace, item: str) -> Iterator[Question]:
    first, last = MONTH, AFTER - ONE
    right = oracle.days(place.code, item, first, last)
    of = _figure(place, item, first, last)
    ways = ("influx", "v1", *_if(item == ELECTRICITY, "page"))
    alone = len(tenures(place.code, first, last)) == 1
    yield from _energy(right, of, (*ways, *_if(alone, *FILES), "feed"))
    if alone or item == ELECTRICITY:
        yield from _worth(right, of, (*ways, *_if(alone, *FILES)))
    if not alone:
        yield from _tenures(oracle, place, item, first, last)
    if item == ELECTRICITY:
        running = oracle.days(place.code, item, AFTER, TODAY)
        of = _figure(place, item, AFTER, TODAY)
        yield from _energy(running, of, ("page", "influx", "v1"))
        yield from _worth(running, of, ("page", "influx", "v1"))


def _tenures(
    oracle: Oracle, place: WorldPlace, item: str, first: date, last: date
) -> Iterator[Question]:
    """A month of a place that moved in it: each institution's report has its own days."""
    for _, start, end in tenures(place.code, first, last):
        right = oracle.days(place.code, item, start, end)
        of = _figure(place, item, start, end)
        yield from _energy(right, of, ("influx", "v1", *FILES))
        yield from _worth(right, of, ("influx", "v1", *FILES))


def parts_of(oracle: Oracle, place: WorldPlace) -> list[str]:
    """Sub-items of the next level of a place's electricity."""
    return [
        item
        for item in oracle.items(place.code)
        if covers(ELECTRICITY, item) and item[3:] == "00" and not whole(item)
    ]


def _parts(oracle: Oracle, place: WorldPlace) -> Iterator[Question]:
    items = parts_of(oracle, place)
    if not items:
        return
    for item in (ELECTRICITY, *items):
        right = oracle.days(place.code, item, WEEK, LAST)
        of, ways = _figure(place, item, WEEK, LAST), ("page", "v1 parts", "influx")
        yield from _energy(right, of, ways)
        yield from _worth(right, of, ways)
    of = _figure(place, ELECTRICITY, WEEK, LAST, "difference")
    rest = difference(oracle, place, items, WEEK, LAST)
    yield from _energy(rest, of, ("page", "v1 parts", "v1 rest"))
    yield from _worth(rest, of, ("page", "v1 parts", "v1 rest"), kinds=("cost", "kgco2"))
    for _, first, last in tenures(place.code, MONTH, AFTER - ONE):
        of = _figure(place, ELECTRICITY, first, last, "difference")
        rest = difference(oracle, place, items, first, last)
        yield from _energy(rest, of, ("v1 parts", *FILES))
        yield from _worth(rest, of, ("v1 parts", *FILES))
    if place.type == "institution":
        for day in _days_between(MONTH, AFTER - ONE):
            of = _figure(place, ELECTRICITY, day, day, "difference")
            rest = difference(oracle, place, items, day, day)
            yield from _energy(rest, of, ("v1 parts", "csv", "xlsx"))


def difference(
    oracle: Oracle, place: WorldPlace, items: list[str], first: date, last: date
) -> OracleWorth:
    """What the total is beyond its sub-items; nothing is known where one of them is not."""
    total = oracle.days(place.code, ELECTRICITY, first, last)
    parts = [oracle.days(place.code, item, first, last) for item in items]
    amounts = [one.energy for one in parts if one.energy is not None]
    emitted = [one.kgco2 for one in parts if one.kgco2 is not None]
    if total.energy is None or total.kgco2 is None or len(amounts) < len(items):
        return OracleWorth(None, {}, None)
    return OracleWorth(
        total.energy - sum(amounts),
        beyond(total.money, added(one.money for one in parts)),
        total.kgco2 - sum(emitted, Fraction(0)),
    )


def beyond(total: Money, parts: Money) -> Money:
    """By currency, what a total costs beyond its parts."""
    names = total.keys() | parts.keys()
    return {name: total.get(name, Sum()).beyond(parts.get(name, Sum())) for name in names}


def _ratios(oracle: Oracle) -> Iterator[Question]:
    spans: tuple[tuple[date, date, Ways], ...] = (
        (WEEK, LAST, ("page", "influx", "v1")),
        (MONTH, AFTER - ONE, ("influx", "v1", "csv", "xlsx")),
    )
    for name, roles in RATIOS.items():
        for first, last, ways in spans:
            end = (last + ONE).isoformat()
            of = AskedFigure("ratio", "dc", ELECTRICITY, first.isoformat(), end, name)
            yield Question(of, _rounded(oracle.ratio(*roles, first, last)), ways)


def _rounded(ratio: Fraction) -> Fraction:
    """To the millionth, as ratios are stated."""
    value = Decimal(ratio.numerator) / Decimal(ratio.denominator)
    return Fraction(value.quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


def _energy(right: OracleWorth, of: AskedFigure, ways: Iterable[str]) -> Iterator[Question]:
    if right.energy is not None:
        yield Question(of, Fraction(right.energy, PER_CANONICAL), tuple(ways))


MONEY = ("cost", "cost_low", "cost_high")


def _worth(
    right: OracleWorth, of: AskedFigure, ways: Ways, kinds: Ways = (*MONEY, "kgco2")
) -> Iterator[Question]:
    for currency, one in sorted(right.money.items()):
        for kind, value in zip(MONEY, (one.value, one.low, one.high), strict=True):
            if kind in kinds:
                yield Question(_of(of, kind, currency), value, ways)
    if right.kgco2 is not None and "kgco2" in kinds:
        yield Question(_of(of, "kgco2"), right.kgco2, ways)


def _of(of: AskedFigure, kind: str, currency: str = "") -> AskedFigure:
    return AskedFigure(kind, of.code, of.item, of.start, of.end, of.name, currency)


def _figure(place: WorldPlace, item: str, first: date, last: date, name: str = "") -> AskedFigure:
    return AskedFigure(
        "energy", place.code, item, first.isoformat(), (last + ONE).isoformat(), name
    )


def _if(holds: bool, *ways: str) -> Ways:
    return ways if holds else ()


def _days_between(first: date, last: date) -> list[date]:
    return [first + n * ONE for n in range((last - first).days + 1)]
