"""Right bills as suppliers write them, and wrong ones: each mistake beside the name of the check
that must speak of it, and the amount that is at stake. Knows the form of a bill and what was worked
out by hand, and no check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from figures.bills import LineKind, SupplierBill, SupplierLine, SupplierReading
from proofs.bills.written import ACCOUNT, WrittenBill, WrittenLine

MULTIPLIER = Decimal(100)
CLASS, VOLTAGE = "general", "10 kV"
CENT = Decimal("0.01")
_STANDING = {
    "capacity": LineKind.CAPACITY,
    "demand": LineKind.DEMAND,
    "contract": LineKind.CONTRACT,
    "service": LineKind.MONTH,
    "power_factor": LineKind.POWER_FACTOR,
    "vat": LineKind.VAT,
    "energy": LineKind.ENERGY,
    "tier": LineKind.TIER,
}


@dataclass(frozen=True)
class Seen:
    """A bill as it comes, and what is known beside it that a mistake may be seen by."""

    bill: SupplierBill
    before: tuple[SupplierBill, ...]
    closed: date | None = None
    """First day on which the account holds no more."""
    metered: bool = True
    credit_due: Decimal = Decimal("0.00")
    degree_days: tuple[Decimal | None, Decimal | None] = (None, None)
    season: tuple[tuple[str, Decimal], ...] = ()
    dated: tuple[tuple[str, Decimal, date, date], ...] = ()
    books: bool = True
    """Whether the books hold the bill's days whole."""


@dataclass(frozen=True)
class Wrong:
    """A seeded mistake, the name under which it must be caught, and what it comes to."""

    check: str
    seen: Seen
    stake: Decimal | None = None
    """None where it is what the mistake adds to the total."""


def right(written: WrittenBill, first: date, after: date) -> Seen:
    """The bill of hand as its supplier sends it, with the one before it."""
    lines = tuple(map(_line, written.lines))
    energy = [one for one in lines if one.kind in (LineKind.ENERGY, LineKind.TIER)]
    whole = sum((_said(one.quantity) for one in energy), Decimal(0))
    bill = SupplierBill(
        number=f"{written.name}-2",
        account=ACCOUNT,
        first=first,
        after=after,
        lines=lines,
        total=written.total,
        within=tuple(map(_line, written.within)),
        readings=(_read_from(Decimal(500), whole),),
        multiplier=MULTIPLIER,
        demand_at=written.demand.get("at", ""),
        power_factor=written.power_factor.get("cos", ""),
        customer_class=CLASS,
        voltage=VOLTAGE,
        energy=whole,
    )
    days = (after - first).days
    earlier = replace(
        bill,
        number=f"{written.name}-1",
        first=first - timedelta(days=days),
        after=first,
        total=bill.total - CENT,
        readings=(_read_from(Decimal(500) - whole / MULTIPLIER, whole),),
    )
    return Seen(bill, (earlier,))


def _read_from(start: Decimal, passed: Decimal) -> SupplierReading:
    return SupplierReading("total", start, start + passed / MULTIPLIER, passed)


def _line(one: WrittenLine) -> SupplierLine:
    kind = _STANDING.get(one.name.partition(".")[0], LineKind.UNIT)
    quantity, amount = one.quantity or Decimal(0), one.amount or Decimal(0)
    return SupplierLine(one.name, kind, quantity, one.price, amount)


# a mistake is made as a clerk would make it: what follows from it on the bill follows


def _said(value: Decimal | None) -> Decimal:
    """A number of a bill of hand, which says all of its numbers."""
    assert value is not None
    return value


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _priced(line: SupplierLine) -> SupplierLine:
    per = 100 if line.kind in (LineKind.POWER_FACTOR, LineKind.VAT) else 1
    return replace(line, amount=_cents(_said(line.quantity) * _said(line.price) / per))


def _summed(bill: SupplierBill) -> SupplierBill:
    return replace(bill, total=sum((one.amount for one in bill.lines), Decimal(0)) - bill.credit)


def _with(bill: SupplierBill, place: int, **changes: Any) -> SupplierBill:
    """One line changed and priced again, and the sum with it; what is taken of it stays."""
    old = bill.lines[place]
    new = _priced(replace(old, **changes))
    lines = list(bill.lines)
    lines[place] = new
    return _summed(replace(bill, lines=tuple(lines)))


def _plain(bill: SupplierBill) -> bool:
    """Whether no line and no sum is taken of others."""
    kinds = {one.kind for one in (*bill.lines, *bill.within)}
    return not kinds & {LineKind.POWER_FACTOR, LineKind.VAT, LineKind.UNIT}


def _places(bill: SupplierBill, *kinds: LineKind) -> list[int]:
    return [n for n, one in enumerate(bill.lines) if one.kind in kinds and one.quantity]


Maker = Callable[[Seen, Random], Iterator[Wrong]]


def _changed(check: str, field: str, *kinds: LineKind, plain: bool = True) -> Maker:
    """A line of a kind with a quantity or price a quarter too large."""

    def make(seen: Seen, chance: Random) -> Iterator[Wrong]:
        places = _places(seen.bill, *kinds)
        if places and (_plain(seen.bill) or not plain):
            place = chance.choice(places)
            old = getattr(seen.bill.lines[place], field)
            new = old * Decimal(chance.choice(["1.25", "1.5", "0.75", "0.5"]))
            bill = _with(seen.bill, place, **{field: _cents(new) if field == "quantity" else new})
            if field == "quantity" and kinds[0] in (LineKind.ENERGY, LineKind.TIER):
                bill = replace(bill, energy=None, readings=())
            yield Wrong(check, replace(seen, bill=bill))

    return make


def _money(bill: SupplierBill, *kinds: LineKind) -> Decimal:
    """What lines of these kinds cost together."""
    return sum((one.amount for one in bill.lines if one.kind in kinds), Decimal(0))


def _of_energy(bill: SupplierBill) -> Decimal:
    return _money(bill, LineKind.ENERGY, LineKind.TIER)


def _of_whole(bill: SupplierBill) -> Decimal:
    return bill.total


def _told(check: str, worth: Callable[[SupplierBill], Decimal], **changes: Any) -> Maker:
    """Something that is said wrongly, on which all of the money hangs that `worth` tells."""

    def make(seen: Seen, _: Random) -> Iterator[Wrong]:
        wrong = replace(seen, bill=replace(seen.bill, **changes))
        yield Wrong(check, wrong, worth(seen.bill))

    return make


def _each(bill: SupplierBill) -> Decimal:
    """What a unit of its energy costs."""
    return _of_energy(bill) / whole if (whole := _said(bill.energy)) else Decimal(0)


def _length(bill: SupplierBill) -> int:
    return (bill.after - bill.first).days


def _again(seen: Seen, _: Random) -> Iterator[Wrong]:
    whole = seen.bill.total
    yield Wrong("duplicate", replace(seen, before=(*seen.before, seen.bill)), whole)
    other = replace(seen.bill, number="another-number")
    yield Wrong("duplicate", replace(seen, bill=other, before=(*seen.before, seen.bill)), whole)


def _between(seen: Seen, _: Random) -> Iterator[Wrong]:
    (last,) = seen.before
    length = _length(seen.bill)
    for check, days in (("overlap", 3), ("gap", -3), ("missing_bill", -length)):
        moved = replace(last, after=last.after + timedelta(days=days))
        yield Wrong(check, replace(seen, before=(moved,)), seen.bill.total * days / length)


def _read(seen: Seen, chance: Random) -> Iterator[Wrong]:
    (one,) = seen.bill.readings
    off = Decimal(chance.randint(1, 40))
    later = replace(
        one, start=one.start - off, consumption=_said(one.consumption) + off * MULTIPLIER
    )
    wrong = replace(seen, bill=replace(seen.bill, readings=(later,)))
    yield Wrong("start_reading", wrong, off * MULTIPLIER * _each(seen.bill))
    more = replace(one, consumption=_said(one.consumption) + off)
    wrong = replace(seen, bill=replace(seen.bill, readings=(more,)))
    yield Wrong("consumption", wrong, off * _each(seen.bill))
    twice = replace(one, consumption=_said(one.consumption) * 2)
    doubled = replace(seen.bill, multiplier=MULTIPLIER * 2, readings=(twice,))
    yield Wrong("multiplier", replace(seen, bill=doubled), _of_energy(seen.bill) / 2)
    days = chance.choice([-2, -1, 1, 2])
    moved = replace(seen.bill, after=seen.bill.after + timedelta(days=days))
    stake = moved.total * days / _length(moved)
    yield Wrong("reading_date", replace(seen, bill=moved), stake)


def _sums(seen: Seen, chance: Random) -> Iterator[Wrong]:
    bill, off = seen.bill, Decimal(chance.randint(100, 9_000)) / 100
    yield Wrong("total", replace(seen, bill=replace(bill, total=bill.total + off)))
    yield Wrong("total_rounding", replace(seen, bill=replace(bill, total=bill.total - CENT)))
    whole = None if bill.energy is None else bill.energy + off
    yield Wrong("period_sum", replace(seen, bill=replace(bill, energy=whole)), -off * _each(bill))
    for check, cents in (("amount", off), ("rounding", CENT)):
        if _plain(bill):
            line = replace(bill.lines[0], amount=bill.lines[0].amount + cents)
            wrong = _summed(replace(bill, lines=(line, *bill.lines[1:])))
            yield Wrong(check, replace(seen, bill=wrong))
    if _plain(bill):
        line = SupplierLine("service-fee", LineKind.MONTH, Decimal(1), off, off)
        wrong = _summed(replace(bill, lines=(*bill.lines, line)))
        yield Wrong("unknown_line", replace(seen, bill=wrong))
    if _plain(bill) and len(bill.lines) > 1 and bill.lines[-1].amount:
        wrong = _summed(replace(bill, lines=bill.lines[:-1], energy=None, readings=()))
        yield Wrong("absent_line", replace(seen, bill=wrong))


def _contract(seen: Seen, _: Random) -> Iterator[Wrong]:
    whole = seen.bill.total
    yield Wrong("account_without_meter", replace(seen, metered=False), whole)
    yield Wrong("closed_account", replace(seen, closed=seen.bill.first), whole)
    owed = Decimal("88.00")
    yield Wrong("credit_missing", replace(seen, credit_due=owed), owed)


def _prices(seen: Seen, chance: Random) -> Iterator[Wrong]:
    """The price of another season, or of days before or after these."""
    places = _places(seen.bill, LineKind.ENERGY)
    if not places or not _plain(seen.bill):
        return
    place = chance.choice(places)
    line = seen.bill.lines[place]
    price, period = _said(line.price) * Decimal("1.25"), line.name.partition(".")[2]
    bill = _with(seen.bill, place, price=price)
    yield Wrong("season", replace(seen, bill=bill, season=((period, price),)))
    first, after, far = seen.bill.first, seen.bill.after, timedelta(days=400)
    for check, days in (
        ("price_too_early", (after, after + far)),
        ("price_too_late", (first - far, first)),
    ):
        yield Wrong(check, replace(seen, bill=bill, dated=((period, price, *days),)))


def _demand(seen: Seen, _: Random) -> Iterator[Wrong]:
    for place in _places(seen.bill, LineKind.DEMAND):
        for check, times in (("demand_above", "1.1"), ("demand_below", "0.9")):
            quantity = _cents(_said(seen.bill.lines[place].quantity) * Decimal(times))
            yield Wrong(check, replace(seen, bill=_with(seen.bill, place, quantity=quantity)))
    if seen.bill.demand_at:
        moved = f"{seen.bill.demand_at[:11]}03:15"
        wrong = replace(seen, bill=replace(seen.bill, demand_at=moved))
        yield Wrong("demand_moment", wrong, _money(seen.bill, LineKind.DEMAND, LineKind.CONTRACT))
    contracts = _places(seen.bill, LineKind.CONTRACT)
    if contracts and _plain(seen.bill):
        quantity = _said(seen.bill.lines[contracts[0]].quantity) + 20
        yield Wrong(
            "contract", replace(seen, bill=_with(seen.bill, contracts[0], quantity=quantity))
        )


def _factor(seen: Seen, _: Random) -> Iterator[Wrong]:
    bill = seen.bill
    for place in _places(bill, LineKind.POWER_FACTOR):
        last = place == len(bill.lines) - 1
        if bill.power_factor:
            said = replace(seen, bill=replace(bill, power_factor="0.70"))
            yield Wrong("power_factor", said, bill.lines[place].amount)
        if last:
            line = bill.lines[place]
            wrong = _with(bill, place, price=_said(line.price) + Decimal("0.5"))
            yield Wrong("adjustment_percent", replace(seen, bill=wrong))
            wrong = _with(bill, place, quantity=_said(line.quantity) + Decimal("1000.00"))
            yield Wrong("adjustment_base", replace(seen, bill=wrong))


def _tax(seen: Seen, _: Random) -> Iterator[Wrong]:
    for place in _places(seen.bill, LineKind.VAT):
        line = seen.bill.lines[place]
        wrong = _with(seen.bill, place, price=Decimal(17))
        yield Wrong("vat_rate", replace(seen, bill=wrong))
        wrong = _with(seen.bill, place, quantity=_said(line.quantity) + Decimal("500.00"))
        yield Wrong("vat_base", replace(seen, bill=wrong))
    for place, line in enumerate(seen.bill.within):
        if line.kind is LineKind.VAT:
            within = list(seen.bill.within)
            within[place] = replace(
                line, quantity=_said(line.quantity) + 10, amount=line.amount - 10
            )
            bill = replace(seen.bill, within=tuple(within))
            yield Wrong("vat_base", replace(seen, bill=bill), Decimal(10))
            gross = _said(line.quantity) + line.amount
            net = _cents(gross / Decimal("1.17"))
            within[place] = replace(line, price=Decimal(17), quantity=net, amount=gross - net)
            bill = replace(seen.bill, within=tuple(within))
            yield Wrong("vat_rate", replace(seen, bill=bill), gross - net - line.amount)


def _surcharge(seen: Seen, chance: Random) -> Iterator[Wrong]:
    """Where nothing is taken of it."""
    bill = seen.bill
    if any(one.kind in (LineKind.POWER_FACTOR, LineKind.VAT) for one in bill.lines):
        return
    places = _places(bill, LineKind.UNIT)
    if places:
        place = chance.choice(places)
        line = bill.lines[place]
        if not bill.within or line.name == "sewage":
            wrong = _with(bill, place, price=_said(line.price) * Decimal("1.1"))
            yield Wrong("surcharge_price", replace(seen, bill=wrong))
            wrong = _with(bill, place, quantity=_said(line.quantity) + Decimal("100.00"))
            yield Wrong("surcharge_base", replace(seen, bill=wrong))


def _outliers(seen: Seen, _: Random) -> Iterator[Wrong]:
    """A reading that stands out, where the books know too little to say otherwise."""
    bill = seen.bill
    places = _places(bill, LineKind.ENERGY, LineKind.TIER)
    if not places or not _plain(bill) or len(bill.lines) > 1:
        return
    wrong = _with(bill, places[0], quantity=_said(bill.lines[places[0]].quantity) * 3)
    wrong = replace(wrong, energy=None, readings=())
    yield Wrong("outlier_per_day", replace(seen, bill=wrong, books=False))
    days = (Decimal(200), Decimal(200))
    yield Wrong("outlier_per_degree_day", replace(seen, bill=wrong, books=False, degree_days=days))


MAKERS: tuple[Maker, ...] = (
    _again,
    _between,
    _told("estimated", _of_energy, estimated=True),
    _told("wrong_account", _of_whole, account="9999-1"),
    _told("customer_class", _of_energy, customer_class="residential"),
    _told("voltage", _of_energy, voltage="0.4 kV"),
    _read,
    _sums,
    _contract,
    _changed("period_quantity", "quantity", LineKind.ENERGY),
    _changed("rate", "price", LineKind.ENERGY),
    _changed("tier_quantity", "quantity", LineKind.TIER),
    _changed("tier_price", "price", LineKind.TIER),
    _changed("capacity", "quantity", LineKind.CAPACITY),
    _changed("standing_price", "price", LineKind.CAPACITY, LineKind.MONTH, LineKind.DEMAND),
    _changed("standing_quantity", "quantity", LineKind.MONTH),
    _prices,
    _demand,
    _factor,
    _tax,
    _surcharge,
    _outliers,
)


def wrongs(seen: Seen, chance: Random) -> list[Wrong]:
    """Every mistake that can be made on a bill, each on a bill of its own."""
    found = [one for make in MAKERS for one in make(seen, chance)]
    more = [one.seen.bill.total - seen.bill.total for one in found]
    return [
        one if one.stake is not None else replace(one, stake=added)
        for one, added in zip(found, more, strict=True)
    ]
