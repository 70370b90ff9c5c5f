"""From what was metered to the lines of a bill; pure, and rounded nowhere but in `exact`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Final

from figures.bills.exact import (
    amount_of,
    contracted,
    net_of,
    part_of,
    percent_of,
    power_factor,
    rounded,
    steps_of,
    total_of,
)
from figures.bills.model import (
    Bill,
    BillBasis,
    BillLack,
    BillLine,
    Demand,
    DemandTaken,
    FactorSum,
    LineKind,
    Segment,
)
from metering.localtime import days_between, month_start, next_month
from metering.registry.facts.accounts import USUAL_DECIMALS
from metering.registry.facts.charges import Basis, Charge

MONTH_DAYS: Final = 30
"""Of a month that is counted by days where no calendar is asked."""
KVARH_PER_CANONICAL: Final = 1_000_000
_PERIODS = ("sharp", "peak", "flat", "valley", "deep_valley")
_UNITS = {Basis.DEMAND: "kW", Basis.CONTRACT: "kW", Basis.CAPACITY: "kVA", Basis.MONTH: "month"}
_UNITS_OF_DAYS = {
    **{Basis.DEMAND: "kW d", Basis.CONTRACT: "kW d"},
    **{Basis.CAPACITY: "kVA d", Basis.MONTH: "day"},
}


@dataclass
class _Making:
    """A bill while its lines are being written."""

    of: BillBasis
    lines: list[BillLine] = field(default_factory=list)
    within: list[BillLine] = field(default_factory=list)
    lacks: set[BillLack] = field(default_factory=set)

    @property
    def decimals(self) -> int:
        account = self.of.segments[-1].account if self.of.segments else None
        return USUAL_DECIMALS if account is None else account.decimals

    def quantity(self, book_units: int) -> Decimal:
        return rounded(Fraction(book_units, self.of.per_canonical), self.decimals)


def bill_of(measured: BillBasis) -> Bill:
    """The bill of what was metered."""
    making = _Making(measured)
    _energy_lines(making)
    _standing_lines(making)
    _check_plan(making)
    if measured.running:
        making.lacks.add(BillLack.RUNNING)
    if any(one.missing or one.total is None for one in measured.segments) or not measured.segments:
        making.lacks.add(BillLack.TIME)
    currencies = sorted({one.currency for one in making.lines})
    if len(currencies) > 1:
        making.lacks.add(BillLack.CURRENCIES)
    factor = _factor(making) if len(currencies) < 2 else None
    if len(currencies) == 1:
        _tax(making, currencies[0])
    known = [one.amount for one in making.lines if one.amount is not None]
    days = sum(one.days for one in measured.segments)
    missing = sum(one.missing * one.days for one in measured.segments)
    return Bill(
        account=measured.segments[-1].account if measured.segments else None,
        code=measured.code,
        item=measured.item,
        first=measured.first,
        after=measured.after,
        lines=tuple(making.lines),
        within=tuple(making.within),
        demand=max((one for one in measured.demands if one), key=lambda d: d.kw, default=None),
        factor=factor,
        currency=currencies[0] if len(currencies) == 1 else "",
        total=total_of(known) if len(currencies) == 1 and known else None,
        lacks=tuple(one for one in BillLack if one in making.lacks),
        missing=-(-missing // days) if days else 10_000,
        revision=measured.revision,
    )


def _check_plan(making: _Making) -> None:
    for one in making.of.segments:
        if one.account is not None and one.account.plan and not (one.charges or one.tiers):
            making.lacks.add(BillLack.PLAN)


# energy, and what is taken of it


def _energy_lines(making: _Making) -> None:
    own: list[BillLine] = []
    charged: list[tuple[BillLine, bool]] = []
    for segment in making.of.segments:
        found = _steps(making, segment) if segment.tiers else _periods(making, segment)
        own += found
        for charge in segment.charges:
            if charge.basis is Basis.UNIT:
                charged += [
                    (line, charge.included) for line in _unit_lines(making, segment, charge, found)
                ]
    making.lines += sorted(_merged(own), key=_order)
    making.lines += _merged(line for line, included in charged if not included)
    making.within += _merged(line for line, included in charged if included)
    if any(not one.complete for one in own) and not any(s.missing for s in making.of.segments):
        making.lacks.add(BillLack.ESTIMATED)


def _order(line: BillLine) -> tuple[date, int, str]:
    period = line.name.partition(".")[2]
    return (
        line.first,
        _PERIODS.index(period) if period in _PERIODS else len(_PERIODS),
        line.name,
    )


def _periods(making: _Making, segment: Segment) -> list[BillLine]:
    of_energy = next((c for c in segment.charges if c.basis is Basis.ENERGY), None)
    found = []
    for part in segment.energy:
        quantity = making.quantity(part.quantity)
        if part.price is None:
            if part.quantity:
                making.lacks.add(BillLack.UNPRICED)
            else:
                continue
        found.append(
            BillLine(
                f"energy.{part.period}" if part.price is not None else "energy.unpriced",
                LineKind.ENERGY,
                quantity,
                making.of.unit,
                part.price,
                None if part.price is None else amount_of(quantity, part.price),
                part.currency,
                segment.first,
                segment.after,
                complete=not (segment.missing or part.uncertain or part.price is None),
                adjusted=of_energy is None or of_energy.adjusted,
                taxed=of_energy is None or of_energy.taxed,
                source=part.source,
                grade=part.grade,
            )
        )
    return _merged(found)


def _steps(making: _Making, segment: Segment) -> list[BillLine]:
    """Volumes are rounded from the beginning of the steps' period on: each is billed once."""
    if segment.total is None:
        return []
    if segment.before_missing:
        making.lacks.add(BillLack.BEFORE)
    of_energy = next((c for c in segment.charges if c.basis is Basis.ENERGY), None)
    tiers = sorted(segment.tiers, key=lambda one: one.tier)
    before = making.quantity(segment.before)
    quantity = making.quantity(segment.before + segment.total) - before
    parts = steps_of(before, quantity, [one.above for one in tiers])
    shares = [rounded(Fraction(one), making.decimals) for one in parts]
    return [
        BillLine(
            f"tier.{tier.tier}",
            LineKind.TIER,
            share,
            making.of.unit,
            tier.price,
            amount_of(share, tier.price),
            tier.currency,
            segment.first,
            segment.after,
            complete=not (segment.missing or segment.before_missing),
            adjusted=of_energy is None or of_energy.adjusted,
            taxed=of_energy is None or of_energy.taxed,
            source=tier.source,
            grade=tier.grade,
        )
        for tier, share in zip(tiers, shares, strict=True)
        if share
    ]


def _unit_lines(
    making: _Making, segment: Segment, charge: Charge, energy: Sequence[BillLine]
) -> list[BillLine]:
    """Of one price for all hours one line, else one for each period."""
    by_period: dict[str, list[BillLine]] = {}
    for line in energy:
        period = line.name.partition(".")[2] if charge.ratios else ""
        by_period.setdefault(period, []).append(line)
    found = []
    for period, lines in by_period.items():
        quantity = sum((line.quantity for line in lines if line.quantity is not None), Decimal(0))
        price = charge.price * charge.ratio(period) if charge.ratios else charge.price
        found.append(
            BillLine(
                f"{charge.charge}.{period}" if period else charge.charge,
                LineKind.UNIT,
                quantity,
                making.of.unit,
                price,
                amount_of(quantity, price),
                charge.currency,
                segment.first,
                segment.after,
                complete=not segment.missing
                and (all(line.complete for line in lines) or not charge.ratios),
                adjusted=charge.adjusted,
                taxed=charge.taxed,
                source=charge.source,
                grade=charge.grade,
            )
        )
    return found


def _merged(lines: Iterable[BillLine]) -> list[BillLine]:
    """Lines of one name and price as one, over all their days."""
    found: dict[Hashable, BillLine] = {}
    for line in lines:
        how = (line.adjusted, line.taxed, line.currency)
        same = (line.name, line.price, how, line.name.startswith("tier.") and line.first)
        old = found.get(same)
        if old is None or old.quantity is None or line.quantity is None:
            found[same] = line
            continue
        quantity = old.quantity + line.quantity
        found[same] = replace(
            old,
            quantity=quantity,
            amount=None if line.price is None else amount_of(quantity, line.price),
            first=min(old.first, line.first),
            after=max(old.after, line.after),
            complete=old.complete and line.complete,
        )
    return list(found.values())


# what stands however much passed


@dataclass(frozen=True)
class _Run:
    """Segments side by side in which a charge and what it is taken of stay the same."""

    charge: Charge
    segments: tuple[int, ...]
    weight: Fraction
    """What of the time of its price these days are."""
    share: str
    """The same as it is written on paper; '' for all of it."""
    first: date
    after: date


def _standing_lines(making: _Making) -> None:
    names = dict.fromkeys(
        charge.charge
        for one in making.of.segments
        for charge in one.charges
        if charge.basis in _UNITS
    )
    for name in names:
        for run in _runs(making.of, name):
            making.lines += _standing(making, run)


def _runs(measured: BillBasis, name: str) -> list[_Run]:
    segments = measured.segments
    charges = [next((c for c in one.charges if c.charge == name), None) for one in segments]
    terms = [_terms(*pair) for pair in zip(segments, charges, strict=True)]
    steady = sum(one.days for one in segments) == measured.whole_days and len(set(terms)) == 1
    found = []
    for (charge, _), group in groupby(range(len(segments)), key=lambda n: (charges[n], terms[n])):
        places = tuple(group)
        if charge is not None and charge.basis in _UNITS:
            own = [segments[n] for n in places]
            weight, share = _weighed(measured, charge, own, steady=steady)
            found.append(_Run(charge, places, weight, share, own[0].first, own[-1].after))
    return found


def _terms(segment: Segment, charge: Charge | None) -> Hashable:
    """What of the contract a charge is taken of; a charge of the month is taken of none."""
    account = segment.account
    if account is None or charge is None:
        return None
    if charge.basis is Basis.MONTH:
        return account.account
    if charge.basis is Basis.CAPACITY:
        return account.capacity_kva
    return account.capacity_kva, account.contract_kw


def _weighed(
    measured: BillBasis, charge: Charge, own: Sequence[Segment], *, steady: bool
) -> tuple[Fraction, str]:
    """What of the time of a charge's price segments are, and how that is written.

    Where nothing else is said a price is of what the supplier bills at a time; if the account
    begins, ends or changes its terms meanwhile, of a month of 30 days.
    """
    days = sum(one.days for one in own)
    if charge.per == "day":
        return Fraction(days), f"{days} d"
    if charge.per == "month":
        by_month = Counter(
            month_start(day)
            for one in own
            for day in days_between(one.first, one.after - timedelta(days=1))
        )
        parts = [(n, (next_month(month) - month).days) for month, n in sorted(by_month.items())]
    elif charge.per == "thirtieth" or not steady:
        parts = [(days, MONTH_DAYS)]
    else:
        parts = [(days, measured.whole_days)] * measured.periods
    weight = sum((Fraction(*one) for one in parts), Fraction(0))
    return weight, "" if weight == 1 else " + ".join(f"{n}/{whole}" for n, whole in parts)


def _standing(making: _Making, run: _Run) -> list[BillLine]:
    write = _WRITERS[run.charge.basis]
    return write(making, run)


def _line(
    making: _Making,
    run: _Run,
    quantity: Fraction | None,
    price: Decimal,
    name: str = "",
    *,
    complete: bool = True,
) -> BillLine:
    charge = run.charge
    decimals = USUAL_DECIMALS if charge.basis is Basis.MONTH else making.decimals
    billed = amount = None
    if quantity is not None:
        billed, amount = part_of(rounded(quantity, decimals), run.weight, price, decimals)
    return BillLine(
        name or charge.charge,
        LineKind(str(charge.basis)),
        billed,
        (_UNITS_OF_DAYS if charge.per == "day" else _UNITS)[charge.basis],
        price,
        amount,
        charge.currency,
        run.first,
        run.after,
        complete=complete and billed is not None,
        adjusted=charge.adjusted,
        taxed=charge.taxed,
        source=charge.source,
        grade=charge.grade,
        share=run.share,
    )


def _price(making: _Making, run: _Run) -> Decimal:
    """Cheaper where enough energy passed for each kVA."""
    charge = run.charge
    account = making.of.segments[run.segments[0]].account
    if charge.relief_from is None or charge.relief_factor is None:
        return charge.price
    if account is None or account.capacity_kva is None:
        making.lacks.add(BillLack.CAPACITY)
        return charge.price
    enough = _active(making) >= charge.relief_from * account.capacity_kva
    return charge.price * charge.relief_factor if enough else charge.price


def _capacity(making: _Making, run: _Run) -> list[BillLine]:
    account = making.of.segments[run.segments[0]].account
    capacity = None if account is None else account.capacity_kva
    if capacity is None:
        making.lacks.add(BillLack.CAPACITY)
    return [_line(making, run, None if capacity is None else Fraction(capacity), run.charge.price)]


def _demand(making: _Making, run: _Run) -> list[BillLine]:
    known = _demand_of(making, run)
    _check_demand(making, known)
    kw = None if known is None else known.kw
    complete = known is not None and known.complete
    return [_line(making, run, kw, _price(making, run), complete=complete)]


def _demand_of(making: _Making, run: _Run) -> Demand | None:
    """The most power of a run's days, over which other terms of the account may change."""
    own = [making.of.demands[n] for n in run.segments] if making.of.demands else []
    known = [one for one in own if one is not None]
    if not known:
        return None
    most = max(known, key=lambda one: one.kw)
    whole = len(known) == len(own) and all(one.complete for one in known)
    return most if whole else replace(most, complete=False)


def _check_demand(making: _Making, known: Demand | None) -> None:
    if known is not None and known.taken is DemandTaken.KEPT:
        making.lacks.add(BillLack.KEPT)
    elif known is None or not known.complete:
        making.lacks.add(BillLack.DEMAND)


def _contract(making: _Making, run: _Run) -> list[BillLine]:
    known = _demand_of(making, run)
    account = making.of.segments[run.segments[0]].account
    contract = None if account is None else account.contract_kw
    charge = run.charge
    if contract is None:
        making.lacks.add(BillLack.CAPACITY)
        return [_line(making, run, None, charge.price)]
    _check_demand(making, known)
    complete = known is not None and known.complete
    over_from = None if charge.over_from is None else Fraction(charge.over_from)
    measured = Fraction(0) if known is None else known.kw
    own, over = contracted(measured, Fraction(contract), over_from)
    price = _price(making, run)
    lines = [_line(making, run, own, price, complete=complete)]
    if over:
        dearer = price * (charge.over_factor or Decimal(1))
        lines.append(_line(making, run, over, dearer, f"{charge.charge}.over", complete=complete))
    return lines


def _month(making: _Making, run: _Run) -> list[BillLine]:
    return [_line(making, run, Fraction(1), run.charge.price)]


_WRITERS: dict[Basis, Callable[[_Making, _Run], list[BillLine]]] = {
    Basis.CAPACITY: _capacity,
    Basis.DEMAND: _demand,
    Basis.CONTRACT: _contract,
    Basis.MONTH: _month,
}


# what is taken of the other lines


def _active(making: _Making) -> Decimal:
    """The energy that is billed."""
    kinds = (LineKind.ENERGY, LineKind.TIER)
    own = (one.quantity for one in making.lines if one.kind in kinds)
    return sum((one for one in own if one is not None), Decimal(0))


def _factor(making: _Making) -> FactorSum | None:
    account = making.of.segments[-1].account if making.of.segments else None
    if account is None or not account.power_factor:
        return None
    reactive = making.of.reactive
    if reactive is None or reactive.drawn is None or reactive.fed is None:
        making.lacks.add(BillLack.REACTIVE)
        making.lines.append(_adjustment(making, None, None, complete=False))
        return None
    if reactive.missing:
        making.lacks.add(BillLack.REACTIVE)
    active = _active(making)
    counted = [
        rounded(Fraction(abs(one), KVARH_PER_CANONICAL), making.decimals)
        for one in (reactive.drawn, reactive.fed)
    ]
    found = power_factor(active, total_of(counted))
    if found is None:
        return None
    base = _base(making)
    named = [
        (band, percent)
        for band in making.of.bands
        if band.standard == account.power_factor and (percent := band.percent_at(found)) is not None
    ]
    band, percent = named[0] if named else (None, None)
    if percent is None:
        making.lacks.add(BillLack.TABLE)
    whole = all(one.complete for one in making.lines if one.adjusted) and not reactive.missing
    making.lines.append(_adjustment(making, base, percent, complete=whole))
    if band is not None:
        making.lines[-1] = replace(making.lines[-1], source=band.source, grade=band.grade)
    return FactorSum(
        active, sum(counted, Decimal(0)), found, account.power_factor, percent, base, band
    )


def _base(making: _Making) -> Decimal:
    """What is adjusted, less what adjusted prices hold that is not."""
    held = (
        -one.amount
        for one in making.within
        if one.kind is LineKind.UNIT and not one.adjusted and one.amount is not None
    )
    own = (one.amount for one in making.lines if one.adjusted and one.amount is not None)
    return total_of([*own, *held])


def _adjustment(
    making: _Making, base: Decimal | None, percent: Decimal | None, *, complete: bool
) -> BillLine:
    currency = making.lines[0].currency if making.lines else ""
    known = base is not None and percent is not None
    return BillLine(
        "power_factor",
        LineKind.POWER_FACTOR,
        base,
        currency,
        percent,
        percent_of(base, percent) if base is not None and percent is not None else None,
        currency,
        making.of.first,
        making.of.after,
        complete=complete and known,
    )


def _tax(making: _Making, currency: str) -> None:
    charges = [c for c in making.of.segments[-1].charges if c.basis is Basis.VAT]
    for charge in charges:
        taxed = [one for one in making.lines if one.taxed]
        base, amount = _taxed(taxed, charge)
        line = BillLine(
            charge.charge,
            LineKind.VAT,
            base,
            currency,
            charge.price,
            amount,
            currency,
            making.of.first,
            making.of.after,
            complete=amount is not None and all(one.complete for one in taxed),
            taxed=False,
            source=charge.source,
            grade=charge.grade,
        )
        (making.within if charge.included else making.lines).append(line)


def _taxed(lines: list[BillLine], charge: Charge) -> tuple[Decimal | None, Decimal | None]:
    """(what is taxed, the tax) of the amounts that are known; of lines none of which is known
    neither is, since a tax of 0.00 would be told as known."""
    amounts = [one.amount for one in lines if one.amount is not None]
    if lines and not amounts:
        return None, None
    known = total_of(amounts)
    if not charge.included:
        return known, percent_of(known, charge.price)
    base = net_of(known, charge.price)
    return base, known - base
