"""How safely a data folder keeps what it has, as its settings, its disk and its backups tell."""

from __future__ import annotations

import shutil

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from metering.keeping import BackupsKept, Keeping
from metering.localtime import parse_instant

_PART = "backups"


def keeping(folder: DataFolder) -> Keeping:
    """As it is now; without backups where no process takes any at present."""
    disk = shutil.disk_usage(folder.root)
    return Keeping(
        folder.settings().journal.retention_days, disk.total, disk.free, _backups(folder)
    )


def _backups(folder: DataFolder) -> BackupsKept | None:
    told = heard(folder.heartbeat(_PART)).get(_PART)
    if told is None or "last" not in told:
        return None
    last = str(told["last"])
    return BackupsKept(parse_instant(last, "last") if last else None, bool(told.get("same_disk")))
