"""The registry on the command line: import that tells before it does, and export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from collector.routes import check_route
from figures import complete_months
from greenoffice.broker_passwords import add_users, require_writable
from greenoffice.building_models import (
    LeftOut,
    ModelWishes,
    PassedOver,
    is_model,
    left_out,
    model_bytes,
    model_text,
    read_model,
)
from greenoffice.folder import DataFolder
from greenoffice.registry_files import read_registry
from greenoffice.registry_workbook import registry_workbook
from greenoffice.saying import say, spoken, told_problems
from greenoffice.stores import open_stores
from metering.access import by_command
from metering.errors import Conflict, InvalidFiles, InvalidInput, NotFound
from metering.localtime import local_day
from metering.registry import Registry
from metering.registry.files import TABLES, write_registry
from metering.registry.proposal import Proposal, check_reason, propose
from texts import ENGLISH, TAGS, language_of

WORKBOOK = "registry.xlsx"
"""What a workbook is called in a folder."""
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
    end_missing: date | None = None
    """The day on which dated facts end that are not in the files; None keeps them."""
    model: ModelWishes | None = None
    """What a building model leaves open."""


def import_registry(
    source: Path,
    data: Path,
    options: ImportOptions | None = None,
    ask: Callable[[str], bool] | None = None,
) -> None:
    """Print what importing the tables of a folder or a file will change, then import them unless it
    is a dry run; print what there is now, and new gateways' passwords once. `ask` is asked whether
    to go on; None is the terminal where there is one."""
    chosen = options or ImportOptions()
    folder = DataFolder(data.absolute())
    now_us = folder.clock().now_us()
    _require(source)
    if chosen.mosquitto_passwords:
        require_writable(chosen.mosquitto_passwords)
    stores = open_stores(folder)
    before = stores.registry.load()
    wanted, tables, passed_over = _read(source, before, chosen, _today(before, now_us))
    complete = complete_months(stores.books, before, now_us)
    proposal = propose(before, wanted, complete, tables)
    _listed("not known to the registry: ", list(map(_unknown, passed_over)))
    print_proposal(proposal)
    if chosen.dry_run:
        say("dry run: nothing was imported")
        return
    reason = check_reason(proposal, chosen.reason)
    if proposal.changes and not chosen.yes and not (ask or _ask)(spoken("import this?")):
        say("nothing was imported")
        return
    passwords = stores.registry.apply(
        wanted,
        actor=str(by_command()),
        now_us=now_us,
        reason=reason,
        expected_version=before.version,
    )
    if chosen.mosquitto_passwords:
        add_users(chosen.mosquitto_passwords, passwords)
    present = stores.registry.load()
    say(
        f"nodes {len(present.nodes)}, gateways {len(present.gateways)}, "
        f"meters {len(present.meters)}, points {len(present.points)}"
    )
    for user, password in passwords.items():
        say(f"gateway {user}  password {password}   (shown this once)")


def _read(
    source: Path, before: Registry, chosen: ImportOptions, day: date
) -> tuple[Registry, Sequence[str], Sequence[PassedOver]]:
    """(what a source says, of which tables, and what of a building model is in none of them)."""
    if not is_model(source.name) or source.is_dir():
        wanted, tables = read_registry(
            source, before, end_missing=chosen.end_missing, check_route=check_route
        )
        return wanted, tables, ()
    if chosen.end_missing is not None:
        raise InvalidInput(
            "a building model does not say all that is registered",
            field="end_missing",
            value=chosen.end_missing.isoformat(),
            fix="leave it out; what has ended gets its day in CSV files or a workbook",
        )
    model = read_model(source.name, model_bytes(source), before, day, chosen.model)
    return model.wanted, model.tables, model.passed_over


def _unknown(one: PassedOver) -> str:
    return f"{one}: {spoken('no unit')}" if one.lacks_unit else str(one)


def print_proposal(proposal: Proposal) -> None:
    """Every change, what the files do not name, and what reaches into complete months."""
    _listed("", proposal.changes)
    _listed("not in the files, kept: ", proposal.kept)
    _listed("reaches into complete months: ", proposal.past)
    say(
        f"{len(proposal.changes)} changes, {len(proposal.past)} into complete months; "
        f"{len(proposal.kept)} registered and not in the files"
    )


def _listed(before: str, things: Sequence[object]) -> None:
    for one in things[:SHOWN]:
        print(f"{spoken(before)}{one}")
    if (more := len(things) - SHOWN) > 0:
        print(f"{spoken(before)}{spoken(f'{more} more')}")


def require_target(target: Path | None) -> Path:
    """Where to write to. Raises InvalidInput where nobody said it."""
    if target is None:
        raise InvalidInput(
            "nowhere to write to",
            field="folder",
            fix="name a folder, or a file with --brick or --haystack",
        )
    return target


def export_registry(target: Path, data: Path, version: int | None = None) -> None:
    """Write the registry, as it stands or stood at a version, as CSV files that import to the
    same. Raises Conflict where the folder holds such files already."""
    stores = open_stores(DataFolder(data.absolute()))
    registry = stores.registry.load(version)
    present = [name for name in TABLES if (target / name).exists()]
    if present:
        raise Conflict(
            "the folder holds files of a registry already",
            field="folder",
            value=f"{target}: {', '.join(present)}",
            fix="name a new folder, or move these files away",
        )
    target.mkdir(parents=True, exist_ok=True)
    for name, text in write_registry(registry).items():
        (target / name).write_text(text, encoding="utf-8", newline="")
        print(target / name)
    say(f"registry version {registry.version}")


def export_workbook(
    target: Path, data: Path, version: int | None = None, language: str = ENGLISH
) -> None:
    """Write the registry, as it stands or stood at a version, as a workbook that imports to the
    same. Errors as `write_template`."""
    _check_language(language)
    registry = open_stores(DataFolder(data.absolute())).registry.load(version)
    _write_workbook(target, registry_workbook(language, registry))
    say(f"registry version {registry.version}")


def export_model(target: Path, data: Path, ending: str, version: int | None = None) -> None:
    """Write what the registry, as it stands or stood at a version, says today as a building model
    to a new file with that ending, and print what the model does not say. Raises Conflict where
    there is such a file already, InvalidInput for a file with another ending."""
    if target.suffix.lower() != ending:
        raise InvalidInput(
            "not a file of that kind", field="file", value=str(target), fix=f"a name with {ending}"
        )
    folder = DataFolder(data.absolute())
    registry = open_stores(folder).registry.load(version)
    day = _today(registry, folder.clock().now_us())
    text = model_text(registry, day, ending)
    _write_new(target, text.encode())
    _listed("not in the model: ", _unsaid(registry, target.name, text, day))
    say(f"registry version {registry.version}")


def _today(registry: Registry, now_us: int) -> date:
    """The local day at the first of the places."""
    zone = registry.zone(next(iter(registry.nodes))) if registry.nodes else "UTC"
    return local_day(now_us, zone)


def _unsaid(registry: Registry, name: str, text: str, day: date) -> list[str]:
    """What a model does not say, or why an empty folder does not take it as it is."""
    try:
        again = read_model(name, text.encode(), Registry(), day).wanted
    except InvalidFiles as error:
        return [str(one) for one in told_problems(error)]
    return [_left_out(one) for one in left_out(registry, again)]


def _left_out(one: LeftOut) -> str:
    if not one.column:
        return spoken(f"{one.rows} rows of {one.table}")
    return spoken(f"{one.column} in {one.rows} rows of {one.table}")


def write_template(target: Path, language: str) -> None:
    """Write a workbook to fill in. Raises Conflict where there is such a file already, InvalidInput
    for a language that is none of ours."""
    _check_language(language)
    _write_workbook(target, registry_workbook(language))


def _check_language(language: str) -> None:
    if language_of(language) is None:
        raise InvalidInput(
            "no such language", field="language", value=language, fix=f"one of: {', '.join(TAGS)}"
        )


def _write_workbook(target: Path, data: bytes) -> None:
    """To a file, or into a folder under its usual name."""
    _write_new(target if target.suffix.lower() == ".xlsx" else target / WORKBOOK, data)


def _write_new(file: Path, data: bytes) -> None:
    if file.exists():
        raise Conflict(
            "there is such a file already",
            field="file",
            value=str(file),
            fix="name a new file, or move this one away",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    print(file)


def _require(source: Path) -> None:
    if not source.exists():
        raise NotFound(
            "no such folder or file",
            field="folder",
            value=str(source),
            fix="name a workbook, or a folder with tree.csv, gateways.csv, meters.csv, points.csv",
        )


def day_of(text: str) -> date:
    """The day of `YYYY-MM-DD`. Raises InvalidInput for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "not a date", field="end_missing", value=text, fix="YYYY-MM-DD, such as 2026-12-01"
        ) from None


def _ask(question: str) -> bool:
    """On a terminal a person says y; a script that calls is not asked."""
    if not sys.stdin.isatty():
        return True
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
