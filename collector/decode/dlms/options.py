"""What a route says of a meter: its keys and its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from metering.errors import InvalidInput

KEY_FIX = "name its keys in the route's options: key=KEY;authentication=KEY"
_KEY = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}")
_PUBLIC = re.compile(r"[0-9A-Fa-f]{128}|[0-9A-Fa-f]{192}")
_KEYS = ("key", "authentication", "master")
_UNCOMPRESSED = b"\x04"


@dataclass(frozen=True)
class MeterSigner:
    """The public key that a meter signs with: of P-256 (suite 1) or P-384 (suite 2)."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def of(cls, point: bytes) -> MeterSigner:
        """Of its coordinates, one behind the other. Raises ValueError where they are no point."""
        curve = ec.SECP256R1() if len(point) == 64 else ec.SECP384R1()
        return cls(ec.EllipticCurvePublicKey.from_encoded_point(curve, _UNCOMPRESSED + point))

    def verify(self, signature: bytes, said: bytes) -> None:
        """Raises InvalidSignature where a signature, two numbers one behind the other, is not that
        of what was said."""
        half = len(signature) // 2
        numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        digest = SHA256() if self.key.key_size == 256 else SHA384()
        self.key.verify(encode_dss_signature(*numbers), said, ec.ECDSA(digest))


@dataclass(frozen=True)
class PushOptions:
    """What a route says of a meter."""

    key: bytes = b""
    """Global unicast or broadcast encryption key, of 16 bytes, or 32 for suite 2; empty where it
    encrypts nothing."""
    authentication: bytes = b""
    device: str = ""
    """Its name in names of points; '' where the gateway has one meter."""
    master: bytes = b""
    """That keys come under which the meter sends along."""
    signer: MeterSigner | None = None

    @classmethod
    def of(cls, options: Mapping[str, str]) -> PushOptions:
        """Raises InvalidInput with field `options` for another option, or what is no key."""
        for name, value in options.items():
            if name not in {*_KEYS, "signer", "device"}:
                fix = "one of key, authentication, master, signer, device"
                raise InvalidInput("unknown option", field="options", value=name, fix=fix)
            if name in _KEYS and not _KEY.fullmatch(value):
                raise _no_key(name, "32 hexadecimal digits, or 64 for security suite 2")
        keys = {name: bytes.fromhex(options.get(name, "")) for name in _KEYS}
        return cls(device=options.get("device", ""), signer=_signer(options), **keys)


NO_OPTIONS = PushOptions()


def _signer(options: Mapping[str, str]) -> MeterSigner | None:
    told = options.get("signer")
    if told is None:
        return None
    fix = "128 hexadecimal digits of a point of P-256, or 192 of P-384"
    if not _PUBLIC.fullmatch(told):
        raise _no_key("signer", fix)
    try:
        return MeterSigner.of(bytes.fromhex(told))
    except ValueError:
        raise _no_key("signer", fix) from None


def _no_key(name: str, fix: str) -> InvalidInput:
    return InvalidInput("not a key", field="options", value=name, fix=fix)
