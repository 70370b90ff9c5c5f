"""Secrets of API keys: `go_<id>_<secret>`, so that one row is looked up, not all tried."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from metering.access import KEY_PREFIX, ApiKey, Role
from metering.errors import Conflict, InvalidInput, NotFound
from metering.localtime import iso
from metering.wording import worded
from storage.passwords import new_secret

_SHAPE = re.compile(rf"{KEY_PREFIX}([0-9a-f]{{12}})_([A-Za-z0-9]{{20,}})")


def new_key_secret() -> tuple[str, str]:
    """(id, whole secret)."""
    id = secrets.token_hex(6)
    return id, f"{KEY_PREFIX}{id}_{new_secret()}"


def id_of(secret: str) -> str | None:
    """The id inside a secret; None where it does not have the shape."""
    shaped = _SHAPE.fullmatch(secret)
    return shaped[1] if shaped else None


def new_key(
    id: str, name: str, node: str, role: str, now_us: int, purpose: str = "", expires_us: int = 0
) -> ApiKey:
    """A key of a role; InvalidInput where the role or name is none, or the purpose too long."""
    if role not in list(Role):
        raise InvalidInput(
            "no such role", field="role", value=role, fix="one of " + ", ".join(Role)
        )
    name = worded(name, "name", 200, line=True)
    if not name:
        raise InvalidInput("a key needs a name", field="name", value=name, fix="say who uses it")
    return ApiKey(
        id=id,
        name=name,
        node=node,
        role=Role(role),
        created_us=now_us,
        purpose=worded(purpose, "purpose", 500, line=True),
        expires_us=expires_us,
    )


def check_not_last(
    key: ApiKey, others: Iterable[ApiKey], now_us: int, *, lasting: bool = False
) -> None:
    """Conflict where a key is the last one that reaches the whole platform as administrator; where
    it is to be `lasting`, the last such without an end."""
    left = [one for one in others if one.id != key.id and not (lasting and one.expires_us)]
    if is_master(key, now_us) and not any(is_master(one, now_us) for one in left):
        raise Conflict(
            "the last administrator's key of the whole platform stays",
            field="id",
            value=key.id,
            fix="make another one first, or on the host: greenoffice key rotate",
        )


def is_master(key: ApiKey, now_us: int) -> bool:
    """Whether a key that stands may do everything everywhere."""
    stands = not key.revoked_us and not key.expired(now_us)
    return stands and key.role is Role.ADMIN and not key.node


def audited(key: ApiKey) -> dict[str, str]:
    """What the audit log tells of a key."""
    told = {"name": key.name, "node": key.node, "role": str(key.role)}
    if key.purpose:
        told["purpose"] = key.purpose
    return told | ({"expires": iso(key.expires_us)} if key.expires_us else {})


def no_such_key(id: str) -> NotFound:
    """The error of an unknown key."""
    return NotFound("no such key", field="id", value=id, fix="list the keys")
