"""Describing an office by a workbook on the page: fetch it, fill it in, give it back.

    GET /setup/template ──▶ XLSX ──▶ people ──▶ POST /setup/workbook, look ──▶ what it moves
                                                 POST /setup/workbook, save ◀──┘ the same bytes

The form of the preview carries the workbook itself, sealed with the version of the registry: what
is saved is what was shown, and nothing lies on the disk between the two.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from api.gate import WORKBOOK_FORM_BYTES
from api.page import setup
from api.page.gateway_door import new_passwords
from api.page.visit import PageRoute, Visit, Visitor, need_token
from api.usecases.registering import (
    ImportDone,
    ImportWishes,
    building_model,
    import_uploaded,
)
from api.usecases.setting_up import need_setup
from metering.errors import GreenOfficeError, InvalidFiles, InvalidInput
from metering.registry.proposal import MAX_REASON
from texts import said

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MOST_BYTES = 4 << 20
"""Of a workbook that the page takes; larger ones go by the command."""
MOST_PROBLEMS = 50
"""That the page lists; all are counted."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class SentWorkbook:
    """A workbook as the form brought it."""

    name: str
    content: bytes
    reason: str
    seal: str
    saves: bool

    def sealed(self, version: int) -> str:
        """A short text of the bytes and the version of the registry that they are to change."""
        return sha256(b"%d " % version + self.content).hexdigest()[:32]


@router.get("/setup/template", response_class=Response)
def template(visit: Visitor, registered: bool = False) -> Response:
    """A workbook to fill in, or with what is registered, in the visitor's language."""
    need_setup(visit.caller)
    platform = visit.caller.platform
    content = platform.workbook(platform.registry() if registered else None, visit.language)
    name = "registry" if registered else "template"
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


@router.get("/setup/model", response_class=Response)
def model(visit: Visitor, haystack: bool = False) -> Response:
    """What is registered as a building model: of Brick, or of Haystack."""
    need_setup(visit.caller)
    ending, media = (".json", "application/json") if haystack else (".ttl", "text/turtle")
    headers = {"Content-Disposition": f'attachment; filename="registry{ending}"'}
    return Response(building_model(visit.caller, ending), media_type=media, headers=headers)


@router.get("/setup/workbook")
def workbook_page(visit: Visitor) -> HTMLResponse:
    """Where a workbook is fetched and given back."""
    need_setup(visit.caller)
    return visit.render("setup_workbook.html", view=_view())


@router.post("/setup/workbook")
async def workbook_sent(visit: Visitor, request: Request) -> Response:
    """Show what a workbook moves, or take it in as it was shown."""
    need_setup(visit.caller)
    async with request.form(max_files=1, max_fields=8, max_part_size=WORKBOOK_FORM_BYTES) as form:
        need_token(visit, str(form.get("csrf", "")))
        sent = await _sent(form)
    return await run_in_threadpool(_taken, visit, sent)


async def _sent(form: FormData) -> SentWorkbook:
    """What the form holds; b'' where it brings no workbook, or one that is no base64."""
    upload = form.get("file")
    if isinstance(upload, UploadFile):
        name, content = upload.filename or "", await upload.read(MOST_BYTES + 1)
    else:
        name, content = str(form.get("name", "")), _held(str(form.get("held", "")))
    return SentWorkbook(
        name[:200] or "workbook.xlsx",
        content,
        str(form.get("reason", ""))[:MAX_REASON].strip(),
        str(form.get("seal", "")),
        form.get("step") == "save",
    )


def _held(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _taken(visit: Visit, sent: SentWorkbook) -> Response:
    version = visit.caller.platform.registry().version
    seen = sent.seal == sent.sealed(version)
    saves = sent.saves and seen
    try:
        done = _imported(visit, sent, dry_run=not saves)
    except GreenOfficeError as error:
        if not saves or error.field != "reason":
            return _page(visit, problems=_problems(visit, error))
        done = _imported(visit, sent, dry_run=True)
        return _page(visit, _shown(visit, sent, done, version), _problems(visit, error))
    if not saves:
        unseen = sent.saves and not seen
        return _page(visit, {**_shown(visit, sent, done, version), "unseen": unseen})
    if done.passwords:
        return new_passwords(visit, done.passwords, "gateways")
    return RedirectResponse("/setup", status_code=303)


def _imported(visit: Visit, sent: SentWorkbook, *, dry_run: bool) -> ImportDone:
    """InvalidFiles for a file that is none, is too large, or holds what is wrong."""
    if not sent.content.startswith(b"PK") or len(sent.content) > MOST_BYTES:
        raise InvalidInput(
            f"not a workbook (XLSX) of at most {MOST_BYTES >> 20} MB",
            field="file",
            value=sent.name,
            fix="choose the workbook that was fetched here and filled in",
        )
    wishes = ImportWishes(dry_run, "" if dry_run else sent.reason, None)
    return import_uploaded(visit.caller, {sent.name: sent.content}, wishes)


def _shown(visit: Visit, sent: SentWorkbook, done: ImportDone, version: int) -> dict[str, Any]:
    return {
        "preview": setup.preview(visit, done.proposal),
        "held": base64.b64encode(sent.content).decode("ascii"),
        "name": sent.name,
        "reason": sent.reason,
        "seal": sent.sealed(version),
    }


def _problems(visit: Visit, error: GreenOfficeError) -> list[dict[str, Any]]:
    """What is wrong with a workbook, each with its place."""
    if not isinstance(error, InvalidFiles):
        value = "" if error.value is None else str(error.value)
        where = ("", 0, error.field or "", value[:120])
        return [_problem(visit, where, error.message, error.fix or "")]
    return [
        _problem(visit, (one.file, one.line, one.column, one.value), one.problem, one.fix)
        for one in error.problems
    ]


def _problem(
    visit: Visit, where: tuple[str, int, str, str], problem: str, fix: str
) -> dict[str, Any]:
    file, line, column, value = where
    return {
        "where": f"{file}:{line}" if line else file,
        "column": column,
        "value": value,
        "problem": said(problem, visit.language),
        "fix": said(fix, visit.language),
    }


def _page(
    visit: Visit, shown: dict[str, Any] | None = None, problems: Sequence[dict[str, Any]] = ()
) -> HTMLResponse:
    return visit.render("setup_workbook.html", view=_view(shown, problems))


def _view(
    shown: dict[str, Any] | None = None, problems: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    return {
        "preview": None,
        "unseen": False,
        **(shown or {}),
        "wrong": len(problems),
        "problems": problems[:MOST_PROBLEMS],
        "more": max(0, len(problems) - MOST_PROBLEMS),
        "longest_reason": MAX_REASON,
        "most_mb": MOST_BYTES >> 20,
    }
