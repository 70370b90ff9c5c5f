"""Pushes that are encrypted: general-glo-ciphering and general-ded-ciphering (IEC 62056-5-3).

    DB or DD | system title | length | security control 1 | counter 4 | data | tag 12

AES-GCM, begun from system title and counter. With an authentication key the tag is checked; without
one the data are read and known by how they begin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from collector.decode.dlms.axdr import AxdrReader
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.security import counted
from collector.decode.message import Refusal
from metering.errors import InvalidInput

CIPHERED = frozenset({0xDB, 0xDD})
_ENCRYPTED, _AUTHENTICATED, _COMPRESSED = 0x20, 0x10, 0x80
_TAG, _FIRST_BLOCK = 12, b"\x00\x00\x00\x02"
TITLE = 8
"""Bytes of a system title."""
_KEY = re.compile(r"[0-9A-Fa-f]{32}")


@dataclass(frozen=True)
class PushOptions:
    """What a route says of a meter."""

    key: bytes = b""
    """Global unicast or broadcast encryption key; empty where it encrypts nothing."""
    authentication: bytes = b""
    device: str = ""
    """Its name in names of points; '' where the gateway has one meter."""

    @classmethod
    def of(cls, options: Mapping[str, str]) -> PushOptions:
        """Raises InvalidInput with field `options` for another option, or what is no key."""
        for name, value in options.items():
            if name not in {"key", "authentication", "device"}:
                fix = "one of key, authentication, device"
                raise InvalidInput("unknown option", field="options", value=name, fix=fix)
            if name != "device" and not _KEY.fullmatch(value):
                fix = "32 hexadecimal digits, as the meter's supplier names them"
                raise InvalidInput("not a key", field="options", value=name, fix=fix)
        key, authentication = (
            bytes.fromhex(options.get(one, "")) for one in ("key", "authentication")
        )
        return cls(key, authentication, options.get("device", ""))


NO_OPTIONS = PushOptions()


def deciphered(octets: bytes, options: PushOptions) -> bytes:
    """The data in clear. Raises Refusal: `bad_frame` where it is cut, `encrypted` without the right
    key."""
    reader = AxdrReader(octets, 1)
    title = reader.take(reader.length())
    body = reader.take(reader.length())
    if len(title) != TITLE or len(body) < 5:
        raise bad_frame("a system title of 8 bytes is wanted", "title", title.hex())
    control, start, data = body[0], title + body[1:5], body[5:]
    tagged = bool(control & _AUTHENTICATED)
    if control & _COMPRESSED:
        raise _sealed("compressed data are not supported", title)
    if not control & _ENCRYPTED:
        return data[:-_TAG] if tagged else data
    if not options.key:
        raise _sealed("no key of this meter", title)
    if tagged and options.authentication:
        return _checked(data, start, bytes([control]) + options.authentication, options, title)
    return counted(data[:-_TAG] if tagged else data, options.key, start + _FIRST_BLOCK)


def _checked(data: bytes, start: bytes, more: bytes, options: PushOptions, title: bytes) -> bytes:
    """The library takes tags of 16 bytes alone: of 12 the data are read and the tag made again."""
    clear = counted(data[:-_TAG], options.key, start + _FIRST_BLOCK)
    made = AESGCM(options.key).encrypt(start, clear, more)
    if made[: len(clear) + _TAG] != data:
        raise _sealed("a key does not fit", title)
    return clear


def _sealed(message: str, title: bytes) -> Refusal:
    fix = "name its keys in the route's options: key=KEY;authentication=KEY"
    return Refusal("encrypted", message, "key", title.hex(), fix)
