"""Which statements a caller reaches: entries by their meter, bills by that of their account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from api.caller import Caller
from metering.registry import Meter, Registry
from metering.registry.facts.accounts import Account
from metering.statement import Statement, StatementKind

ENTRIES: Final = frozenset({StatementKind.READING, StatementKind.QUANTITY})
BILLS: Final = frozenset({StatementKind.BILL})


def holds_all(caller: Caller, meter: Meter, first: date, after: date) -> bool:
    """Whether a meter's place is the caller's on all local days of [first, after)."""
    if caller.reach.scope.whole:
        return True
    spans = caller.reach.scope.days(meter.node)
    return any(one.first <= first and after <= one.limit for one in spans)


def entry_reached(caller: Caller, one: Statement) -> bool:
    """Whether the meter is the caller's on all days that the statement is about."""
    meter = caller.reach.registry.meters.get(one.subject)
    if meter is None:
        return caller.reach.scope.whole
    return holds_all(caller, meter, one.first, one.after)


def row_of(rows: Sequence[Account], first: date) -> Account:
    """The row that holds on a bill's first day, else the last one."""
    last = max(rows, key=lambda one: one.valid.first)
    return next((one for one in rows if one.valid.holds(first)), last)


def bill_reached(
    caller: Caller, registry: Registry, one: Statement, known: Mapping[str, list[Account]]
) -> bool:
    """Whether the meter of a bill's account, one of `known`, is the caller's on all its days."""
    if one.subject not in known:
        return False
    meter = registry.meters.get(row_of(known[one.subject], one.first).meter)
    if meter is None:
        return False
    return holds_all(caller, meter, one.first, one.after)
