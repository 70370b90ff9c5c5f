"""The registry out and in: its import tells what will change before it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from api.answers.administration import (
    ChangeAnswer,
    HaystackGrid,
    ImportAnswer,
    ProposalAnswer,
    RegistryAnswer,
)
from api.auth import Admin
from api.params import check_characters, example, refuses
from api.problems import WrongMedia
from api.ranges import local_date
from api.usecases.registering import (
    ImportDone,
    ImportWishes,
    building_model,
    import_uploaded,
)
from metering.errors import InvalidInput
from metering.registry.differences import Change
from metering.registry.files import write_registry
from metering.registry.proposal import MAX_REASON, Proposal

router = APIRouter(prefix="/v1", tags=["administration"])

CHANGES_TOLD = 1000
"""How many changes an answer lists; all are counted."""
FILES_EXAMPLE = {
    "tree.csv": "code,parent,type,zone\n"
    "bureau,,institution,Asia/Shanghai\n"
    "campus,bureau,site,\n"
    "office-a,campus,building,\n",
    "meters.csv": "code,node,item\noffice-a-ac,office-a,01B00\n",
}
EXPORT_EXAMPLE = {"version": 4, "files": FILES_EXAMPLE}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TURTLE = "text/turtle"
HAYSTACK_EXAMPLE = {
    "_kind": "grid",
    "meta": {"ver": "3.0"},
    "cols": [{"name": "id"}, {"name": "dis"}, {"name": "site"}],
    "rows": [
        {
            "id": {"_kind": "ref", "val": "campus"},
            "dis": "Office campus",
            "site": {"_kind": "marker"},
        }
    ],
}
Language = Literal["zh-CN", "en"]
_A_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The workbook",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}, "example": "PK..."}},
    }
}
_A_BRICK_MODEL: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The model",
        "content": {TURTLE: {"schema": {"type": "string"}, "example": "PREFIX brick: ..."}},
    }
}
IMPORT_EXAMPLE = {
    "dry_run": False,
    "version": 4,
    "passwords": {"campus/gw-1": "shown once"},
    "change_count": 1,
    "changes": [
        {
            "kind": "node",
            "key": "office-a",
            "change": "changed",
            "old": {"code": "office-a", "persons": "480"},
            "new": {"code": "office-a", "persons": "495"},
        }
    ],
    "kept_count": 1,
    "kept": [{"kind": "meter", "key": "office-a-ac"}],
    "reason_needed": True,
    "complete_months": [
        {
            "kind": "node",
            "key": "office-a",
            "months": [{"institution": "bureau", "month": "2026-10"}],
        }
    ],
}


@router.get("/registry", responses=example(EXPORT_EXAMPLE))
def registry(caller: Admin) -> RegistryAnswer:
    """What is registered as CSV files, which `POST /v1/registry/import` takes back unchanged."""
    caller.need_whole()
    found = caller.platform.registry()
    return {"version": found.version, "files": write_registry(found)}


@router.get("/registry/workbook", response_class=Response, responses=_A_WORKBOOK)
def registry_as_workbook(caller: Admin, language: Language = "zh-CN") -> Response:
    """What is registered as a workbook (XLSX), which the import takes back unchanged."""
    caller.need_whole()
    return _workbook(caller.platform.workbook(caller.platform.registry(), language), "registry")


@router.get("/registry/brick", response_class=Response, responses=_A_BRICK_MODEL)
def registry_as_brick(caller: Admin) -> Response:
    """What is registered today as a Brick model (Turtle). It has no dates, tariffs and limits; the
    import of the command line takes it back, and leaves these as they are."""
    caller.need_whole()
    return _model(building_model(caller, ".ttl"), TURTLE, "registry.ttl")


@router.get(
    "/registry/haystack",
    response_class=Response,
    responses={
        200: {"model": HaystackGrid, "content": {"application/json": {"example": HAYSTACK_EXAMPLE}}}
    },
)
def registry_as_haystack(caller: Admin) -> Response:
    """What is registered today as a grid of Project Haystack 4 in JSON. It has no dates, tariffs
    and limits; the import of the command line takes it back, and leaves these as they are."""
    caller.need_whole()
    return _model(building_model(caller, ".json"), "application/json", "registry.json")


def _model(text: str, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=media, headers=headers)


@router.get("/registry/template", response_class=Response, responses=_A_WORKBOOK)
def registry_template(caller: Admin, language: Language = "zh-CN") -> Response:
    """A workbook (XLSX) to fill in: a sheet for each table, with drop-downs, examples and
    explanations."""
    caller.need_whole()
    return _workbook(caller.platform.workbook(None, language), "template")


def _workbook(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(content, media_type=XLSX, headers=headers)


@router.post(
    "/registry/import",
    responses={**example(IMPORT_EXAMPLE), **refuses(400, 413, 415)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                    "example": FILES_EXAMPLE,
                },
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "files": {
                                "type": "array",
                                "items": {"type": "string", "format": "binary"},
                            }
                        },
                    }
                },
            },
        }
    },
)
async def import_registry(
    request: Request,
    caller: Admin,
    dry_run: Annotated[
        bool, Query(description="Only tell what would change; nothing is imported")
    ] = False,
    reason: Annotated[
        str,
        Query(
            max_length=MAX_REASON,
            description="Why; needed where a change reaches into complete months",
        ),
    ] = "",
    end_missing: Annotated[
        str | None,
        Query(
            max_length=10,
            description="Local date on which what is registered and not in the files ends",
        ),
    ] = None,
) -> ImportAnswer:
    """Take in CSV files, as JSON `{name: text}`, or CSV files and workbooks (XLSX) as a multipart
    upload; all or nothing.

    Answers with what changed, old row and new row, the first 1,000 of them; with what is
    registered, not in the files and kept; and with the passwords of gateways that had none,
    shown once. A change that reaches into a month that is
    complete needs a `reason`, which is kept in the audit log.
    """
    caller.need_whole()
    texts = await _texts(request)
    end = None if end_missing is None else local_date(end_missing, "end_missing")
    wishes = ImportWishes(dry_run, reason, end)
    return _imported_json(await run_in_threadpool(import_uploaded, caller, texts, wishes))


def _imported_json(done: ImportDone) -> ImportAnswer:
    return {
        "dry_run": done.dry_run,
        "version": done.version,
        "passwords": done.passwords,
        **proposal_json(done.proposal),
    }


def proposal_json(proposal: Proposal) -> ProposalAnswer:
    """What an import changes, the first of it, and which complete months it reaches into."""
    past = proposal.past[:CHANGES_TOLD]
    return {
        "change_count": len(proposal.changes),
        "changes": [_change_json(one) for one in proposal.changes[:CHANGES_TOLD]],
        "kept_count": len(proposal.kept),
        "kept": [{"kind": one.kind, "key": one.key} for one in proposal.kept[:CHANGES_TOLD]],
        "reason_needed": bool(proposal.past),
        "complete_months": [
            {
                "kind": one.change.kind,
                "key": one.change.key,
                "months": [
                    {"institution": body, "month": f"{first:%Y-%m}"} for body, first in one.months
                ],
            }
            for one in past
        ],
    }


def _change_json(change: Change) -> ChangeAnswer:
    return {
        "kind": change.kind,
        "key": change.key,
        "change": change.what,
        "old": change.old,
        "new": change.new,
    }


async def _texts(request: Request) -> Mapping[str, str | bytes]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "multipart/form-data":
        return await _uploaded(request)
    if kind != "application/json":
        raise WrongMedia(
            "neither JSON nor a multipart upload",
            field="Content-Type",
            value=kind,
            fix="application/json with {name: text}, or multipart/form-data with CSV files or XLSX",
        )
    body = await request.body()
    check_characters(body)
    try:
        texts = json.loads(body)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
        raise InvalidInput(
            "not an object of file names and their texts",
            field="body",
            fix='send {"tree.csv": "code,parent,type,zone\\n...", ...}',
        )
    return texts


async def _uploaded(request: Request) -> dict[str, str | bytes]:
    texts: dict[str, str | bytes] = {}
    async with request.form(max_files=64, max_fields=64) as form:
        for upload in (part for _, part in form.multi_items() if isinstance(part, UploadFile)):
            name = upload.filename or "unnamed"
            texts[name] = await upload.read()
    if not texts:
        raise InvalidInput("no files", field="files", fix="upload CSV files or a workbook")
    return texts
