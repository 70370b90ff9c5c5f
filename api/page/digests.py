"""The digest of a week on the page: what was found and is on no list of the morning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.page import cases, formats
from api.page.places import places
from api.page.visit import Visit
from api.usecases.alerts import accounts_of
from api.usecases.digests import Digest, digest, week_of
from metering.access import Role
from metering.alerting import WhyTold
from metering.localtime import local_day
from metering.registry.facts.alert_budgets import MOST
from metering.registry.proposal import MAX_REASON
from texts import day_of


def digest_page(visit: Visit, week: str | None, budget: str | None = None) -> dict[str, Any]:
    """The digest of a week, with those before and after it, and what an administrator may set, or
    has just set for a place."""
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
        "was_set": None if budget is None else _was_set(visit, budget),
        "places": places(visit) if visit.caller.may(Role.ADMIN) else [],
        "most": str(MOST),
        "most_reason": MAX_REASON,
    }


def _was_set(visit: Visit, node: str) -> dict[str, str]:
    """What holds today for a place of the scope; NotFound for any other."""
    place, now_us = visit.caller.reach.node(node), visit.caller.platform.now_us()
    today = local_day(now_us, visit.caller.reach.registry.zone(place.code))
    rate = accounts_of(visit.caller, now_us).budget(place.code, today).per_meter_year
    return {"place": place.name(visit.language), "rate": formats.number(float(rate))}


def _accounts(visit: Visit, found: Digest) -> list[dict[str, Any]]:
    registry = visit.caller.reach.registry
    return [
        {
            "place": registry.node(one.place).name(visit.language),
            "told": one.told,
            "allowed": one.allowed,
            "meters": one.meters,
            "rate": formats.number(float(one.per_meter_year)),
            "dear": "–" if one.dear_a_year is None else formats.number(float(one.dear_a_year)),
        }
        for one in found.accounts
    ]
