"""The page of repairs, and its buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import repairs
from api.page.repairs import ASKED, ChangeShown
from api.page.setup_views import Sent
from api.page.visit import Acting, PageRoute, Visit, Visitor
from api.ranges import local_date
from api.usecases.repairs import RecomputingAsked, mend, recompute, to_fill_in
from metering.access import Role
from metering.errors import InvalidFiles, InvalidInput
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
def change_page(
    visit: Visitor,
    check: CheckName,
    code: CodeName,
    which: Annotated[int, Query(ge=0, lt=10_000)] = 0,
) -> HTMLResponse:
    """What a repair asks for first, and what changing the rows would move once it is said."""
    visit.caller.need(Role.ADMIN)
    mending = to_fill_in(visit.caller, check, code, which)
    visit.caller.need_whole()
    values = _values(visit.request.query_params)
    shown = ChangeShown(check, code, which, mending, values)
    if values or not mending.asks:
        shown = _tried(visit, shown)
    return visit.render("repair_change.html", view=repairs.change(visit, shown))


def _values(sent: Mapping[str, str]) -> dict[str, str]:
    """What is said of the columns that are asked for."""
    asked = {name: value for name, value in sent.items() if name.startswith(ASKED)}
    return {name.removeprefix(ASKED)[:64]: value[:2000] for name, value in asked.items()}


def _tried(visit: Visit, shown: ChangeShown) -> ChangeShown:
    """What it would do, or what is wrong with what is said."""
    try:
        done = mend(
            visit.caller,
            shown.check,
            shown.code,
            which=shown.which,
            values=shown.values,
            dry_run=True,
        )
    except (InvalidFiles, InvalidInput) as error:
        return replace(shown, error=error)
    return replace(shown, done=done)


@router.get("/repairs/progress")
def progress_page(
    visit: Visitor,
    first: Day,
    last: Day,
    node: Annotated[str | None, Query(max_length=128)] = None,
    meter: Annotated[str | None, Query(max_length=128)] = None,
) -> HTMLResponse:
    """How far days of a place or a meter are that are computed again, and what has moved."""
    days = local_date(first, "first"), local_date(last, "last")
    asked = RecomputingAsked(node, meter, *days)
    return visit.render("repair_progress.html", view=repairs.progress(visit, asked))


@router.post("/repairs/mend")
def mend_button(
    visit: Acting,
    sent: Sent,
    check: Annotated[str, Form(max_length=64)],
    code: Annotated[str, Form(max_length=512)],
    which: Annotated[int, Form(ge=0, lt=10_000)] = 0,
    reason: Annotated[str, Form(max_length=MAX_REASON)] = "",
) -> Response:
    """Press the button of a repair."""
    visit.caller.need(Role.OPERATE)
    done = mend(visit.caller, check, code, which=which, values=_values(sent), reason=reason)
    if done.asked is not None:
        return _to_progress(done.asked)
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
    asked = RecomputingAsked(node, None, *days, reason)
    recompute(visit.caller, asked)
    return _to_progress(asked)


def _to_progress(asked: RecomputingAsked) -> RedirectResponse:
    of = {"node": asked.node} if asked.meter is None else {"meter": asked.meter}
    where = {**of, "first": asked.first.isoformat(), "last": asked.last.isoformat()}
    return RedirectResponse(f"/repairs/progress?{urlencode(where)}", status_code=303)
