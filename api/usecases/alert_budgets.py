"""Set the alert budget of a place in the caller's scope, from today on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from api.caller import Caller
from metering.localtime import local_day
from metering.registry import Registry
from metering.registry.facts.alert_budgets import KIND, AlertBudget
from metering.validity import Validity
from metering.wording import worded


def set_budget(
    caller: Caller, node: str, per_meter_year: Decimal, dear_a_year: Decimal | None, reason: str
) -> AlertBudget:
    """What a place is told of from today on: the budget that stood ends, one registered for later
    still begins on its day. Earlier days keep what they allowed."""
    place, platform = caller.reach.node(node).code, caller.platform
    before, now_us = platform.registry(), platform.now_us()
    today = local_day(now_us, before.zone(place))
    own = [one for one in KIND.of(before) if one.node == place]
    made = AlertBudget(place, per_meter_year, dear_a_year, Validity(today, _until(own, today)))
    platform.registry_store.apply(
        Registry(more={KIND.name: (*_ended(own, today), made)}),
        actor=str(caller.actor),
        now_us=now_us,
        reason=worded(reason, "reason"),
        expected_version=before.version,
    )
    return made


def _until(own: list[AlertBudget], today: date) -> date | None:
    """The day on which the next one begins; None where there is none."""
    return min((one.valid.first for one in own if one.valid.first > today), default=None)


def _ended(own: list[AlertBudget], today: date) -> list[AlertBudget]:
    """Those that stood before today and would go on; one of today is replaced."""
    return [
        replace(one, valid=Validity(one.valid.start, today))
        for one in own
        if one.valid.holds(today) and one.valid.first < today
    ]
