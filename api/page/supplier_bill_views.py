"""The pages of suppliers' bills: a list, a form, a table, and one bill with its audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import supplier_bills
from api.page.entry_views import shown_file
from api.page.sent_tables import Table, answer_table
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.bill_tables import BILL_TABLE
from api.usecases.stated_tables import WRITTEN, RowFate, RowTold, TableWishes, load_rows
from api.usecases.supplier_bills import bill_evidence, bill_of, withdraw_bill
from metering.access import Role
from metering.statement import MOST_NOTE
from metering.tables import TwoReadings, plain_number
from metering.tables.bill_words import PERIODS
from metering.tables.said_rows import RowRefused

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_NUMBERS = (
    *supplier_bills.NUMBERS,
    *(f"{period}.{part}" for period in PERIODS for part in supplier_bills.PARTS),
)


async def _sent(request: Request) -> dict[str, str]:
    """The texts of the form by the names of its fields."""
    form = await request.form()
    return {
        name: value
        for name in (*supplier_bills.TEXTS, *_NUMBERS, "correct")
        if isinstance(value := form.get(name), str)
    }


Sent = Annotated[dict[str, str], Depends(_sent)]


@router.get("/bills/entered")
def supplier_bills_page(
    visit: Visitor,
    account: Annotated[str, Query(max_length=64)] = "",
    done: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Bills that were entered, with what their audits say."""
    view = supplier_bills.list_page(visit, account, done)
    return visit.render("supplier_bills.html", view=view)


@router.get("/bills/entered/add")
def supplier_bill_form(
    visit: Visitor, account: Annotated[str, Query(max_length=64)] = ""
) -> HTMLResponse:
    """A form for a bill as it stands on paper."""
    visit.caller.need(Role.ENTER)
    return _form(visit, {"account": account}, None)


def _form(visit: Visit, sent: Mapping[str, str], told: RowTold | None) -> HTMLResponse:
    view = supplier_bills.form_page(visit, sent, told)
    return visit.render("supplier_bill_form.html", view=view)


@router.post("/bills/entered/add")
def supplier_bill_sent(visit: Acting, sent: Sent) -> Response:
    """Enter a bill; one of its account and number that stands is only replaced if so wished."""
    visit.caller.need(Role.ENTER)
    numbers = dict[str, str]()
    for name in _NUMBERS:
        if text := sent.get(name, "").strip():
            try:
                numbers[name] = plain_number(text)
            except TwoReadings:
                fix = "digits alone, such as 1200, or 1.2"
                wrong = RowRefused(1, name, text, "may be two numbers", fix)
                return _form(visit, sent, _wrong(wrong))
            except ValueError:
                fix = "digits with a decimal point, such as 1.5"
                return _form(visit, sent, _wrong(RowRefused(1, name, text, "not a number", fix)))
    wishes = TableWishes(dry_run=False, correct=sent.get("correct") == "true")
    (told,) = load_rows(visit.caller, supplier_bills.typed(sent, numbers), BILL_TABLE, wishes).rows
    if told.fate in WRITTEN or told.fate is RowFate.DUPLICATE:
        return RedirectResponse(f"/bills/entered/{told.id}", status_code=303)
    return _form(visit, sent, told)


def _wrong(refused: RowRefused) -> RowTold:
    return RowTold(1, RowFate.REFUSED, "", "", "", "", refused)


@router.post("/bills/entered/table")
async def supplier_bills_table(visit: Acting, table: Table) -> Response:
    """Show what would become of each row of a table of bills, or load it as it was shown."""
    return await run_in_threadpool(answer_table, visit, "/bills/entered", table, BILL_TABLE)


@router.get("/bills/entered/{id}")
def supplier_bill_page(id: str, visit: Visitor) -> HTMLResponse:
    """One bill with its lines, and what speaks against it."""
    view = supplier_bills.bill_page(visit, bill_of(visit.caller, id))
    return visit.render("supplier_bill.html", view=view)


@router.get("/bills/entered/{id}/evidence/{sha256}")
def supplier_bill_file(id: str, sha256: str, visit: Visitor) -> Response:
    """A scan that a bill names."""
    return shown_file(*bill_evidence(visit.caller, id, sha256))


@router.post("/bills/entered/{id}/withdrawal")
def supplier_bill_withdrawal(
    id: str, visit: Acting, reason: Annotated[str, Form(max_length=MOST_NOTE)] = ""
) -> Response:
    """Take a bill back."""
    visit.caller.need(Role.ENTER)
    withdraw_bill(visit.caller, id, reason)
    return RedirectResponse(f"/bills/entered/{id}", status_code=303)
