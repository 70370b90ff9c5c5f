"""A bill that the platform tells beside the one that was worked out by hand, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from figures.bills import Bill, BillLine
from metering.localtime import from_us, zone_of
from proofs.bills.platform import ZONE
from proofs.bills.written import WrittenBill, WrittenLine

_Told = tuple[str, str, str, str, str]


def differences(written: WrittenBill, told: Bill) -> list[str]:
    """What is otherwise, in words; [] where every line, its arithmetic and the total are equal."""
    days = (told.first, told.after)
    return [
        *_unlike("line", map(_of_hand, written.lines), _of_bill(told.lines, days)),
        *_unlike("within", map(_of_hand, written.within), _of_bill(told.within, days)),
        *_unlike("total", [str(written.total)], [str(told.total)]),
        *_unlike("complete", [str(written.complete)], [str(told.complete)]),
        *(
            _unlike("demand", written.demand.items(), _demand(told, written.demand))
            if written.demand
            else ()
        ),
        *(
            _unlike("power factor", written.power_factor.items(), _factor(told))
            if written.power_factor
            else ()
        ),
    ]


def _unlike(what: str, hand: Iterable[object], bill: Iterable[object]) -> list[str]:
    left, right = sorted(map(str, hand)), sorted(map(str, bill))
    gone = [f"{what} by hand alone: {one}" for one in left if one not in right]
    return gone + [f"{what} of the bill alone: {one}" for one in right if one not in left]


def _of_hand(one: WrittenLine) -> _Told:
    days = "" if one.days is None else f"{one.days[0]}/{one.days[1]}"
    return (one.name, str(one.quantity), _number(one.price), str(one.amount), days)


def _of_bill(lines: Sequence[BillLine], whole: tuple[date, date]) -> list[_Told]:
    return [
        (
            one.name,
            str(one.quantity),
            _number(one.price),
            str(one.amount),
            "" if (one.first, one.after) == whole else f"{one.first}/{one.after}",
        )
        for one in lines
    ]


def _number(price: Decimal | None) -> str:
    """Without the zeros that only how it was worked out leaves."""
    return "None" if price is None else f"{price.normalize():f}"


def _demand(told: Bill, named: Iterable[str]) -> list[tuple[str, str]]:
    """What is written down of it."""
    if told.demand is None:
        return []
    at = from_us(told.demand.at_us).astimezone(zone_of(ZONE))
    known = {
        "kw": f"{float(told.demand.kw):.2f}",
        "at": f"{at:%Y-%m-%dT%H:%M}",
        "taken": str(told.demand.taken),
        "fine": f"{told.demand.fine / 100:.2f} %",
    }
    return [(name, known.get(name, "")) for name in named]


def _factor(told: Bill) -> list[tuple[str, str]]:
    one = told.factor
    if one is None:
        return []
    return [
        ("kwh", str(one.active)),
        ("kvarh", str(one.reactive)),
        ("cos", f"{one.hundredths / 100:.2f}"),
        ("percent", str(one.percent)),
        ("base", str(one.base)),
    ]
