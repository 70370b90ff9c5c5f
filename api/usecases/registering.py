"""The import of the registry: what will change is told before it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from api.caller import Caller
from figures import complete_months
from metering.localtime import local_day
from metering.registry import Registry
from metering.registry.proposal import Proposal, check_reason, propose


@dataclass(frozen=True)
class ImportWishes:
    """How the import is to be done."""

    dry_run: bool
    reason: str
    end_missing: date | None


@dataclass(frozen=True)
class ImportDone:
    """What an import changed, or would change."""

    dry_run: bool
    version: int
    """Of the registry that stands now."""
    passwords: dict[str, str]
    """Of gateways that had none; they are not kept."""
    proposal: Proposal


def building_model(caller: Caller, ending: str) -> str:
    """What is registered, as it holds today at the first of the places, as a building model: `.ttl`
    of Brick, `.json` of Haystack."""
    platform = caller.platform
    registry = platform.registry()
    zone = registry.zone(next(iter(registry.nodes))) if registry.nodes else "UTC"
    return platform.model(registry, local_day(platform.now_us(), zone), ending)


def import_texts(
    caller: Caller, texts: Mapping[str, str | bytes], wishes: ImportWishes
) -> ImportDone:
    """Take CSV files in, all or nothing, or only tell what they would change."""
    read = caller.platform.read_registry
    return _imported(caller, lambda: (read(texts, wishes.end_missing), list(texts)), wishes)


def import_uploaded(
    caller: Caller, files: Mapping[str, str | bytes], wishes: ImportWishes
) -> ImportDone:
    """Likewise of CSV files and workbooks, as they were uploaded."""
    read = caller.platform.read_uploaded
    return _imported(caller, lambda: read(files, wishes.end_missing), wishes)


def _imported(
    caller: Caller, read: Callable[[], tuple[Registry, list[str]]], wishes: ImportWishes
) -> ImportDone:
    platform, now_us = caller.platform, caller.platform.now_us()
    before = platform.registry()
    wanted, tables = read()
    complete = complete_months(platform.books, before, now_us)
    proposal = propose(before, wanted, complete, tables)
    passwords: dict[str, str] = {}
    if not wishes.dry_run:
        passwords = platform.registry_store.apply(
            wanted,
            actor=str(caller.actor),
            now_us=now_us,
            reason=check_reason(proposal, wishes.reason),
            expected_version=before.version,
        )
    version = before.version if wishes.dry_run else platform.registry_store.version()
    return ImportDone(wishes.dry_run, version, passwords, proposal)
