"""Keys: made, listed, given another secret, ended at once or at a date."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.answers.administration import KeyAnswer, NewKeyAnswer, RevokedAnswer
from api.answers.common import PageAnswer
from api.auth import Admin
from api.params import JsonBody, example, refuses
from api.usecases.keys import KeyWanted, end, key_of, keys_of, make, revoke, rotate
from metering.access import ApiKey, Role
from metering.localtime import iso
from metering.registry.proposal import MAX_REASON

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["administration"])

KEY_EXAMPLE = {
    "id": "k1",
    "name": "auditor",
    "node": "bureau",
    "role": "read",
    "created": "2026-11-24T08:15:02Z",
    "revoked": None,
    "purpose": "audit of 2026",
    "expires": "2027-01-01T00:00:00Z",
    "used": "2026-11-24T08:15:02Z",
}


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "auditor",
                "node": "bureau",
                "role": "read",
                "purpose": "audit of 2026",
                "expires": "2027-01-01",
            }
        },
    )
    name: str = Field(min_length=1, max_length=128)
    node: str = Field(max_length=128, description="Root of its subtree; '' is everything")
    role: Role = Role.READ
    purpose: str = Field("", max_length=500, description="What it is for")
    expires: str = Field(
        "",
        max_length=40,
        description="When it ends: an instant, or a local day of which it opens nothing any more",
    )


class KeyReason(BaseModel):
    """Why a key is changed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "it was in a mail"}}
    )
    reason: str = Field("", max_length=MAX_REASON, description="For the audit log")


class KeyEnd(KeyReason):
    """When a key is to end."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"expires": "2027-01-01", "reason": "the audit is over"}},
    )
    expires: str = Field(
        max_length=40,
        description="An instant, or a local day of which it opens nothing any more; '' takes its "
        "end back",
    )


def _key_json(key: ApiKey) -> KeyAnswer:
    return {
        "id": key.id,
        "name": key.name,
        "node": key.node,
        "role": str(key.role),
        "created": iso(key.created_us) if key.created_us else None,
        "revoked": iso(key.revoked_us) if key.revoked_us else None,
        "purpose": key.purpose,
        "expires": iso(key.expires_us) if key.expires_us else None,
        "used": iso(key.used_us) if key.used_us else None,
    }


@router.get("/keys", responses=example({"data": [KEY_EXAMPLE], "next": None}))
def keys(caller: Admin) -> PageAnswer[KeyAnswer]:
    """Keys whose subtree lies in the caller's."""
    return {"data": [_key_json(key) for key in keys_of(caller)], "next": None}


@router.post(
    "/keys", status_code=201, responses={201: example({"secret": "shown once", **KEY_EXAMPLE})[200]}
)
def create_key(body: NewKey, caller: Admin) -> NewKeyAnswer:
    """A new key; its secret is shown once and kept only hashed."""
    made = make(caller, KeyWanted(**body.model_dump()))
    return {"secret": made.secret, **_key_json(made.key)}


@router.post("/keys/{id}/end", responses={**example(KEY_EXAMPLE), **refuses(409)})
def end_key(id: str, body: KeyEnd, caller: Admin) -> KeyAnswer:
    """Have a key open nothing from a day or an instant on, by the clock of its place; an empty one
    takes its end back."""
    end(caller, id, body.expires, body.reason)
    return _key_json(key_of(caller, id))


@router.post(
    "/keys/{id}/rotation",
    status_code=201,
    responses={201: example({"secret": "shown once", **KEY_EXAMPLE})[200], **refuses(409)},
)
def rotate_key(id: str, caller: Admin, body: KeyReason | None = None) -> NewKeyAnswer:
    """A new secret in place of a key's, shown once: another key of the same name, place, role,
    purpose and end, and the end of the old one."""
    made = rotate(caller, id, "" if body is None else body.reason)
    return {"secret": made.secret, **_key_json(made.key)}


@router.delete("/keys/{id}", responses=example({"revoked": "k1"}))
def revoke_key(
    id: str,
    caller: Admin,
    reason: Annotated[str, Query(max_length=MAX_REASON, description="For the audit log")] = "",
) -> RevokedAnswer:
    """End a key at once."""
    revoke(caller, id, reason)
    return {"revoked": id}
