"""Bills of suppliers that people enter, beside what the books have.

POST /v1/bills                        a bill as it stands on paper
GET  /v1/bills, /v1/bills/{id}        what was entered, and what the books have of its days
GET  /v1/bills/{id}/audit             a bill held against registry, books and the bills before
POST /v1/bills/{id}/withdrawal        takes a bill back
GET  /v1/bills/{id}/evidence/{sha256} the file that the bill names
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import paging
from api.answers.common import PageAnswer
from api.answers.supplier_bills import BillAuditAnswer, BillFindingAnswer, SupplierBillAnswer
from api.auth import Enterer, Reader
from api.decimals import plain
from api.paging import Cursor, Limit
from api.params import WRITTEN, ClosedMoment, JsonBody, example
from api.routes.entries import (
    EVIDENCE_EXAMPLE,
    EVIDENCE_RESPONSES,
    SHA256,
    IdempotencyKey,
    Withdrawal,
    file_answer,
)
from api.usecases.supplier_bills import (
    MOST_LISTED,
    NewSupplierBill,
    SupplierBillTold,
    bill_evidence,
    bill_of,
    enter_bill,
    supplier_bills,
    withdraw_bill,
)
from figures.bills import LineKind, Objection, severity_of
from metering.localtime import iso
from metering.quality import WHOLE
from metering.statement import MOST_EVIDENCE, MOST_NOTE
from texts import both, word

router = APIRouter(prefix="/v1", tags=["entries"], route_class=JsonBody)

Number = Annotated[Decimal, Field(max_digits=18, decimal_places=9), WRITTEN]
Word = Annotated[str, Field(max_length=128)]
OWN = ("account", "number", "start", "end", "quantity", "unit", "note", "evidence")

LINE_EXAMPLE = {"name": "energy.flat", "quantity": "412", "price": "4.10", "amount": "1689.20"}
SUPPLIER_BILL_EXAMPLE = {
    "id": "77aa0c1d2b4a5968763f",
    "account": "2200-31",
    "supplier": "Water company",
    "meter": "office-a-water",
    "number": "2026-10-118",
    "start": "2026-10-01",
    "end": "2026-11-01",
    "quantity": "412",
    "unit": "m3",
    "said": {"total": "1689.20", "currency": "CNY", "lines": [dict(LINE_EXAMPLE)]},
    "note": "",
    "books": {
        "source": "meter",
        "unit": "m3",
        "billed": "412",
        "quantity": "409.6",
        "difference": "2.4",
        "missing": 0.0,
        "provisional": False,
    },
    "audit": {"findings": 1, "at_stake": "9.84"},
    "evidence": [{**EVIDENCE_EXAMPLE, "url": f"/v1/bills/77aa0c1d2b4a5968763f/evidence/{SHA256}"}],
    "entered_by": "facility desk (63f29a15fddb)",
    "entered_at": "2026-11-05T01:12:44Z",
    "state": "stands",
    "taken_in": True,
    "message": "/v1/messages/33554433/14",
}

AUDIT_EXAMPLE = {
    **{"id": "77aa0c1d2b4a5968763f", "account": "2200-31", "number": "2026-10-118"},
    **{"start": "2026-10-01", "end": "2026-11-01", "state": "stands"},
    **{"currency": "CNY", "total": "1689.20", "at_stake": "9.84"},
    "findings": [
        {
            **{"check": "period_quantity", "severity": "doubt", "line": "energy.flat"},
            **{"said": "412", "expected": "409.60", "stake": "9.84"},
            "text": both(lambda language: word("bill_check", "period_quantity", language)),
        }
    ],
    "made": ["estimated", "period_quantity", "rate", "amount", "rounding", "total"],
    "not_tried": [
        {
            **{"check": "voltage", "why": "not_said"},
            "text": both(lambda language: word("bill_untried", "not_said", language)),
        }
    ],
    "books": {
        **{"start": "2026-10-01", "end": "2026-11-01", "currency": "CNY"},
        **{"total": "1679.36", "lacks": [], "revision": 57},
    },
    "credit_due": "0.00",
    "bills_before": 3,
}


class BilledLine(BaseModel):
    """A line of a bill; of a sum of money `quantity` is the sum and `price` the percent."""

    model_config = ConfigDict(extra="forbid")
    name: Word = Field(min_length=1)
    kind: LineKind | None = None
    quantity: Number | None = None
    unit: Annotated[str, Field(max_length=32)] = ""
    price: Number | None = None
    amount: Number


class BilledReading(BaseModel):
    """What the supplier read of one register."""

    model_config = ConfigDict(extra="forbid")
    register_name: Word = Field("total", alias="register")
    start: Number
    end: Number
    consumption: Number | None = None


class NewBill(BaseModel):
    """A bill as it stands on paper; what it does not say is left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "account": "2200-31",
                "number": "2026-10-118",
                "start": "2026-10-01",
                "end": "2026-11-01",
                "quantity": "412",
                "unit": "m3",
                "lines": [dict(LINE_EXAMPLE)],
                "total": "1689.20",
                "currency": "CNY",
            }
        },
    )
    account: str = Field(min_length=1, max_length=64, description="Its number, of accounts.csv")
    number: str = Field(
        min_length=1, max_length=64, description="Of the document; the same one corrects"
    )
    start: str = Field(max_length=10, description="First local day that it bills")
    end: str = Field(max_length=10, description="The day behind the last one")
    quantity: Number | None = Field(None, description="All that it bills, in `unit`")
    unit: str = Field("", max_length=32, description="Default: that of the account's meter")
    lines: list[BilledLine] = Field([], max_length=200)
    within: list[BilledLine] = Field([], max_length=200, description="What lines hold already")
    readings: list[BilledReading] = Field([], max_length=50)
    multiplier: Number | None = None
    total: Number
    credit: Number | None = Field(None, description="What is given back of earlier bills")
    currency: str = Field("CNY", min_length=3, max_length=3)
    estimated: bool = Field(False, description="Whether the supplier says that it did not read")
    power_factor: Annotated[str, Field(max_length=8)] = ""
    demand_at: Annotated[str, Field(max_length=40)] = ""
    customer_class: Word = ""
    voltage: Word = ""
    note: str = Field("", max_length=MOST_NOTE)
    evidence: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=MOST_EVIDENCE)


def new_supplier_bill(body: NewBill) -> NewSupplierBill:
    """A body as the use case takes it: numbers as texts, nothing that was not said."""
    said = body.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=set(OWN))
    return NewSupplierBill(
        account=body.account,
        number=body.number,
        start=body.start,
        end=body.end,
        said={**said, "currency": body.currency},
        quantity=body.quantity,
        unit=body.unit,
        note=body.note,
        evidence=tuple(body.evidence),
    )


def bill_json(told: SupplierBillTold) -> SupplierBillAnswer:
    """A bill with what became of it, and the books beside it."""
    one, said = told.statement, told.statement.said
    inner = ("number", "meter", "zone", "note", "quantity", "unit", "evidence", "point")
    return {
        "id": one.id,
        "account": one.subject,
        "supplier": told.supplier,
        "meter": told.meter,
        "number": str(said["number"]),
        "start": one.first.isoformat(),
        "end": one.after.isoformat(),
        "quantity": said.get("quantity"),
        "unit": str(said.get("unit", told.unit)),
        "said": {name: value for name, value in said.items() if name not in inner},
        "note": str(said.get("note", "")),
        "books": {
            "source": told.source,
            "unit": told.unit,
            "billed": _text(told.quantity),
            "quantity": _text(told.booked),
            "difference": _text(told.difference),
            "missing": told.missing / WHOLE,
            "provisional": told.provisional,
        },
        "audit": {
            "findings": len(told.audit.objections),
            "at_stake": plain(told.audit.at_stake),
        },
        "evidence": [
            {
                "sha256": file.sha256,
                "media": file.media,
                "size": file.size,
                "url": f"/v1/bills/{one.id}/evidence/{file.sha256}",
            }
            for file in told.evidence
        ],
        "entered_by": one.entered_by,
        "entered_at": iso(one.arrived_us),
        "state": str(told.state),
        "taken_in": told.taken_in,
        "message": f"/v1/messages/{one.segment}/{one.offset}",
    }


def audit_json(told: SupplierBillTold) -> BillAuditAnswer:
    """What came of all checks on a bill, and which could not be made."""
    one, case, audit = told.statement, told.case, told.audit
    books = case.books
    return {
        "id": one.id,
        "account": one.subject,
        "number": case.bill.number,
        "start": one.first.isoformat(),
        "end": one.after.isoformat(),
        "state": str(told.state),
        "currency": case.bill.currency,
        "total": plain(case.bill.total),
        "at_stake": plain(audit.at_stake),
        "findings": [_finding(found) for found in audit.objections],
        "made": list(audit.made),
        "not_tried": [
            {"check": check, "why": str(why), "text": _words("bill_untried", why)}
            for check, why in audit.untried.items()
        ],
        "books": None
        if books is None
        else {
            "start": books.first.isoformat(),
            "end": books.after.isoformat(),
            "currency": books.currency,
            "total": _text(books.total),
            "lacks": [str(lack) for lack in books.lacks],
            "revision": books.revision,
        },
        "credit_due": plain(case.credit_due),
        "bills_before": len(case.before),
    }


def _finding(found: Objection) -> BillFindingAnswer:
    return {
        "check": found.check,
        "severity": str(severity_of(found.check)),
        "line": found.line,
        "said": found.said,
        "expected": found.expected,
        "stake": plain(found.stake),
        "text": _words("bill_check", found.check),
    }


def _words(group: str, value: str) -> dict[str, str]:
    return both(lambda language: word(group, value, language))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


@router.post("/bills", status_code=202, responses={202: example(SUPPLIER_BILL_EXAMPLE)[200]})
def new_bill(body: NewBill, caller: Enterer, key: IdempotencyKey = "") -> SupplierBillAnswer:
    """Enter a supplier's bill: a second witness beside the meter of its account.

    202 means it is in the journal. A later one of the same account and number corrects it. Where
    nobody reads the meter, the bill's quantity goes into the books as that of its days.
    """
    return bill_json(enter_bill(caller, new_supplier_bill(body), key))


@router.get("/bills", responses=example({"data": [SUPPLIER_BILL_EXAMPLE], "next": None}))
def list_bills(
    request: Request,
    response: Response,
    caller: Reader,
    account: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    as_of: ClosedMoment = None,
) -> PageAnswer[SupplierBillAnswer]:
    """Bills that were entered for accounts of the scope and are taken in, newest first, each beside
    what the books have of its days, and with what came of its audit; 50 a page at most.

    With `as_of` those that end in the closed period and had arrived by then, as they and the books
    stood."""
    limit = min(limit, MOST_LISTED)
    place = paging.decode(cursor, int, str)
    before = (place[0], place[1]) if place else None
    found = supplier_bills(caller, account, before, limit + 1, as_of)
    page = [bill_json(one) for one in found[:limit]]
    last = found[limit - 1].statement if len(found) > limit else None
    following = None if last is None else paging.encode([last.arrived_us, last.id])
    return paging.answer(request, response, page, following)


@router.get("/bills/{id}", responses=example(SUPPLIER_BILL_EXAMPLE))
def one_bill(id: str, caller: Reader, as_of: ClosedMoment = None) -> SupplierBillAnswer:
    """One bill, also before it is taken in; with `as_of` as it and the books stood then."""
    return bill_json(bill_of(caller, id, as_of))


@router.get("/bills/{id}/audit", responses=example(AUDIT_EXAMPLE))
def audit_of_bill(id: str, caller: Reader, as_of: ClosedMoment = None) -> BillAuditAnswer:
    """One bill held against registry, books and the bills of the account before it: what each check
    found, with what the bill says, what should stand and the amount at stake; and the checks that
    cannot be made, each with why. With `as_of` as all of it stood then, but for the weather: that
    is not kept, and its check is not made."""
    return audit_json(bill_of(caller, id, as_of))


@router.post(
    "/bills/{id}/withdrawal", responses=example({**SUPPLIER_BILL_EXAMPLE, "state": "withdrawn"})
)
def withdraw_a_bill(id: str, body: Withdrawal, caller: Enterer) -> SupplierBillAnswer:
    """Take a bill back; it stays, with who took it back."""
    return bill_json(withdraw_bill(caller, id, body.reason))


@router.get("/bills/{id}/evidence/{sha256}", response_class=Response, responses=EVIDENCE_RESPONSES)
def bill_file(id: str, sha256: str, caller: Reader) -> Response:
    """The bytes of a file that a bill names."""
    return file_answer(*bill_evidence(caller, id, sha256))
