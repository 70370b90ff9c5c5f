"""A supplier's bill held against the books: named checks, each with the amount at stake.

    SupplierBill (as on paper) ┐
    Bill (as the books have it)├─▶ audit ─▶ Objection(check, what, said, expected, stake)
    bills before it            ┘

A check speaks of one thing. Where an amount is wrong because its quantity is, the quantity is
objected to: lines are held against their own quantity and price, and these against the books.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from figures.bills.exact import amount_of, net_of, percent_of, total_of
from figures.bills.model import Bill, BillLine, LineKind
from metering.registry.facts.accounts import Account

ZERO: Final = Decimal("0.00")
CENT: Final = Decimal("0.01")
NEAR: Final = Decimal("0.005")
"""Share by which a quantity of another meter may differ from the books."""
OUTLIER: Final = Decimal("1.5")
"""Times the usual use from which on a bill stands out."""
NO_TAX: Final = Decimal(-100)
"""Percent up to which a sum holds no tax."""
_ENERGY = (LineKind.ENERGY, LineKind.TIER)
_PERCENT = (LineKind.POWER_FACTOR, LineKind.VAT)
"""Whose price is a percentage of a sum of money."""
_STANDING = (LineKind.CAPACITY, LineKind.DEMAND, LineKind.CONTRACT, LineKind.MONTH)


@dataclass(frozen=True)
class SupplierReading:
    """What a supplier read of one register, at the beginning and at the end."""

    register: str
    """Such as `total` or a period."""
    start: Decimal
    end: Decimal
    consumption: Decimal | None
    """As it stands on the bill, after the multiplier; None where it does not."""


@dataclass(frozen=True)
class SupplierLine:
    """A line as on paper; of a sum of money `quantity` is the sum and `price` the percent. What it
    does not say is None."""

    name: str
    kind: LineKind | None
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class SupplierBill:
    """A bill as it came. What it does not say is None or empty, and is not judged."""

    number: str
    account: str
    first: date
    after: date
    lines: tuple[SupplierLine, ...]
    total: Decimal
    within: tuple[SupplierLine, ...] = ()
    readings: tuple[SupplierReading, ...] = ()
    multiplier: Decimal | None = None
    estimated: bool = False
    demand_at: str = ""
    """Local minute, such as 2026-07-15T14:00."""
    power_factor: str = ""
    """Such as 0.86."""
    customer_class: str = ""
    voltage: str = ""
    energy: Decimal | None = None
    """The whole quantity that it names."""
    currency: str = ""
    credit: Decimal = ZERO
    """What is given back of earlier bills."""


@dataclass(frozen=True)
class BillCase:
    """A supplier's bill with all that it is held against."""

    bill: SupplierBill
    books: Bill | None
    """None where the account is none of ours, or does not hold."""
    before: tuple[SupplierBill, ...] = ()
    """Earlier bills of the account, in order of time."""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    """All that are ours, each by its last row."""
    meters: frozenset[str] = frozenset()
    """Those that are registered."""
    demand_at: str = ""
    """Local minute of the books' demand."""
    degree_days: tuple[Decimal | None, Decimal | None] = (None, None)
    """Of the bill before and of this one; None where no weather is known."""
    other_prices: tuple[tuple[str, Decimal, date, date], ...] = ()
    """(period, price, first, after) at which the account's prices were or will be others."""
    season_prices: tuple[tuple[str, Decimal], ...] = ()
    """(period, price) of the account's other seasons."""
    steps: tuple[BillLine, ...] = ()
    """Registered steps of which the books' bill has no line: nothing passed at their price."""
    credit_due: Decimal = ZERO
    """What the supplier still owes."""
    due: date | None = None
    """The day up to which it should bill; None is that of the books."""
    is_only_figure: bool = False
    """Whether the books have nothing but the bill."""


@dataclass(frozen=True)
class Objection:
    """What a check found."""

    check: str
    line: str
    """The line that it is about; '' for the bill."""
    said: str
    expected: str
    stake: Decimal
    """What it comes to [currency]; above 0 where too much is asked."""


Check = Callable[[BillCase], Iterator[Objection]]


def audit(case: BillCase) -> list[Objection]:
    """What speaks against a bill, in the order of the checks; [] where nothing does."""
    return [one for check in CHECKS.values() for one in check(case)]


def _object(
    check: str, said: object, expected: object, stake: Decimal = ZERO, line: str = ""
) -> Objection:
    return Objection(check, line, str(said), str(expected), stake)


# the bill among others


def _duplicate(case: BillCase) -> Iterator[Objection]:
    own = case.bill
    for one in case.before:
        if one.number == own.number or (one.first, one.after, one.total) == (
            own.first,
            own.after,
            own.total,
        ):
            yield _object("duplicate", own.number, f"paid as {one.number}", own.total)
            return


def _last(case: BillCase) -> SupplierBill | None:
    others = [one for one in case.before if one.number != case.bill.number]
    return max(others, key=lambda one: one.after, default=None)


def _is_repeated(case: BillCase) -> bool:
    return any(True for _ in _duplicate(case))


def _overlap(case: BillCase) -> Iterator[Objection]:
    last = _last(case)
    if last is not None and case.bill.first < last.after and not _is_repeated(case):
        days = (min(last.after, case.bill.after) - case.bill.first).days
        yield _object("overlap", case.bill.first, last.after, _of_days(case.bill, days))


def _gap(case: BillCase) -> Iterator[Objection]:
    last = _last(case)
    if last is None or case.bill.first <= last.after:
        return
    days = (case.bill.first - last.after).days
    length = max((case.bill.after - case.bill.first).days, 1)
    if days >= length:
        yield _object("missing_bill", case.bill.first, last.after, -_of_days(case.bill, days))
    else:
        yield _object("gap", case.bill.first, last.after, -_of_days(case.bill, days))


def _of_days(bill: SupplierBill, days: int) -> Decimal:
    length = max((bill.after - bill.first).days, 1)
    return amount_of(Decimal(days), bill.total / length)


def _estimated(case: BillCase) -> Iterator[Objection]:
    if case.bill.estimated:
        yield _object("estimated", "estimated", "read", _energy_money(case.bill))


def _reading_dates(case: BillCase) -> Iterator[Objection]:
    """Its end is the supplier's own choice; its beginning follows from the bill before."""
    due = case.due
    if due is None and case.books is not None:
        due = case.books.after
    if due is not None and case.bill.after != due:
        stake = _of_days(case.bill, (case.bill.after - due).days)
        yield _object("reading_date", case.bill.after, due, stake)


# account and contract


def _wrong_account(case: BillCase) -> Iterator[Objection]:
    if case.bill.account not in case.accounts:
        yield _object("wrong_account", case.bill.account, "an account of ours", case.bill.total)


def _no_meter(case: BillCase) -> Iterator[Objection]:
    account = case.accounts.get(case.bill.account)
    if account is not None and account.meter not in case.meters:
        yield _object("account_without_meter", account.meter, "a meter", case.bill.total)


def _closed(case: BillCase) -> Iterator[Objection]:
    account = case.accounts.get(case.bill.account)
    end = None if account is None else account.valid.end
    if end is not None and end <= case.bill.first:
        yield _object("closed_account", case.bill.first, f"before {end}", case.bill.total)


def _words(check: str, name: str) -> Check:
    def run(case: BillCase) -> Iterator[Objection]:
        account = case.accounts.get(case.bill.account)
        said = getattr(case.bill, name)
        known = "" if account is None else getattr(account, name)
        if said and known and said != known:
            yield _object(check, said, known, _energy_money(case.bill))

    return run


# readings


def _start_reading(case: BillCase) -> Iterator[Objection]:
    last = _last(case)
    ended = {} if last is None else {one.register: one.end for one in last.readings}
    for one in case.bill.readings:
        if one.register in ended and one.start != ended[one.register]:
            passed = (ended[one.register] - one.start) * (case.bill.multiplier or 1)
            stake = amount_of(passed, _mean_price(case.bill))
            yield _object("start_reading", one.start, ended[one.register], stake, one.register)


def _consumption(case: BillCase) -> Iterator[Objection]:
    for one in case.bill.readings:
        passed = (one.end - one.start) * (case.bill.multiplier or 1)
        if one.consumption is not None and passed != one.consumption:
            stake = amount_of(one.consumption - passed, _mean_price(case.bill))
            yield _object("consumption", one.consumption, passed, stake, one.register)


def _multiplier(case: BillCase) -> Iterator[Objection]:
    account = case.accounts.get(case.bill.account)
    known = None if account is None else account.multiplier
    said = case.bill.multiplier
    if known is not None and said is not None and said != known:
        part = 1 - known / said if said else Decimal(0)
        stake = amount_of(_quantity(case.bill) * part, _mean_price(case.bill))
        yield _object("multiplier", said, known, stake)


# energy: quantities, prices, sums


def _own(lines: Sequence[SupplierLine], *kinds: LineKind) -> list[SupplierLine]:
    return [one for one in lines if one.kind in kinds]


def line_sum(bill: SupplierBill) -> Decimal | None:
    """Energy of a bill's lines; None where there are none, or one does not say its own."""
    said = [one.quantity for one in _own(bill.lines, *_ENERGY)]
    known = [one for one in said if one is not None]
    return sum(known, Decimal(0)) if said and len(known) == len(said) else None


def _quantity(bill: SupplierBill) -> Decimal:
    found = line_sum(bill)
    return found if found is not None else bill.energy or Decimal(0)


def _energy_money(bill: SupplierBill) -> Decimal:
    return total_of(one.amount for one in _own(bill.lines, *_ENERGY))


def _mean_price(bill: SupplierBill) -> Decimal:
    whole = _quantity(bill)
    return _energy_money(bill) / whole if whole else Decimal(0)


def pairs(case: BillCase, *kinds: LineKind) -> Iterator[tuple[SupplierLine, BillLine]]:
    """Lines of the bill and of the books of one name, the nth with the nth."""
    for name in dict.fromkeys(one.name for one in _own(case.bill.lines, *kinds)):
        own = [one for one in case.bill.lines if one.name == name]
        known = (*case.books.lines, *case.steps) if case.books else ()
        ours = [one for one in known if one.name == name]
        yield from zip(own, ours, strict=False)


def _differ(said: Decimal, known: Decimal) -> bool:
    """By more than two meters of one energy may."""
    return abs(said - known) > max(abs(known) * NEAR, CENT)


def compared(line: SupplierLine, ours: BillLine) -> tuple[Decimal, Decimal] | None:
    """Quantities of the bill and of the books; None where either is not wholly known."""
    if line.quantity is None or ours.quantity is None or not ours.complete:
        return None
    return line.quantity, ours.quantity


def _worth(line: SupplierLine, quantity: Decimal) -> Decimal:
    """A quantity at the price of a line; 0 where it names none."""
    return amount_of(quantity, line.price or Decimal(0))


def _quantities(check: str, *kinds: LineKind) -> Check:
    def run(case: BillCase) -> Iterator[Objection]:
        for line, ours in pairs(case, *kinds):
            both = compared(line, ours)
            if both is not None and _differ(*both):
                yield _object(check, *both, _worth(line, both[0] - both[1]), line.name)

    return run


def _period_sum(case: BillCase) -> Iterator[Objection]:
    whole, own = case.bill.energy, line_sum(case.bill)
    if whole is not None and own is not None and whole != own:
        yield _object("period_sum", own, whole, amount_of(own - whole, _mean_price(case.bill)))


def _is_other_season(case: BillCase, line: SupplierLine) -> bool:
    return (line.name.partition(".")[2], line.price) in case.season_prices


def _other_day(case: BillCase, line: SupplierLine) -> tuple[date, date] | None:
    """When the price is one of the account's, and not in the bill's days."""
    period = line.name.partition(".")[2]
    for name, price, first, after in case.other_prices:
        if (name, price) == (period, line.price) and not (
            first < case.bill.after and case.bill.first < after
        ):
            return first, after
    return None


def _wrong_prices(case: BillCase, *kinds: LineKind) -> Iterator[tuple[SupplierLine, BillLine]]:
    for said, known in pairs(case, *kinds):
        if None not in (said.price, known.price) and said.price != known.price:
            yield said, known


def _price_stake(said: SupplierLine, known: BillLine) -> Decimal:
    quantity = said.quantity if said.quantity is not None else known.quantity
    more = (said.price or Decimal(0)) - (known.price or Decimal(0))
    of = percent_of if said.kind in _PERCENT else amount_of
    return of(quantity or Decimal(0), more)


def _rate(case: BillCase) -> Iterator[Objection]:
    for said, known in _wrong_prices(case, LineKind.ENERGY):
        if not _is_other_season(case, said) and _other_day(case, said) is None:
            stake = _price_stake(said, known)
            yield _object("rate", said.price, known.price, stake, said.name)


def _season(case: BillCase) -> Iterator[Objection]:
    for said, known in _wrong_prices(case, LineKind.ENERGY):
        if _is_other_season(case, said):
            stake = _price_stake(said, known)
            yield _object("season", said.price, known.price, stake, said.name)


def _price_date(case: BillCase) -> Iterator[Objection]:
    for said, known in _wrong_prices(case, LineKind.ENERGY):
        days = _other_day(case, said)
        if days is not None and not _is_other_season(case, said):
            name = "price_too_early" if days[0] >= case.bill.after else "price_too_late"
            stake = _price_stake(said, known)
            yield _object(name, said.price, known.price, stake, said.name)


def _prices(check: str, *kinds: LineKind) -> Check:
    def run(case: BillCase) -> Iterator[Objection]:
        for said, known in _wrong_prices(case, *kinds):
            stake = _price_stake(said, known)
            yield _object(check, said.price, known.price, stake, said.name)

    return run


def _amount(case: BillCase) -> Iterator[Objection]:
    """An amount is its quantity times its price; by a few cents it is a matter of rounding."""
    for one in case.bill.lines:
        if one.kind is None or one.quantity is None or one.price is None:
            continue
        if one.kind in _PERCENT:
            right = percent_of(one.quantity, one.price)
        else:
            right = amount_of(one.quantity, one.price)
        off = one.amount - right
        if off:
            name = "rounding" if abs(off) < 5 * CENT else "amount"
            yield _object(name, one.amount, right, off, one.name)


def _unknown_line(case: BillCase) -> Iterator[Objection]:
    """More lines of a name than the books have of it."""
    if case.books is not None:
        left = Counter(one.name for one in (*case.books.lines, *case.steps))
        for one in case.bill.lines:
            left[one.name] -= 1
            if left[one.name] < 0:
                yield _object("unknown_line", one.name, "no such charge", one.amount, one.name)


def _absent_line(case: BillCase) -> Iterator[Objection]:
    if case.books is None:
        return
    left = Counter(one.name for one in case.bill.lines)
    for one in case.books.lines:
        left[one.name] -= 1
        if left[one.name] < 0 and one.amount:
            yield _object("absent_line", "", one.name, -one.amount, one.name)


# demand, capacity, power factor


def _demand(case: BillCase) -> Iterator[Objection]:
    for line, ours in pairs(case, LineKind.DEMAND, LineKind.CONTRACT):
        both = compared(line, ours)
        if both is None or not _differ(*both):
            continue
        if ours.kind is LineKind.CONTRACT and not line.name.endswith(".over"):
            name = "contract"
        else:
            name = "demand_above" if both[0] > both[1] else "demand_below"
        yield _object(name, *both, _worth(line, both[0] - both[1]), line.name)


def _demand_moment(case: BillCase) -> Iterator[Objection]:
    said, known = case.bill.demand_at, case.demand_at
    if said and known and said != known:
        lines = _own(case.bill.lines, LineKind.DEMAND, LineKind.CONTRACT)
        stake = total_of(one.amount for one in lines)
        yield _object("demand_moment", said, known, stake)


def _power_factor(case: BillCase) -> Iterator[Objection]:
    factor = None if case.books is None else case.books.factor
    if factor is None or not case.bill.power_factor:
        return
    known = f"{factor.hundredths // 100}.{factor.hundredths % 100:02}"
    if case.bill.power_factor != known:
        stake = total_of(one.amount for one in _own(case.bill.lines, LineKind.POWER_FACTOR))
        yield _object("power_factor", case.bill.power_factor, known, stake)


def _adjustment(case: BillCase) -> Iterator[Objection]:
    for said, known in pairs(case, LineKind.POWER_FACTOR):
        if said.price is None or known.price is None:
            continue
        if said.price != known.price:
            stake = percent_of(said.quantity or Decimal(0), said.price - known.price)
            yield _object("adjustment_percent", said.price, known.price, stake, said.name)


def _base(check: str, kind: LineKind, right: Callable[[BillCase], Decimal | None]) -> Check:
    """What a percentage is taken of, by the bill's own amounts: an error in one of these is
    theirs alone."""

    def run(case: BillCase) -> Iterator[Objection]:
        for one in _own(case.bill.lines, kind):
            known = right(case)
            if known is None or one.quantity is None:
                continue
            if one.quantity != known:
                stake = percent_of(one.quantity - known, one.price or Decimal(0))
                yield _object(check, one.quantity, known, stake, one.name)

    return run


def _adjusted(case: BillCase) -> Decimal | None:
    if case.books is None:
        return None
    flags = {one.name: one.adjusted for one in case.books.lines}
    own = [one.amount for one in case.bill.lines if flags.get(one.name)]
    held = {one.name for one in case.books.within if not one.adjusted}
    kept = [
        -one.amount for one in case.bill.within if one.name in held and one.kind is LineKind.UNIT
    ]
    return total_of([*own, *kept])


def _taxed(case: BillCase) -> Decimal | None:
    if case.books is None:
        return None
    flags = {one.name: one.taxed for one in case.books.lines}
    own = (one for one in case.bill.lines if one.kind is not LineKind.VAT)
    return total_of(one.amount for one in own if flags.get(one.name))


def _tax_inside(case: BillCase) -> Iterator[Objection]:
    """The tax that the sum holds, at the rate that the bill itself names."""
    for one in _own(case.bill.within, LineKind.VAT):
        gross = _taxed(case)
        if one.quantity is None or one.price is None or one.price <= NO_TAX:
            continue
        if gross is not None and one.quantity != net_of(gross, one.price):
            known = net_of(gross, one.price)
            yield _object("vat_base", one.quantity, known, one.quantity - known, one.name)
        ours = [line for line in case.books.within if line.name == one.name] if case.books else []
        if ours and ours[0].price != one.price:
            stake = one.amount - (ours[0].amount or ZERO)
            yield _object("vat_rate", one.price, ours[0].price, stake, one.name)


def _surcharge_base(case: BillCase) -> Iterator[Objection]:
    """A surcharge is taken of the energy that the same bill names, in several lines where its price
    changed."""
    if case.books is None:
        return
    energy = {
        one.name.partition(".")[2]: one.quantity for one in _own(case.bill.lines, LineKind.ENERGY)
    }
    whole = line_sum(case.bill)
    surcharges = _own(case.bill.lines, LineKind.UNIT)
    for name in dict.fromkeys(one.name for one in surcharges):
        own = [one for one in surcharges if one.name == name]
        ours = [one for one in case.books.lines if one.name == name]
        days = sum((one.after - one.first).days for one in ours)
        right = energy.get(name.partition(".")[2], whole)
        told = [one.quantity for one in own if one.quantity is not None]
        if days != (case.books.after - case.books.first).days or len(told) < len(own):
            continue
        if right is not None and sum(told, Decimal(0)) != right:
            more = sum(told, Decimal(0)) - right
            wrong, _ = max(zip(own, ours, strict=False), key=_apart)
            yield _object("surcharge_base", right + more, right, _worth(wrong, more), name)


def _apart(pair: tuple[SupplierLine, BillLine]) -> Decimal:
    said, known = (one.quantity or Decimal(0) for one in pair)
    return abs(said - known)


# sums, credit, what stands out


def _total(case: BillCase) -> Iterator[Objection]:
    """The total is the sum of the lines less what is given back."""
    right = total_of(one.amount for one in case.bill.lines) - case.bill.credit
    off = case.bill.total - right
    if off:
        name = "total_rounding" if abs(off) < 5 * CENT else "total"
        yield _object(name, case.bill.total, right, off)


def _credit(case: BillCase) -> Iterator[Objection]:
    lacking = case.credit_due - case.bill.credit
    if lacking > 0:
        yield _object("credit_missing", case.bill.credit, case.credit_due, lacking)


def _outlier(case: BillCase) -> Iterator[Objection]:
    """Use a day beyond the usual, unless the books have it as well."""
    last = _last(case)
    if last is None or confirmed(case) or None not in case.degree_days:
        return
    usual, own = _daily(last), _daily(case.bill)
    if usual and own > OUTLIER * usual:
        stake = amount_of((own - usual) * _days(case.bill), _mean_price(case.bill))
        yield _object("outlier_per_day", f"{own:.2f}", f"{usual:.2f}", stake)


def _outlier_weather(case: BillCase) -> Iterator[Objection]:
    last, (before, now) = _last(case), case.degree_days
    if last is None or not before or not now or confirmed(case):
        return
    usual, own = _quantity(last) / before, _quantity(case.bill) / now
    if usual and own > OUTLIER * usual:
        stake = amount_of((own - usual) * now, _mean_price(case.bill))
        yield _object("outlier_per_degree_day", f"{own:.2f}", f"{usual:.2f}", stake)


def confirmed(case: BillCase) -> bool:
    """Whether complete books have the use of the bill as well."""
    if case.books is None:
        return False
    ours = [one.quantity for one in case.books.lines if one.kind in _ENERGY]
    known = sum((one for one in ours if one is not None), Decimal(0))
    return case.books.complete and not _differ(_quantity(case.bill), known)


def _days(bill: SupplierBill) -> int:
    return max((bill.after - bill.first).days, 1)


def _daily(bill: SupplierBill) -> Decimal:
    return _quantity(bill) / _days(bill)


CHECKS: Final[Mapping[str, Check]] = {
    "duplicate": _duplicate,
    "overlap": _overlap,
    "gap, missing_bill": _gap,
    "estimated": _estimated,
    "reading_date": _reading_dates,
    "wrong_account": _wrong_account,
    "account_without_meter": _no_meter,
    "closed_account": _closed,
    "customer_class": _words("customer_class", "customer_class"),
    "voltage": _words("voltage", "voltage"),
    "start_reading": _start_reading,
    "consumption": _consumption,
    "multiplier": _multiplier,
    "period_quantity": _quantities("period_quantity", LineKind.ENERGY),
    "tier_quantity": _quantities("tier_quantity", LineKind.TIER),
    "period_sum": _period_sum,
    "rate": _rate,
    "season": _season,
    "price_too_early, price_too_late": _price_date,
    "tier_price": _prices("tier_price", LineKind.TIER),
    "surcharge_price": _prices("surcharge_price", LineKind.UNIT),
    "surcharge_base": _surcharge_base,
    "standing_price": _prices("standing_price", *_STANDING),
    "standing_quantity": _quantities("standing_quantity", LineKind.MONTH),
    "demand_above, demand_below, contract": _demand,
    "demand_moment": _demand_moment,
    "capacity": _quantities("capacity", LineKind.CAPACITY),
    "power_factor": _power_factor,
    "adjustment_percent": _adjustment,
    "adjustment_base": _base("adjustment_base", LineKind.POWER_FACTOR, _adjusted),
    "vat_rate": _prices("vat_rate", LineKind.VAT),
    "vat_base": _base("vat_base", LineKind.VAT, _taxed),
    "vat inside": _tax_inside,
    "amount, rounding": _amount,
    "unknown_line": _unknown_line,
    "absent_line": _absent_line,
    "total, total_rounding": _total,
    "credit_missing": _credit,
    "outlier_per_day": _outlier,
    "outlier_per_degree_day": _outlier_weather,
}
"""By the names of what they object to."""
CHECK_NAMES: Final = tuple(
    name for key in CHECKS for name in key.split(", ") if name != "vat inside"
)
"""All names that an objection may have."""
