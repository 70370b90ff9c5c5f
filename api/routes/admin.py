"""Keys: made, listed and ended."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.answers.administration import KeyAnswer, NewKeyAnswer, RevokedAnswer
from api.answers.common import PageAnswer
from api.auth import Admin
from api.params import JsonBody, example
from api.usecases.keys import KeyWanted, keys_of, make, revoke
from metering.access import ApiKey, Role
from metering.localtime import iso

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


@router.delete("/keys/{id}", responses=example({"revoked": "k1"}))
def revoke_key(id: str, caller: Admin) -> RevokedAnswer:
    """End a key at once."""
    revoke(caller, id)
    return {"revoked": id}
