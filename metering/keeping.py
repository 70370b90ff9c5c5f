"""How safely a platform keeps what it has: its journal, its disk and its backups."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackupsKept:
    """What the process that takes backups told last."""

    last_us: int | None
    """When the newest whole one was taken [us UTC]; None where there is none."""
    same_disk: bool
    """Whether they are on the disk of what they are of."""


@dataclass(frozen=True)
class Keeping:
    """Of one data folder."""

    journal_days: int
    """For so long messages are kept after they came [days]."""
    disk_bytes: int
    free_bytes: int
    backups: BackupsKept | None
    """None where no process takes any now."""

    @property
    def free_share(self) -> float:
        """Of the disk; 0 of one without a size."""
        return self.free_bytes / self.disk_bytes if self.disk_bytes else 0.0
