"""The digest of a week on the page: what was found and is on no list of the morning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.page import cases, formats
from api.page.places import places
from api.page.visit import Visit
from api.usecases.digests import Digest, digest, week_of
from metering.access import Role
from metering.alerting import WhyTold
from metering.registry.facts.alert_budgets import MOST
from metering.registry.proposal import MAX_REASON
from texts import day_of


def digest_page(visit: Visit, week: str | None) -> dict[str, Any]:
    """The digest of a week, with those before and after it, and what an administrator may set."""
    found = digest(visit.caller, week)
    shown = cases.shown(visit, found.cases)
    return {
        "week": found.week,
        "span": " – ".join(
            day_of(one, visit.language, year=True) for one in (found.first_day, found.last_day)
        ),
        "before": week_of(found.first_day - timedelta(days=7)),
        "after": week_of(found.first_day + timedelta(days=7)),
        "count": found.count,
        "more": found.count - len(found.cases),
        "cases": shown,
        "listed": [one.id for one in found.cases if found.told[one.number] is not WhyTold.DIGEST],
        "totals": cases.sums(visit, found.sums),
        "a_year": [formats.money(amount, currency) for currency, amount in found.a_year],
        "accounts": _accounts(visit, found),
        "places": places(visit) if visit.caller.may(Role.ADMIN) else [],
        "most": str(MOST),
        "most_reason": MAX_REASON,
    }


def _accounts(visit: Visit, found: Digest) -> list[dict[str, Any]]:
    registry = visit.caller.reach.registry
    return [
        {
            "place": registry.node(one.place).name(visit.language),
            "told": one.told,
            "allowed": one.allowed,
            "meters": one.meters,
            "rate": formats.number(float(one.per_meter_year)),
        }
        for one in found.accounts
    ]
