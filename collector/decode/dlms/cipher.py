"""Pushes that are encrypted or signed (IEC 62056-5-3), for security suites 0, 1 and 2.

    DB or DC | system title | length | sealed               general-glo-, general-ded-ciphering
    DD | five fields | how the key is known | sealed        general-ciphering
    DF | five fields | content | signature                  general-signing
    sealed: security control 1 | counter 4 | data | tag 12
    five fields: transaction, originator's title, recipient's title, time, other information

AES-GCM, begun from system title and counter, of 128 bits in suites 0 and 1 and of 256 in suite 2.
With an authentication key the tag is checked; without one the data are read and known by how they
begin. Some meters send `DD` in the form of `DB`, which is taken too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from collector.decode.dlms.axdr import AxdrReader
from collector.decode.dlms.options import KEY_FIX, PushOptions
from collector.decode.mbus.octets import bad_frame
from collector.decode.mbus.security import counted
from collector.decode.message import Refusal

GENERAL, SIGNED = 0xDD, 0xDF
CIPHERED = frozenset({0xDB, 0xDC, GENERAL})
_ENCRYPTED, _AUTHENTICATED, _COMPRESSED, _SUITE = 0x20, 0x10, 0x80, 0x0F
_TAG, _FIRST_BLOCK = 12, b"\x00\x00\x00\x02"
TITLE = 8
"""Bytes of a system title."""
_KEY_BYTES: Final = {0: 16, 1: 16, 2: 32}
"""By security suite."""
_FIELDS = 5
"""Before what is protected: transaction, originator, recipient, time, other information."""
_IDENTIFIED, _WRAPPED = 0, 1
"""How general-ciphering names its key: one that both sides have, or one under the master key."""


@dataclass(frozen=True)
class _SealedPush:
    """What was encrypted, and what goes into its tag."""

    title: bytes
    body: bytes
    key: bytes
    fields: bytes = b""
    """Those before it, as they are sent."""


def deciphered(octets: bytes, options: PushOptions) -> bytes:
    """The data in clear. Raises Refusal: `bad_frame` where it is cut, `encrypted` without the right
    key."""
    if octets[0] != GENERAL or _is_short(octets):
        reader = AxdrReader(octets, 1)
        title = reader.take(reader.length())
        return _opened(_SealedPush(title, reader.take(reader.length()), options.key), options)
    reader = AxdrReader(octets, 1)
    parts, fields = _envelope(reader)
    key = _named_key(reader, parts[1], options) if reader.take(1)[0] else options.key
    body = reader.take(reader.length())
    return _opened(_SealedPush(parts[1], body, key, fields), options)


def content_of_signed(octets: bytes, options: PushOptions) -> bytes:
    """What a signed push holds. With the meter's public key its signature is checked: ECDSA over
    all from the transaction to the content, with their lengths.

    Raises Refusal: `bad_frame` where it is cut, `encrypted` where the signature does not fit.
    """
    reader = AxdrReader(octets, 1)
    parts, _ = _envelope(reader)
    content = reader.take(reader.length())
    said = octets[1 : reader.at]
    signature = reader.take(reader.length())
    if options.signer is not None:
        try:
            options.signer.verify(signature, said)
        except InvalidSignature:
            raise _sealed("the signature does not fit", parts[1]) from None
    return content


def _is_short(octets: bytes) -> bool:
    """Whether a title and one body are all that there is."""
    reader = AxdrReader(octets, 1)
    try:
        title = reader.take(reader.length())
        reader.take(reader.length())
    except Refusal:
        return False
    return len(title) == TITLE and reader.at == len(octets)


def _envelope(reader: AxdrReader) -> tuple[list[bytes], bytes]:
    """The fields before what is protected, and their bytes as they are sent."""
    begun = reader.at
    parts = [reader.take(reader.length()) for _ in range(_FIELDS)]
    return parts, reader.octets[begun : reader.at]


def _named_key(reader: AxdrReader, title: bytes, options: PushOptions) -> bytes:
    how = reader.take(1)[0]
    if how == _IDENTIFIED:
        reader.take(1)
        return options.key
    if how != _WRAPPED:
        raise _sealed("its key was agreed upon by private keys, which are not known here", title)
    reader.take(1)
    wrapped = reader.take(reader.length())
    if not options.master:
        raise _sealed("its key comes under the master key of this meter, which is not named", title)
    try:
        return aes_key_unwrap(options.master, wrapped)
    except (InvalidUnwrap, ValueError):
        raise _sealed("a key does not fit", title) from None


def _opened(one: _SealedPush, options: PushOptions) -> bytes:
    title, body = one.title, one.body
    if len(title) != TITLE or len(body) < 5:
        raise bad_frame("a system title of 8 bytes is wanted", "title", title.hex())
    control, start, data = body[0], title + body[1:5], body[5:]
    tagged = bool(control & _AUTHENTICATED)
    if control & _COMPRESSED:
        raise _sealed("compressed data are not supported", title)
    if tagged and len(data) < _TAG:
        raise bad_frame("too short for its tag", "body", len(data))
    clear, tag = (data[:-_TAG], data[-_TAG:]) if tagged else (data, b"")
    if control & _ENCRYPTED:
        _require_key(control & _SUITE, one)
        clear = counted(clear, one.key, start + _FIRST_BLOCK)
    if tagged and one.key and options.authentication:
        _check(one, control, start, clear, tag, options.authentication)
    return clear


def _require_key(suite: int, one: _SealedPush) -> None:
    wanted = _KEY_BYTES.get(suite)
    if wanted is None:
        raise _sealed(f"there is no security suite {suite}", one.title)
    if not one.key:
        raise _sealed("no key of this meter", one.title)
    if len(one.key) != wanted:
        raise _sealed(f"security suite {suite} wants keys of {2 * wanted} digits", one.title)


def _check(
    one: _SealedPush, control: int, start: bytes, clear: bytes, tag: bytes, authentication: bytes
) -> None:
    """The library takes tags of 16 bytes alone: of 12 the data are read and the tag made again. In
    it go the control, the authentication key, the fields before, and what is not encrypted."""
    more = bytes([control]) + authentication + one.fields
    hidden = bool(control & _ENCRYPTED)
    made = AESGCM(one.key).encrypt(
        start, clear if hidden else b"", more if hidden else more + clear
    )
    if made[len(clear) if hidden else 0 :][:_TAG] != tag:
        raise _sealed("a key does not fit", one.title)


def _sealed(message: str, title: bytes) -> Refusal:
    return Refusal("encrypted", message, "key", title[: 2 * TITLE].hex(), KEY_FIX)
