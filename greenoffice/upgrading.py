"""`greenoffice upgrade`: a data folder of an earlier version, backed up, migrated and checked."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from greenoffice.backing_up import take
from greenoffice.folder import DataFolder
from greenoffice.owning import at_rest
from greenoffice.stores import database_url, open_file
from greenoffice.unfinished import check_finished, note_of, noted
from metering.errors import ConfigurationError, GreenOfficeError
from storage.backup import verified
from storage.sql.migrate import head
from storage.sql.upgrading import schema_of, upgrade_database

UPGRADE = "upgrade"
Say = Callable[[str], None]


def needs_upgrade(folder: DataFolder) -> bool:
    """Whether the folder's database is of an older schema, or an upgrade of it broke off."""
    return _schema(folder) != head() or note_of(folder)[:1] == (UPGRADE,)


def upgrade_folder(
    folder: DataFolder, backup: Path | None = None, say: Say = lambda _: None
) -> dict[str, object]:
    """Back up the folder, bring its database up to date and check it; says what was done.

    Conflict while a platform runs on the folder or its database. Where it broke off, the next call
    finishes it.
    """
    _schema(folder)
    check_finished(folder, UPGRADE)
    with at_rest(folder, UPGRADE):
        if not needs_upgrade(folder):
            return {"upgraded": False, "schema": head()}
        return _upgrade(folder, _target(folder, backup), say)


def _upgrade(folder: DataFolder, target: Path, say: Say) -> dict[str, object]:
    with noted(folder, UPGRADE, str(target)):
        if not _is_whole(target):
            say(f"backing up to {target}")
            _back_up(folder, target)
        say(f"bringing the database to {head()}")
        told = upgrade_database(database_url(folder))
    return {
        "upgraded": True,
        "schema_before": told.before,
        "schema": told.after,
        "book_rows": told.book_rows,
        "book_hash": told.book_hash,
        "backup": str(target),
    }


def _target(folder: DataFolder, backup: Path | None) -> Path:
    """Where the backup goes: to the place of an upgrade that broke off, if one did."""
    begun = note_of(folder)
    if len(begun) == 2 and begun[0] == UPGRADE:
        return Path(begun[1])
    stamp = datetime.fromtimestamp(folder.clock().now_us() / 1e6, UTC).strftime("%Y%m%dT%H%M%SZ")
    return (backup or folder.root / "backups" / f"before-{head()}-{stamp}").absolute()


def _is_whole(target: Path) -> bool:
    """Whether a backup stands there. What an upgrade that broke off left of one is removed."""
    try:
        verified(target)
    except GreenOfficeError:
        if (target / "greenoffice.db").exists() and not (target / "manifest.json").exists():
            shutil.rmtree(target)
        return False
    return True


def _back_up(folder: DataFolder, target: Path) -> None:
    if folder.settings().influx.url:
        take(folder, target, None)
        return
    with contextlib.closing(open_file(folder)) as readings:
        take(folder, target, readings)


def _schema(folder: DataFolder) -> str:
    """The database's revision; ConfigurationError for a folder that is none, or has lost its
    database."""
    folder.settings()
    url = make_url(database_url(folder))
    is_file = url.get_backend_name() == "sqlite"
    found = None
    if not is_file or Path(url.database or "").is_file():
        found = schema_of(database_url(folder))
    if found is None:
        raise ConfigurationError(
            "the data folder has no database, or an empty one",
            field="database",
            value=url.database,
            fix=f"restore a backup: greenoffice restore BACKUP --data {folder.root} --keep-journal",
        )
    return found
