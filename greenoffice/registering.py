"""The registry on the command line: import that tells before it does, and export."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from figures import complete_months
from greenoffice.broker_passwords import add_users, require_writable
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.errors import NotFound
from metering.registry_files import read_registry
from metering.registry_import import Proposal, check_reason, propose

SHOWN = 200
"""Changes that are printed one by one; the rest is counted."""


@dataclass(frozen=True)
class ImportOptions:
    """How an import is done."""

    dry_run: bool = False
    reason: str = ""
    yes: bool = False
    """Go on without asking; a reason is needed all the same."""
    mosquitto_passwords: Path | None = None


def import_registry(
    source: Path,
    data: Path,
    options: ImportOptions | None = None,
    ask: Callable[[str], bool] | None = None,
) -> None:
    """Print what importing the CSV files will change, then import them unless it is a dry run;
    print what there is now, and new gateways' passwords once. `ask` is asked whether to go on;
    None is the terminal where there is one."""
    chosen = options or ImportOptions()
    folder = DataFolder(data.absolute())
    now_us = folder.clock().now_us()
    _require_folder(source)
    if chosen.mosquitto_passwords:
        require_writable(chosen.mosquitto_passwords)
    stores = open_stores(folder)
    before = stores.registry.load()
    wanted = read_registry(source, before)
    proposal = propose(before, wanted, complete_months(stores.books, before, now_us))
    print_proposal(proposal)
    if chosen.dry_run:
        print("dry run: nothing was imported")
        return
    reason = check_reason(proposal, chosen.reason)
    if proposal.changes and not chosen.yes and not (ask or _ask)("import this?"):
        print("nothing was imported")
        return
    passwords = stores.registry.apply(
        wanted,
        actor="command line",
        now_us=now_us,
        reason=reason,
        expected_version=before.version,
    )
    if chosen.mosquitto_passwords:
        add_users(chosen.mosquitto_passwords, passwords)
    present = stores.registry.load()
    print(
        f"nodes {len(present.nodes)}, gateways {len(present.gateways)}, "
        f"meters {len(present.meters)}, points {len(present.points)}"
    )
    for user, password in passwords.items():
        print(f"gateway {user}  password {password}   (shown this once)")


def print_proposal(proposal: Proposal) -> None:
    """Every change, and which of them reach into complete months."""
    for change in proposal.changes[:SHOWN]:
        print(change)
    if (more := len(proposal.changes) - SHOWN) > 0:
        print(f"and {more} more changes")
    for past in proposal.past[:SHOWN]:
        print(f"reaches into complete months: {past}")
    if (more := len(proposal.past) - SHOWN) > 0:
        print(f"and {more} more that do")
    print(f"{len(proposal.changes)} changes, {len(proposal.past)} into complete months")


def _require_folder(source: Path) -> None:
    if not source.is_dir():
        raise NotFound(
            "no such folder",
            field="folder",
            value=str(source),
            fix="name a folder with tree.csv, gateways.csv, meters.csv, points.csv",
        )


def _ask(question: str) -> bool:
    """On a terminal a person says y; a script that calls is not asked."""
    if not sys.stdin.isatty():
        return True
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
