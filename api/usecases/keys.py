"""Keys of a scope, one for each person or program: made, given another secret, ended.

    wanted key ─▶ its place lies in the scope on all days ─▶ the store, with the reason

A key of a place reads all days of it; so whoever holds a place on some days alone makes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from api.caller import Caller
from api.reach import Outside
from metering.access import ApiKey, AuditEntry, Role, expiry
from metering.errors import NotAllowed
from metering.key_life import rotated
from metering.registry.proposal import MAX_REASON
from metering.wording import worded

MOST_LOG = 2_000
"""Entries of the audit log that are looked through for what was done with a key."""


@dataclass(frozen=True)
class KeyWanted:
    """A key as somebody wants it."""

    name: str
    node: str
    """Root of its subtree; '' is the whole platform."""
    role: Role
    purpose: str = ""
    expires: str = ""
    """An instant, or a local day of which it opens nothing any more; '' is never."""


@dataclass(frozen=True)
class KeyMade:
    """A new key, and its secret: it is told this once."""

    key: ApiKey
    secret: str


def keys_of(caller: Caller) -> list[ApiKey]:
    """Keys whose place lies in the caller's scope, oldest first, ended ones too."""
    caller.need(Role.ADMIN)
    return list(filter(partial(_is_seen, caller), caller.platform.access.keys()))


def key_of(caller: Caller, id: str) -> ApiKey:
    """A key of the scope by its id. Outside where there is none."""
    for key in keys_of(caller):
        if key.id == id:
            return key
    raise Outside("no such key in your scope", field="key", value=id, fix="list them at /v1/keys")


def past_of(caller: Caller, id: str) -> list[AuditEntry]:
    """What was done with a key of the scope, newest first, as far as the latest entries of the
    audit log tell."""
    key = key_of(caller, id)
    bodies = None if caller.reach.scope.whole else frozenset({caller.institution})
    latest = caller.platform.access.entries(bodies, limit=MOST_LOG)
    return [one for one in latest if one.subject == key.id and one.action.startswith("key.")]


def check_wanted(caller: Caller, wanted: KeyWanted) -> int:
    """When such a key ends [us], 0 for never. Outside for a place out of the scope; NotAllowed for
    one that lies in it on some days alone; InvalidInput for a name, a purpose or an end that is
    none."""
    caller.need(Role.ADMIN)
    if wanted.node or not caller.reach.scope.whole:
        caller.reach.node(wanted.node)
    _need_all_days(caller, wanted.node)
    worded(wanted.name, "name", 128, line=True)
    worded(wanted.purpose, "purpose", 500, line=True)
    zone = caller.reach.registry.zone(wanted.node) if wanted.node else "UTC"
    return expiry(wanted.expires, zone, caller.platform.now_us())


def make(caller: Caller, wanted: KeyWanted, reason: str = "") -> KeyMade:
    """A new key. Errors as `check_wanted`."""
    expires_us = check_wanted(caller, wanted)
    secret = caller.platform.access.create_key(
        wanted.name,
        wanted.node,
        wanted.role,
        actor=str(caller.actor),
        now_us=caller.platform.now_us(),
        purpose=wanted.purpose,
        expires_us=expires_us,
        reason=_said(reason),
    )
    return _made(caller, secret)


def rotate(caller: Caller, id: str, reason: str = "") -> KeyMade:
    """A new secret in place of a key's. Conflict where it has ended; errors as `key_of` and
    `check_wanted`."""
    old = key_of(caller, id)
    _need_all_days(caller, old.node)
    access, now_us = caller.platform.access, caller.platform.now_us()
    actor = str(caller.actor)
    return _made(caller, rotated(access, old, actor=actor, now_us=now_us, reason=_said(reason)))


def end(caller: Caller, id: str, expires: str, reason: str = "") -> None:
    """Have a key open nothing from a day or an instant on; '' takes its end back. Conflict where it
    has ended, and for the last administrator's key of the whole platform."""
    key, now_us = key_of(caller, id), caller.platform.now_us()
    at_us = end_of(caller, key, expires)
    caller.platform.access.end(
        key.id, at_us, actor=str(caller.actor), now_us=now_us, reason=_said(reason)
    )


def end_of(caller: Caller, key: ApiKey, expires: str) -> int:
    """An end of a key [us] by the clock of its place; 0 for ''. InvalidInput for none to come."""
    nodes = caller.reach.registry.nodes
    zone = caller.reach.registry.zone(key.node) if key.node in nodes else "UTC"
    return expiry(expires, zone, caller.platform.now_us())


def revoke(caller: Caller, id: str, reason: str = "") -> None:
    """End a key of the scope at once. Conflict for the last administrator's key of the whole
    platform."""
    key, now_us = key_of(caller, id), caller.platform.now_us()
    caller.platform.access.revoke(
        key.id, actor=str(caller.actor), now_us=now_us, reason=_said(reason)
    )


def _is_seen(caller: Caller, key: ApiKey) -> bool:
    scope = caller.reach.scope
    if scope.whole:
        return True
    if key.node not in scope.nodes:
        return False
    return key.node not in scope.dated or caller.reach.holds_now(key.node, caller.platform.now_us())


def _need_all_days(caller: Caller, node: str) -> None:
    if node in caller.reach.scope.dated:
        raise NotAllowed(
            "this place is in your scope on some days alone, and its key would read all of them",
            field="node",
            value=node,
            fix="ask the operator of the platform for such a key",
        )


def _said(reason: str) -> str:
    return worded(reason, "reason", MAX_REASON, line=True)


def _made(caller: Caller, secret: str) -> KeyMade:
    key = caller.platform.access.key(secret)
    assert key is not None
    return KeyMade(key, secret)
