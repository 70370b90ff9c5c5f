"""The file of what gateways of the national protocol log in with, as it is changed."""

from __future__ import annotations

from collector.national import NationalKeys
from greenoffice.folder import DataFolder, write_secret


def forget_gateway(folder: DataFolder, user: str) -> None:
    """Take what a gateway logged in with away, where it has something."""
    keys = NationalKeys(folder.national_keys)
    if any(one.gateway == user for one in keys.all()):
        keep_keys(folder, keys.without(user))


def keep_keys(folder: DataFolder, content: bytes) -> None:
    """The file's new content, whole or not at all: the collector reads it meanwhile."""
    partial = folder.national_keys.with_suffix(".partial")
    write_secret(partial, content.decode())
    partial.replace(folder.national_keys)
