"""The digest of a week: cases that were found in it and are on no list of the morning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from api.caller import Caller
from api.usecases.alerts import accounts_of, told_of_each
from api.usecases.findings import CasesWanted, find
from figures import CaseSums, counted, sum_of_cases
from metering.alert_accounts import Accounts
from metering.alerting import AlertAccount, Opening, WhyTold
from metering.case_worth import YEAR_US, lasted_us, told_by_the_year
from metering.errors import InvalidInput
from metering.finding import Case
from metering.localtime import local_day
from metering.nesting import Nesting
from metering.registry import Registry

MOST_CASES = 200
"""Cases that a digest tells; all are counted and summed."""
MOST_FOUND = 5_000
"""Cases that are counted and summed."""
AccountKey = tuple[str, str]
"""(institution, place)."""
DAYS = timedelta(days=7)


@dataclass(frozen=True)
class AccountState:
    """What a place was told of in the 365 days until now."""

    institution: str
    place: str
    meters: int
    per_meter_year: Decimal
    dear_a_year: Decimal | None
    """What a case costs a year, from which on it never waits; None where no amount was set."""
    allowed: int
    told: int
    """What counts: of the budget, and what was dear for sure."""


@dataclass(frozen=True)
class Digest:
    """A week, Monday to Sunday by the days of each place."""

    week: str
    first_day: date
    last_day: date
    count: int
    """All that waited; `cases` are the first of them."""
    cases: tuple[Case, ...]
    told: Mapping[int, WhyTold]
    """Number -> why it is told by now, or that it waits."""
    sums: CaseSums
    """Over the cases; energy that nested meters show counts once."""
    a_year: tuple[tuple[str, Decimal], ...]
    """(currency, amount): what it costs a year to ignore those that run, and have for 14 days."""
    accounts: tuple[AccountState, ...]


def week_of(day: date) -> str:
    """The ISO week of a day, such as 2026-W48."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def first_day_of(week: str) -> date:
    """The Monday of a week such as 2026-W48. InvalidInput for anything else."""
    try:
        year, number = week.split("-W")
        first = date.fromisocalendar(int(year), int(number), 1)
        first + DAYS  # the last weeks of the calendar have no end
    except (ValueError, OverflowError):
        first = date.min
    if first == date.min or week_of(first) != week:
        raise InvalidInput(
            "not a week", field="week", value=week, fix="a year and a week, such as 2026-W48"
        )
    return first


def digest(caller: Caller, week: str | None = None, under: str | None = None) -> Digest:
    """The digest of a week, of the present one where none is named: of the scope, or of what it
    holds of a node's subtree. Cases are told as they stand now."""
    now_us, registry = caller.platform.now_us(), caller.reach.registry
    top = caller.reach.top()
    first = first_day_of(
        week or week_of(local_day(now_us, registry.zone(top[0].code) if top else "UTC"))
    )
    accounts = accounts_of(caller, now_us)
    openings = caller.platform.findings.openings(frozenset(caller.reach.institutions))
    told = accounts.of(openings)
    waits = _waiting(openings, accounts, told)
    numbers = [one.number for one in waits if 0 <= (_day(one, registry) - first).days < DAYS.days]
    wanted = CasesWanted(numbers=frozenset(sorted(numbers)[:MOST_FOUND]), under=under)
    found = find(caller, wanted, limit=MOST_FOUND, now_us=now_us) if numbers else []
    cases = tuple(found[:MOST_CASES])
    nesting = Nesting(registry)
    return Digest(
        week=week_of(first),
        first_day=first,
        last_day=first + DAYS - timedelta(days=1),
        count=len(found),
        cases=cases,
        told=told_of_each(caller, cases, now_us),
        sums=sum_of_cases(found, nesting.outer),
        a_year=yearly_cost(found, nesting, now_us),
        accounts=_states(caller, accounts, told, under),
    )


def _waiting(
    openings: Iterable[Opening], accounts: Accounts, told: Mapping[AccountKey, AlertAccount]
) -> list[Opening]:
    """Those that waited when they were opened."""
    return [
        one
        for one in openings
        if told[one.institution, accounts.home(one.node)].told[one.number] is WhyTold.DIGEST
    ]


def _day(one: Opening, registry: Registry) -> date:
    """The local day on which a case was opened."""
    return local_day(one.at_us, registry.zone(one.node) if one.node in registry.nodes else "UTC")


def yearly_cost(
    cases: Sequence[Case], nesting: Nesting, now_us: int
) -> tuple[tuple[str, Decimal], ...]:
    """(currency, amount), sorted: what a year costs of those that run, and have for 14 days; energy
    that nested meters show counts once."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in counted(cases, nesting.outer):
        if told_by_the_year(one.case, now_us):
            for currency, amount in one.counts.costs:
                found[currency] += amount * YEAR_US / lasted_us(one.case.evidence, now_us)
    return tuple((currency, round(amount, 2)) for currency, amount in sorted(found.items()))


def _states(
    caller: Caller, accounts: Accounts, told: Mapping[AccountKey, AlertAccount], under: str | None
) -> tuple[AccountState, ...]:
    """The accounts of places in the scope, as they stand now."""
    registry, now_us = caller.reach.registry, caller.platform.now_us()
    seen = caller.reach.scope.nodes & registry.nodes.keys()
    if under is not None:
        seen &= registry.subtree(under)
    return tuple(
        _state(key, account, accounts, local_day(now_us, registry.zone(key[1])), now_us)
        for key, account in sorted(told.items())
        if key[1] in seen
    )


def _state(
    key: AccountKey, account: AlertAccount, accounts: Accounts, today: date, now_us: int
) -> AccountState:
    institution, place = key
    budget = accounts.budget(place, today)
    return AccountState(
        institution,
        place,
        meters=accounts.meters(place, today),
        per_meter_year=budget.per_meter_year,
        dear_a_year=budget.dear_a_year,
        allowed=accounts.allowed(place, today),
        told=len(account.lately(now_us)),
    )
