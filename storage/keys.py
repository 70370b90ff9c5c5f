"""Secrets of API keys: `go_<id>_<secret>`, so that one row is looked up, not all tried."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from metering.access import ApiKey, Role
from metering.errors import Conflict, InvalidInput, NotFound
from metering.wording import worded
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
    name = worded(name, "name", 200, line=True)
    if not name:
        raise InvalidInput("a key needs a name", field="name", value=name, fix="say who uses it")
    return ApiKey(id=id, name=name, node=node, role=Role(role), created_us=now_us)


def check_not_last(key: ApiKey, others: Iterable[ApiKey]) -> None:
    """Conflict where a key is the last one that reaches the whole platform as administrator."""
    if is_master(key) and not any(is_master(one) for one in others if one.id != key.id):
        raise Conflict(
            "the last administrator's key of the whole platform stays",
            field="id",
            value=key.id,
            fix="make another one first, or on the host: greenoffice key rotate",
        )


def is_master(key: ApiKey) -> bool:
    """Whether a key that stands may do everything everywhere."""
    return key.role is Role.ADMIN and not key.node and not key.revoked_us


def no_such_key(id: str) -> NotFound:
    """The error of an unknown key."""
    return NotFound("no such key", field="id", value=id, fix="list the keys")
