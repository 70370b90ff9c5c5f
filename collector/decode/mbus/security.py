"""Telegrams that are encrypted, and the keys they are read with (EN 13757-7).

mode 2 DES-CBC from zero   4 AES-CBC from zero   5 AES-CBC from header and access number
mode 7 AES-CBC from zero with a key for each telegram, made by CMAC from its counter

Modes of AES and DES are recognised by the two idle bytes 2F 2F that begin what was encrypted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR
from cryptography.hazmat.primitives.cmac import CMAC

from collector.decode.message import Refusal
from metering.errors import InvalidInput

_KEY = re.compile(r"[0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}")
_NAME = re.compile(r"key(_[0-9a-f]{8})?")
IDLE = b"\x2f\x2f"
_BLOCK, _DES_BLOCK = 16, 8
_DES_MODE, _ZERO_MODE, _HEADER_MODE, _DERIVED_MODE = 2, 4, 5, 7
MODES = frozenset({_DES_MODE, _ZERO_MODE, _HEADER_MODE, _DERIVED_MODE})
_PADDING = b"\x07" * 7


@dataclass(frozen=True)
class Keys:
    """The keys of a route's options: `key` for all its meters, `key_12345678` for one."""

    of_meters: Mapping[str, bytes]
    """By the meter's number; '' for all others."""

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Keys:
        """Raises InvalidInput with field `options` for another option, or what is no key."""
        found = dict[str, bytes]()
        for name, value in options.items():
            if not _NAME.fullmatch(name):
                fix = "key=KEY, or key_12345678=KEY for the meter of that number"
                raise InvalidInput("unknown option", field="options", value=name, fix=fix)
            if not _KEY.fullmatch(value):
                fix = "32 hexadecimal digits, 16 for DES, as the meter's supplier names them"
                raise InvalidInput("not a key", field="options", value=name, fix=fix)
            found[name.partition("_")[2].upper()] = bytes.fromhex(value)
        return cls(found)

    def or_else(self, number: str, key: bytes) -> Keys:
        """With a key that a meter has where no other was named."""
        return self if self.of_meter(number) else Keys({**self.of_meters, number: key})

    def of_meter(self, number: str) -> bytes | None:
        """The key of a meter; None where there is none."""
        return self.of_meters.get(number, self.of_meters.get(""))


NO_KEYS = Keys({})


@dataclass(frozen=True, slots=True)
class Sealed:
    """How a telegram was encrypted."""

    number: str
    """The meter's."""
    address: bytes
    """Manufacturer, id, version and medium as they are sent, 8 bytes."""
    access: int
    configuration: int
    counter: bytes = b""
    """Of the telegram, 4 bytes; empty where it has none."""

    @property
    def mode(self) -> int:
        """The security mode; 0 for none."""
        return self.configuration >> 8 & 0x1F


def opened(data: bytes, sealed: Sealed, keys: Keys) -> bytes:
    """What stands behind the header, in clear. Telegrams that were decrypted on the way and still
    say their mode are taken as they are.

    Raises Refusal `encrypted` where the key is missing or does not fit, or the mode is none of
    those above.
    """
    if sealed.mode == 0:
        return data
    if sealed.mode == _DERIVED_MODE:
        data = data[1:]
    if data[:2] == IDLE or not data:
        return data
    key = keys.of_meter(sealed.number)
    if key is None:
        raise encrypted("no key of this meter", sealed.number)
    clear = _decrypted(data, sealed, key)
    if clear[:2] != IDLE:
        raise encrypted("the key does not fit", sealed.number)
    return clear


def encrypted(message: str, number: str) -> Refusal:
    """Why an encrypted telegram is not read."""
    fix = f"name its key in the route's options: key_{number.lower()}=KEY"
    return Refusal("encrypted", message, "key", number, fix)


def _decrypted(data: bytes, sealed: Sealed, key: bytes) -> bytes:
    if sealed.mode == _DES_MODE:
        size = min(sealed.configuration & 0xFF or len(data), len(data)) // _DES_BLOCK * _DES_BLOCK
        if len(key) != _DES_BLOCK:
            raise encrypted("a key of 16 digits is wanted", sealed.number)
        return _cbc(TripleDES(key * 3), bytes(_DES_BLOCK), data[:size]) + data[size:]
    blocks = sealed.configuration >> 4 & 0x0F or len(data) // _BLOCK
    size = min(blocks, len(data) // _BLOCK) * _BLOCK
    if len(key) != _BLOCK:
        raise encrypted("a key of 32 digits is wanted", sealed.number)
    start = bytes(_BLOCK)
    if sealed.mode == _HEADER_MODE:
        start = sealed.address + bytes([sealed.access]) * 8
    elif sealed.mode == _DERIVED_MODE:
        key = _derived(key, sealed)
    elif sealed.mode != _ZERO_MODE:
        raise encrypted(f"security mode {sealed.mode} is not supported", sealed.number)
    return _cbc(AES(key), start, data[:size]) + data[size:]


def _derived(key: bytes, sealed: Sealed) -> bytes:
    """The key of one telegram: CMAC over 00, counter, id, padding (EN 13757-7, KDF A)."""
    if len(sealed.counter) != 4:
        raise encrypted("no counter in the telegram", sealed.number)
    made = CMAC(AES(key))
    made.update(b"\x00" + sealed.counter + sealed.address[2:6] + _PADDING)
    return made.finalize()


def _cbc(algorithm: AES | TripleDES, start: bytes, data: bytes) -> bytes:
    reader = Cipher(algorithm, CBC(start)).decryptor()
    return reader.update(data) + reader.finalize()


def with_header(data: bytes, key: bytes, address: bytes, access: int) -> bytes:
    """Whole blocks under AES-CBC, begun from the meter's address and an access number, in clear.
    Refusal `encrypted` where data or key have another length."""
    if len(key) != _BLOCK or not data or len(data) % _BLOCK:
        raise encrypted("a key of 32 digits and whole blocks are wanted", "")
    return _cbc(AES(key), address + bytes([access]) * 8, data)


def counted(data: bytes, key: bytes, start: bytes) -> bytes:
    """Data under AES-CTR from a first counter block, in clear; of a key of 16 or 32 bytes."""
    if len(key) not in (_BLOCK, 2 * _BLOCK):
        raise encrypted("a key of 32 digits is wanted", "")
    reader = Cipher(AES(key), CTR(start)).decryptor()
    return reader.update(data) + reader.finalize()
