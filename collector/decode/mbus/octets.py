"""Octets that come as hexadecimal text, or as themselves."""

from __future__ import annotations

import re

from collector.decode.message import MessageLimits, Refusal

_HEX = re.compile(rb"[0-9A-Fa-f]{2,}")
_BETWEEN = re.compile(rb"[\s_|,:#-]+|0[xX](?=[0-9A-Fa-f])")


def octets_of(payload: bytes, limits: MessageLimits) -> bytes:
    """What a payload holds: hexadecimal text with or without separators, or the bytes themselves.

    A last digit without its second is passed over: what it may have been part of is found cut.
    Raises Refusal `bad_message` for what is empty or too long.
    """
    if not 0 < len(payload) <= limits.payload_bytes:
        fix = "send one telegram in a message"
        text = f"empty, or longer than {limits.payload_bytes} bytes"
        raise Refusal("bad_message", text, "payload", len(payload), fix)
    digits = _BETWEEN.sub(b"", payload.removeprefix(b"\xef\xbb\xbf").strip())
    if not _HEX.fullmatch(digits):
        return payload
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def is_other_text(octets: bytes) -> bool:
    """Whether what was no hexadecimal text may be another text."""
    return octets.isascii() and octets.decode("ascii").strip().isprintable()


def unsupported(message: str, field: str, value: object) -> Refusal:
    """Why a sound frame is not understood: `unsupported`."""
    fix = "let the meter send records of the standard, or add its form to this decoder"
    return Refusal("unsupported", message, field, value, fix)


def bad_frame(message: str, field: str, value: object) -> Refusal:
    """Why bytes are no frame of their format: `bad_frame`."""
    fix = "send the frame as the meter sent it, whole and once"
    return Refusal("bad_frame", message, field, value, fix)
