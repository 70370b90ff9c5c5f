"""To hold entered bills of suppliers against registry, books and the bills before them.

entered bills of the account ─┐
view of the books             ├─▶ BillCase ─▶ every check that can be made
outdoor temperature           ┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from api.caller import Caller
from figures import View
from figures.bills import (
    BillAudit,
    BillCase,
    SupplierBill,
    audited,
    case_of,
    confirmed,
    degree_days,
)
from metering.localtime import day_bounds, days_between
from metering.reading import Flag
from metering.registry import NodeType
from metering.statement import (
    Statement,
    StatementKind,
    StatementState,
    standing_of,
    stated_by,
)

MOST_WEATHER_DAYS: Final = 100
"""Of a bill whose weather is read."""


def standing_bills(caller: Caller, account: str, at_us: int | None = None) -> list[Statement]:
    """Bills of an account that stand, those with them that are not taken in yet; or that stood at
    an instant."""
    about = stated_by(caller.platform.desk.about(account), at_us)
    states = standing_of(about)
    bills = (one for one in about if one.kind is StatementKind.BILL)
    return [one for one in bills if states[one.id] is StatementState.STANDS]


def audit_of(
    caller: Caller,
    view: View,
    own: Statement,
    others: Sequence[Statement],
    *,
    at_rest: bool = False,
    is_only_figure: bool,
) -> tuple[BillCase, BillAudit]:
    """A bill with all that it is held against, and what came of it. Of a moment (`at_rest`) there
    is neither weather nor a sliding demand: readings are not kept as they were."""
    readings = None if at_rest else caller.platform.readings
    case = case_of(view, own, others, readings, is_only_figure=is_only_figure)
    if case.before and not at_rest and not confirmed(case):
        case = replace(case, degree_days=_weather(caller, case))
    return case, audited(case)


def _weather(caller: Caller, case: BillCase) -> tuple[Decimal | None, Decimal | None]:
    """Degree days of the bill before and of this one, at the site of the account's meter."""
    last = max(case.before, key=lambda one: one.after)
    account = case.accounts[case.bill.account]
    node = caller.reach.registry.meters[account.meter].node
    return _degree_days(caller, node, last), _degree_days(caller, node, case.bill)


def _degree_days(caller: Caller, node: str, bill: SupplierBill) -> Decimal | None:
    """None where the temperature of a day is not known, or there are too many days."""
    registry, days = caller.reach.registry, _days(bill)
    path = [node, *registry.holders(node, bill.first)]
    site = next((one for one in path if registry.nodes[one].type is NodeType.SITE), node)
    held = frozenset(
        one for one in registry.held(site) if caller.reach.scope.holds(one, bill.first)
    )
    points = [one.id for one in registry.points_of_role("outdoor_temperature", held)]
    if not points or len(days) > MOST_WEATHER_DAYS:
        return None
    bounds = [day_bounds(day, registry.zone(node)) for day in days]
    seen = caller.platform.readings.scan(points, bounds[0][0], bounds[-1][1])
    good = (seen.flag & Flag.OUT_OF_RANGE) == 0
    starts = np.array([start for start, _ in bounds], dtype=np.int64)
    place = np.searchsorted(starts, seen.time_us[good], side="right") - 1
    count = np.bincount(place, minlength=len(days))
    whole = np.bincount(place, weights=seen.value[good], minlength=len(days))
    means = np.full(len(days), np.nan)
    np.divide(whole, count, out=means, where=count > 0)
    return degree_days(means.tolist())


def _days(bill: SupplierBill) -> list[date]:
    return days_between(bill.first, bill.after - timedelta(days=1))
