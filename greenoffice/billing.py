"""`greenoffice bill`: the bills of a month as lines of CSV."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from figures import Figures
from figures.bills import Bill, BillLine, bill_of_account, holds_in
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.errors import InvalidInput, NotFound
from metering.registry import Registry
from metering.registry.facts.accounts import KIND, Account

HEADER = (
    *("account", "meter", "line", "start", "end", "quantity", "unit", "price"),
    *("amount", "currency", "complete", "lacks"),
)
"""The last is of the row `total` alone."""


def bill(data: Path, code: str, month: str, output: Path | None) -> None:
    """Write the bills of an account, or of all accounts at a meter or below a node; InvalidInput
    for what is no month, NotFound for a code that has no account then."""
    day = _month(month)
    folder = DataFolder(data.absolute())
    stores = open_stores(folder)
    figures = Figures(stores.books, stores.registry.load, folder.clock().now_us)
    with figures.view() as view:
        accounts = _accounts(view.registry, code, day)
        told = [bill_of_account(view, one, day) for one in accounts]
    text = as_csv(told)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


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


def as_csv(told: list[Bill]) -> str:
    """A header, the lines of each bill, and of each a last one `total`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for one in told:
        writer.writerows(_rows(one))
    return out.getvalue()


def _rows(one: Bill) -> Iterator[tuple[str, ...]]:
    head = ("" if one.account is None else one.account.account, one.code)
    for line in one.lines:
        yield (*head, *_cells(line), "")
    days = (one.first.isoformat(), one.after.isoformat())
    end = (_text(one.total), one.currency, _yes(one.complete), " ".join(map(str, one.lacks)))
    yield (*head, "total", *days, "", "", "", *end)


def _cells(line: BillLine) -> tuple[str, ...]:
    return (
        line.name,
        line.first.isoformat(),
        line.after.isoformat(),
        _text(line.quantity),
        line.unit,
        _text(line.price),
        _text(line.amount),
        line.currency,
        _yes(line.complete),
    )


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
