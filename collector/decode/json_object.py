"""A payload that has to be one JSON object."""

from __future__ import annotations

import json
from typing import Any

from collector.decode.message import MessageLimits, Refusal

DEEPEST = 200
"""Levels of lists and objects. The parser's own bound depends on who calls it: the same payload
could be read today and refused when the journal is read again."""
_TOO_DEEP = "nested too deep"


class _NotFinite:
    """Stands for NaN and Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def json_object(payload: bytes, limits: MessageLimits) -> dict[str, Any]:
    """The JSON object of a payload. Raises Refusal: bad_message, bad_utf8 or bad_json.

    NaN and Infinity come out as an object that is no number, so that only they are refused.
    """
    parsed = json_value(payload, limits)
    if not isinstance(parsed, dict):
        raise Refusal(
            "bad_message", "not a JSON object", "payload", parsed, 'send {"readings": [...]}'
        )
    return parsed


def json_value(payload: bytes, limits: MessageLimits) -> object:
    """What a payload of JSON holds, as `json_object` reads it, whatever it is."""
    if len(payload) > limits.payload_bytes:
        raise Refusal(
            "bad_message",
            f"longer than {limits.payload_bytes} bytes",
            "payload",
            len(payload),
            "send smaller batches",
        )
    try:
        parsed: object = json.loads(payload.decode("utf-8"), parse_constant=_NotFinite)
    except UnicodeDecodeError as error:
        bad = payload[error.start : error.start + 8]
        raise Refusal(
            "bad_utf8", f"not UTF-8 at byte {error.start}", "payload", bad, "send UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        raise _not_json(_why(error, payload), payload) from None
    brackets = payload.count(b"[") + payload.count(b"{")
    if brackets > DEEPEST and _is_deeper(parsed, DEEPEST):
        raise _not_json(_TOO_DEEP, payload)
    return parsed


def _why(error: Exception, payload: bytes) -> str:
    """In words that there is a translation of; the reader's own are English alone."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if payload.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte-order mark"
    if isinstance(error, json.JSONDecodeError):
        return f"it ends or is wrong at line {error.lineno}, column {error.colno}"
    return "a number has too many digits"


def _not_json(why: str, payload: bytes) -> Refusal:
    start = payload[:80].decode("utf-8", "replace")
    return Refusal("bad_json", f"not JSON: {why}", "payload", start, "send one JSON object")


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects lie in each other beyond so many levels."""
    level = [value]
    for _ in range(levels + 1):
        holders = [one for one in level if isinstance(one, dict | list)]
        level = [
            inner for one in holders for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not holders:
            return False
    return True
