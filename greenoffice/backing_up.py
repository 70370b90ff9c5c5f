"""`greenoffice backup` and `greenoffice restore`: everything of a data folder, and back again.

While a platform runs, only its intake may read the DuckDB file, so the command leaves a request in
the folder's `run/` and the intake takes the backup; file permissions decide who may ask.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from greenoffice.damage import put_damaged_stores_aside
from greenoffice.folder import DataFolder
from greenoffice.journal_checking import require_sound
from greenoffice.owning import at_rest, database_at_rest, files_at_rest
from greenoffice.settings import DatabaseSettings, load_settings
from greenoffice.stores import database_url, open_file, with_password
from metering.errors import Conflict, GreenOfficeError, Unavailable
from storage.backup import Copies, Sources, Target, back_up, restore, verified

PATIENCE_S = 1800.0


def back_up_folder(folder: DataFolder, target: Path) -> dict[str, object]:
    """Back up a data folder, running or not; says what the manifest says."""
    if folder.settings().influx.url:
        return take(folder, target, None)
    try:
        with (
            at_rest(folder, "backup", ["intake"]),
            contextlib.closing(open_file(folder)) as readings,
        ):
            return take(folder, target, readings)
    except Conflict:
        return _ask_platform(folder, target)


def take(folder: DataFolder, target: Path, readings: Copies | None) -> dict[str, object]:
    """Take the backup in this process; Unavailable where the journal is damaged."""
    require_sound(folder)
    kept = [folder.settings_file, *sorted(folder.secrets.iterdir()), folder.demo_world]
    sources = Sources(
        database_url(folder),
        folder.journal,
        readings,
        {str(p.relative_to(folder.root)): p for p in kept if p.is_file()},
        {folder.evidence.name: folder.evidence},
    )
    manifest = back_up(sources, target, now_us=folder.clock().now_us())
    return {"folder": str(target), "files": len(manifest.files)}


@dataclass
class BackupWork:
    """Takes the backups that the command line asks the running platform for."""

    folder: DataFolder
    readings: Copies | None

    def __call__(self) -> bool:
        request = _request_file(self.folder)
        if not request.is_file():
            return False
        target = Path(json.loads(request.read_text())["target"])
        try:
            answer = take(self.folder, target, self.readings)
        except GreenOfficeError as refused:
            answer = {"error": str(refused)}
        _write(_answer_file(self.folder), answer)
        request.unlink()
        return False


def restore_folder(
    backup: Path,
    folder: DataFolder,
    *,
    database: str = "",
    keep_journal: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Restore a backup into a data folder.

    `database` names an empty PostgreSQL database in place of the one in the settings; without a
    password it takes the one of the settings' file.
    `keep_journal`: database and readings of this folder are lost, its journal is not; what came
    after the backup is read from it when the platform starts. Where one of the two is damaged,
    both are put aside first.
    """
    progress("checking the backup")
    manifest = verified(backup)
    settings = load_settings(backup / "files" / "greenoffice.toml")
    folder.root.mkdir(parents=True, exist_ok=True)
    url = _target(backup, folder, settings.database, database, keep_journal=keep_journal)
    target = Target(
        url,
        folder.journal,
        None if settings.influx.url else folder.readings,
        None if keep_journal else folder.root,
        keep_journal=keep_journal,
    )
    with contextlib.ExitStack() as held:
        held.enter_context(database_at_rest(folder, "restore", url))
        if keep_journal:
            held.enter_context(files_at_rest(folder, "restore"))
            put_damaged_stores_aside(folder)
        progress("writing")
        restore(backup, target)
        folder.gateway_passwords.unlink(missing_ok=True)  # those of another database
    return {"folder": str(folder.root), "files": len(manifest.files)}


def _target(
    backup: Path,
    folder: DataFolder,
    settings: DatabaseSettings,
    database: str,
    *,
    keep_journal: bool,
) -> str:
    """The address to restore the database to. A password's file is the one that the folder will
    have: its own where that stays, else the backup's."""
    address = database or settings.url
    if not address:
        return f"sqlite:///{folder.database}"
    if settings.password_file is None or (database and _has_password(database)):
        return address
    kept = DataFolder(backup / "files")
    own = keep_journal or not (kept.root / settings.password_file).is_file()
    return with_password(address, (folder if own else kept).secret(settings.password_file))


def _has_password(address: str) -> bool:
    try:
        return bool(make_url(address).password)
    except ArgumentError:
        return False


def _ask_platform(folder: DataFolder, target: Path) -> dict[str, object]:
    answer = _answer_file(folder)
    answer.unlink(missing_ok=True)
    _write(_request_file(folder), {"target": str(target.absolute())})
    deadline = time.monotonic() + PATIENCE_S
    while not answer.is_file():
        if time.monotonic() > deadline:
            raise Unavailable(
                "the running platform did not take the backup",
                field="folder",
                value=str(folder.root),
                fix="see its log in logs/intake.log",
            )
        time.sleep(0.2)
    told: dict[str, object] = json.loads(answer.read_text())
    if "error" in told:
        raise Unavailable(
            f"the running platform could not take the backup: {told['error']}",
            field="folder",
            value=str(folder.root),
            fix="mend what it names, then run the command again",
        )
    return told


def _request_file(folder: DataFolder) -> Path:
    return folder.run / "backup-request.json"


def _answer_file(folder: DataFolder) -> Path:
    return folder.run / "backup-answer.json"


def _write(file: Path, content: dict[str, object]) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    partial.replace(file)
