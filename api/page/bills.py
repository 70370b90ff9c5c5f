"""The bills of a month on the page: line by line, with what came of suppliers' own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from api.decimals import plain
from api.page import formats
from api.page.places import places
from api.page.visit import Visit
from api.ranges import local_month
from api.usecases.bills import BillsTold, accounts_in, bills_of, in_places
from api.usecases.supplier_bills import SupplierBillTold, audited_bills, bills_within
from figures.bills import BillLack, BillLine, FactorSum, LineKind, severity_of
from metering.errors import InvalidInput
from metering.localtime import local_day, month_start
from metering.quality import WHOLE
from metering.statement import Statement
from reports import (
    BilledPlace,
    bill_file,
    cos_phi,
    demand_moment,
    line_label,
    media_type,
    source_said,
)
from texts import tag

MOST_BILLS: Final = 10
"""Of one page, and of suppliers' own beside them: each of these is held against the books."""
ACCOUNT, NODE = "account", "node"


def bills(visit: Visit, of: str | None, month: str | None) -> dict[str, Any]:
    """The bills of an account or a place for a month, and what else there is to choose; `of` is
    account/NUMBER or node/CODE, without it the first account, without any the first place."""
    registry = visit.caller.reach.registry
    known, nodes = accounts_in(visit.caller, registry), places(visit)
    chosen = of or (f"{ACCOUNT}/{next(iter(known))}" if known else "")
    chosen = chosen or (f"{NODE}/{nodes[0][0]}" if nodes else "")
    shown = month or f"{_last_month(visit):%Y-%m}"
    found: dict[str, Any] = {
        "of": chosen,
        "month": shown,
        "accounts": [
            (
                f"{ACCOUNT}/{number}",
                f"{number} · {registry.meters[rows[-1].meter].name(visit.language)}",
            )
            for number, rows in known.items()
        ],
        "places": [(f"{NODE}/{code}", name, depth) for code, name, depth in nodes],
        "bills": [],
        "left_out": 0,
    }
    if chosen:
        told = told_of(visit, chosen, shown)
        placed = in_places(visit.caller, told, visit.language)
        found["bills"] = _bills(visit, placed)
        found["left_out"] = told.left_out
        asked = urlencode({"of": chosen, "month": shown})
        found["files"] = [(one.upper(), f"/bills/file?{asked}&format={one}") for one in FILES]
    return found


FILES: Final = ("xlsx", "csv")


def file_of(visit: Visit, of: str, month: str, format: str) -> tuple[bytes, str, str]:
    """(content, media type, name) of the same bills as a file."""
    told = in_places(visit.caller, told_of(visit, of, month), visit.language)
    content = bill_file(told, tag(visit.language), format)
    return content, media_type(format), f"bills-{month}.{format}"


def told_of(visit: Visit, of: str, month: str) -> BillsTold:
    """The bills of account/NUMBER or node/CODE; InvalidInput for what is neither."""
    kind, _, code = of.partition("/")
    if kind not in (ACCOUNT, NODE) or not code:
        raise InvalidInput(
            "neither an account nor a place",
            field="of",
            value=of,
            fix="choose one from the list of this page",
        )
    account, node = (code, None) if kind == ACCOUNT else (None, code)
    return bills_of(
        visit.caller, account, node, None, None, local_month(month, "month"), most=MOST_BILLS
    )


def _last_month(visit: Visit) -> date:
    """The last full one of the first place."""
    reach = visit.caller.reach
    top = reach.top()
    zone = reach.registry.zone(top[0].code) if top else "UTC"
    today = local_day(visit.caller.platform.now_us(), zone)
    return month_start(month_start(today) - timedelta(days=1))


def _bills(visit: Visit, placed: Sequence[BilledPlace]) -> list[dict[str, Any]]:
    found, room = [], MOST_BILLS
    for one in placed:
        account, bill = one.bill.account, one.bill
        entered: list[Statement] = []
        if account is not None:
            entered = bills_within(visit.caller, account.account, bill.first, bill.after)
        told = audited_bills(visit.caller, entered[:room])
        found.append(_bill(visit, one, told, len(entered) - len(told)))
        room -= len(told)
    return found


def _bill(
    visit: Visit, placed: BilledPlace, told: Sequence[SupplierBillTold], left_out: int
) -> dict[str, Any]:
    bill = placed.bill
    account = bill.account
    labels = {line.name: line_label(line, visit.language) for line in (*bill.lines, *bill.within)}
    return {
        "id": f"bill-{account.account if account else bill.code}",
        "name": placed.name,
        "code": bill.code,
        "item": bill.item,
        "account": account,
        "capacity": None if account is None else _number(account.capacity_kva),
        "contract": None if account is None else _number(account.contract_kw),
        "first": bill.first.isoformat(),
        "last": (bill.after - timedelta(days=1)).isoformat(),
        "after": bill.after.isoformat(),
        "lines": [_line(visit, placed, line) for line in bill.lines],
        "within": [_line(visit, placed, line) for line in bill.within],
        "factor": None if bill.factor is None else _factor(visit, bill.factor, bill.currency),
        "currency": bill.currency,
        "total": "" if bill.total is None else plain(bill.total),
        "total_text": "–" if bill.total is None else money_text(bill.total, bill.currency),
        "complete": bill.complete,
        "lacks": [str(one) for one in bill.lacks],
        "missing": f"{bill.missing / WHOLE * 100:.2f}" if BillLack.TIME in bill.lacks else "",
        "revision": bill.revision,
        "suppliers": [audit_shown(one, labels) for one in told],
        "suppliers_left_out": left_out,
    }


def _line(visit: Visit, placed: BilledPlace, line: BillLine) -> dict[str, Any]:
    percent = line.kind in (LineKind.POWER_FACTOR, LineKind.VAT)
    demanded = line.kind in (LineKind.DEMAND, LineKind.CONTRACT) and not line.name.endswith(".over")
    demand = placed.bill.demand if demanded else None
    return {
        "name": line.name,
        "label": line_label(line, visit.language),
        "kind": str(line.kind),
        "quantity": money_text(line.quantity, line.currency) if percent else _number(line.quantity),
        "unit": "" if percent else _unit(visit, line),
        "share": line.share,
        "price": _number(line.price) + (" %" if percent and line.price is not None else ""),
        "amount": "" if line.amount is None else plain(line.amount),
        "amount_text": money_text(line.amount, line.currency),
        "first": line.first.isoformat(),
        "last": (line.after - timedelta(days=1)).isoformat(),
        "after": line.after.isoformat(),
        "part": (line.first, line.after) != (placed.bill.first, placed.bill.after),
        "currency": line.currency,
        "complete": line.complete,
        "source": source_said(line.source, line.grade, visit.language),
        "verified": line.grade.startswith("V"),
        "demand": None
        if demand is None
        else {
            "kw": _number(demand.power.normalize()),
            "at": demand_moment(placed),
            "window": demand.window,
            "taken": str(demand.taken),
            "fine": f"{demand.fine / WHOLE * 100:.1f}",
            "complete": demand.complete,
        },
    }


def _unit(visit: Visit, line: BillLine) -> str:
    if line.kind is LineKind.MONTH:
        return visit.text("day") if line.unit == "day" else visit.text("month")
    return formats.UNITS.get(line.unit, line.unit)


def _factor(visit: Visit, factor: FactorSum, currency: str) -> dict[str, Any]:
    band = factor.band
    return {
        "active": f"{_number(factor.active)} kWh",
        "reactive": f"{_number(factor.reactive)} kvarh",
        "value": cos_phi(factor.hundredths),
        "standard": factor.standard,
        "band": None if band is None else f"{band.low}–{band.high}",
        "source": "" if band is None else source_said(band.source, band.grade, visit.language),
        "verified": band is not None and band.grade.startswith("V"),
        "percent": None if factor.percent is None else _number(factor.percent),
        "base": money_text(factor.base, currency),
    }


def audit_shown(told: SupplierBillTold, labels: dict[str, str]) -> dict[str, Any]:
    """What came of the checks on a supplier's bill; `labels` are of lines by their name."""
    bill, audit, books = told.case.bill, told.audit, told.case.books
    return {
        "id": told.statement.id,
        "number": bill.number,
        "supplier": told.supplier,
        "first": bill.first.isoformat(),
        "last": (bill.after - timedelta(days=1)).isoformat(),
        "total": money_text(bill.total, bill.currency),
        "books": "–" if books is None else money_text(books.total, books.currency),
        "at_stake": money_text(audit.at_stake, bill.currency),
        "nothing_at_stake": not audit.at_stake,
        "findings": [
            {
                "check": one.check,
                "severity": str(severity_of(one.check)),
                "line": labels.get(one.line, one.line),
                "said": one.said,
                "expected": one.expected,
                "stake": money_text(one.stake, bill.currency) if one.stake else "–",
                "exact": plain(one.stake),
            }
            for one in audit.objections
        ],
        "made": len(audit.made),
        "not_tried": [(check, str(why)) for check, why in audit.untried.items()],
    }


def _number(value: Decimal | None) -> str:
    """All its digits, with separators; a dash where it is not known."""
    return "–" if value is None else f"{value:,f}"


def money_text(value: Decimal | None, currency: str) -> str:
    """To the cent, as it stands on paper."""
    if value is None:
        return "–"
    sign = formats.SIGNS.get(currency, f"{currency} ")
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.2f}"
