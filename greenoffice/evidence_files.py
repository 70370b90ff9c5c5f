"""Files that people give as evidence: in a folder beside the journal, each named by its SHA-256.

Who gave one stands in small files beside it, `SHA256.….giver`, one for each time that it was given.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from metering.errors import Damaged, NotFound, StorageFull, Unavailable
from metering.statement import EvidenceFile, Giver, check_sha256

ROOM_FOR_READINGS = 1 << 30
"""What files of evidence leave free on their disk [bytes]: readings need it more."""
_GIVER = ".giver"


class EvidenceFiles:
    """The folder; it is made with its first file, and a file in it is never changed.

    `free` tells the free bytes of a folder's disk.
    """

    def __init__(self, folder: Path, free: Callable[[Path], int] | None = None) -> None:
        self._folder = folder
        self._free = free or (lambda path: shutil.disk_usage(path).free)

    def put(self, content: bytes, by: Giver | None = None) -> EvidenceFile:
        """Durable on return, with who gave it, each in a small file beside it. InvalidInput where
        it is of no kind that is kept, or too large; StorageFull on a full disk, and where less than
        `ROOM_FOR_READINGS` would be left."""
        found = EvidenceFile.of(content)
        try:
            self._keep(found.sha256, content)
            if by is not None:
                said = json.dumps({"place": by.place, "at_us": by.at_us}).encode()
                name = hashlib.sha256(said).hexdigest()[:16]
                self._keep(f"{found.sha256}.{name}{_GIVER}", said)
        except OSError as refused:
            raise _refusal(refused, self._folder) from refused
        return found

    def givers(self, sha256: str) -> list[Giver]:
        """Who gave a file; nobody where that was not kept yet. A note that cannot be read names
        nobody, since it opens a file. InvalidInput for no SHA-256."""
        found = []
        for path in sorted(self._folder.glob(f"{check_sha256(sha256)}.*{_GIVER}")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(path.read_bytes())
                found.append(Giver(str(said["place"]), int(said["at_us"])))
        return found

    def find(self, sha256: str) -> EvidenceFile | None:
        """What is known of a file; None where there is none. InvalidInput for no SHA-256."""
        path = self._folder / check_sha256(sha256)
        return EvidenceFile.of(self.content(sha256)) if path.is_file() else None

    def content(self, sha256: str) -> bytes:
        """Its bytes; NotFound where there is none, Damaged where they are not what was given."""
        path = self._folder / check_sha256(sha256)
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "no such file of evidence",
                field="evidence",
                value=sha256,
                fix="send it to /v1/evidence first",
            ) from None
        except OSError as refused:
            raise _refusal(refused, self._folder) from refused
        if hashlib.sha256(found).hexdigest() != sha256:
            raise Damaged(
                "a file of evidence is not what was given",
                field="evidence",
                value=str(path),
                fix="take it from a backup",
            )
        return found

    def _keep(self, name: str, content: bytes) -> None:
        """Write a file that is not there yet, whole or not at all."""
        target = self._folder / name
        partial = self._folder / f".{secrets.token_hex(8)}.part"
        try:
            if not target.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self._free(self._folder) - len(content) < ROOM_FOR_READINGS:
                    raise _full(self._folder)
                _write(partial, content)
                partial.replace(target)
                _sync(self._folder)
                _sync(self._folder.parent)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(error: OSError, folder: Path) -> Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(folder)
    return Unavailable(
        f"a file of evidence cannot be kept: {error.strerror}",
        field="folder",
        value=str(folder),
        fix="give the folder to the platform's user",
    )


def _full(folder: Path) -> StorageFull:
    return StorageFull(
        "the disk is full: a file of evidence cannot be kept",
        field="folder",
        value=str(folder),
        fix="free space, and send it again",
    )
