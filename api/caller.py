"""Who asks: an actor, what it may do, and what it reaches. Nothing here knows HTTP."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from api.platform import Platform
from api.reach import Reach
from figures import AsOf, View
from metering.access import Actor, AuditEntry, Role
from metering.errors import NotAllowed
from metering.factor import USUAL_BASES, Bases

ROLES = (Role.READ, Role.ENTER, Role.OPERATE, Role.CLOSE, Role.ADMIN)


@dataclass(frozen=True)
class Caller:
    """An actor with what it may do, and its reach over the present registry."""

    platform: Platform
    actor: Actor
    role: Role
    node: str
    """Root of the subtree it reaches; '' is the whole platform."""
    reach: Reach

    @property
    def institution(self) -> str:
        """The institution the caller belongs to; '' for the whole platform."""
        known = self.node in self.reach.registry.nodes
        return self.reach.registry.institution(self.node) if known else ""

    def view(
        self, as_of: AsOf | None = None, bases: Bases = USUAL_BASES
    ) -> AbstractContextManager[View]:
        """The books at one revision, the present one where none is named, under the registry
        that the reach is of and within its scope; for one answer."""
        return self.platform.figures.view(self.reach.registry, self.reach.scope, as_of, bases)

    def may(self, role: Role) -> bool:
        """Whether the caller's role includes the one asked for."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def need(self, role: Role) -> None:
        """NotAllowed unless the caller's role includes the one asked for."""
        if not self.may(role):
            raise NotAllowed(
                f"this needs a key with the role {role}",
                field="role",
                value=str(self.role),
                fix="ask an administrator for such a key",
            )

    def need_whole(self) -> None:
        """NotAllowed unless the caller reaches the whole platform."""
        if not self.reach.scope.whole:
            raise NotAllowed(
                "this needs an admin key of the whole platform",
                field="node",
                value=self.node,
                fix="ask the operator of the platform",
            )

    def trace(
        self,
        action: str,
        subject: str,
        reason: str = "",
        institution: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """One line in the audit log, of the caller's institution where no other is named; detail:
        what more there is to tell, as JSON holds it."""
        entry = AuditEntry(
            at_us=self.platform.now_us(),
            actor=str(self.actor),
            action=action,
            subject=subject,
            institution=self.institution if institution is None else institution,
            detail=detail or {},
            reason=reason,
        )
        self.platform.access.audit(entry)
