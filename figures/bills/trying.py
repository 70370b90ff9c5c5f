"""Which checks can be made on a bill, and what they come to.

BillCase ─▶ each check: is all known that it needs? ─┬─ yes ─▶ objections
                                                     └─ no  ─▶ not tried, and why
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from figures.bills.audit import (
    CHECKS,
    ZERO,
    BillCase,
    Objection,
    compared,
    confirmed,
    line_sum,
    pairs,
)
from figures.bills.exact import total_of
from figures.bills.model import BillLack, LineKind


class Severity(StrEnum):
    """How much an objection says."""

    WRONG = "wrong"
    """The bill contradicts itself, another bill or what is registered."""
    DOUBT = "doubt"
    """Another witness says otherwise: the books, or the order of the bills."""
    NOTE = "note"
    """It stands out, or is a matter of cents."""


class Untried(StrEnum):
    """Why a check is not made."""

    NOT_SAID = "not_said"
    NO_LINE = "no_line"
    """The bill has no line of this kind that the books have too."""
    NAMES = "names"
    """No line of the bill has a name that the books know."""
    NOT_REGISTERED = "not_registered"
    NO_BILL_BEFORE = "no_bill_before"
    NO_BOOKS = "no_books"
    """The account does not hold on all of the bill's days, or changes its meter."""
    BOOKS_INCOMPLETE = "books_incomplete"
    ONLY_FIGURE = "only_figure"
    """The books have nothing but the bill."""
    CURRENCY = "currency"
    NO_WEATHER = "no_weather"
    WEATHER_KNOWN = "weather_known"
    """It is judged by degree days."""
    BOOKS_AGREE = "books_agree"
    """The books have the use as well."""


NOTES: Final = frozenset(
    {
        *("estimated", "reading_date", "demand_moment", "rounding", "total_rounding"),
        *("outlier_per_day", "outlier_per_degree_day"),
    }
)
DOUBTS: Final = frozenset(
    {
        *("gap", "missing_bill", "period_quantity", "tier_quantity"),
        *("demand_above", "demand_below", "power_factor"),
    }
)
OWED: Final = ("amount", "total")
"""Checks of a bill by itself whose stake the supplier owes."""


def severity_of(check: str) -> Severity:
    """How much an objection of a check says."""
    if check in NOTES:
        return Severity.NOTE
    return Severity.DOUBT if check in DOUBTS else Severity.WRONG


@dataclass(frozen=True)
class BillAudit:
    """What came of all checks on a bill."""

    objections: tuple[Objection, ...]
    made: tuple[str, ...]
    """Names of the checks that were made, in their order."""
    untried: Mapping[str, Untried] = field(default_factory=dict)
    """The others, each with what it lacks."""
    at_stake: Decimal = ZERO
    """What is asked too much [currency], notes left out; at most the total."""


def audited(case: BillCase) -> BillAudit:
    """All checks that can be made on a bill, and those that cannot; every name once."""
    found: list[Objection] = []
    made: dict[str, None] = {}
    lacking: dict[str, Untried] = {}
    for key, check in CHECKS.items():
        why = next((why for need in _NEEDS[key] if (why := need(case)) is not None), None)
        names = _INSIDE if key == "vat inside" else key.split(", ")
        for name in names:
            if why is None:
                made[name] = None
            else:
                lacking.setdefault(name, why)
        if why is None:
            found += check(case)
    return BillAudit(
        tuple(found),
        tuple(made),
        {name: why for name, why in lacking.items() if name not in made},
        _at_stake(case, found),
    )


def _at_stake(case: BillCase, found: list[Objection]) -> Decimal:
    own = (one.stake for one in found if severity_of(one.check) is not Severity.NOTE)
    whole = total_of(one for one in own if one > 0)
    return min(whole, max(case.bill.total, ZERO))


def owed(case: BillCase) -> Decimal:
    """What the supplier owes of the bills before this one: of one that came twice its total, of
    others what their own sums are too high and what is below 0; less what was given back since."""
    due = ZERO
    for place, one in enumerate(case.before):
        found = audited(BillCase(one, None, case.before[:place])).objections
        twice = any(each.check == "duplicate" for each in found)
        wrong = total_of(each.stake for each in found if each.check in OWED and each.stake > 0)
        more = one.total if twice else wrong - min(one.total, ZERO)
        due = max(due - one.credit, ZERO) + max(more, ZERO)
    return due


# what a check needs; each answers with what lacks

Need = Callable[[BillCase], Untried | None]
_INSIDE = ("vat_base", "vat_rate")
_UNKNOWN_LINES = {BillLack.TIME, BillLack.UNPRICED, BillLack.PLAN, BillLack.CURRENCIES}
"""What the books lack where their lines are not all there are."""


def _before(case: BillCase) -> Untried | None:
    return None if case.before else Untried.NO_BILL_BEFORE


def _books(case: BillCase) -> Untried | None:
    books = case.books
    if books is None or (books.first, books.after) != (case.bill.first, case.bill.after):
        return Untried.NO_BOOKS
    return Untried.CURRENCY if _is_other_money(case) else None


def _is_other_money(case: BillCase) -> bool:
    ours = "" if case.books is None else case.books.currency
    return bool(case.bill.currency and ours) and case.bill.currency != ours


def _due(case: BillCase) -> Untried | None:
    return None if case.due is not None else Untried.NO_BOOKS


def _lines(case: BillCase) -> Untried | None:
    """Names that the books know, where they are compared."""
    if not case.bill.lines:
        return Untried.NOT_SAID
    ours = set() if case.books is None else {one.name for one in case.books.lines}
    named = any(one.name in ours for one in case.bill.lines)
    return Untried.NAMES if ours and not named else None


def _all_lines(case: BillCase) -> Untried | None:
    lacks = () if case.books is None else case.books.lacks
    return Untried.BOOKS_INCOMPLETE if _UNKNOWN_LINES.intersection(lacks) else None


def _not_own(case: BillCase) -> Untried | None:
    return Untried.ONLY_FIGURE if case.is_only_figure else None


def _both(name: str) -> Need:
    """A word of the contract that bill and registry say."""

    def need(case: BillCase) -> Untried | None:
        account = case.accounts.get(case.bill.account)
        if not getattr(case.bill, name):
            return Untried.NOT_SAID
        return None if account is not None and getattr(account, name) else Untried.NOT_REGISTERED

    return need


def _said(name: str) -> Need:
    return lambda case: None if getattr(case.bill, name) else Untried.NOT_SAID


def _readings_before(case: BillCase) -> Untried | None:
    seen = {one.register for earlier in case.before for one in earlier.readings}
    again = any(one.register in seen for one in case.bill.readings)
    return None if again else Untried.NO_BILL_BEFORE


def _consumption(case: BillCase) -> Untried | None:
    said = any(one.consumption is not None for one in case.bill.readings)
    return None if said else Untried.NOT_SAID


def _period_sum(case: BillCase) -> Untried | None:
    said = case.bill.energy is not None and line_sum(case.bill) is not None
    return None if said else Untried.NOT_SAID


def _quantity(*kinds: LineKind) -> Need:
    def need(case: BillCase) -> Untried | None:
        own = list(pairs(case, *kinds))
        if any(compared(*pair) is not None for pair in own):
            return None
        if any(ours.quantity is None or not ours.complete for _, ours in own):
            return Untried.BOOKS_INCOMPLETE
        return Untried.NOT_SAID if own else Untried.NO_LINE

    return need


def _price(*kinds: LineKind) -> Need:
    def need(case: BillCase) -> Untried | None:
        own = list(pairs(case, *kinds))
        if any(line.price is not None and ours.price is not None for line, ours in own):
            return None
        return Untried.NOT_SAID if own else Untried.NO_LINE

    return need


def _amounts(case: BillCase) -> Untried | None:
    whole = any(
        one.kind is not None and None not in (one.quantity, one.price) for one in case.bill.lines
    )
    return None if whole else Untried.NOT_SAID


def _other(name: str) -> Need:
    return lambda case: None if getattr(case, name) else Untried.NOT_REGISTERED


def _demand_moment(case: BillCase) -> Untried | None:
    if not case.bill.demand_at:
        return Untried.NOT_SAID
    demand = None if case.books is None else case.books.demand
    whole = case.demand_at and (demand is None or demand.complete)
    return None if whole else Untried.BOOKS_INCOMPLETE


def _factor(case: BillCase) -> Untried | None:
    if not case.bill.power_factor:
        return Untried.NOT_SAID
    known = case.books is not None and case.books.factor is not None
    lacks = () if case.books is None else case.books.lacks
    whole = known and not {BillLack.REACTIVE, BillLack.TIME}.intersection(lacks)
    return None if whole else Untried.BOOKS_INCOMPLETE


def _percent_known(case: BillCase) -> Untried | None:
    """The books' percent follows from the energy: it is none where that is not whole."""
    ours = [ours for _, ours in pairs(case, LineKind.POWER_FACTOR)]
    whole = all(one.complete for one in ours)
    return None if whole else Untried.BOOKS_INCOMPLETE


def _vat_inside(case: BillCase) -> Untried | None:
    own = any(one.kind is LineKind.VAT for one in case.bill.within)
    return None if own else Untried.NO_LINE


def _steady(case: BillCase) -> Untried | None:
    """Whether the books have the use as well: then nothing stands out."""
    return Untried.BOOKS_AGREE if confirmed(case) else None


def _without_weather(case: BillCase) -> Untried | None:
    return None if None in case.degree_days else Untried.WEATHER_KNOWN


def _with_weather(case: BillCase) -> Untried | None:
    return None if all(case.degree_days) else Untried.NO_WEATHER


_STANDING = (LineKind.CAPACITY, LineKind.DEMAND, LineKind.CONTRACT, LineKind.MONTH)
_HELD: Final = (_lines, _books)
_OTHERS: Final = (_steady, _before, _not_own)
_NEEDS: Final[Mapping[str, tuple[Need, ...]]] = {
    "duplicate": (_before,),
    "overlap": (_before,),
    "gap, missing_bill": (_before,),
    "estimated": (),
    "reading_date": (_due,),
    "wrong_account": (),
    "account_without_meter": (),
    "closed_account": (),
    "customer_class": (_both("customer_class"),),
    "voltage": (_both("voltage"),),
    "start_reading": (_said("readings"), _readings_before),
    "consumption": (_consumption,),
    "multiplier": (_both("multiplier"),),
    "period_quantity": (*_HELD, _not_own, _quantity(LineKind.ENERGY)),
    "tier_quantity": (*_HELD, _not_own, _quantity(LineKind.TIER)),
    "period_sum": (_period_sum,),
    "rate": (*_HELD, _price(LineKind.ENERGY)),
    "season": (*_HELD, _price(LineKind.ENERGY), _other("season_prices")),
    "price_too_early, price_too_late": (
        *_HELD,
        _price(LineKind.ENERGY),
        _other("other_prices"),
    ),
    "tier_price": (*_HELD, _price(LineKind.TIER)),
    "surcharge_price": (*_HELD, _price(LineKind.UNIT)),
    "surcharge_base": (*_HELD, _price(LineKind.UNIT)),
    "standing_price": (*_HELD, _price(*_STANDING)),
    "standing_quantity": (*_HELD, _quantity(LineKind.MONTH)),
    "demand_above, demand_below, contract": (
        *_HELD,
        _quantity(LineKind.DEMAND, LineKind.CONTRACT),
    ),
    "demand_moment": (_books, _demand_moment),
    "capacity": (*_HELD, _quantity(LineKind.CAPACITY)),
    "power_factor": (_books, _factor),
    "adjustment_percent": (*_HELD, _price(LineKind.POWER_FACTOR), _percent_known),
    "adjustment_base": (*_HELD, _all_lines, _price(LineKind.POWER_FACTOR)),
    "vat_rate": (*_HELD, _price(LineKind.VAT)),
    "vat_base": (*_HELD, _all_lines, _price(LineKind.VAT)),
    "vat inside": (*_HELD, _all_lines, _vat_inside),
    "amount, rounding": (_amounts,),
    "unknown_line": (*_HELD, _all_lines),
    "absent_line": (*_HELD, _all_lines),
    "total, total_rounding": (_said("lines"),),
    "credit_missing": (_before,),
    "outlier_per_day": (*_OTHERS, _without_weather),
    "outlier_per_degree_day": (*_OTHERS, _with_weather),
}
"""By the keys of the checks."""
