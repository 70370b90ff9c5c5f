"""The registry, gateway passwords, API keys and the audit log in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from metering.access import ApiKey, AuditEntry
from metering.key_life import ended_before
from metering.ports import AccessStore, CredentialStore, DirtyMarks, RegistryStore
from metering.registry import Registry
from metering.registry.changes import marks_of_change
from metering.registry.merge import merged
from metering.tries import UNCOUNTED, Tries, unknown
from storage.keys import audited, check_not_last, id_of, new_key, new_key_secret, no_such_key
from storage.passwords import REVOKED, Verifier, hashed, holding, new_secret, with_old
from storage.registry_rules import (
    audit_of_import,
    check_expected,
    check_kept,
    no_such_gateway,
    renewed,
)


class MemoryAccess(AccessStore):
    """An AccessStore; `institution_of` names the institution of a key's node for the audit."""

    def __init__(self, institution_of: Callable[[str], str] = lambda _: "") -> None:
        self._institution_of = institution_of
        self._keys: dict[str, ApiKey] = {}
        self._hashes: dict[str, str] = {}
        self._entries: list[AuditEntry] = []
        self._verifier = Verifier()
        self._lock = threading.RLock()

    def create_key(
        self,
        name: str,
        node: str,
        role: str,
        *,
        actor: str,
        now_us: int,
        purpose: str = "",
        expires_us: int = 0,
        reason: str = "",
    ) -> str:
        id, secret = new_key_secret()
        key = new_key(id, name, node, role, now_us, purpose, expires_us)
        with self._lock:
            self._keys[id], self._hashes[id] = key, hashed(secret.encode())
            self._note(key, "key.create", actor, now_us, reason)
        return secret

    def key(self, secret: str, tries: Tries = UNCOUNTED) -> ApiKey | None:
        id = id_of(secret)
        key = self._keys.get(id or "")
        if key is None or key.revoked_us:
            unknown(tries)
            return None
        right = self._verifier.verify(key.id, secret.encode(), self._hashes[key.id], tries)
        return key if right else None

    def keys(self) -> list[ApiKey]:
        return sorted(self._keys.values(), key=lambda key: (key.created_us, key.id))

    def revoke(self, id: str, *, actor: str, now_us: int, reason: str = "") -> None:
        with self._lock:
            if id not in self._keys:
                raise no_such_key(id)
            check_not_last(self._keys[id], self._keys.values(), now_us)
            if not self._keys[id].revoked_us:
                self._keys[id] = replace(self._keys[id], revoked_us=now_us)
                self._note(self._keys[id], "key.revoke", actor, now_us, reason)

    def end(self, id: str, expires_us: int, *, actor: str, now_us: int, reason: str = "") -> None:
        with self._lock:
            if id not in self._keys:
                raise no_such_key(id)
            key = self._keys[id]
            if expires_us:
                check_not_last(key, self._keys.values(), now_us, lasting=True)
            if key.revoked_us or key.expired(now_us):
                raise ended_before(id)
            self._keys[id] = replace(key, expires_us=expires_us)
            self._note(self._keys[id], "key.end", actor, now_us, reason)

    def used(self, id: str, now_us: int) -> None:
        with self._lock:
            if id in self._keys:
                self._keys[id] = replace(self._keys[id], used_us=now_us)

    def audit(self, entry: AuditEntry) -> None:
        with self._lock:
            self._entries.append(replace(entry, id=len(self._entries) + 1))

    def entries(
        self, institutions: frozenset[str] | None, *, before_id: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        with self._lock:
            found = [
                entry
                for entry in reversed(self._entries)
                if (institutions is None or entry.institution in institutions)
                and (before_id is None or entry.id < before_id)
            ]
        return found[:limit]

    def _note(self, key: ApiKey, action: str, actor: str, now_us: int, reason: str) -> None:
        body = self._institution_of(key.node)
        self.audit(AuditEntry(now_us, actor, action, key.id, body, audited(key), reason))


class MemoryRegistry(RegistryStore, CredentialStore):
    """A RegistryStore and the gateways' Credentials."""

    def __init__(
        self,
        audit: Callable[[AuditEntry], None] = lambda _: None,
        marks: DirtyMarks | None = None,
    ) -> None:
        self._audit = audit
        self._marks = marks
        self._registry = Registry()
        self._versions = {0: self._registry}
        self._renewed = 0
        self._hashes: dict[str, str] = {}
        self._verifier = Verifier()
        self._lock = threading.RLock()

    def load(self, version: int | None = None) -> Registry:
        if version is None:
            return self._registry
        check_kept(version, min(self._versions), self._registry.version)
        return self._versions[version]

    def version(self) -> int:
        return self._registry.version

    def apply(
        self,
        wanted: Registry,
        *,
        actor: str,
        now_us: int,
        reason: str = "",
        expected_version: int | None = None,
    ) -> dict[str, str]:
        with self._lock:
            check_expected(self._registry.version, expected_version)
            before, after = self._registry, merged(self._registry, wanted)
            fresh = {user: new_secret() for user in after.gateways if user not in self._hashes}
            self._registry = self._versions[after.version] = after
            self._hashes |= {user: hashed(secret.encode()) for user, secret in fresh.items()}
            if after.version != before.version:
                self._audit(audit_of_import(before, after, actor, now_us, reason))
                if self._marks is not None:
                    changed = marks_of_change(before, after)
                    self._marks.mark(changed, writer_no=0, ready=True)
        return fresh

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries = UNCOUNTED) -> bool:
        return self._verifier.admits(user, password, holding(self.stored(user), now_us), tries)

    def revoked(self, user: str) -> bool:
        return self.stored(user) == REVOKED

    def stored(self, user: str) -> str | None:
        return self._hashes.get(user)

    def all_stored(self) -> dict[str, str]:
        with self._lock:
            return dict(self._hashes)

    def state(self) -> tuple[int, ...]:
        return len(self._hashes), self._renewed

    def renew(
        self, user: str, *, actor: str, now_us: int, keep_old_us: int = 0, reason: str = ""
    ) -> str:
        secret = new_secret()
        stored = fresh = hashed(secret.encode())
        with self._lock:
            if keep_old_us:
                stored = with_old(fresh, self.stored(user), now_us + keep_old_us)
            self._set(user, stored, renewed(user, actor, now_us, keep_old_us, reason))
        return secret

    def revoked_users(self) -> frozenset[str]:
        return frozenset(user for user, one in self.all_stored().items() if one == REVOKED)

    def revoke(self, user: str, *, actor: str, now_us: int, reason: str = "") -> None:
        with self._lock:
            self._set(
                user, REVOKED, AuditEntry(now_us, actor, "gateway.revoke", user, reason=reason)
            )

    def _set(self, user: str, stored: str, entry: AuditEntry) -> None:
        gateway = self._registry.gateways.get(user)
        if gateway is None:
            raise no_such_gateway(user)
        self._hashes[user] = stored
        self._renewed += 1
        institution = self._registry.institution(gateway.site)
        self._audit(replace(entry, institution=institution))
