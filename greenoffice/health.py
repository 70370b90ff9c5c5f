"""How the parts of other processes are, as those last told."""

from __future__ import annotations

from api import PartHealth
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard


def process_health(folder: DataFolder, process: str) -> dict[str, PartHealth]:
    """The parts of the process; one part of its name, not ready, where it does not run."""
    return {
        name: PartHealth(bool(told.pop("ok")), told)
        for name, told in heard(folder.heartbeat(process)).items()
    }
