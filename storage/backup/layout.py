"""Names in a backup's folder, and what the disk's refusals mean."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metering.errors import ConfigurationError, StorageFull

DATABASE = "greenoffice.db"
READINGS = "readings.duckdb"
JOURNAL = "journal"
FILES = "files"


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """OSError as the platform's errors, naming the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                "the disk is full; what is there of the copy is not complete",
                field="folder",
                value=str(folder),
                fix="free space, remove the folder and begin again",
            ) from error
        raise ConfigurationError(
            f"the folder cannot be used: {error.strerror}",
            field="folder",
            value=str(error.filename or folder),
            fix="name a folder you may write, on a disk with room",
        ) from error


def must_be_new(folder: Path) -> None:
    """ConfigurationError unless the folder is empty or not there yet."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            "there is something already",
            field="folder",
            value=str(folder),
            fix="name a new folder, or an empty one",
        )
