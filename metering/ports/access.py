"""API keys and the audit log."""

from __future__ import annotations

from typing import Protocol

from metering.access import ApiKey, AuditEntry
from metering.tries import UNCOUNTED, Tries


class ApiKeys(Protocol):
    """API keys."""

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
        """The secret of a new key, shown once; kept only hashed. It ends at `expires_us` [us], 0
        for never; the reason stands in the audit log."""
        ...

    def key(self, secret: str, tries: Tries = UNCOUNTED) -> ApiKey | None:
        """The key of a secret, also one that expired; None when unknown or revoked. TooManyTries
        where that would have to be computed and may not be tried; a right secret of lately needs
        no try."""
        ...

    def keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, oldest first; never a secret."""
        ...

    def revoke(self, id: str, *, actor: str, now_us: int, reason: str = "") -> None:
        """End a key from now on, with an entry in the audit log; NotFound if there is none, and
        nothing where it was ended before. Conflict for the last administrator's key of the whole
        platform."""
        ...

    def end(self, id: str, expires_us: int, *, actor: str, now_us: int, reason: str = "") -> None:
        """Have a key end at `expires_us` [us], 0 for never, with an entry in the audit log.
        NotFound if there is none; Conflict where it has ended already, and for an end of the last
        administrator's key of the whole platform."""
        ...

    def used(self, id: str, now_us: int) -> None:
        """Note that a key was used; nothing where there is none. No entry in the audit log."""
        ...


class AuditLog(Protocol):
    """Who did what; nothing of it is ever changed."""

    def audit(self, entry: AuditEntry) -> None:
        """Append an entry; none is ever changed."""
        ...

    def entries(
        self, institutions: frozenset[str] | None, *, before_id: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """Newest first, those of the institutions (None means all) with an id below `before_id`."""
        ...


class AccessStore(ApiKeys, AuditLog, Protocol):
    """API keys and the audit log."""
