"""Restoring a backup: everything is checked before anything is written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from metering.errors import ConfigurationError, Conflict
from storage.backup.database import check_vacant, restore_database
from storage.backup.journal import journal_ends, journal_starts
from storage.backup.layout import FILES, JOURNAL, disk_errors, must_be_new
from storage.backup.manifest import Manifest, verified
from storage.backup.taking import check_reach


@dataclass(frozen=True)
class Target:
    """Where a backup goes. The database, of either engine, must be empty or not there yet."""

    database_url: str
    journal: Path
    """A new folder, unless `keep_journal`."""
    readings: Path | None = None
    """A file that is not there yet; None where a server keeps the readings."""
    files: Path | None = None
    """The folder that settings and secrets go to; None leaves them out."""
    keep_journal: bool = False
    """The journal there has outlived the rest: it stays, and what came after the backup is
    read from it."""


def restore(folder: Path, target: Target) -> Manifest:
    """Write a backup's content to new places. What the readings lack is then read from the
    journal by the intake, from the restored checkpoint on.

    Raises InvalidInput naming the damaged or absent file, Conflict or ConfigurationError where
    something is there already or the kept journal is not the backup's; then nothing was written.
    """
    manifest = verified(folder)
    with disk_errors(target.journal):
        _check(manifest, target)
        if target.readings is not None and manifest.readings is not None:
            _copy(folder / manifest.readings, target.readings)
        if not target.keep_journal:
            target.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in manifest.below(JOURNAL):
                _copy(folder / name, target.journal / name.removeprefix(f"{JOURNAL}/"))
        if target.files is not None:
            for name in manifest.below(FILES):
                _copy(folder / name, target.files / name.removeprefix(f"{FILES}/"))
        # Last and in one transaction: had a disk been full before, it would still be empty.
        restore_database(folder / manifest.database, target.database_url)
    return manifest


def _check(manifest: Manifest, target: Target) -> None:
    if target.readings is not None and manifest.readings is None:
        raise ConfigurationError(
            "the backup holds no readings: a server kept them",
            field="readings",
            value=str(target.readings),
            fix="restore to the same server, or rebuild readings and books from the journal",
        )
    if target.readings is not None and target.readings.exists():
        raise Conflict(
            "there is a file already",
            field="readings",
            value=str(target.readings),
            fix="restore into a new folder",
        )
    if target.keep_journal:
        check_reach(manifest.checkpoints, journal_ends(target.journal), target.journal)
        _check_starts(manifest, target.journal)
    else:
        must_be_new(target.journal)
    check_vacant(target.database_url)


def _check_starts(manifest: Manifest, journal: Path) -> None:
    """A kept journal whose next message has expired would leave a gap that nobody sees."""
    starts = journal_starts(journal)
    for writer, (segment, _) in sorted(manifest.checkpoints.items()):
        if starts.get(writer, 0) > segment:
            raise ConfigurationError(
                f"the journal no longer holds what writer {writer} wrote next after the backup",
                field="journal",
                value=str(journal),
                fix="put the backup's segments beside those left; what expired between is gone",
            )


def _copy(source: Path, target: Path) -> None:
    """Into a file of its owner alone."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(source, target)
    target.chmod(0o600)
