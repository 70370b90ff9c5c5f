"""The registry and the passwords of gateways."""

from __future__ import annotations

from typing import Protocol

from metering.registry.model import Registry
from metering.tries import UNCOUNTED, Tries


class RegistryReader(Protocol):
    """The registry as it stands and stood."""

    def load(self, version: int | None = None) -> Registry:
        """The present registry, or as it stood at a version; NotFound where that never was or
        its rows are not kept."""
        ...

    def version(self) -> int:
        """The present version; 0 before the first import."""
        ...


class RegistryStore(RegistryReader, Protocol):
    """The registry, and one way to change it. Rows are never overwritten."""

    def apply(
        self,
        wanted: Registry,
        *,
        actor: str,
        now_us: int,
        reason: str = "",
        expected_version: int | None = None,
    ) -> dict[str, str]:
        """Add or replace everything in `wanted` by natural key, in one transaction.

        Points keep their id by (gateway, name); ids in `wanted` only tie its installations to
        its points. Returns {gateway user: new password} for gateways that had none: shown
        once, kept only hashed. Adds an audit entry with every old and new row and the reason,
        and dirty marks for what the change books differently, in the same transaction. Raises
        Conflict where the version is not the expected one; then nothing is changed.
        """
        ...


class Credentials(Protocol):
    """What a listener asks of the registry; called in a thread of its own."""

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries = UNCOUNTED) -> bool:
        """Whether the gateway exists and the password is one that lets it in at an instant [us].
        TooManyTries where that would have to be computed and may not be tried; a right password of
        lately needs no try."""
        ...

    def revoked(self, user: str) -> bool:
        """Whether the gateway's password was taken away and it has no other since."""
        ...

    def knows(self, user: str) -> bool:
        """Whether there is such a gateway, of which something else than a password says that it is
        this one."""
        ...


class CredentialSource(Credentials, Protocol):
    """What a listener asks that keeps a copy of the passwords' hashes."""

    def stored(self, user: str) -> str | None:
        """What is kept of a gateway's password: its hash, beside it that of the one before where
        that still holds, or that it was revoked. None where there is no such gateway."""
        ...

    def knows(self, user: str) -> bool:
        return self.stored(user) is not None and not self.revoked(user)

    def all_stored(self) -> dict[str, str]:
        """The same of all gateways by user."""
        ...

    def state(self) -> tuple[int, ...]:
        """Another one whenever a password is new, was renewed or is gone; costs little."""
        ...


class CredentialStore(CredentialSource, Protocol):
    """Gateway passwords."""

    def renew(
        self, user: str, *, actor: str, now_us: int, keep_old_us: int = 0, reason: str = ""
    ) -> str:
        """A new password, shown once; the one before holds for so long beside it [us]. One that
        was revoked is no longer. The reason stands in the audit log, as that of `revoke`."""
        ...

    def revoked_users(self) -> frozenset[str]:
        """All of whom `revoked` holds."""
        ...

    def revoke(self, user: str, *, actor: str, now_us: int, reason: str = "") -> None:
        """Let no password in from now on; NotFound where there is no such gateway."""
        ...
