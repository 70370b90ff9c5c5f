"""A key as people manage it: another secret for it, and how it stands."""

from __future__ import annotations

from metering.access import ApiKey
from metering.errors import Conflict
from metering.ports import ApiKeys


def rotated(keys: ApiKeys, old: ApiKey, *, actor: str, now_us: int, reason: str = "") -> str:
    """A new secret in place of a key's, shown once: another key of the same name, place, role,
    purpose and end, and the end of the old one. Conflict where that has ended already."""
    if old.revoked_us or old.expired(now_us):
        raise ended_before(old.id)
    secret = keys.create_key(
        old.name,
        old.node,
        old.role,
        actor=actor,
        now_us=now_us,
        purpose=old.purpose,
        expires_us=old.expires_us,
        reason=reason,
    )
    keys.revoke(old.id, actor=actor, now_us=now_us, reason=reason)
    return secret


def ended_before(id: str) -> Conflict:
    """The error of a change to a key that opens nothing any more."""
    return Conflict("this key has ended", field="id", value=id, fix="make a new key")
