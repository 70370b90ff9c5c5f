"""Changes to the platform: keys and the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from api.auth import Admin, Caller
from api.params import Json, body_of, example
from api.problems import TooLarge
from api.reach import Outside
from metering.access import ApiKey, Role
from metering.errors import InvalidInput
from metering.localtime import iso

router = APIRouter(prefix="/v1", tags=["administration"])

KEY_EXAMPLE = {
    "id": "k1",
    "name": "auditor",
    "node": "bureau",
    "role": "read",
    "created": "2026-11-24T08:15:02Z",
    "revoked": None,
}


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "auditor", "node": "bureau", "role": "read"}},
    )
    name: str = Field(min_length=1, max_length=128)
    node: str = Field(max_length=128, description="Root of its subtree; '' is everything")
    role: Role = Role.READ


def _key_json(key: ApiKey) -> Json:
    return {
        "id": key.id,
        "name": key.name,
        "node": key.node,
        "role": str(key.role),
        "created": iso(key.created_us) if key.created_us else None,
        "revoked": iso(key.revoked_us) if key.revoked_us else None,
    }


def _in_scope(caller: Caller, key: ApiKey) -> bool:
    return caller.reach.scope.whole or key.node in caller.reach.scope.nodes


@router.get("/keys", responses=example({"data": [KEY_EXAMPLE], "next": None}))
def keys(caller: Admin) -> Json:
    """Keys whose subtree lies in the caller's."""
    known = caller.platform.access.keys()
    return {"data": [_key_json(key) for key in known if _in_scope(caller, key)], "next": None}


@router.post("/keys", status_code=201, responses={201: example({"secret": "shown once"})[200]})
def create_key(body: NewKey, caller: Admin) -> Json:
    """A new key; its secret is shown once and kept only hashed."""
    if body.node or not caller.reach.scope.whole:
        caller.reach.node(body.node)
    secret = caller.platform.access.create_key(
        body.name, body.node, body.role, actor=caller.actor, now_us=caller.platform.now_us()
    )
    made = caller.platform.access.key(secret)
    return {"secret": secret, **({} if made is None else _key_json(made))}


@router.delete("/keys/{id}", responses=example({"revoked": "k1"}))
def revoke_key(id: str, caller: Admin) -> Json:
    """End a key at once."""
    known = caller.platform.access.keys()
    found = {key.id: key for key in known}
    if id not in found or not _in_scope(caller, found[id]):
        raise Outside(
            "no such key in your scope", field="key", value=id, fix="list them at /v1/keys"
        )
    caller.platform.access.revoke(id, actor=caller.actor, now_us=caller.platform.now_us())
    return {"revoked": id}


@router.post(
    "/registry/import",
    responses=example({"version": 4, "passwords": {"campus/gw-1": "shown once"}}),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                    "example": {"nodes.csv": "code,type,parent\ncampus,site,bureau\n"},
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
async def import_registry(request: Request, caller: Admin) -> Json:
    """Take in CSV files, as JSON `{name: text}` or as a multipart upload; all or nothing.

    Answers with the passwords of gateways that had none, shown once.
    """
    caller.need_whole()
    texts = await _texts(request, caller.platform.max_import_bytes)
    return await run_in_threadpool(_apply, caller, texts)


def _apply(caller: Caller, texts: Mapping[str, str]) -> Json:
    platform = caller.platform
    wanted = platform.read_registry(texts)
    now_us = platform.now_us()
    passwords = platform.registry_store.apply(wanted, actor=caller.actor, now_us=now_us)
    return {"version": platform.registry_store.version(), "passwords": passwords}


async def _texts(request: Request, limit: int) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "multipart/form-data":
        return await _uploaded(request, limit)
    if kind != "application/json":
        raise InvalidInput(
            "neither JSON nor a multipart upload",
            field="Content-Type",
            value=kind,
            fix="application/json with {name: text}, or multipart/form-data with CSV files",
        )
    try:
        texts = json.loads(await body_of(request, limit))
    except ValueError:
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
        raise InvalidInput(
            "not an object of file names and their texts",
            field="body",
            fix='send {"nodes.csv": "code,type,...", ...}',
        )
    return texts


async def _uploaded(request: Request, limit: int) -> dict[str, str]:
    if int(request.headers.get("content-length") or limit + 1) > limit:
        raise TooLarge(f"an upload above {limit} bytes", field="body", fix="send fewer files")
    texts: dict[str, str] = {}
    async with request.form(max_files=64, max_fields=64) as form:
        for upload in (part for _, part in form.multi_items() if isinstance(part, UploadFile)):
            name = upload.filename or "unnamed"
            try:
                texts[name] = (await upload.read()).decode("utf-8-sig")
            except UnicodeDecodeError:
                raise InvalidInput(
                    "not UTF-8 text", field="files", value=name, fix="save it as CSV in UTF-8"
                ) from None
    if not texts:
        raise InvalidInput("no files", field="files", fix="upload one or more CSV files")
    return texts
