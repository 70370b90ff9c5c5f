"""`greenoffice key`: API keys on the host itself, also where no key is left to ask with."""

from __future__ import annotations

from greenoffice.folder import DataFolder, write_secret
from greenoffice.saying import say
from greenoffice.stores import open_stores
from metering.access import ApiKey, by_command, expiry
from metering.errors import InvalidInput, NotFound
from metering.key_life import rotated
from metering.localtime import iso
from metering.ports import AccessStore
from metering.registry.proposal import MAX_REASON
from metering.wording import worded


def list_keys(folder: DataFolder) -> list[dict[str, object]]:
    """All keys, ended ones too, oldest first; never a secret."""
    known = open_stores(folder).access.keys()
    return [_told(key) for key in known]


def add_key(
    folder: DataFolder, name: str, node: str, role: str, purpose: str = "", expires: str = ""
) -> dict[str, object]:
    """A new key with its secret, which is shown this once. InvalidInput for a node that there is
    none of, a role that is none, no name, or an end that is none to come."""
    stores = open_stores(folder)
    registry = stores.registry.load()
    if node and node not in registry.nodes:
        raise InvalidInput(
            "no such node", field="node", value=node, fix="leave it out for the whole platform"
        )
    now_us = folder.clock().now_us()
    return _made(
        stores.access,
        stores.access.create_key(
            name,
            node,
            role,
            actor=str(by_command()),
            now_us=now_us,
            purpose=purpose,
            expires_us=expiry(expires, registry.zone(node) if node else "UTC", now_us),
        ),
    )


def revoke_key(folder: DataFolder, id: str, reason: str = "") -> dict[str, object]:
    """End a key at once. NotFound where there is none; Conflict for the last one that reaches the
    whole platform as administrator."""
    access, now_us = open_stores(folder).access, folder.clock().now_us()
    access.revoke(id, actor=str(by_command()), now_us=now_us, reason=_said(reason))
    return _told(_known(access, id))


def end_key(folder: DataFolder, id: str, expires: str, reason: str = "") -> dict[str, object]:
    """Have a key open nothing from a day or an instant on, by the clock of its place; '' takes its
    end back. NotFound where there is none; InvalidInput for no end to come; Conflict where it has
    ended, and for the last one that reaches the whole platform as administrator."""
    stores, now_us = open_stores(folder), folder.clock().now_us()
    key, registry = _known(stores.access, id), stores.registry.load()
    zone = registry.zone(key.node) if key.node in registry.nodes else "UTC"
    ends_us = expiry(expires, zone, now_us)
    stores.access.end(id, ends_us, actor=str(by_command()), now_us=now_us, reason=_said(reason))
    return _told(_known(stores.access, id))


def rotate_key(folder: DataFolder, id: str | None, reason: str = "") -> dict[str, object]:
    """A new secret in place of a key's: another key of the same name, place, role, purpose and
    end, and the end of the old one. Without an id it is the key of `secrets/admin.key`, and the
    file gets the new secret, whatever became of the old one."""
    access, now_us = open_stores(folder).access, folder.clock().now_us()
    if id is None:
        return _rotate_first(folder, access, now_us, _said(reason))
    old, actor = _known(access, id), str(by_command())
    return _made(access, rotated(access, old, actor=actor, now_us=now_us, reason=_said(reason)))


def _rotate_first(
    folder: DataFolder, access: AccessStore, now_us: int, reason: str
) -> dict[str, object]:
    """The file is written before the old key ends: a full disk must not lock everybody out."""
    written = folder.admin_key.read_text().strip() if folder.admin_key.exists() else ""
    old = access.key(written)
    actor = str(by_command())
    secret = access.create_key("admin", "", "admin", actor=actor, now_us=now_us, reason=reason)
    write_secret(folder.admin_key, secret)
    if old is not None:
        access.revoke(old.id, actor=actor, now_us=now_us, reason=reason)
    say(f"admin key    {folder.admin_key}", aside=True)
    made = _made(access, secret)
    return {name: value for name, value in made.items() if name != "secret"}


def _said(reason: str) -> str:
    return worded(reason, "reason", MAX_REASON, line=True)


def _known(access: AccessStore, id: str) -> ApiKey:
    known = access.keys()
    for key in known:
        if key.id == id:
            return key
    raise NotFound("no such key", field="id", value=id, fix="list them: greenoffice key list DATA")


def _made(access: AccessStore, secret: str) -> dict[str, object]:
    key = access.key(secret)
    assert key is not None
    return {"secret": secret, **_told(key)}


def _told(key: ApiKey) -> dict[str, object]:
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
