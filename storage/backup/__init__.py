"""Backups that are taken while everything runs, and are checked before they are restored.

back_up(Sources(url, readings, journal, files), folder, now_us=...) -> Manifest
verified(folder) -> Manifest           every file is what was written, or InvalidInput
restore(folder, Target(url, readings, journal, files)) -> Manifest
"""

from storage.backup.manifest import MANIFEST, Manifest, ManifestEntry, read_manifest, verified
from storage.backup.restoring import Target, restore
from storage.backup.taking import Copies, Sources, back_up

__all__ = [
    "MANIFEST",
    "Copies",
    "Manifest",
    "ManifestEntry",
    "Sources",
    "Target",
    "back_up",
    "read_manifest",
    "restore",
    "verified",
]
