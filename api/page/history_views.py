"""The page by which years of readings are loaded, for administrators of the whole platform."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.page import history
from api.page.setup_views import Sent
from api.page.visit import Acting, PageRoute, Visitor
from api.usecases.histories import ask_history, histories_told, history_told, send_history
from api.usecases.histories import history_refused as refused_rows
from api.usecases.histories import load_history as load_shown
from api.usecases.setting_up import need_setup
from metering.errors import InvalidInput
from metering.history_load import HistoryStep
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_STEPS = {"look": HistoryStep.LOOK, "try": HistoryStep.TRY}


@router.get("/setup/history")
def history_form(visit: Visitor) -> HTMLResponse:
    """The form that sends a file, and the files that were sent lately."""
    need_setup(visit.caller)
    most = visit.caller.platform.max_history_bytes >> 20
    sent = history.sent_before(histories_told(visit.caller))
    return visit.render("history_form.html", most=most, sent=sent)


@router.post("/setup/history")
def history_sent(
    visit: Acting, file: Annotated[UploadFile | None, File()] = None
) -> RedirectResponse:
    """Keep a file, and begin to look at it."""
    need_setup(visit.caller)
    if file is None:
        raise InvalidInput("no file", field="file", fix="choose a file")
    return _shown(send_history(visit.caller, file.filename or "", file.file))


@router.get("/setup/history/{id}")
def history_page(id: str, visit: Visitor) -> HTMLResponse:
    """How far a file is; its series, and what would become of them."""
    return visit.render(
        "history.html", view=history.history_page(visit, history_told(visit.caller, id))
    )


@router.get("/setup/history/{id}/refused")
def history_refused(id: str, visit: Visitor) -> Response:
    """Rows that hold what was refused, to be mended and sent again."""
    content = refused_rows(visit.caller, id)
    headers = {
        "Content-Disposition": 'attachment; filename="refused.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/setup/history/{id}")
def history_step(
    id: str, visit: Acting, sent: Sent, step: Annotated[str, Form(pattern="^(look|try)$")] = "look"
) -> RedirectResponse:
    """Read the file as it is said to be written, or tell what would become of its values."""
    told = history_told(visit.caller, id)
    answers, choices = history.answers_of(sent), history.choices_of(sent, told.seen)
    ask_history(visit.caller, id, _STEPS[step], answers, choices)
    return _shown(id)


@router.post("/setup/history/{id}/load")
def history_load(
    id: str, visit: Acting, reason: Annotated[str, Form(max_length=MAX_REASON)] = ""
) -> RedirectResponse:
    """Load a file as it was shown last."""
    load_shown(visit.caller, id, reason)
    return _shown(id)


def _shown(id: str) -> RedirectResponse:
    return RedirectResponse(f"/setup/history/{id}", status_code=303)
