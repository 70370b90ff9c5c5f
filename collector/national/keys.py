"""Who may come in by the national protocol: a file of what each gateway hashes with the sequence.

The protocol has the platform know the secret itself, so that no hash of it is enough. The file is
for its owner alone, read anew at each log-in.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from metering.errors import Damaged, Unavailable

_LARGEST = 16 << 20


class NationalKey(msgspec.Struct, frozen=True):
    """A gateway as it names itself, and which of ours it is."""

    building: str
    """`building_id` of its documents."""
    number: str
    """`gateway_id` of its documents."""
    gateway: str
    """`site/code` of the registry."""
    secret: str
    zone: str = "UTC"
    """Of its site, as the registry had it when the key was made: heartbeats are answered in it."""


class NationalKeys:
    """The keys of a file; none where there is no such file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> list[NationalKey]:
        """All of them. Raises Damaged where the file is none of ours, Unavailable where it cannot
        be read."""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as refused:
            raise Unavailable(
                f"the secrets of gateways cannot be read: {refused.strerror}",
                field="file",
                value=str(self._file),
                fix="make it readable by the platform's user",
            ) from refused
        try:
            return msgspec.json.decode(content[:_LARGEST], type=list[NationalKey])
        except msgspec.DecodeError as broken:
            raise Damaged(
                f"the secrets of gateways cannot be read: {broken}",
                field="file",
                value=str(self._file),
                fix="restore it, or delete it and name the gateways again",
            ) from broken

    def find(self, building: str, number: str) -> NationalKey | None:
        """The key of a gateway by what it calls itself; errors as `all`."""
        named = (building, number)
        return next((one for one in self.all() if (one.building, one.number) == named), None)

    def with_key(self, key: NationalKey) -> bytes:
        """What the file is to hold with this key, in place of those of the same gateway, or of the
        same building and number; errors as `all`."""
        name = (key.building, key.number)
        others = [
            one
            for one in self.all()
            if one.gateway != key.gateway and (one.building, one.number) != name
        ]
        return _text([*others, key])

    def without(self, gateway: str) -> bytes:
        """What the file is to hold without keys of a gateway; errors as `all`."""
        return _text([one for one in self.all() if one.gateway != gateway])


def _text(keys: list[NationalKey]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(keys), indent=1)
