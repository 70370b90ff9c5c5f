"""Payloads that are nearly right: a good one with something in it changed.

bytes   bits, cuts, splices, repeats, numbers where a length may stand
words   numbers and words of a text
XML     values of attributes and elements, elements gone or twice
JSON    any value by any other, keys gone, swapped or twice, nested deep, numbers beyond all bounds;
        and what a text in it holds (hexadecimal, Base64)
"""

from __future__ import annotations

import base64
import json
import re
from binascii import Error
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

LONGEST: Final = 1 << 18
"""Of what is made [bytes]."""
_DEEP: Final = (11, 13, 200, 5_000, 50_000)
_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 63)
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 2**63, -(2**70), 1e308, -0.0, 5e-324),
    *(float("nan"), float("inf"), "", " ", "NaN", "-inf", "1e999", "0x10", "1_000", "١٢", "½"),
    *("\ud800", "\0", "\ufeff", "é" * 300, "x" * 70_000, "20261399990000", "1970-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999999+23:59", "ON", [], {}, [[]], {"": ""}, [None] * 3_000),
    {str(one): one for one in range(500)},
)
_WORDS: Final = (
    *("nan", "-1", "1e999", "99999999999999999999", "0", "\x00", "ÿ", "²", "١", "-", "--", "1."),
    *("+", "1,5", "<", "&", "]]>", "", '"', "9" * 5_000, "a" * 5_000, "0" * 14, "99991231235959"),
)
_WORD: Final = re.compile(rb"[\w.+-]+")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){3,}")
_VALUE: Final = re.compile(rb'(?<=")[^"<>]*(?=")|(?<=>)[^<>]+(?=<)')
_ELEMENT: Final = re.compile(rb"<(\w+)[^<>]*>[^<>]*</\1>")
_TWICE, _PLACE = "\x01twice", "\x01place"


def mutated(payload: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """The payload, or one of the others, changed in one to four places; at most 256 KiB.

    others: payloads that parts are taken of.
    """
    found = payload
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        found = draw.choice(_manners(found))(found, others, draw)
    return found[:LONGEST]


Manner = Callable[[bytes, Sequence[bytes], Random], bytes]


def _manners(payload: bytes) -> Sequence[Manner]:
    text = payload.strip()
    if text[:1] in (b"{", b"[") and len(text) < LONGEST // 8:
        return (_json, _json, _json, _word, _octets)
    if text[:1] == b"<":
        return (_xml, _xml, _xml, _word, _octets)
    if _is_hex(payload):
        return (_digits, _digits, _digits, _octets)
    return (_octets, _octets, _word) if payload.isascii() else (_octets,)


def _is_hex(payload: bytes) -> bool:
    return payload.isascii() and bool(_HEX.fullmatch(payload.decode().strip()))


def _digits(payload: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """Hexadecimal text, by its bytes."""
    return _octets(bytes.fromhex(payload.decode().strip()), others, draw).hex().encode()


def _word(payload: bytes, _others: Sequence[bytes], draw: Random) -> bytes:
    words = list(_WORD.finditer(payload))
    if not words:
        return payload + draw.choice(_WORDS).encode()
    one = draw.choice(words)
    new = draw.choice((draw.choice(_WORDS).encode(), draw.choice(words).group()))
    return payload[: one.start()] + new + payload[one.end() :]


def _xml(payload: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """What stands in quotes or between tags, by another word; or a whole element gone or twice."""
    if draw.randrange(3):
        values = list(_VALUE.finditer(payload))
        if values:
            one = draw.choice(values)
            new = draw.choice((draw.choice(_WORDS).encode(), draw.choice(values).group()))
            return payload[: one.start()] + new + payload[one.end() :]
    elements = list(_ELEMENT.finditer(payload))
    if not elements:
        return _word(payload, others, draw)
    one = draw.choice(elements)
    new = one.group() * draw.choice((0, 2, 40))
    return payload[: one.start()] + new + payload[one.end() :]


def _octets(payload: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    at, until = sorted(draw.randrange(len(payload) + 1) for _ in range(2))
    how = draw.randrange(7)
    if how == 0:
        return payload[:at]
    if how == 1:
        other = draw.choice(others)
        return payload[:at] + other[draw.randrange(len(other) + 1) :]
    if how == 2:
        return payload[:until] + payload[at:until] * draw.choice((1, 2, 40)) + payload[until:]
    if how == 3:
        return payload[:at] + payload[until:]
    if how == 4:
        return payload[:at] + draw.randbytes(draw.choice((1, 2, 8, 64))) + payload[at:]
    changed = bytearray(payload or b"\0")
    at = min(at, len(changed) - 1)
    if how == 5:
        changed[at] ^= 1 << draw.randrange(8)
        return bytes(changed)
    size = draw.choice((1, 1, 2, 4, 8))
    number = draw.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    changed[at : at + size] = number.to_bytes(size, draw.choice(("big", "little")))
    return bytes(changed)


def _json(payload: bytes, others: Sequence[bytes], draw: Random) -> bytes:
    """One value, or one key, of a JSON text."""
    try:
        told = json.loads(payload.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _octets(payload, others, draw)
    holders = [one for one in _holders(told) if one]
    if not holders:
        return json.dumps(draw.choice(_ODD)).encode()
    holder = draw.choice(holders)
    key = draw.choice(range(len(holder)) if isinstance(holder, list) else list(holder))
    stands = _changed(holder, key, others, draw)
    return _written(told, stands)


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)


def _changed(holder: Any, key: Any, others: Sequence[bytes], draw: Random) -> dict[str, str]:
    """Change a value in place; what marks stand for that JSON's own writer cannot write."""
    how = draw.randrange(8)
    if how == 0:
        del holder[key]
    elif how == 1:
        other = draw.choice(range(len(holder)) if isinstance(holder, list) else list(holder))
        holder[key], holder[other] = holder[other], holder[key]
    elif how == 2 and isinstance(holder, dict):
        holder[_TWICE] = draw.choice(_ODD)
        return {_TWICE: json.dumps(key)}
    elif how == 3:
        deep = draw.choice(_DEEP)
        left, right = draw.choice((("[", "]"), ('{"a":', "}")))
        holder[key] = _PLACE
        return {_PLACE: left * deep + "1" + right * deep}
    elif how == 4:
        holder[key] = _PLACE
        return {_PLACE: draw.choice(("1" + "0" * 5_000, "1e99999", "-1E+400", "0." + "3" * 3_000))}
    elif how == 5 and isinstance(holder[key], str):
        holder[key] = _within(holder[key], others, draw)
    elif how == 6 and isinstance(holder, list):
        holder *= draw.choice((2, 30, 1_500))
    elif how == 6:
        holder[draw.choice(_WORDS)] = holder.pop(key)
    else:
        holder[key] = draw.choice(_ODD)
    return {}


def _within(text: str, others: Sequence[bytes], draw: Random) -> str:
    """A text with what it holds changed: the bytes of its digits or Base64, else its own."""
    if _HEX.fullmatch(text):
        return _octets(bytes.fromhex(text), others, draw).hex()
    try:
        held = base64.b64decode(text, validate=True)
    except (Error, ValueError):
        return _word(text.encode("utf-8", "replace"), others, draw).decode("utf-8", "replace")
    return base64.b64encode(_octets(held, others, draw)).decode()


def _written(told: Any, stands: dict[str, str]) -> bytes:
    text = json.dumps(told)
    for mark, what in stands.items():
        text = text.replace(json.dumps(mark), what)
    return text.encode()
