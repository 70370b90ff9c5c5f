"""`greenoffice bill`: the bills of a month as CSV or as a workbook."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

from figures import Figures
from figures.bills import bill_of_account, holds_in
from greenoffice.folder import DataFolder
from greenoffice.stores import open_reader, open_stores
from metering.errors import InvalidInput, NotFound
from metering.registry import Registry
from metering.registry.facts.accounts import KIND, Account
from reports import BilledPlace, bill_file, check_bill_format


def bill(
    data: Path, code: str, month: str, output: Path | None, format: str, language: str
) -> None:
    """Write the bills of an account, or of all accounts at a meter or below a node; InvalidInput
    for what is no month or format, NotFound for a code that has no account then."""
    day = _month(month)
    if check_bill_format(format) != "csv" and output is None:
        raise InvalidInput(
            "a workbook is no text",
            field="--output",
            value="",
            fix=f"name a file: --output bills-{month}.{format}",
        )
    folder = DataFolder(data.absolute())
    stores = open_stores(folder)
    figures = Figures(stores.books, stores.registry.load, folder.clock().now_us)
    with closing(open_reader(folder)) as readings, figures.view() as view:
        accounts = _accounts(view.registry, code, day)
        bills = [bill_of_account(view, one, day, readings) for one in accounts]
        meters = [view.registry.meters[one.code] for one in bills]
        told = [
            BilledPlace(one, meter.name(language), view.registry.zone(meter.node))
            for one, meter in zip(bills, meters, strict=True)
        ]
    content = bill_file(told, language, format)
    if output is None:
        sys.stdout.write(content.decode())
    else:
        output.write_bytes(content)


def _month(text: str) -> date:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text, re.ASCII):
        raise InvalidInput("not a month", field="month", value=text, fix="YYYY-MM, e.g. 2026-10")
    return date.fromisoformat(f"{text}-01")


def _accounts(registry: Registry, code: str, month: date) -> list[str]:
    by_account: dict[str, list[Account]] = {}
    for row in KIND.of(registry):
        by_account.setdefault(row.account, []).append(row)
    below = registry.subtree(code) if code in registry.nodes else frozenset()
    found = [
        account
        for account, rows in sorted(by_account.items())
        if any(code in (account, r.meter) or registry.meters[r.meter].node in below for r in rows)
        and holds_in(rows, month)
    ]
    if not found:
        raise NotFound(
            "no account there in this month",
            field="code",
            value=code,
            fix="an account of accounts.csv, its meter, or a node above it",
        )
    return found
