"""To read bills: which accounts are meant, and their bills of a month under one view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from api.caller import Caller
from api.ranges import local_date
from api.reach import Outside, Reach
from api.usecases.energy import series_of
from figures import bills
from metering.errors import InvalidInput, NotFound
from metering.items import check_item
from metering.registry.facts.accounts import KIND, Account
from reports import BilledPlace

MOST_BILLS: Final = 50
"""Of one answer."""


@dataclass(frozen=True)
class BillsTold:
    """Bills of a month, in the order of their accounts."""

    month: date
    bills: list[bills.Bill]
    left_out: int
    """Accounts that an answer has no room for."""


def month_of(text: str) -> date:
    """The first day of YYYY-MM, between 2000 and 2100."""
    if len(text) != 7:
        raise InvalidInput("not a month", field="month", value=text, fix="YYYY-MM, e.g. 2026-10")
    return local_date(f"{text}-01", "month")


def accounts_in(caller: Caller) -> dict[str, list[Account]]:
    """Accounts all of whose meters the key reaches, with their rows, sorted."""
    return accounts_of(caller.reach)


def accounts_of(reach: Reach) -> dict[str, list[Account]]:
    """The same of what a key reaches."""
    reached, found = reach.meters, _by_account(reach)
    return {
        account: rows
        for account, rows in sorted(found.items())
        if all(meter in reached for row in rows for meter in _meters(row))
    }


def _by_account(reach: Reach) -> dict[str, list[Account]]:
    found: dict[str, list[Account]] = {}
    for row in KIND.of(reach.registry):
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
    most: int = MOST_BILLS,
) -> BillsTold:
    """Bills of an account, or of all accounts at a meter or below a node, `most` of them; where
    there is none, of the figure itself at its prices."""
    if (account is not None) + (node is not None) + (meter is not None) != 1:
        raise InvalidInput(
            "exactly one of account, node and meter is needed",
            field="account",
            value=account,
            fix="?account=NUMBER&month=2026-10, or ?node=CODE, or ?meter=CODE",
        )
    known = accounts_in(caller)
    if account is not None:
        if account not in known:
            if account in _by_account(caller.reach):
                raise _outside(account)
            raise NotFound(
                "no such account in your scope",
                field="account",
                value=account,
                fix="a number of accounts.csv whose meters your key reaches",
            )
        chosen = [account]
    else:
        chosen = _accounts_at(caller, known, node, meter, item, month)
    with caller.view() as view:
        if chosen:
            readings = caller.platform.readings
            told = [bills.bill_of_account(view, one, month, readings) for one in chosen[:most]]
        else:
            told = [bills.bill_of_series(view, series_of(caller, node, meter, item), month)]
    return BillsTold(month, told, max(len(chosen) - most, 0))


def in_places(caller: Caller, told: BillsTold, language: str) -> list[BilledPlace]:
    """Each bill with the name of its meter or place, and the zone in which its days lie."""
    registry = caller.reach.registry
    found = []
    for one in told.bills:
        meter = registry.meters.get(one.code)
        node = registry.node(one.code if meter is None else meter.node)
        name = node.name(language) if meter is None else meter.name(language)
        found.append(BilledPlace(one, name or one.code, registry.zone(node.code)))
    return found


def _accounts_at(
    caller: Caller,
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
        below = reach.registry.subtree(reach.node(str(node)).code)
        codes = {one.code for one in reach.meters.values() if one.node in below}
    wanted = None if item is None else check_item(item)
    return [
        account
        for account, rows in known.items()
        if any(row.meter in codes for row in rows)
        and wanted in (None, reach.meters[rows[-1].meter].item)
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
