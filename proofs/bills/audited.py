"""Suppliers' bills, right and wrong, put to the audit beside what the platform tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from figures.bills import Bill, BillCase, Objection, audited
from metering.localtime import from_us, zone_of
from metering.registry.facts.accounts import Account
from metering.validity import Validity
from proofs.bills.platform import ZONE
from proofs.bills.suppliers import CENT, CLASS, MULTIPLIER, VOLTAGE, Seen, right, wrongs
from proofs.bills.written import ACCOUNT, WrittenBill


@dataclass
class Audited:
    """What came of the bills so far."""

    seeded: int = 0
    caught: int = 0
    staked: int = 0
    """Of those that were caught, with the amount that they come to."""
    false_alarms: int = 0
    checks: set[str] = field(default_factory=set)
    """Names under which something was seeded and caught."""
    problems: list[str] = field(default_factory=list)


def put_to_audit(written: WrittenBill, bill: Bill, seed: int, into: Audited) -> None:
    """The right bill, on which nothing may speak, and every mistake that can be made on it."""
    seen = right(written, bill.first, bill.after)
    for one in audited(_case(seen, bill)).objections:
        into.false_alarms += 1
        into.problems.append(f"{written.name}: false alarm: {one}")
    for wrong in wrongs(seen, Random(f"{seed} {written.name}")):  # noqa: S311
        found = audited(_case(wrong.seen, bill)).objections
        into.seeded += 1
        named = [one for one in found if one.check == wrong.check]
        if named:
            into.caught += 1
            into.checks.add(wrong.check)
            told = sum((one.stake for one in named), Decimal(0))
            at_stake = _said(wrong.stake)
            into.staked += abs(told - at_stake) <= CENT
            if abs(told - at_stake) > CENT:
                into.problems.append(
                    f"{written.name}: {wrong.check} comes to {at_stake:.2f}, {told} was said"
                )
        else:
            names = _names(found) or "nothing"
            into.problems.append(f"{written.name}: {wrong.check} was seeded, {names} was said")


def _said(stake: Decimal | None) -> Decimal:
    assert stake is not None
    return stake


def _names(found: Sequence[Objection]) -> str:
    return ", ".join(one.check for one in found)


def _case(seen: Seen, bill: Bill) -> BillCase:
    own = bill.account or Account(ACCOUNT, "main")
    account = replace(
        own,
        multiplier=MULTIPLIER,
        customer_class=CLASS,
        voltage=VOLTAGE,
        valid=Validity(own.valid.start, seen.closed or own.valid.end),
    )
    demand = bill.demand
    at = None if demand is None else from_us(demand.at_us).astimezone(zone_of(ZONE))
    return BillCase(
        bill=seen.bill,
        books=bill if seen.books else None,
        before=seen.before,
        accounts={account.account: account},
        meters=frozenset({"main"} if seen.metered else ()),
        demand_at="" if at is None else f"{at:%Y-%m-%dT%H:%M}",
        degree_days=seen.degree_days,
        other_prices=seen.dated,
        season_prices=seen.season,
        credit_due=Decimal(seen.credit_due),
        due=bill.after,
    )
