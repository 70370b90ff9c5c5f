"""AES-128-CBC with a key and an initial vector that are always the same, as the protocol has it.

It hides a report from who only looks, and proves nothing about who sent it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from metering.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
    from cryptography.hazmat.primitives.ciphers import modes

BLOCK = 16


class Unreadable(Exception):
    """Why bytes cannot be decrypted, in a sentence."""


@dataclass(frozen=True)
class Cipher:
    """Key and vector, 16 bytes each."""

    key: bytes
    vector: bytes

    def decrypt(self, data: bytes) -> bytes:
        """What was encrypted, without its padding, be it PKCS 7 or zeros. Raises Unreadable where
        the length is not that of whole blocks. A wrong key gives garbage."""
        if not data or len(data) % BLOCK:
            raise Unreadable(f"{len(data)} bytes are no whole blocks of {BLOCK}: not encrypted?")
        worker = self._cipher().decryptor()
        plain = worker.update(data) + worker.finalize()
        pad = plain[-1]
        if 1 <= pad <= BLOCK and plain.endswith(bytes((pad,)) * pad):
            return plain[:-pad]
        return plain.rstrip(b"\0")

    def encrypt(self, data: bytes) -> bytes:
        """The bytes encrypted, padded as PKCS 7 has it."""
        pad = BLOCK - len(data) % BLOCK
        worker = self._cipher().encryptor()
        return worker.update(data + bytes((pad,)) * pad) + worker.finalize()

    def _cipher(self) -> BlockCipher[modes.CBC]:
        # loaded where it is needed: it takes long, and most platforms have no such gateways
        from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
        from cryptography.hazmat.primitives.ciphers import algorithms, modes

        return BlockCipher(algorithms.AES(self.key), modes.CBC(self.vector))


def read_cipher(text: str) -> Cipher | None:
    """Of a text with the key and, behind a blank or on a line of its own, the vector: each 16
    characters, or 32 hex digits. Without a vector it is the key again; None of an empty text.
    Raises ConfigurationError."""
    words = text.split()
    if not words:
        return None
    found = [_sixteen(word) for word in words[:2]]
    if len(words) > 2 or None in found:
        raise ConfigurationError(
            "not a key of AES-128",
            field="national.key_file",
            value=f"{len(words)} words of {', '.join(str(len(word)) for word in words[:4])}",
            fix="write the key and the vector, each 16 characters or 32 hex digits",
        )
    key, vector = found[0] or b"", found[-1] or b""
    return Cipher(key, vector)


def _sixteen(word: str) -> bytes | None:
    if len(word) == 2 * BLOCK:
        try:
            return bytes.fromhex(word)
        except ValueError:
            return None
    data = word.encode()
    return data if len(data) == BLOCK else None
