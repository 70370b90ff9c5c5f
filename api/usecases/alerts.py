"""Which cases of a scope are told at once, and which wait for their week's digest."""

from __future__ import annotations

from collections.abc import Sequence

from api.caller import Caller
from metering.alert_accounts import Accounts
from metering.alerting import WhyTold, account_of, told_of
from metering.finding import Case
from metering.localtime import local_day


def accounts_of(caller: Caller, now_us: int) -> Accounts:
    """Where accounts are kept, by the tree of today."""
    return Accounts(caller.reach.registry, local_day(now_us, "UTC"))


def told_of_each(caller: Caller, cases: Sequence[Case], now_us: int) -> dict[int, WhyTold]:
    """Number -> why a case is told at an instant, or that it waits: by all that was told where its
    account is kept, also where the caller sees a part of that."""
    if not cases:
        return {}
    accounts = accounts_of(caller, now_us)
    institutions = frozenset(one.evidence.institution for one in cases)
    found = accounts.of(caller.platform.findings.openings(institutions))

    def why(case: Case) -> WhyTold:
        institution, home = case.evidence.institution, accounts.home(case.evidence.node)
        account = found.get((institution, home)) or account_of((), accounts.terms(home))
        return told_of(case, account, now_us)

    return {one.number: why(one) for one in cases}
