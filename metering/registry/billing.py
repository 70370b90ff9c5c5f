"""What must hold between accounts, charges and steps, judged together with what is registered."""

from __future__ import annotations

from collections.abc import Iterable

from metering import items
from metering.registry.facts.accounts import KIND as ACCOUNT
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import KIND as CHARGE
from metering.registry.facts.charges import Basis, Charge
from metering.registry.facts.tiers import KIND as TIER
from metering.registry.facts.tiers import Tier
from metering.registry.model import Registry
from metering.registry.rows import Row
from metering.registry.tables import Facts

RESERVED = ("energy", "tier", "power_factor", "total")
"""Names of lines that no charge may take."""
ELECTRICITY, REACTIVE = "01", "90"


def check_billing(facts: Facts, whole: Registry) -> None:
    """Note every contradiction at the row that brings it."""
    for row, account in ACCOUNT.taken(facts):
        _check_account(row, account, whole)
    for row, charge in CHARGE.taken(facts):
        _check_charge(row, charge, whole)
    for row, tier in TIER.taken(facts):
        _check_tier(row, tier, TIER.of(whole))


def _check_account(row: Row, account: Account, whole: Registry) -> None:
    meter = whole.meters.get(account.meter)
    if meter is not None and not meter.item.startswith(ELECTRICITY):
        for column in ("reactive", "power_factor", "contract_kw", "capacity_kva", "demand"):
            if row.text(column):
                row.wrong(column, f"{meter.code} measures no electricity", "leave it empty")
    for column in ("reactive", "reactive_export"):
        found = whole.meters.get(row.text(column))
        if found is not None and not found.item.startswith(REACTIVE):
            fix = f"a meter of {items.whole(REACTIVE + '000')}, in kvarh"
            row.wrong(column, f"{found.code} measures {found.item}", fix)


def _check_charge(row: Row, charge: Charge, whole: Registry) -> None:
    if charge.charge in RESERVED and charge.basis is not Basis.ENERGY:
        row.wrong("charge", "a line of every bill has this name", "another name")
    if charge.basis in (Basis.ENERGY, Basis.VAT):
        others = (
            one
            for one in CHARGE.of(whole)
            if one.plan == charge.plan and one.basis is charge.basis and one.charge != charge.charge
        )
        if any(one.valid.overlaps(charge.valid) for one in others):
            fix = "end the earlier one with valid_to, or start this one later"
            row.wrong("basis", f"two of basis {charge.basis} at the same time", fix)


def _check_tier(row: Row, tier: Tier, known: Iterable[Tier]) -> None:
    fix = "one for all steps"
    for other in known:
        if other.plan != tier.plan or not other.valid.overlaps(tier.valid) or other == tier:
            continue
        if other.period != tier.period:
            row.wrong(
                "period", f"step {other.tier} goes by the {other.period}", "one for all steps"
            )
        elif other.currency != tier.currency:
            row.wrong("currency", f"step {other.tier} is in {other.currency}", fix)
        elif (other.tier < tier.tier) != (other.above < tier.above):
            row.wrong("above", f"not in the order of step {other.tier}", "steps rise with `above`")
