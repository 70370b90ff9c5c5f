"""The page of repairs, and its buttons."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import repairs
from api.page.visit import Acting, PageRoute, Visitor
from api.ranges import local_date
from api.usecases.repairs import RecomputingAsked, mend, recompute
from metering.access import Role
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=PageRoute, include_in_schema=False)

CheckName = Annotated[str, Query(max_length=64)]
CodeName = Annotated[str, Query(max_length=512)]
Day = Annotated[str, Query(max_length=10)]


@router.get("/repairs")
def repairs_page(visit: Visitor, done: Annotated[str, Query(max_length=64)] = "") -> HTMLResponse:
    """What is to be mended, what is at stake first."""
    return visit.render("repairs.html", view=repairs.repairs(visit), done=done)


@router.get("/repairs/change")
def change_page(visit: Visitor, check: CheckName, code: CodeName) -> HTMLResponse:
    """What changing a row of the registry would move."""
    visit.caller.need(Role.ADMIN)
    shown = mend(visit.caller, check, code, dry_run=True)
    return visit.render("repair_change.html", view=repairs.change(shown, check, code))


@router.get("/repairs/progress")
def progress_page(visit: Visitor, node: CodeName, first: Day, last: Day) -> HTMLResponse:
    """How far days are that are computed again."""
    days = local_date(first, "first"), local_date(last, "last")
    asked = RecomputingAsked(node, None, *days)
    return visit.render("repair_progress.html", view=repairs.progress(visit, asked))


@router.post("/repairs/mend")
def mend_button(
    visit: Acting,
    check: Annotated[str, Form(max_length=64)],
    code: Annotated[str, Form(max_length=512)],
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> Response:
    """Press the button of a repair."""
    visit.caller.need(Role.OPERATE)
    mend(visit.caller, check, code, reason=reason)
    return RedirectResponse(f"/repairs?{urlencode({'done': check})}", status_code=303)


@router.post("/repairs/recompute")
def recompute_button(
    visit: Acting,
    node: Annotated[str, Form(max_length=128)],
    first: Annotated[str, Form(max_length=10)],
    last: Annotated[str, Form(max_length=10)],
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> Response:
    """Have the days of a place computed again."""
    visit.caller.need(Role.OPERATE)
    days = local_date(first, "first"), local_date(last, "last")
    recompute(visit.caller, RecomputingAsked(node, None, *days, reason))
    where = urlencode({"node": node, "first": first, "last": last})
    return RedirectResponse(f"/repairs/progress?{where}", status_code=303)
