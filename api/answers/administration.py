"""Keys, and what an import changes."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class KeyAnswer(TypedDict):
    """An API key; its secret is not kept."""

    id: str
    name: str
    node: str
    role: str
    created: str | None
    revoked: str | None
    purpose: str
    expires: str | None
    used: str | None


class SecretAnswer(TypedDict):
    """The secret, shown once."""

    secret: str


class NewKeyAnswer(SecretAnswer, KeyAnswer):
    """A key that was just made."""


class RevokedAnswer(TypedDict):
    """The key that ended."""

    revoked: str


class ChangeAnswer(TypedDict):
    """A changed fact: old row and new row."""

    kind: str
    key: str
    change: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


class KeptAnswer(TypedDict):
    """A fact that is registered, not in the files, and kept."""

    kind: str
    key: str


class MonthAnswer(TypedDict):
    """A complete month of an institution."""

    institution: str
    month: str


class ReachedAnswer(TypedDict):
    """A change that reaches into complete months."""

    kind: str
    key: str
    months: list[MonthAnswer]


class ImportHeadAnswer(TypedDict):
    """Which version stands, and passwords of gateways that had none, shown once."""

    dry_run: bool
    version: int
    passwords: dict[str, str]


class ProposalAnswer(TypedDict):
    """What an import changes; the first 1,000 are listed, all are counted."""

    change_count: int
    changes: list[ChangeAnswer]
    kept_count: int
    kept: list[KeptAnswer]
    reason_needed: bool
    complete_months: list[ReachedAnswer]


class ImportAnswer(ImportHeadAnswer, ProposalAnswer):
    """What an import changed, or would change."""


class HaystackGrid(TypedDict):
    """A grid of Project Haystack 4."""

    _kind: str
    meta: dict[str, str]
    cols: list[dict[str, str]]
    rows: list[dict[str, Any]]


class RegistryAnswer(TypedDict):
    """What is registered."""

    version: int
    files: dict[str, str]
    """Texts of the CSV files that hold any rows, by name."""
