"""Suppliers' bills as files: what a person types in, and the paper that shows it.

bills/bills.json   by bill: the body for POST /v1/bills, its paper, what is wrong, the right total
bills/NUMBER.pdf   the paper, one page of plain text
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulators.campus import Campus
from simulators.devices import Devices
from simulators.supplier import PaperBill, PaperLine, SentBill, sent_bills
from simulators.truth import write_json

BILLS = "bills"
INDEX = "bills.json"
LEADING_PT = 14
PAGE_PT = (595, 842)
"""A4."""


@dataclass(frozen=True)
class EnteredPaper:
    """A bill as somebody enters it, and what the simulator knows of it."""

    body: dict[str, Any]
    """Of POST /v1/bills, without evidence."""
    paper: bytes
    mistake: str
    stake: Decimal
    right_total: Decimal


def write_bills(folder: Path, devices: Devices, campus: Campus, *, wrong: bool) -> None:
    """Write the bills of the history's whole months into the folder; the index comes last."""
    into = folder / BILLS
    into.mkdir(parents=True, exist_ok=True)
    sent = sent_bills(devices, campus, wrong=wrong)
    for one in sent:
        (into / f"{one.bill.number}.pdf").write_bytes(pdf(_text(one.bill)))
    write_json(into / INDEX, [_index(one) for one in sent])


def read_bills(folder: Path) -> list[EnteredPaper] | None:
    """The bills of the folder; None while they are not written yet."""
    try:
        rows = json.loads((folder / BILLS / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return [
        EnteredPaper(
            row["body"],
            (folder / BILLS / f"{row['body']['number']}.pdf").read_bytes(),
            row["mistake"],
            Decimal(row["stake"]),
            Decimal(row["right_total"]),
        )
        for row in rows
    ]


def _index(one: SentBill) -> dict[str, Any]:
    return {
        "body": _body(one.bill),
        "mistake": one.bill.mistake,
        "stake": str(one.bill.stake),
        "right_total": str(one.right_total),
    }


def _body(bill: PaperBill) -> dict[str, Any]:
    contract = bill.contract
    energy = sum((line.quantity for line in bill.lines if line.kind == "energy"), Decimal(0))
    body: dict[str, Any] = {
        "account": contract.account,
        "number": bill.number,
        "start": bill.first.isoformat(),
        "end": bill.after.isoformat(),
        "quantity": str(energy),
        "unit": bill.unit,
        "lines": _lines(bill.lines),
        "within": _lines(bill.within),
        "readings": [
            {
                "register": one.register,
                "start": f"{one.start:f}",
                "end": f"{one.end:f}",
                "consumption": f"{one.consumption:f}",
            }
            for one in bill.readings
        ],
        "multiplier": str(contract.multiplier),
        "total": str(bill.total),
        "currency": contract.currency,
        "voltage": contract.voltage,
        "demand_at": bill.demand_at,
    }
    if bill.power_factor is not None:
        body["power_factor"] = str(bill.power_factor)
    return body


def _lines(lines: Iterable[PaperLine]) -> list[dict[str, str]]:
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "quantity": f"{one.quantity:f}",
            "unit": one.unit,
            "price": f"{one.price:f}",
            "amount": f"{one.amount:f}",
        }
        for one in lines
    ]


def _text(bill: PaperBill) -> list[str]:
    """The paper line by line."""
    head = [
        bill.contract.supplier,
        f"Bill {bill.number}    account {bill.contract.account}",
        f"{bill.first} to {bill.after} (excluded)",
        "",
        *(
            f"register {one.register:<10}{one.start:>16f}{one.end:>16f}"
            f"  x {bill.contract.multiplier} = {one.consumption:f}"
            for one in bill.readings
        ),
        "",
        f"{'line':<18}{'quantity':>14} {'unit':<6}{'price':>9}{'amount':>14}",
    ]
    rows = [
        f"{one.name:<18}{one.quantity:>14f} {one.unit:<6}{one.price:>9f}{one.amount:>14f}"
        for one in bill.lines
    ]
    held = [f"of it {one.name} {one.price:f} %: {one.amount:f}" for one in bill.within]
    said = [
        *([f"power factor {bill.power_factor}"] if bill.power_factor is not None else []),
        *([f"most power from {bill.demand_at} on"] if bill.demand_at else []),
    ]
    total = f"{'total':<18}{'':>14} {'':<6}{'':>9}{bill.total:>14f} {bill.contract.currency}"
    return [*head, *rows, total, "", *held, *said]


def pdf(lines: Iterable[str]) -> bytes:
    """One page of text in a typewriter's letters; what is no ASCII is left out."""
    shown = [line.encode("ascii", "ignore").decode().strip() for line in lines]
    escaped = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in shown]
    text = "".join(f"({line}) Tj T*\n" for line in escaped)
    page = f"BT /F1 10 Tf {LEADING_PT} TL 50 {PAGE_PT[1] - 60} Td\n{text}ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_PT[0]} {PAGE_PT[1]}]"
        " /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(page)} >>\nstream\n{page}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    out, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{one}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    trailer = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return f"{out}xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")
