"""To read bills: which accounts are meant, and their bills of a month under one view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from api.caller import Caller
from api.moments import as_of_text
from api.reach import Outside, Reach
from api.usecases.energy import series_of
from figures import AsOf, bills
from metering.errors import InvalidInput, NotFound
from metering.items import check_item
from metering.registry import Registry
from metering.registry.facts.accounts import KIND, Account
from reports import BilledPlace

MOST_BILLS: Final = 50
"""Of one answer."""


@dataclass(frozen=True)
class BillsTold:
    """Bills of a month, in the order of their accounts."""

    month: date
    bills: list[bills.Bill]
    zones: list[str]
    """The zone of each."""
    left_out: int
    """Accounts that an answer has no room for."""


def accounts_in(caller: Caller, registry: Registry) -> dict[str, list[Account]]:
    """Accounts of a registry, the present one or one of before, all of whose meters the key
    reaches, with their rows, sorted."""
    return accounts_of(caller.reach, registry)


def accounts_of(reach: Reach, registry: Registry) -> dict[str, list[Account]]:
    """The same of what a key reaches."""
    reached, found = reach.meters, _by_account(registry)
    return {
        account: rows
        for account, rows in sorted(found.items())
        if all(meter in reached for row in rows for meter in _meters(row))
    }


def _by_account(registry: Registry) -> dict[str, list[Account]]:
    found: dict[str, list[Account]] = {}
    for row in KIND.of(registry):
        found.setdefault(row.account, []).append(row)
    return found


def _meters(row: Account) -> list[str]:
    return [one for one in (row.meter, row.reactive, row.reactive_export) if one]


def bills_of(
    caller: Caller,
    account: str | None,
    node: str | None,
    meter: str | None,
    item: str | None,
    month: date,
    as_of: str | None = None,
    most: int = MOST_BILLS,
) -> BillsTold:
    """Bills of an account, or of all accounts at a meter or below a node, `most` of them; where
    there is none, of the figure itself at its prices. With `as_of` under the accounts, prices and
    books of then."""
    if (account is not None) + (node is not None) + (meter is not None) != 1:
        raise InvalidInput(
            "exactly one of account, node and meter is needed",
            field="account",
            value=account,
            fix="?account=NUMBER&month=2026-10, or ?node=CODE, or ?meter=CODE",
        )
    with caller.view(_moment(caller, account, node, meter, as_of)) as view:
        known = accounts_in(caller, view.registry)
        if account is not None:
            _check_known(account, known, view.registry)
            chosen = [account]
        else:
            chosen = _accounts_at(caller, view.registry, known, node, meter, item, month)
        if chosen:
            readings = caller.platform.readings if as_of is None else None
            told = [bills.bill_of_account(view, one, month, readings) for one in chosen[:most]]
        else:
            told = [bills.bill_of_series(view, series_of(caller, node, meter, item), month)]
        zones = [view.zone(view.key_of(one.code, one.item)) for one in told]
    return BillsTold(month, told, zones, max(len(chosen) - most, 0))


def _moment(
    caller: Caller, account: str | None, node: str | None, meter: str | None, as_of: str | None
) -> AsOf | None:
    """The moment that is asked for; a revision is that of the institution of what is billed."""
    if as_of is None:
        return None
    registry = caller.reach.registry
    if account is not None:
        rows = accounts_in(caller, registry).get(account)
        meter = rows[-1].meter if rows else None
    if meter is not None:
        node = caller.reach.meter(meter).node
    body = "" if node is None else caller.reach.institution_of(caller.reach.node(node).code)
    return as_of_text(caller, as_of, body)


def _check_known(account: str, known: dict[str, list[Account]], registry: Registry) -> None:
    if account in known:
        return
    if account in _by_account(registry):
        raise _outside(account)
    raise NotFound(
        "no such account in your scope",
        field="account",
        value=account,
        fix="a number of accounts.csv whose meters your key reaches",
    )


def in_places(caller: Caller, told: BillsTold, language: str) -> list[BilledPlace]:
    """Each bill with the name of its meter or place, and the zone in which its days lie."""
    registry = caller.reach.registry
    found = []
    for one, zone in zip(told.bills, told.zones, strict=True):
        meter = registry.meters.get(one.code)
        name_in = registry.node(one.code).name if meter is None else meter.name
        found.append(BilledPlace(one, name_in(language) or one.code, zone))
    return found


def _accounts_at(
    caller: Caller,
    registry: Registry,
    known: dict[str, list[Account]],
    node: str | None,
    meter: str | None,
    item: str | None,
    month: date,
) -> list[str]:
    """Accounts of the item, or of any where none is said, that hold on a day of the bill."""
    reach = caller.reach
    if meter is not None:
        codes = {reach.meter(meter).code}
    else:
        code = reach.node(str(node)).code
        below = registry.subtree(code) if code in registry.nodes else frozenset()
        own = (one for one in registry.meters.values() if one.code in reach.meters)
        codes = {one.code for one in own if one.node in below}
    wanted = None if item is None else check_item(item)
    return [
        account
        for account, rows in known.items()
        if any(row.meter in codes for row in rows)
        and wanted in (None, registry.meters[rows[-1].meter].item)
        and bills.holds_in(rows, month)
    ]


def _outside(account: str) -> Outside:
    """Told as what does not exist; the audit log tells them apart."""
    return Outside(
        "no such account in your scope",
        field="account",
        value=account,
        fix="a number of accounts.csv whose meters your key reaches",
    )
