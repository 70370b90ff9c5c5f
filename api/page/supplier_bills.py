"""Suppliers' bills that people entered, as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from api.page import formats
from api.page.bills import audit_shown, money_text
from api.page.language import N_
from api.page.visit import Visit
from api.usecases.bills import accounts_in
from api.usecases.stated_tables import RowTold
from api.usecases.supplier_bills import SupplierBillTold, supplier_bills
from metering.access import Role
from metering.statement import StatementState
from metering.tables.bill_words import PERIODS
from metering.tables.said_rows import RowRefused, SaidRow, SaidTable
from texts import said, word

SHOWN: Final = 20
"""Bills of the list: each is held against the books."""
NUMBERS: Final = {
    "total": N_("Amount due"),
    "quantity": N_("Quantity, all that is billed"),
    "from": N_("Reading before"),
    "to": N_("Reading now"),
    "multiplier": N_("Multiplier"),
    "power_factor": N_("Power factor"),
    "power_factor.amount": N_("Adjustment for the power factor"),
    "demand.quantity": N_("Maximum demand [kW]"),
    "demand.amount": N_("Charge for the demand"),
    "capacity.amount": N_("Charge for the capacity"),
    "surcharge.amount": N_("Surcharges"),
    "vat.amount": N_("Value-added tax"),
    "credit": N_("Given back of earlier bills"),
}
PARTS: Final = {"quantity": N_("Quantity"), "price": N_("Price"), "amount": N_("Amount")}
TEXTS: Final = ("account", "number", "month", "start", "last", "note", "estimated")


def list_page(visit: Visit, account: str, done: str) -> dict[str, Any]:
    """The newest bills of an account, or of all."""
    known = accounts_in(visit.caller, visit.caller.reach.registry)
    found = supplier_bills(visit.caller, account or None, None, SHOWN)
    return {
        "accounts": _accounts(visit),
        "account": account,
        "done": done,
        "bills": [_bill(one) for one in found],
        "none": not known,
        "may_enter": visit.caller.may(Role.ENTER),
    }


def _accounts(visit: Visit) -> list[tuple[str, str]]:
    registry = visit.caller.reach.registry
    return [
        (number, f"{number} · {registry.meters[rows[-1].meter].name(visit.language)}")
        for number, rows in accounts_in(visit.caller, registry).items()
    ]


def _bill(told: SupplierBillTold) -> dict[str, Any]:
    one, bill = told.statement, told.case.bill
    return {
        "id": one.id,
        "account": one.subject,
        "number": bill.number,
        "first": one.first.isoformat(),
        "last": (one.after - timedelta(days=1)).isoformat(),
        "total": money_text(bill.total, bill.currency),
        "state": str(told.state),
        "findings": len(told.audit.objections),
        "at_stake": money_text(told.audit.at_stake, bill.currency),
        "nothing_at_stake": not told.audit.at_stake,
    }


def bill_page(visit: Visit, told: SupplierBillTold) -> dict[str, Any]:
    """One bill with its lines, and what its audit says."""
    bill, zone = told.case.bill, str(told.statement.said.get("zone", "UTC"))
    unit = formats.UNITS.get(told.unit, told.unit)
    return _bill(told) | {
        "supplier": told.supplier,
        "meter": told.meter,
        "quantity": "" if told.quantity is None else f"{_number(told.quantity)} {unit}",
        "booked": "" if told.booked is None else f"{_number(told.booked)} {unit}",
        "lines": [
            {
                "name": word("bill_line", line.name, visit.language)
                if line.kind is not None and line.name == str(line.kind)
                else line.name,
                "quantity": _number(line.quantity),
                "price": _number(line.price),
                "amount": money_text(line.amount, bill.currency),
            }
            for line in bill.lines
        ],
        "readings": [
            (one.register, _number(one.start), _number(one.end), _number(one.consumption))
            for one in bill.readings
        ],
        "note": str(told.statement.said.get("note", "")),
        "entered_by": told.statement.entered_by,
        "entered_at": formats.moment(told.statement.arrived_us, zone),
        "message": f"/messages/{told.statement.segment}/{told.statement.offset}",
        "taken_in": told.taken_in,
        "audit": audit_shown(told, {}),
        "files": [
            {
                "sha256": file.sha256,
                "url": f"/bills/entered/{told.statement.id}/evidence/{file.sha256}",
                "size": f"{file.size / 1024:,.0f} KB",
                "is_picture": file.media.startswith("image/"),
            }
            for file in told.evidence
        ],
        "may_withdraw": told.state is StatementState.STANDS and visit.caller.may(Role.ENTER),
    }


def _number(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,f}"


def form_page(visit: Visit, sent: Mapping[str, str], told: RowTold | None) -> dict[str, Any]:
    """The form of a bill, with what is wrong with what was typed, or what stands otherwise."""
    refused = told.refused if told else None
    return {
        "accounts": _accounts(visit),
        "sent": sent,
        "numbers": [(name, visit.text(text)) for name, text in NUMBERS.items()],
        "periods": [(one, word("period", one, visit.language)) for one in PERIODS],
        "parts": PARTS,
        "told": told,
        "wrong": _wrong(visit, refused) if refused else None,
    }


def _wrong(visit: Visit, refused: RowRefused) -> dict[str, str]:
    return {
        "column": refused.column,
        "label": _label(visit, refused.column),
        "value": refused.value,
        "why": said(refused.why, visit.language),
        "fix": said(refused.fix, visit.language),
    }


def _label(visit: Visit, column: str) -> str:
    """What the form calls a number; '' of anything else."""
    period, _, part = column.partition(".")
    if period in PERIODS and part in PARTS:
        return f"{word('period', period, visit.language)} · {visit.text(PARTS[part])}"
    return visit.text(NUMBERS[column]) if column in NUMBERS else ""


def typed(sent: Mapping[str, str], numbers: Mapping[str, str]) -> SaidTable:
    """What was typed as a table of one row: `numbers` are plain by their word."""
    texts = {name: sent[name].strip() for name in TEXTS if sent.get(name, "").strip()}
    row = SaidRow(1, {**texts, **numbers})
    headings = {name: name for name in row.said}
    return SaidTable("form", (row,), (), headings, (), lambda _: b"")
