"""Taking a backup, in an order that makes it consistent although nothing stops for it.

    database   what was booked, and the checkpoint: which message is read next
    readings   later: may already hold what the checkpoint has not passed
    journal    last: holds every message up to the checkpoint and beyond

After a restore the intake reads on at the checkpoint. What the readings hold already is
recognised by its lineage and marked for the ledger once more; what they lack comes from the
journal. The other order would lose: a checkpoint beyond the readings skips what they lack.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from metering.errors import ConfigurationError
from storage.backup.database import back_up_database, schema_and_checkpoints
from storage.backup.journal import back_up_journal, journal_ends
from storage.backup.layout import DATABASE, FILES, JOURNAL, READINGS, disk_errors, must_be_new
from storage.backup.manifest import Manifest, Place, entries, write_manifest


class Copies(Protocol):
    """Readings that are one file, such as DuckDBReadings."""

    def copy_to(self, target: Path) -> None:
        """A copy of the readings at one moment, in a new file, while others write on."""
        ...


@dataclass(frozen=True)
class Sources:
    """What is backed up."""

    database_url: str
    journal: Path
    readings: Copies | None = None
    """None where a server keeps them, which has backups of its own."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Other files by the relative name they are kept under: settings, secrets."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders of files that never change, by the relative name they are kept under; what the
    journal names of them was there before it."""


def back_up(sources: Sources, folder: Path, *, now_us: int) -> Manifest:
    """Write a backup into a new folder, readable by its owner alone.

    Raises ConfigurationError for a folder that cannot be used or a journal that is not the
    database's, StorageFull, and Unavailable where a store does not answer. Until it returns,
    the folder is no backup.
    """
    with disk_errors(folder):
        must_be_new(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        back_up_database(sources.database_url, folder / DATABASE)
        if sources.readings is not None:
            sources.readings.copy_to(folder / READINGS)
        (folder / JOURNAL).mkdir()
        back_up_journal(sources.journal, folder / JOURNAL)
        for name, path in (*sources.files.items(), *_listed(sources.folders)):
            _copy(path, folder / FILES / name)
        manifest = _manifest(sources, folder, now_us)
        write_manifest(folder, manifest)
    return manifest


def check_reach(checkpoints: Mapping[int, Place], ends: Mapping[int, Place], journal: Path) -> None:
    """ConfigurationError where a database has read further than a journal goes."""
    for writer, place in sorted(checkpoints.items()):
        end = ends.get(writer, (0, 0))
        if place > end:
            raise ConfigurationError(
                f"the database has read writer {writer} up to {place}, the journal ends at {end}",
                field="journal",
                value=str(journal),
                fix="name the journal that belongs to this database",
            )


def _manifest(sources: Sources, folder: Path, now_us: int) -> Manifest:
    schema, checkpoints = schema_and_checkpoints(folder / DATABASE)
    ends = journal_ends(folder / JOURNAL)
    check_reach(checkpoints, ends, sources.journal)
    return Manifest(
        made_us=now_us,
        schema=schema,
        database=DATABASE,
        readings=None if sources.readings is None else READINGS,
        checkpoints=checkpoints,
        journal_ends=ends,
        files=entries(folder),
    )


def _listed(folders: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """The files of folders, but for those that are still being written."""
    for name, folder in folders.items():
        for path in sorted(folder.glob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield f"{name}/{path.name}", path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(source, target)
