"""The pages of what people enter: readings in front of a meter, and tables of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import entering
from api.page.entering import FormAsked, ReadingForm
from api.page.sent_tables import Table, answer_table
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.entries import enter, entry_of, evidence_of, stated_entry, withdraw
from api.usecases.evidence import keep_evidence
from api.usecases.hand_readings import (
    HandMeter,
    Reason,
    beside,
    doubts,
    entry_at,
    hand_meter,
)
from api.usecases.hand_tables import HAND_TABLE, with_offset
from metering.access import Role
from metering.errors import Conflict, InvalidInput
from metering.localtime import parse_instant
from metering.photos import bare_photo
from metering.statement import MOST_EVIDENCE_BYTES, MOST_NOTE, EvidenceFile
from metering.tables import plain_number
from texts import word

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
Sha256 = Annotated[str, Form(max_length=64)]


@router.get("/entries")
def entries_page(
    visit: Visitor,
    q: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Meters that can be read by hand, found by words, and what was entered last."""
    return visit.render("entries.html", view=entering.meters_page(visit, q, done))


@router.get("/entries/meter")
def reading_page(
    visit: Visitor,
    meter: Annotated[str, Query(max_length=128)],
    point: Annotated[str, Query(max_length=260)] = "",
) -> HTMLResponse:
    """The form in front of a meter: what it showed last, and what it shows now."""
    visit.caller.need(Role.ENTER)
    return _form(visit, hand_meter(visit.caller, meter, point), ReadingForm(), FormAsked())


def _form(visit: Visit, one: HandMeter, form: ReadingForm, asked: FormAsked) -> HTMLResponse:
    return visit.render("entry_form.html", view=entering.form_page(visit, one, form, asked))


@router.post("/entries/meter")
def reading_sent(
    visit: Acting,
    meter: Annotated[str, Form(max_length=128)] = "",
    point: Annotated[str, Form(max_length=260)] = "",
    value: Text = "",
    at: Text = "",
    read_by: Text = "",
    note: Annotated[str, Form(max_length=MOST_NOTE)] = "",
    photo: Annotated[UploadFile | None, File()] = None,
    photo_before: Sha256 = "",
    key: Annotated[str, Form(max_length=64)] = "",
    doubted: Text = "",
    reason: Annotated[str, Form(pattern="^(|right|turned|exchanged)$")] = "",
) -> Response:
    """Enter a reading, or ask whether it is right where that is in doubt: `doubted` is the value
    that was asked about before."""
    visit.caller.need(Role.ENTER)
    one = hand_meter(visit.caller, meter, point)
    form = ReadingForm(value, at, read_by, note, photo_before, key or ReadingForm().key)
    try:
        form = replace(form, photo=_kept(visit, photo) or photo_before)
        number, time = _number(value), with_offset(at, one.zone)
        around = beside(visit.caller, one, parse_instant(time, "time"))
        found = doubts(one, number, parse_instant(time, "time"), around)
        stated_entry(visit.caller, one.meter, entry_at(one, number, time, ("", ""), ""), "")
        if found and (not reason or doubted != value):
            return _form(visit, one, form, FormAsked(found, around))
        words = read_by, _noted(visit, note, reason if found else "")
        told = enter(visit.caller, entry_at(one, number, time, words, form.photo), form.key)
    except (InvalidInput, Conflict) as error:
        return _form(visit, one, form, FormAsked(error=error))
    return RedirectResponse(f"/entries/{told.statement.id}?done=1", status_code=303)


def _kept(visit: Visit, photo: UploadFile | None) -> str:
    """SHA-256 of a photo as it is kept: without what it says beside the picture."""
    content = b"" if photo is None else photo.file.read(MOST_EVIDENCE_BYTES + 1)
    if not content:
        return ""
    if len(content) > MOST_EVIDENCE_BYTES:
        raise InvalidInput(
            f"a photo above {MOST_EVIDENCE_BYTES >> 20} MB",
            field="photo",
            value="",
            fix="take it with fewer pixels",
        )
    return keep_evidence(visit.caller, bare_photo(content)).sha256


def _number(text: str) -> Decimal:
    try:
        found = Decimal(plain_number(text))
        if abs(found) >= 10**15 or -int(found.as_tuple().exponent) > 9:
            raise ValueError(text)
    except ValueError:
        raise InvalidInput(
            "not a number",
            field="value",
            value=text,
            fix="what the register shows, digits with a point, such as 10234.5",
        ) from None
    return found


def _noted(visit: Visit, note: str, reason: str) -> str:
    if reason in ("", Reason.RIGHT):
        return note
    told = word("hand_reason", reason, visit.language)
    return f"{told}; {note}" if note.strip() else told


@router.post("/entries/table")
async def entries_table(visit: Acting, table: Table) -> Response:
    """Show what would become of each row of a table of readings, or load it as it was shown."""
    return await run_in_threadpool(answer_table, visit, "/entries", table, HAND_TABLE)


@router.get("/entries/{id}")
def entry_page(
    id: str, visit: Visitor, done: Annotated[str, Query(max_length=1)] = ""
) -> HTMLResponse:
    """One entry: what was said, by whom, and what shows it."""
    told = entry_of(visit.caller, id)
    return visit.render("entry.html", view=entering.entry_page(visit, told), done=done)


@router.get("/entries/{id}/evidence/{sha256}")
def entry_file(id: str, sha256: str, visit: Visitor) -> Response:
    """A photo or a scan that an entry names."""
    return shown_file(*evidence_of(visit.caller, id, sha256))


def shown_file(file: EvidenceFile, content: bytes) -> Response:
    """A picture as such, anything else for saving; a browser must not guess what it is."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    if not file.media.startswith("image/"):
        headers["Content-Disposition"] = "attachment"
    return Response(content, media_type=file.media, headers=headers)


@router.post("/entries/{id}/withdrawal")
def entry_withdrawal(
    id: str, visit: Acting, reason: Annotated[str, Form(max_length=MOST_NOTE)] = ""
) -> Response:
    """Take an entry back."""
    visit.caller.need(Role.ENTER)
    withdraw(visit.caller, id, reason)
    return RedirectResponse(f"/entries/{id}", status_code=303)
