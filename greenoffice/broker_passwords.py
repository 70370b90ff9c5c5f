"""Mosquitto's password file, written without Mosquitto.

    USER:$7$<iterations>$<salt>$<hash>     PBKDF2 with SHA-512; salt and hash in base64

The passwords are random and long, so Mosquitto's own small number of iterations is enough.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from greenoffice.folder import write_secret
from metering.errors import ConfigurationError
from storage.passwords import new_secret

_ITERATIONS: Final = 101
_SALT_BYTES: Final = 12


def hashed(password: str) -> str:
    """The password as Mosquitto 2 keeps it, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def require_writable(file: Path) -> None:
    """ConfigurationError where users cannot be added: before passwords are made, not after."""
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ConfigurationError(
            "Mosquitto's password file cannot be written",
            field="mosquitto_passwords",
            value=str(file),
            fix="name a file in a folder that is there and may be written",
        )


def users_of(file: Path) -> set[str]:
    """Who has a password in the file; nobody where it is not there."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {line.partition(":")[0] for line in lines if ":" in line}


def remove_users(file: Path, users: Collection[str]) -> None:
    """Take users out of the file, where they are in it: the broker lets them in no more."""
    if users_of(file).intersection(users):
        _rewrite(file, users, ())


def add_users(file: Path, passwords: Mapping[str, str]) -> None:
    """Add users to the file, in place of lines they have there already; mode 0600."""
    _rewrite(file, passwords, [f"{user}:{hashed(one)}" for user, one in passwords.items()])


def _rewrite(file: Path, gone: Collection[str], added: Iterable[str]) -> None:
    """The file without lines of those who are gone, and with those that are added."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if line.partition(":")[0] not in gone]
    partial = file.with_name(f"{file.name}.partial")
    write_secret(partial, "\n".join([*kept, *added]))
    partial.replace(file)


def add_user(file: Path, user: str, password_file: Path) -> None:
    """Add a user whose password is in a file; the file is made where it is not there yet."""
    require_writable(file)
    if not password_file.exists():
        write_secret(password_file, new_secret())
    add_users(file, {user: password_file.read_text(encoding="utf-8").strip()})
