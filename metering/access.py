"""Who acts, who may see and do what: actors, scoped keys, and the trace every change leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from metering.errors import InvalidInput, NotFound
from metering.localtime import day_bounds, parse_instant
from metering.registry.model import Registry
from metering.validity import ALWAYS, Validity


class Role(StrEnum):
    """What a key may do inside its subtree; each includes the ones before."""

    READ = "read"
    ENTER = "enter"
    """also enter readings, quantities and bills of its meters."""
    OPERATE = "operate"
    """also acknowledge findings, push readings and make issues of reports."""
    CLOSE = "close"
    """also close periods, and reopen them together with another person."""
    ADMIN = "admin"
    """also change the registry and make keys."""


KEY_PREFIX = "go_"
"""Every secret of an API key begins so, and no gateway's password does."""


class ActorKind(StrEnum):
    """Whether somebody acts, or something."""

    PERSON = "person"
    SYSTEM = "system"


class ProofKind(StrEnum):
    """By what it is known who acts."""

    KEY = "key"
    """Sent along with what is asked."""
    SESSION = "session"
    """Begun on the page with a key."""
    COMMAND_LINE = "command line"
    """Whoever may run commands on the platform's own folder."""


@dataclass(frozen=True)
class Proof:
    """One way to prove who acts."""

    kind: ProofKind
    key_id: str = ""
    """Of the key behind it; '' where none is needed."""


@dataclass(frozen=True)
class Actor:
    """A person or a system that acts, apart from what proves it: a key is one way."""

    name: str
    kind: ActorKind
    proof: Proof

    def __str__(self) -> str:
        return f"{self.name} ({self.proof.key_id})" if self.proof.key_id else self.name


def by_key(key: ApiKey) -> Actor:
    """Who sends a key along: a program, by the key's name."""
    return Actor(key.name, ActorKind.SYSTEM, Proof(ProofKind.KEY, key.id))


def by_session(key: ApiKey) -> Actor:
    """Who signed in on the page with a key: a person, by the key's name."""
    return Actor(key.name, ActorKind.PERSON, Proof(ProofKind.SESSION, key.id))


def by_command(name: str = "command line", kind: ActorKind = ActorKind.PERSON) -> Actor:
    """Who runs a command on the platform's own folder."""
    return Actor(name, kind, Proof(ProofKind.COMMAND_LINE))


@dataclass(frozen=True)
class ApiKey:
    """An API key as known to the platform; the secret itself is not kept."""

    id: str
    name: str
    node: str
    """Root of the subtree it reaches; '' is the whole platform."""
    role: Role
    created_us: int = 0
    revoked_us: int = 0
    purpose: str = ""
    """What it is for, in words; '' where nobody said."""
    expires_us: int = 0
    """From when on it opens nothing [us]; 0 where it has no end."""
    used_us: int = 0
    """When it was last used [us], to the hour; 0 where it was not, or nobody noted it."""

    def expired(self, now_us: int) -> bool:
        """Whether its time is over."""
        return bool(self.expires_us) and self.expires_us <= now_us


def expiry(text: str, zone: str, now_us: int) -> int:
    """When a key ends [us] that is told as an instant, or as a local day of which it opens nothing
    any more; 0 for ''. InvalidInput where it is neither, or not to come."""
    if not text:
        return 0
    try:
        found = day_bounds(date.fromisoformat(text), zone)[0] if len(text) == 10 else None
    except OverflowError:
        raise InvalidInput(
            "a day too far ahead", field="expires", value=text, fix="a day before 9999-12-29"
        ) from None
    except ValueError:
        found = None
    found = parse_instant(text, "expires") if found is None else found
    if found <= now_us:
        raise InvalidInput(
            "a key that has ended already",
            field="expires",
            value=text,
            fix="a day or an instant to come, or nothing for a key without an end",
        )
    return found


@dataclass(frozen=True)
class Scope:
    """The part of the registry a key reaches, by local day. Views apply it to whatever they read;
    there is no way around it."""

    nodes: frozenset[str]
    """Nodes that it reaches on some day."""
    whole: bool = False
    dated: Mapping[str, tuple[Validity, ...]] = field(default_factory=dict)
    """The days of those that it does not reach on all, earliest first."""

    @classmethod
    def of(cls, key: ApiKey, registry: Registry) -> Scope:
        """What a key reaches: all nodes where it names none, else what is below its node on each
        day; nothing where that node is gone."""
        if not key.node:
            return cls(frozenset(registry.nodes), whole=True)
        return cls.below(key.node, registry)

    @classmethod
    def below(cls, node: str, registry: Registry) -> Scope:
        """A node, and on each day what is below it then."""
        found = registry.held(node) if node in registry.nodes else {}
        dated = {code: days for code, days in found.items() if days != (ALWAYS,)}
        return cls(frozenset(found), dated=dated)

    def days(self, node: str) -> tuple[Validity, ...]:
        """The local days of a node on which it is reached, earliest first; () of one outside."""
        if not self.whole and node not in self.nodes:
            return ()
        return self.dated.get(node, (ALWAYS,))

    def holds(self, node: str, day: date) -> bool:
        """Whether a node is reached on a local day."""
        return any(days.holds(day) for days in self.days(node))

    def check(self, node: str) -> str:
        """The node's code if it lies inside; NotFound otherwise, as if it did not exist."""
        if node not in self.nodes:
            raise NotFound(
                "no such node in your scope",
                field="node",
                value=node,
                fix="list the nodes your key reaches at /v1/nodes",
            )
        return node


@dataclass(frozen=True)
class AuditEntry:
    """One change: who, what, when and why. Append-only."""

    at_us: int
    actor: str
    action: str
    subject: str
    institution: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    """What more there is to tell, as JSON holds it."""
    reason: str = ""
    id: int = 0
