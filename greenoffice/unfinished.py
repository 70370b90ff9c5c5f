"""Commands that change a data folder in several steps leave a note while they are at it.

Whoever finds the note knows that such a command broke off: nothing starts on the folder until
that command was repeated, which finishes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from greenoffice.folder import DataFolder
from metering.errors import ConfigurationError

REBUILD = "rebuild"


@contextmanager
def noted(folder: DataFolder, *command: str) -> Iterator[None]:
    """Leave the note of a command, its name first; it goes when the block ends well, and stays
    otherwise."""
    partial = folder.unfinished.with_suffix(".partial")
    partial.write_text(json.dumps({"command": command}), encoding="utf-8")
    partial.replace(folder.unfinished)
    yield
    folder.unfinished.unlink(missing_ok=True)


def check_finished(folder: DataFolder, finishing: str = "") -> None:
    """ConfigurationError where a command broke off, unless it is the one that now finishes."""
    broken = next(iter(note_of(folder)), finishing)
    if broken != finishing:
        raise ConfigurationError(
            f"`greenoffice {broken}` broke off on this data folder",
            field="file",
            value=str(folder.unfinished),
            fix=f"run `greenoffice {broken} {folder.root}` again; it finishes what it began",
        )


def note_of(folder: DataFolder) -> tuple[str, ...]:
    """What the command that broke off noted, its name first; () where none did."""
    try:
        noted = json.loads(folder.unfinished.read_text(encoding="utf-8"))["command"]
        return tuple(str(word) for word in noted)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as refused:
        raise ConfigurationError(
            "a note of an unfinished command cannot be read",
            field="file",
            value=str(folder.unfinished),
            fix="restore the folder from a backup, or delete the file and run"
            f" `greenoffice rebuild {folder.root}`",
        ) from refused
