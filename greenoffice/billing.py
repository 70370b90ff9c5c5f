"""`greenoffice bill`: the bills of a month as CSV or as a workbook."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

from figures import Figures
from figures.bills import Bill, bill_of_account, bill_of_series, holds_in
from greenoffice.folder import DataFolder
from greenoffice.stores import open_reader, open_stores
from metering.book import SeriesKey
from metering.errors import InvalidInput, NotFound
from metering.registry import Registry
from metering.registry.facts.accounts import KIND, Account
from reports import BilledPlace, bill_file, check_bill_format


def bill(
    data: Path, code: str, month: str, output: Path | None, format: str, language: str
) -> None:
    """Write the bills of an account, or of all accounts at a meter or below a node; where
    there is none, of the figure itself at its prices, as the API does. InvalidInput for what is no
    month or format, NotFound for a code that is of nothing."""
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
        if not bills:
            bills = [bill_of_series(view, _series(view.registry, code), day)]
        told = [_placed(view.registry, one, language) for one in bills]
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
    if not found and (code in by_account or code not in (registry.meters | registry.nodes)):
        raise NotFound(
            "no account there in this month",
            field="code",
            value=code,
            fix="an account of accounts.csv, its meter, or a node above it",
        )
    return found


def _series(registry: Registry, code: str) -> SeriesKey:
    """What a meter or node without an account is billed of: the meter's item, or a node's
    electricity, as the API takes where no item is said."""
    if code in registry.meters:
        meter = registry.meters[code]
        return SeriesKey(registry.institution(meter.node) or "", "meter", code, meter.item)
    return SeriesKey(registry.institution(code) or "", "node", code, "01000")


def _placed(registry: Registry, one: Bill, language: str) -> BilledPlace:
    meter = registry.meters.get(one.code)
    if meter is not None:
        return BilledPlace(one, meter.name(language), registry.zone(meter.node))
    node = registry.nodes[one.code]
    return BilledPlace(one, node.name(language) or one.code, registry.zone(one.code))
