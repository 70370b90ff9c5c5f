"""Secrets of API keys: `go_<id>_<secret>`, so that one row is looked up, not all tried."""

from __future__ import annotations

import re
import secrets

from metering.access import ApiKey, Role
from metering.errors import InvalidInput, NotFound
from storage.passwords import new_secret

_SHAPE = re.compile(r"go_([0-9a-f]{12})_([A-Za-z0-9]{20,})")


def new_key_secret() -> tuple[str, str]:
    """(id, whole secret)."""
    id = secrets.token_hex(6)
    return id, f"go_{id}_{new_secret()}"


def id_of(secret: str) -> str | None:
    """The id inside a secret; None where it does not have the shape."""
    shaped = _SHAPE.fullmatch(secret)
    return shaped[1] if shaped else None


def new_key(id: str, name: str, node: str, role: str, now_us: int) -> ApiKey:
    """A key of a role; InvalidInput where the role or name is none."""
    if role not in list(Role):
        raise InvalidInput(
            "no such role", field="role", value=role, fix="one of " + ", ".join(Role)
        )
    if not name.strip():
        raise InvalidInput("a key needs a name", field="name", value=name, fix="say who uses it")
    return ApiKey(id=id, name=name, node=node, role=Role(role), created_us=now_us)


def no_such_key(id: str) -> NotFound:
    """The error of an unknown key."""
    return NotFound("no such key", field="id", value=id, fix="list the keys")
