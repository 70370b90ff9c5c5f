"""What a backup says of itself, and whether it is what it says.

`manifest.json` is written last: a folder without one is a backup that broke off. It holds the
size and the SHA-256 of every file, and one of itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from metering.errors import InvalidInput

MANIFEST = "manifest.json"
FORMAT = 1
Place = tuple[int, int]
"""(segment, offset) in a journal."""


@dataclass(frozen=True)
class ManifestEntry:
    """One file of a backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. Names are paths relative to its folder, with forward slashes."""

    made_us: int
    """When it was begun [us since the Unix epoch, UTC]."""
    schema: str
    """Revision of the database's schema."""
    database: str
    readings: str | None
    """None where the readings are kept elsewhere."""
    checkpoints: Mapping[int, Place]
    """Per writer the record that the backed-up database reads next."""
    journal_ends: Mapping[int, Place]
    """Per writer the place after the last backed-up record; never before its checkpoint."""
    files: Mapping[str, ManifestEntry]

    def below(self, folder: str) -> list[str]:
        """Names of the files in one of the backup's folders, sorted."""
        return sorted(name for name in self.files if name.startswith(f"{folder}/"))


def entry(path: Path) -> ManifestEntry:
    """A file's size and SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ManifestEntry(path.stat().st_size, digest)


def entries(folder: Path) -> dict[str, ManifestEntry]:
    """All files below a folder, by name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): entry(path) for path in found}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make everything durable, then the manifest, under its name only when it is whole."""
    for name in manifest.files:
        _sync(folder / name)
    for path in (*(p for p in folder.rglob("*") if p.is_dir()), folder):
        _sync(path)
    content = {"format": FORMAT, **asdict(manifest)}
    draft = folder / f"{MANIFEST}.draft"
    draft.write_text(json.dumps({**content, "sha256": _digest(content)}, indent=1), "utf-8")
    _sync(draft)
    draft.replace(folder / MANIFEST)
    _sync(folder)


def verified(folder: Path) -> Manifest:
    """The manifest of a whole backup; InvalidInput, naming the file, where it is not whole, or
    holds anything that it does not name."""
    manifest = read_manifest(folder)
    _nothing_else(folder, manifest)
    for name, told in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise _bad(path, "a file of the backup is absent")
        try:
            found = entry(path)
        except OSError as error:
            raise _bad(path, f"a file of the backup cannot be read: {error.strerror}") from error
        if found != told:
            raise _bad(path, "a file of the backup is not what was written")
    return manifest


def _nothing_else(folder: Path, manifest: Manifest) -> None:
    """A link could lead anywhere, and a file that nobody vouches for could be anything."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise _bad(path, "the backup holds something that is neither file nor folder")
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST and name not in manifest.files:
            raise _bad(path, "the backup holds a file that it does not name")


def read_manifest(folder: Path) -> Manifest:
    """The manifest, itself checked, but not the files."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict):
            raise ValueError
        told = content.pop("sha256")
    except FileNotFoundError as error:
        raise _bad(path, "not a backup, or one that broke off") from error
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise _bad(path, "the backup's manifest is damaged") from error
    if told != _digest(content):
        raise _bad(path, "the backup's manifest is damaged")
    if content.pop("format", None) != FORMAT:
        raise _bad(path, "the backup was made by a newer version of the platform")
    try:
        return _manifest(content, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(path, "the backup's manifest is damaged") from error


def _manifest(content: dict[str, Any], path: Path) -> Manifest:
    files = {name: ManifestEntry(**told) for name, told in content.pop("files").items()}
    for name in files:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or str(pure) != name:
            raise _bad(path, "the backup names a file outside itself")
    for one in (content["database"], content["readings"] or content["database"]):
        if one not in files:
            raise _bad(path, "the backup names a file outside itself")
    for name in ("checkpoints", "journal_ends"):
        content[name] = {int(writer): (s, o) for writer, (s, o) in content[name].items()}
    return Manifest(**content, files=files)


def _digest(content: Mapping[str, Any]) -> str:
    """Of the content in one fixed spelling, as it is read back."""
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _bad(path: Path, message: str) -> InvalidInput:
    return InvalidInput(
        message, field="backup", value=str(path), fix="take another backup; nothing was restored"
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
