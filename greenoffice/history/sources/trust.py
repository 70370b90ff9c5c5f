"""By what another system lets us in, and by what it is believed to be that system.

A secret comes from a file or the environment, never from a command, which every user of a machine
can list.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from metering.errors import InvalidInput, NotFound


def secret_of(file: Path | None, option: str, variable: str) -> str:
    """The first line of the file, else what the variable of the environment holds; '' without both.
    Raises NotFound where the file cannot be read, InvalidInput where no secret stands in it."""
    if file is None:
        return os.environ.get(variable, "")
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise NotFound(
            "a secret cannot be read",
            field=option,
            value=str(file),
            fix="name a text file that you may read, with nothing else in it",
        ) from None
    if not lines or not lines[0].strip():
        raise InvalidInput(
            "no secret is in the file", field=option, value=str(file), fix="write it in one line"
        )
    return lines[0].strip()


def believing(authority: Path | None) -> ssl.SSLContext:
    """TLS that checks the server's certificate and name, by a file of authorities or by those the
    system knows. NotFound where the file cannot be read."""
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError):
        raise NotFound(
            "certificates cannot be read",
            field="--ca",
            value=str(authority),
            fix="name a PEM file that you may read",
        ) from None
