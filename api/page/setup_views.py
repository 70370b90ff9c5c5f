"""The pages of set-up, for administrators of the whole platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import setup
from api.page.gateway_door import new_passwords
from api.page.setup_first import first_page
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.usecases.first_start import is_empty
from api.usecases.setting_up import (
    FieldProblem,
    SetupChange,
    SetupOutcome,
    changed,
    found,
    need_setup,
    stood_before,
)
from metering.errors import GreenOfficeError
from metering.registry.proposal import MAX_REASON
from metering.registry.things import Thing, parts_of, shape_of
from metering.registry.write import Record

router = APIRouter(route_class=PageRoute, include_in_schema=False)

ThingId = Annotated[str, Query(max_length=40)]


async def _sent(request: Request) -> dict[str, str]:
    """The texts of a form, whatever its fields are called."""
    form = await request.form()
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(_sent)]


@router.get("/setup")
def setup_page(visit: Visitor) -> HTMLResponse:
    """All kinds of what is registered; of an empty platform the form of its first start."""
    need_setup(visit.caller)
    if is_empty(visit.caller):
        return first_page(visit)
    return visit.render("setup.html", view=setup.overview(visit))


@router.get("/setup/{name}")
def setup_list(
    name: str,
    visit: Visitor,
    q: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(ge=0, lt=10**7)] = 0,
    done: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """What is registered of a kind."""
    need_setup(visit.caller)
    view = setup.things_page(visit, setup.file_of(name), q, start)
    return visit.render("setup_list.html", view=view, done=done)


@router.get("/setup/{name}/row")
def setup_form(
    name: str,
    visit: Visitor,
    row: ThingId = "",
    undo: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> HTMLResponse:
    """A form to add something, to change it, or to undo what was done."""
    need_setup(visit.caller)
    file = setup.file_of(name)
    if undo:
        return _undoing(visit, file, row, undo)
    thing = found(visit.caller, file, row) if row else None
    shape = shape_of(file)
    once = dict(thing.first) if thing else {}
    parts = tuple(parts_of(shape, thing)) if thing and shape.parts else ()
    shown = SetupChange(file, row, once, parts)
    blank = 1 if shape.parts and (not thing or not parts) else 0
    return _form(visit, setup.FormShown(shown, thing, blank))


def _undoing(visit: Visit, file: str, row: str, version: int) -> HTMLResponse:
    thing = found(visit.caller, file, row)
    once, parts = stood_before(visit.caller, file, thing, version)
    change = SetupChange(file, row, once, tuple(parts))
    outcome = _tried(visit, change, "", dry_run=True)
    return _form(visit, setup.FormShown(change, thing, outcome=outcome, undo=True))


@router.post("/setup/{name}/row")
def setup_change(
    name: str,
    visit: Acting,
    sent: Sent,
    step: Annotated[str, Form(max_length=8)] = "look",
    row: Annotated[str, Form(max_length=40)] = "",
    after: Annotated[str, Form(max_length=40)] = "",
    applies_from: Annotated[str, Form(max_length=80)] = "",
    seal: Annotated[str, Form(max_length=64)] = "",
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> Response:
    """Show what a change moves, or save it as it was shown."""
    need_setup(visit.caller)
    file = setup.file_of(name)
    thing = found(visit.caller, file, row) if row else None
    change = _from(_change(file, sent, thing, after), applies_from.strip())
    thing = thing if change.id else None
    if step == "more":
        return _form(visit, setup.FormShown(change, thing, blank=1, reason=reason))
    seen = seal == change.seal(visit.caller.platform.registry().version)
    saves = step == "save" and seen
    outcome = _tried(visit, change, reason, dry_run=not saves)
    if any(one.column == "reason" for one in outcome.problems):
        moves = _tried(visit, change, "", dry_run=True)
        outcome = SetupOutcome(moves.done, outcome.problems)
    if outcome.done is None or not saves or outcome.problems:
        unseen = step == "save" and not seen
        shown = setup.FormShown(change, thing, outcome=outcome, reason=reason, unseen=unseen)
        return _form(visit, shown)
    if outcome.done.passwords:
        return new_passwords(visit, outcome.done.passwords, name)
    told = " ".join(filter(None, (change.once.get(one, "") for one in shape_of(file).key)))
    where = urlencode({"done": told[:200]})
    return RedirectResponse(f"/setup/{name}?{where}", status_code=303)


def _change(file: str, sent: Mapping[str, str], thing: Thing | None, after: str) -> SetupChange:
    """What a form says of a thing, or of a new one. Its parts are numbered from 0 on."""
    shape = shape_of(file)
    once: Record = {one: sent.get(f"c.{one}", "").strip() for one in shape.once}
    once |= {one: thing.first[one] for one in shape.key} if thing else {}
    parts: list[Record] = []
    for place in range(setup.MOST_PARTS if shape.parts else 0):
        names = {one: f"p.{place}.{one}" for one in shape.parts}
        if not any(name in sent for name in names.values()):
            break
        parts.append({one: sent.get(name, "").strip() for one, name in names.items()})
    return SetupChange(file, thing.id if thing else "", once, tuple(parts), after)


def _from(change: SetupChange, day: str) -> SetupChange:
    """The change as it applies from a day on: another thing that follows, or parts that do."""
    shape = shape_of(change.file)
    if not day or not change.id:
        return change
    if not shape.follows:
        return replace(change, applies_from=day)
    return replace(change, id="", after=change.id, once={**change.once, "valid_from": day})


def _tried(visit: Visit, change: SetupChange, reason: str, *, dry_run: bool) -> SetupOutcome:
    """Likewise for what is refused as a whole: it is told above the form."""
    try:
        return changed(visit.caller, change, dry_run=dry_run, reason=reason)
    except GreenOfficeError as error:
        value = "" if error.value is None else str(error.value)
        told = FieldProblem(-1, error.field or "", value[:120], error.message, error.fix or "")
        return SetupOutcome(None, (told,))


def _form(visit: Visit, shown: setup.FormShown) -> HTMLResponse:
    thing, file = shown.thing, shown.change.file
    return visit.render(
        "setup_form.html",
        view=setup.form(visit, shown),
        past=setup.past(visit, file, thing) if thing else [],
    )
